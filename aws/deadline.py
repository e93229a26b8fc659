"""When the budget will be reached if nobody does anything: kept in the bucket, where the app's machine looks at it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, ValidationError

from aws.cost import Spent, month_of
from aws.errors import NotFoundError
from aws.layout import APP, JOBS
from aws.sync import Store
from utils.settings import Settings

__all__ = ["DEADLINE_KEY", "Deadline", "keep_deadline", "reached_at", "read_deadline"]

DEADLINE_KEY: Final = f"{JOBS}{APP}/deadline.json"
# Beyond these all that ends by itself has ended, and the longest month was among them.
_MONTHS: Final = 4


class Deadline(Settings):
    """What the app's machine is told about the budget.

    Attributes:
        at: When it will be reached, at the rate of when this was written; None for never.
    """

    at: AwareDatetime | None

    def passed(self, now: datetime) -> bool:
        """Return whether the budget is reached: in the month of the deadline; the next one has its own."""
        return self.at is not None and self.at <= now < month_of(self.at)[1]


def reached_at(spent: Spent, budget: float, *, now: datetime) -> datetime | None:
    """Return when a budget will be reached if nobody starts or ends anything; None for never.

    Args:
        spent: The month so far, with all that runs.
        budget: US dollars a month.
        now: The time.
    """
    usd, since, until = spent.usd, now, spent.until
    ends = sorted(each.end for each in spent.charges if each.end is not None)
    for _ in range(_MONTHS):
        for end in (*(each for each in ends if since < each < until), until):
            if usd >= budget:
                return since
            rate = sum(each.rate for each in spent.charges if each.end is None or each.end > since)
            hours = (end - since).total_seconds() / 3600
            if rate * hours >= budget - usd:
                return since + timedelta(hours=(budget - usd) / rate)
            usd, since = usd + rate * hours, end
        usd, until = 0.0, month_of(until)[1]
    return None


def keep_deadline(store: Store, at: datetime | None, *, hosted: bool) -> None:
    """Put a deadline into the bucket, in place of an earlier one.

    Args:
        store: The bucket.
        at: When the budget will be reached.
        hosted: Whether the app has a machine; without one only an earlier deadline is replaced, for the next machine.
    """
    # To the minute: reckoned again, the same moment is the same text.
    text = Deadline(at=at and at.replace(second=0, microsecond=0)).model_dump_json().encode()
    before = store.read(DEADLINE_KEY)
    if before == text or (before is None and not hosted):
        return
    try:
        store.write(DEADLINE_KEY, text)
    except NotFoundError:
        # The bucket is destroyed, and there is nowhere to keep anything.
        return


def read_deadline(text: bytes | None) -> Deadline:
    """Read a deadline; what is not there, or cannot be read, is none."""
    try:
        return Deadline.model_validate_json(text or b"")
    except ValidationError:
        return Deadline(at=None)

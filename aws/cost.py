"""What our machines cost: hours times price, for each of them, this month so far and as far as can be told."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from aws.ledger import LaunchRecord
from aws.prices import Prices

__all__ = [
    "HOURS_A_MONTH",
    "Charge",
    "Market",
    "PriceOf",
    "Rates",
    "Spent",
    "machine_hour",
    "market_in",
    "month_of",
    "spent",
    "stopped_hour",
]

HOURS_A_MONTH: Final = 730
"""As AWS reckons a month of disk."""

PriceOf = Callable[[str], float | None]
"""US dollars of something, by its name; None where unknown."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What costs beside a machine itself; None where unknown.

    Attributes:
        disk: US dollars a GB and month of gp3.
        address: US dollars an hour of a public IPv4 address.
    """

    disk: float | None
    address: float | None


@dataclass(frozen=True, kw_only=True)
class Market:
    """Prices.

    Attributes:
        price_of: Of an instance type.
        rates: Of what costs beside.
        storage_of: Of a GB and month in S3, by storage class.
        note: Their date and what they leave out, one sentence.
    """

    price_of: PriceOf
    rates: Rates
    storage_of: PriceOf
    note: str


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What one machine costs.

    Attributes:
        record: Which.
        hours: That it ran in the month, so far.
        stopped: Hours that it was stopped in the month, so far.
        usd: For both; None where a price is unknown.
        usd_per_hour: While it runs, with disk and address; None where unknown.
        usd_per_hour_stopped: While it is stopped; None where unknown.
        ahead: Hours that it may still cost something in this month, as it stands: before its time is over, if it runs
            and ends by itself; 0 for one that has ended.
    """

    record: LaunchRecord
    hours: float
    stopped: float
    usd: float | None
    usd_per_hour: float | None
    usd_per_hour_stopped: float | None
    ahead: float

    @property
    def rate(self) -> float:
        """US dollars an hour as it stands, as far as they are known."""
        if self.record.ended is not None:
            return 0.0
        return (self.usd_per_hour_stopped if self.record.stopped else self.usd_per_hour) or 0.0

    @property
    def end(self) -> datetime | None:
        """When it ends by itself; None for what does not, and for one whose clock stands still."""
        hours = self.record.max_hours
        return None if hours is None or self.record.stopped else self.record.begun + timedelta(hours=hours)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """A calendar month (UTC).

    Attributes:
        since: Its beginning.
        until: Its end.
        charges: Of machines that ran in it, oldest first.
    """

    since: datetime
    until: datetime
    charges: tuple[Charge, ...]

    @property
    def usd(self) -> float:
        """So far, of what has a known price."""
        return sum(charge.usd or 0.0 for charge in self.charges)

    @property
    def committed(self) -> float:
        """What machines that run may still cost before their own time limits."""
        return sum(charge.rate * charge.ahead for charge in self.charges if charge.end is not None)

    @property
    def forecast(self) -> float:
        """At the end of the month, if nobody starts or ends anything."""
        return self.usd + sum(charge.rate * charge.ahead for charge in self.charges)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Types that ran and have no known price."""
        return tuple(sorted({c.record.type or "?" for c in self.charges if c.usd is None}))


def market_in(prices: Prices, region: str) -> Market:
    """Return the prices of one region.

    Args:
        prices: Of all that are known.
        region: Such as ``us-east-1``.
    """
    return Market(
        price_of=lambda kind: prices.hour(region, kind),
        rates=Rates(disk=prices.disk(region), address=prices.address(region)),
        storage_of=lambda kind: prices.storage(region, kind),
        note=prices.note(region),
    )


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """Return beginning and end of a calendar month in UTC, which is how AWS bills."""
    since = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return since, since + timedelta(days=calendar.monthrange(since.year, since.month)[1])


def machine_hour(usd_per_hour: float | None, volume_gb: float, rates: Rates) -> float | None:
    """Return the price of an hour of a machine with its disk and its address; None where one of them is unknown."""
    if usd_per_hour is None or rates.disk is None or rates.address is None:
        return None
    return usd_per_hour + volume_gb * rates.disk / HOURS_A_MONTH + rates.address


def stopped_hour(volume_gb: float, rates: Rates, *, address: bool) -> float | None:
    """Return the price of an hour of a machine that is stopped: its disk, and its address if it keeps one."""
    return machine_hour(0.0, volume_gb, rates if address else replace(rates, address=0.0))


def spent(records: Iterable[LaunchRecord], rates: Rates, *, now: datetime) -> Spent:
    """Add up a month so far.

    Args:
        records: All that there are, settled.
        rates: Of what costs beside machines.
        now: The time; its month is meant.
    """
    since, until = month_of(now)
    charges = [_charge(record, rates, now=now, since=since, until=until) for record in records]
    kept = tuple(charge for charge in charges if charge.hours or charge.stopped or charge.ahead)
    return Spent(since=since, until=until, charges=kept)


def _charge(record: LaunchRecord, rates: Rates, *, now: datetime, since: datetime, until: datetime) -> Charge:
    begin, end = max(record.begun, since), min(record.ended or now, now)
    price = machine_hour(record.usd_per_hour, record.volume_gb, rates)
    idle = {kept: stopped_hour(record.volume_gb, rates, address=kept) for kept in (False, True)}
    pauses = [(_hours(max(one.since, begin), min(one.until or end, end)), idle[one.address]) for one in record.pauses]
    stopped = sum(hours for hours, _ in pauses)
    # Rounded, so that nothing is left of a month in which it was stopped all the time.
    running = max(0.0, round(_hours(begin, end) - stopped, 9))
    charge = Charge(
        record=record,
        hours=running,
        stopped=stopped,
        usd=_total([(running, price), *pauses]),
        usd_per_hour=price,
        usd_per_hour_stopped=idle[record.stopped and record.pauses[-1].address],
        ahead=0.0,
    )
    return charge if record.ended else replace(charge, ahead=_hours(now, min(charge.end or until, until)))


def _total(parts: Iterable[tuple[float, float | None]]) -> float | None:
    """Add up hours times price; None where a price is unknown that is asked for."""
    asked = [(hours, price) for hours, price in parts if hours]
    known = [hours * price for hours, price in asked if price is not None]
    return sum(known) if len(known) == len(asked) else None


def _hours(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds() / 3600)

"""The cap on a month: what was spent over all our machines, what may be started, what is ended when it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aws.app_stop import dated
from aws.cost import Market, PriceOf, Spent, spent
from aws.deadline import keep_deadline, reached_at
from aws.errors import NotFoundError
from aws.instances import Instance, end_instances, find_instances, stop_instances
from aws.layout import APP
from aws.ledger import LaunchRecord, had, read_records, settle, write_record
from aws.pauses import Pause
from aws.sync import Store
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["FEWEST_HOURS", "Stock", "enforce", "hours_allowed", "take_stock"]

FEWEST_HOURS: Final = 0.5
"""A machine that would have to end sooner is not worth its setting up."""


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What there is and what it has cost.

    Attributes:
        bucket: Where the records lie.
        budget: US dollars a month.
        instances: Ours, with those that ended within the last hour.
        records: All launches, settled.
        spent: This month.
        deadline: When the budget will be reached if nobody starts or ends anything; None for never.
    """

    bucket: str
    budget: float
    instances: tuple[Instance, ...]
    records: tuple[LaunchRecord, ...]
    spent: Spent
    deadline: datetime | None

    @property
    def alive(self) -> tuple[Instance, ...]:
        """Machines that cost something."""
        return tuple(each for each in self.instances if each.alive)

    @property
    def left(self) -> float:
        """US dollars that may still be given away."""
        return self.budget - self.spent.usd - self.spent.committed

    @property
    def reached(self) -> bool:
        """Whether the budget is spent."""
        return self.spent.usd >= self.budget

    def records_of(self, name: str) -> tuple[LaunchRecord, ...]:
        """Return the launches for one purpose, oldest first."""
        return tuple(record for record in self.records if record.name == name)

    def next_attempt(self, name: str) -> int:
        """Return the number of the machine that is wanted next: a new one only if the last was really had."""
        before = self.records_of(name)
        if not before:
            return 1
        last = before[-1]
        return last.attempt + 1 if last.instance is not None and last.ended is not None else last.attempt


def take_stock(
    clients: Clients,
    config: AwsConfig,
    market: Market,
    *,
    now: datetime | None = None,
    write: bool = True,
) -> Stock:
    """Look at machines and records, bring the records up to date, and add up.

    The app's machine is told how long it may run, since nobody watches it between two commands.

    Args:
        clients: Connections.
        config: Bucket, project and budget.
        market: Prices; also of machines that have no record, which are taken up here.
        now: The time.
        write: Whether records that changed are written back, and the deadline of the app's machine.
    """
    moment = now or datetime.now(UTC)
    bucket = config.s3.bucket_name
    store = Store(clients.s3, bucket)
    found = find_instances(clients, config.project, alive=False)
    instances = tuple(dated(store, each, now=moment) for each in found)
    settled, changed = settle(read_records(clients, bucket), instances, now=moment)
    missing, _ = settle(_unrecorded(settled, instances, market.price_of, config), instances, now=moment)
    records = tuple(sorted((*settled, *missing), key=lambda each: (each.asked, each.name, each.attempt)))
    month, budget = spent(records, market.rates, now=moment), config.limits.budget_usd
    deadline = reached_at(month, budget, now=moment)
    if write:
        _keep(clients, bucket, (*changed, *missing))
        keep_deadline(store, deadline, hosted=any(each.name == APP and each.alive for each in instances))
    return Stock(bucket=bucket, budget=budget, instances=instances, records=records, spent=month, deadline=deadline)


def _keep(clients: Clients, bucket: str, records: tuple[LaunchRecord, ...]) -> None:
    for record in records:
        try:
            write_record(clients, bucket, record)
        except NotFoundError:
            # The bucket is destroyed, or not made yet, and there is nowhere to keep anything.
            return


def _unrecorded(
    records: tuple[LaunchRecord, ...], instances: tuple[Instance, ...], price_of: PriceOf, config: AwsConfig
) -> list[LaunchRecord]:
    known = {record.instance for record in records}
    taken = {(record.name, record.attempt) for record in records}
    found = []
    for each in instances:
        if each.id in known:
            continue
        # Two machines of one attempt can only be a race that ended one of them: it cost something all the same.
        name = (
            each.name if each.name and (each.name, each.attempt) not in taken else f"{each.name or 'unnamed'}-{each.id}"
        )
        blank = LaunchRecord(
            name=name,
            attempt=each.attempt,
            role=each.role,
            prices={each.type: price_of(each.type)},
            volume_gb=config.ec2.volume_gb if each.role == "training" else config.gradio.volume_gb,
            max_hours=config.limits.max_hours if each.role == "training" else None,
            asked=each.launched,
        )
        found.append(had(blank, each))
    return found


def hours_allowed(stock: Stock, *, name: str, usd_per_hour: float | None, max_hours: float | None) -> float | None:
    """Return how long a new machine may run without going beyond the budget, whoever watches.

    Args:
        stock: What there is.
        name: What the machine is for.
        usd_per_hour: With disk and address, at most.
        max_hours: As configured; None for a machine that stays.

    Returns:
        The hours; None for a machine that stays.

    Raises:
        HawkinsError: If the budget is reached, or would be at once, or cannot be kept without a price.
    """
    if stock.spent.unknown or usd_per_hour is None:
        what = ", ".join(stock.spent.unknown) or name
        raise HawkinsError(
            f"The price of {what} is unknown, so that limits.budget_usd cannot be kept; fetch prices with: "
            "python deploy_aws.py prices --refresh"
        )
    affordable = stock.left / usd_per_hour
    if affordable < FEWEST_HOURS:
        raise HawkinsError(
            f"The budget of ${stock.budget:.2f} a month does not allow {name}: ${stock.spent.usd:.2f} are spent and "
            f"${stock.spent.committed:.2f} given away to machines that run. See `python deploy_aws.py cost`; raise "
            "limits.budget_usd in aws_config.yaml, or wait for the next month."
        )
    return None if max_hours is None else min(max_hours, affordable)


def enforce(clients: Clients, stock: Stock, *, now: datetime | None = None) -> tuple[Instance, ...]:
    """End what runs if the budget is reached; nothing otherwise.

    Training is terminated: its checkpoints lie in the bucket. All else is stopped, and keeps its disk and what
    visitors wrote; its record says so at once.

    Returns:
        What was ended.
    """
    if not stock.reached:
        return ()
    training = [each for each in stock.alive if each.role == "training"]
    others = [each for each in stock.alive if each.role != "training" and each.state in {"pending", "running"}]
    end_instances(clients, [each.id for each in training])
    stop_instances(clients, [each.id for each in others])
    stopped, pause = {each.id for each in others}, Pause(since=now or datetime.now(UTC))
    records = [record for record in stock.records if record.instance in stopped]
    _keep(
        clients,
        stock.bucket,
        tuple(record.model_copy(update={"pauses": (*record.pauses, pause)}) for record in records),
    )
    return (*training, *others)

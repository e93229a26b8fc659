"""What was launched, when and at which price: a record a machine in the bucket, which outlives the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from aws.errors import NotFoundError
from aws.layout import JOBS
from aws.pauses import Pause, pauses_of
from aws.sync import Store
from utils.errors import HawkinsError
from utils.settings import Settings

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.instances import Instance

__all__ = ["LAUNCHES", "LaunchRecord", "had", "read_records", "settle", "write_record"]

LAUNCHES: Final = f"{JOBS}launches/"
# EC2 shows a new machine after some seconds, and an ended one for about an hour.
_SHOWN_AFTER: Final = timedelta(minutes=5)
_SHOWN_FOR: Final = timedelta(minutes=50)


class LaunchRecord(Settings):
    """One launch. It is written before the machine is asked for, and again when there is one.

    Attributes:
        name: What the machine was for.
        attempt: Which machine for that, from 1.
        role: ``training`` or ``gradio``.
        prices: US dollars an hour by type that might be had; None where unknown.
        volume_gb: Of its disk.
        max_hours: After which it ends by itself; None for a machine that stays.
        asked: When the machine was asked for.
        instance: Its id; None as long as there is none.
        type: What was had.
        zone: Where.
        spot: Whether it may be taken away.
        launched: When.
        ended: When it ended, at the latest; None while it lives.
        pauses: When it was stopped, oldest first.
    """

    name: str
    attempt: int
    role: str
    prices: dict[str, float | None]
    volume_gb: int
    max_hours: float | None = None
    asked: datetime
    instance: str | None = None
    type: str | None = None
    zone: str | None = None
    spot: bool = False
    launched: datetime | None = None
    ended: datetime | None = None
    pauses: tuple[Pause, ...] = ()

    @property
    def key(self) -> str:
        """Where it lies in the bucket."""
        return f"{LAUNCHES}{self.name}-{self.attempt:03d}.json"

    @property
    def begun(self) -> datetime:
        """When it began to cost, at the earliest that is known."""
        return self.launched or self.asked

    @property
    def stopped(self) -> bool:
        """Whether it lives and is stopped, as far as is known."""
        return self.ended is None and bool(self.pauses) and self.pauses[-1].until is None

    @property
    def usd_per_hour(self) -> float | None:
        """Of the type that was had, or the dearest that might have been; None where unknown."""
        if self.type is not None:
            return self.prices.get(self.type)
        known = [price for price in self.prices.values() if price is not None]
        return max(known) if len(known) == len(self.prices) and known else None


def write_record(clients: Clients, bucket: str, record: LaunchRecord) -> None:
    """Put a record into the bucket, over an earlier state of the same one."""
    Store(clients.s3, bucket).write(record.key, record.model_dump_json(indent=1).encode())


def read_records(clients: Clients, bucket: str, *, name: str | None = None) -> tuple[LaunchRecord, ...]:
    """Return the records, oldest first.

    Args:
        clients: Connections.
        bucket: Where they lie; one that does not exist holds none.
        name: Only those of machines for this.
    """
    store = Store(clients.s3, bucket)
    try:
        keys = store.keys(f"{LAUNCHES}{name}-" if name is not None else LAUNCHES)
    except NotFoundError:
        return ()
    found = [_read(store, key) for key in keys if key.endswith(".json")]
    kept = [record for record in found if name is None or record.name == name]
    return tuple(sorted(kept, key=lambda record: (record.asked, record.name, record.attempt)))


def _read(store: Store, key: str) -> LaunchRecord:
    try:
        return LaunchRecord.model_validate_json(store.read(key) or b"")
    except ValidationError:
        raise HawkinsError(
            f"{store.where(key)} is no launch record; the budget cannot be told without it. "
            "Look at its earlier versions in the bucket, or remove it."
        ) from None


def settle(
    records: Iterable[LaunchRecord], instances: Iterable[Instance], *, now: datetime | None = None
) -> tuple[tuple[LaunchRecord, ...], tuple[LaunchRecord, ...]]:
    """Bring records up to what EC2 says.

    A machine that EC2 has forgotten ended at an unknown time, which is taken to be the latest possible one: now, or
    when its time was over. A cap must not count too little. One that was stopped when it was seen last counts as
    stopped until then.

    Args:
        records: As they lie in the bucket.
        instances: Ours, with those that ended within the last hour.
        now: The time.

    Returns:
        All records, and those of them that changed.
    """
    moment = now or datetime.now(UTC)
    by_id: Mapping[str, Instance] = {each.id: each for each in instances}
    by_name = {(each.name, each.attempt): each for each in by_id.values()}
    settled = [_settled(record, by_id, by_name, moment) for record in records]
    return tuple(record for record, _ in settled), tuple(record for record, changed in settled if changed)


def _settled(
    record: LaunchRecord,
    by_id: Mapping[str, Instance],
    by_name: Mapping[tuple[str, int], Instance],
    now: datetime,
) -> tuple[LaunchRecord, bool]:
    if record.ended is not None:
        return record, False
    found = by_id.get(record.instance or "") or by_name.get((record.name, record.attempt))
    if found is None and now - record.begun < _SHOWN_AFTER:
        return record, False
    new = record if found is None else _paused(had(record, found), found, now)
    if found is None or not found.alive:
        new = new.model_copy(update={"ended": _end(new, found, now)})
    return new, new != record


def _paused(record: LaunchRecord, instance: Instance, now: datetime) -> LaunchRecord:
    pauses = pauses_of(record.pauses, instance, begun=record.begun, now=now)
    return record.model_copy(update={"pauses": pauses})


def had(record: LaunchRecord, instance: Instance) -> LaunchRecord:
    """Return a record with the machine that came of it."""
    return record.model_copy(
        update={
            "instance": instance.id,
            "type": instance.type,
            "zone": instance.zone,
            "spot": instance.spot,
            "launched": record.launched or instance.launched,
        }
    )


def _end(record: LaunchRecord, instance: Instance | None, now: datetime) -> datetime:
    if record.launched is None and now - record.asked < _SHOWN_FOR:
        # It would still be shown if it had been started.
        return record.asked
    if instance is not None and instance.changed is not None:
        return max(instance.changed, record.begun)
    return now if record.max_hours is None else min(now, record.begun + timedelta(hours=record.max_hours))

"""Times in which a machine is stopped: it costs its disk then, and an address only where it keeps one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from utils.settings import Settings

if TYPE_CHECKING:
    from aws.instances import Instance

__all__ = ["Pause", "pauses_of"]

_STOPPED: Final = ("stopping", "stopped")


class Pause(Settings):
    """A time in which a machine was stopped.

    Attributes:
        since: When it was stopped, at the latest.
        until: When it was started again, at the earliest; None as long as that was not seen.
        address: Whether it kept a public address: one of its own is given back by then, an Elastic IP is paid for.
    """

    since: datetime
    until: datetime | None = None
    address: bool = False


def pauses_of(before: tuple[Pause, ...], instance: Instance, *, begun: datetime, now: datetime) -> tuple[Pause, ...]:
    """Bring the pauses of a machine up to what EC2 says of it.

    EC2 tells when a machine was started last, also after a stop, and mostly when it was stopped; one that stops itself
    goes without a time, and is taken to have stopped now: a cap must not count too little.

    Args:
        before: As they were known.
        instance: The machine.
        begun: When it began to cost.
        now: The time.
    """
    pauses = _closed(before, instance)
    if instance.state not in _STOPPED:
        return pauses
    # While it stops, EC2 may still show the address that it is about to lose.
    address = instance.state == "stopped" and bool(instance.address)
    if pauses and pauses[-1].until is None:
        last = pauses[-1]
        return (*pauses[:-1], last.model_copy(update={"address": last.address or address}))
    since = min(max(instance.changed or now, instance.launched, begun), now)
    return (*pauses, Pause(since=since, address=address))


def _closed(pauses: tuple[Pause, ...], instance: Instance) -> tuple[Pause, ...]:
    """End the last pause where the machine was started since; forget it where it never stopped."""
    if not pauses or pauses[-1].until is not None:
        return pauses
    *earlier, last = pauses
    if instance.launched > last.since:
        return (*earlier, last.model_copy(update={"until": instance.launched}))
    return tuple(earlier) if instance.state in {"pending", "running"} else pauses

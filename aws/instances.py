"""Our machines: found again by tag, described, waited for, ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aws.errors import aws_errors
from aws.layout import PROJECT_TAG, ROLE_TAG, tag_dict
from utils.errors import HawkinsError, InputError, did_you_mean

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = [
    "ALIVE",
    "ATTEMPT_TAG",
    "LAUNCH_TAG",
    "Instance",
    "described",
    "end_instances",
    "find_instances",
    "require_instance",
    "stop_instances",
    "wait_for",
]

ALIVE: Final = ("pending", "running", "stopping", "stopped")
"""States of a machine that costs something, if only its disk."""
LAUNCH_TAG: Final = "hawkins:launch"
"""What a machine was started for: a job's id, or the app. At most one machine alive carries a value."""
ATTEMPT_TAG: Final = "hawkins:attempt"
_ENDED: Final = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A machine as AWS describes it.

    Attributes:
        id: Such as ``i-0123456789abcdef0``.
        name: What it was started for.
        role: ``training`` or ``gradio``.
        type: Such as ``g4dn.xlarge``.
        zone: Availability zone.
        state: As EC2 calls it.
        launched: When.
        changed: When it was stopped or ended; None while it runs, or where EC2 does not say.
        reason: Why it was stopped or ended, in EC2's words.
        address: Public IPv4 address; empty for none.
        spot: Whether it may be taken away.
        tags: All of them.
    """

    id: str
    name: str
    role: str
    type: str
    zone: str
    state: str
    launched: datetime
    changed: datetime | None = None
    reason: str = ""
    address: str = ""
    spot: bool = False
    tags: Mapping[str, str]

    @property
    def alive(self) -> bool:
        """Whether it, or its disk, costs something."""
        return self.state in ALIVE

    @property
    def attempt(self) -> int:
        """Which machine for the same purpose this is, from 1."""
        number = self.tags.get(ATTEMPT_TAG, "1")
        return int(number) if number.isdecimal() else 1


def described(found: Any) -> Instance:
    """Return what EC2 says of a machine."""
    tags = tag_dict(found.get("Tags", ()))
    when = _ENDED.search(found.get("StateTransitionReason", ""))
    return Instance(
        id=found["InstanceId"],
        name=tags.get(LAUNCH_TAG, ""),
        role=tags.get(ROLE_TAG, ""),
        type=found["InstanceType"],
        zone=found.get("Placement", {}).get("AvailabilityZone", ""),
        state=found["State"]["Name"],
        launched=found["LaunchTime"].astimezone(UTC),
        changed=datetime.strptime(when[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if when else None,
        reason=found.get("StateReason", {}).get("Message", ""),
        address=found.get("PublicIpAddress", ""),
        spot=found.get("InstanceLifecycle") == "spot",
        tags=tags,
    )


def find_instances(
    clients: Clients, project: str, *, name: str | None = None, role: str | None = None, alive: bool = True
) -> tuple[Instance, ...]:
    """Return our machines, oldest first.

    Args:
        clients: Connections.
        project: Value of the tag by which they are found.
        name: Only those started for this.
        role: Only those with this role.
        alive: Only those that cost something; False for those as well that ended within about an hour,
            after which EC2 forgets them.
    """
    filters = [{"Name": f"tag:{PROJECT_TAG}", "Values": [project]}]
    filters += [{"Name": f"tag:{LAUNCH_TAG}", "Values": [name]}] if name is not None else []
    filters += [{"Name": f"tag:{ROLE_TAG}", "Values": [role]}] if role is not None else []
    filters += [{"Name": "instance-state-name", "Values": list(ALIVE)}] if alive else []
    with aws_errors("looking for our instances"):
        pages = list(clients.ec2.get_paginator("describe_instances").paginate(Filters=filters))  # type: ignore[arg-type]
    found = [described(each) for page in pages for group in page["Reservations"] for each in group["Instances"]]
    return tuple(sorted(found, key=lambda each: (each.launched, each.id)))


def require_instance(clients: Clients, project: str, instance: str) -> Instance:
    """Return one of our machines by its id.

    Raises:
        InputError: If it is none of ours, be it unknown or another project's.
    """
    ours = find_instances(clients, project, alive=False)
    by_id = {each.id: each for each in ours}
    if instance in by_id:
        return by_id[instance]
    some = f" Ours are: {', '.join(each.id for each in ours if each.alive)}." if any(e.alive for e in ours) else ""
    raise InputError(
        f"'{instance}' is no instance with the tag {PROJECT_TAG}={project} in {clients.region}."
        f"{did_you_mean(instance, by_id)}{some} See: python deploy_aws.py list-instances"
    )


def end_instances(clients: Clients, ids: Iterable[str]) -> None:
    """Terminate machines; those that have ended are no trouble."""
    wanted = list(ids)
    if not wanted:
        return
    with aws_errors(f"terminating {', '.join(wanted)}"):
        clients.ec2.terminate_instances(InstanceIds=wanted)


def stop_instances(clients: Clients, ids: Iterable[str]) -> None:
    """Stop machines and keep their disks."""
    wanted = list(ids)
    if not wanted:
        return
    with aws_errors(f"stopping {', '.join(wanted)}"):
        clients.ec2.stop_instances(InstanceIds=wanted)


def wait_for(
    clients: Clients,
    project: str,
    instance: str,
    states: Iterable[str],
    *,
    seconds: float = 600,
    pause: float = 5,
    on_wait: Callable[[str], object] = lambda _: None,
) -> Instance | None:
    """Wait until a machine is in one of some states.

    Args:
        clients: Connections.
        project: Value of the tag by which it is found.
        instance: Its id.
        states: As EC2 calls them.
        seconds: At most.
        pause: Seconds between questions.
        on_wait: Hears the state after every question.

    Returns:
        The machine; None if EC2 has forgotten it, which it does about an hour after it ended.

    Raises:
        HawkinsError: If time is over.
    """
    wanted, end = frozenset(states), time.monotonic() + seconds
    while True:
        found = [each for each in find_instances(clients, project, alive=False) if each.id == instance]
        state = found[0].state if found else "gone"
        if state in wanted or not found:
            return found[0] if found else None
        on_wait(state)
        if time.monotonic() > end:
            raise HawkinsError(
                f"{instance} is still {state} after {seconds / 60:.0f} minutes; look again with: "
                "python deploy_aws.py list-instances"
            )
        time.sleep(pause)

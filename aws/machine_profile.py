"""The instance profile of a machine that runs: another one where its rights are others by now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws.errors import aws_errors
from aws.plan import Action, Step

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["profile_calls", "profile_steps"]


def profile_steps(clients: Clients, machine: str, wanted: str) -> tuple[Step, ...]:
    """Return the step that gives a machine its profile; none where it has that one.

    Args:
        clients: Connections.
        machine: Its id.
        wanted: Name of the profile.
    """
    has = {each["IamInstanceProfile"]["Arn"].rpartition("/")[2] for each in _associations(clients, machine)}
    if has == {wanted}:
        return ()
    return (
        Step(
            action=Action.CHANGE,
            kind="instance profile of the machine",
            name=machine,
            detail=f"{wanted}, which reads and writes less, in place of {', '.join(sorted(has)) or 'none'}",
            call="profile",
            arguments={"machine": machine, "profile": wanted},
        ),
    )


def profile_calls(clients: Clients) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the step out, for `aws.plan.carry_out`."""

    def put(given: Mapping[str, Any]) -> str:
        machine, profile = str(given["machine"]), str(given["profile"])
        before = _associations(clients, machine)
        with aws_errors(f"giving {machine} the instance profile {profile}"):
            if before:
                clients.ec2.replace_iam_instance_profile_association(
                    AssociationId=before[0]["AssociationId"], IamInstanceProfile={"Name": profile}
                )
            else:
                clients.ec2.associate_iam_instance_profile(InstanceId=machine, IamInstanceProfile={"Name": profile})
        return machine

    return {"profile": put}


def _associations(clients: Clients, machine: str) -> list[Any]:
    with aws_errors(f"looking for the instance profile of {machine}"):
        found = clients.ec2.describe_iam_instance_profile_associations(
            Filters=[
                {"Name": "instance-id", "Values": [machine]},
                {"Name": "state", "Values": ["associating", "associated"]},
            ]
        )
    return list(found["IamInstanceProfileAssociations"])

"""Ending machines one by one: shown, ended, and waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from aws.instances import Instance, end_instances, find_instances, require_instance, wait_for
from aws.plan import Action, Plan, Step

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["plan_terminating", "terminate_calls"]

_LOST: Final = {
    "training": "what it has saved to the bucket stays, and the same `train` goes on with it",
    "gradio": "the conversations on its disk are lost",
}


def plan_terminating(clients: Clients, config: AwsConfig, instance: str | None) -> Plan:
    """Return the plan that ends a machine, or all of ours.

    Args:
        clients: Connections.
        config: Project.
        instance: Its id; None for all.

    Raises:
        InputError: If it is none of ours.
    """
    if instance is None:
        found = find_instances(clients, config.project)
    else:
        found = (require_instance(clients, config.project, instance),)
    title = f"Terminate {instance or f'all machines of {config.project}'}"
    return Plan(title=title, steps=tuple(_step(each) for each in found))


def _step(each: Instance) -> Step:
    if not each.alive:
        return Step(action=Action.KEEP, kind="instance", name=each.id, detail=f"{each.state} already")
    return Step(
        action=Action.DELETE,
        kind="instance",
        name=each.id,
        detail=f"{each.name}, {each.type}, {each.state}; {_LOST.get(each.role, 'its disk goes with it')}",
        call="terminate",
        arguments={"id": each.id},
    )


def terminate_calls(
    clients: Clients, config: AwsConfig, *, on_wait: Callable[[str], object] = lambda _: None, pause: float = 5
) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
        config: Project.
        on_wait: Hears what is being waited for.
        pause: Seconds between looks.
    """

    def call(arguments: Mapping[str, Any]) -> str:
        ended = str(arguments["id"])
        end_instances(clients, [ended])
        wait_for(
            clients,
            config.project,
            ended,
            ["terminated"],
            pause=pause,
            on_wait=lambda state: on_wait(f"{ended}: {state}"),
        )
        return ended

    return {"terminate": call}

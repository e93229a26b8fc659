"""Plans: what would be done, frozen and free of effects, and the one executor that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from utils.errors import HawkinsError

__all__ = ["Action", "Done", "PartialError", "Plan", "Step", "carry_out"]


class Action(StrEnum):
    """What becomes of a resource."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One resource of a plan.

    Attributes:
        action: What becomes of it.
        kind: ``bucket``, ``role``, ``security group``, ``instance``, ``object`` ...
        name: Its name, id or key, as people would look for it.
        detail: What people read beside it: what differs, how large, for whom it is open.
        call: Key of the executor's table; empty where nothing is to be done.
        arguments: Of the call, JSON all through; never a secret.
        usd_per_hour: While it runs.
        usd_per_month: While it lies there.
    """

    action: Action
    kind: str
    name: str
    detail: str = ""
    call: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    usd_per_hour: float = 0.0
    usd_per_month: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a command would do.

    Attributes:
        title: One line.
        steps: In the order in which they are done.
        notes: Sentences beneath: assumptions, date of the prices, what ends by itself.
    """

    title: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that do something."""
        return tuple(step for step in self.steps if step.action is not Action.KEEP)

    @property
    def usd_per_hour(self) -> float:
        """Of what it starts, while that runs."""
        return sum(step.usd_per_hour for step in self.changes)

    @property
    def usd_per_month(self) -> float:
        """Of what it creates, while that lies there."""
        return sum(step.usd_per_month for step in self.changes)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A step that was carried out.

    Attributes:
        step: Which.
        result: What the call returned, such as an instance id; empty for nothing.
    """

    step: Step
    result: str = ""


class PartialError(HawkinsError):
    """A plan that stopped in the middle: the message says what exists now and how to go on.

    Attributes:
        done: What was carried out.
    """

    exit_code: Final = 4  # type: ignore[misc]

    def __init__(self, message: str, done: tuple[Done, ...]):
        super().__init__(message)
        self.done = done


def carry_out(
    plan: Plan,
    calls: Mapping[str, Callable[[Mapping[str, Any]], str]],
    *,
    on_done: Callable[[Done], object] = lambda _: None,
) -> tuple[Done, ...]:
    """Do what a plan says, in its order.

    Args:
        plan: What is to be done.
        calls: What does it, by name; each takes the arguments of its step, may be called twice with the same
            ones without doing harm, and returns an id or nothing.
        on_done: Hears of every step that was carried out.

    Raises:
        PartialError: If a step failed after others were carried out.
        HawkinsError: If the first step failed.
    """
    done: list[Done] = []
    for step in plan.changes:
        try:
            result = calls[step.call](step.arguments)
        except HawkinsError as error:
            if not done:
                raise
            raise PartialError(_partial(error, done, step), tuple(done)) from None
        done.append(Done(step=step, result=result))
        on_done(done[-1])
    return tuple(done)


def _partial(error: HawkinsError, done: list[Done], failed: Step) -> str:
    made = ", ".join(f"{each.step.action} {each.step.kind} {each.result or each.step.name}" for each in done)
    return (
        f"{error} It stopped at {failed.action} {failed.kind} {failed.name}; done before: {made}. "
        "Run the same command again to go on, or `deploy_aws.py destroy` to remove everything."
    )

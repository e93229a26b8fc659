"""What all AWS commands share: options, the configuration, showing a plan with its price, asking, carrying it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from aws.config import AwsConfig, read_config
from aws.plan import Action, Done, PartialError, Plan, Step, carry_out
from utils.door import one_line
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = [
    "AsJson",
    "AsksNothing",
    "ChangesNothing",
    "ConfigFile",
    "DryRun",
    "Yes",
    "confirm_and_carry_out",
    "opened",
    "plan_facts",
    "print_json",
    "print_table",
    "show_plan",
]

ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs; needs --yes or --dry-run where things change.")]
# Every command takes all three, so that nobody has to know which of them change something.
ChangesNothing = Annotated[bool, typer.Option("--dry-run", help="Makes no difference: nothing is changed anyway.")]
AsksNothing = Annotated[bool, typer.Option("--yes", "-y", help="Makes no difference: nothing is asked anyway.")]

_SIGNS: Final = {Action.CREATE: "+", Action.CHANGE: "~", Action.KEEP: "=", Action.DELETE: "-"}


def opened(config: Path, *, bucket: bool = False) -> tuple[Clients, AwsConfig]:
    """Read the configuration, and return connections to its region beside it; nothing is asked of AWS yet.

    Args:
        config: The file.
        bucket: Whether the bucket's region is meant, not that of the machines.
    """
    from aws.clients import Clients

    settings = read_config(config)
    return Clients((settings.s3 if bucket else settings.ec2).region), settings


def print_json(facts: Any) -> None:
    """Print one object for programs."""
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))


def print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print plain columns: ids must not be cut where a terminal is narrow."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(one_line("  ".join(cells).rstrip()))


def show_plan(plan: Plan) -> None:
    """Print a plan as people read it: a line a step, its price, its notes.

    Args:
        plan: What would be done.
    """
    typer.echo(one_line(plan.title))
    for step in plan.steps:
        typer.echo(one_line(_line(step)))
    if plan.usd_per_hour:
        typer.echo(f"Runs for ${plan.usd_per_hour:.4f} an hour.")
    if plan.usd_per_month:
        typer.echo(f"Lies there for ${plan.usd_per_month:.2f} a month.")
    for note in plan.notes:
        typer.echo(one_line(note))


def _line(step: Step) -> str:
    detail = f": {step.detail}" if step.detail else ""
    return f"  {_SIGNS[step.action]} {step.action} {step.kind} {step.name}{detail}"


def plan_facts(plan: Plan) -> dict[str, Any]:
    """Return a plan for programs, JSON all through.

    Args:
        plan: What would be done.
    """
    return {
        "title": plan.title,
        "steps": [_step_facts(step) for step in plan.steps],
        "notes": list(plan.notes),
        "usd_per_hour": plan.usd_per_hour,
        "usd_per_month": plan.usd_per_month,
    }


def _step_facts(step: Step) -> dict[str, Any]:
    return {
        "action": str(step.action),
        "kind": step.kind,
        "name": step.name,
        "detail": step.detail,
        "arguments": dict(step.arguments),
        "usd_per_hour": step.usd_per_hour,
        "usd_per_month": step.usd_per_month,
    }


def confirm_and_carry_out(
    plan: Plan,
    calls: Mapping[str, Callable[[Mapping[str, Any]], str]],
    *,
    dry_run: bool = False,
    yes: bool = False,
    as_json: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Done, ...]:
    """Show a plan, ask, and carry it out; nothing is asked where nothing would be done.

    Args:
        plan: What is to be done.
        calls: What does it, by name; see `aws.plan.carry_out`.
        dry_run: Only show it.
        yes: Do not ask.
        as_json: One JSON object on standard output in place of lines: the plan, ``done`` and ``applied``.
        facts: More for that object.

    Returns:
        What was carried out; empty for a dry run.

    Raises:
        InputError: If nobody can be asked.
        typer.Exit: With code 1, if the answer is no.
        PartialError: If it stopped in the middle; with ``as_json``, the object is printed before.
    """
    if as_json and plan.changes and not (dry_run or yes):
        raise InputError("--json asks nothing: add --yes to do it, or --dry-run to see it. Nothing was done.")
    if not as_json:
        show_plan(plan)
    done: tuple[Done, ...] = ()
    try:
        if not dry_run and plan.changes:
            _require_consent(yes=yes)
            done = carry_out(plan, calls, on_done=lambda each: None if as_json else _say_done(each))
    except PartialError as error:
        if as_json:
            _print_facts(plan, error.done, facts, applied=False)
        raise
    if as_json:
        _print_facts(plan, done, facts, applied=not dry_run)
    elif dry_run:
        typer.echo("Nothing was done (--dry-run).")
    elif not plan.changes:
        typer.echo("Nothing to do.")
    return done


def _require_consent(*, yes: bool) -> None:
    if yes:
        return
    try:
        agreed = typer.confirm("Do it?", err=True)
    except typer.Abort:
        raise InputError("Nobody answered, so nothing was done; add --yes to do it without asking.") from None
    if not agreed:
        typer.echo("Nothing was done.", err=True)
        raise typer.Exit(1)


def _say_done(done: Done) -> None:
    named = done.result or done.step.name
    typer.echo(one_line(f"done: {done.step.action} {done.step.kind} {named}"), err=True)


def _print_facts(plan: Plan, done: tuple[Done, ...], facts: Mapping[str, Any] | None, *, applied: bool) -> None:
    carried = [{**_step_facts(each.step), "result": each.result} for each in done]
    print_json({**plan_facts(plan), "applied": applied, "done": carried, **(facts or {})})

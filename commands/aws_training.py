"""AWS command that trains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aws.config import CONFIG
from commands.aws_logs import show
from commands.aws_market import market_of
from commands.aws_plan import AsJson, ConfigFile, DryRun, Yes, confirm_and_carry_out, opened
from utils.door import one_line
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig
    from aws.cost import Market
    from aws.follow import Look
    from aws.job import Progress
    from aws.training import Request, Training

__all__ = ["app", "say_ended"]

app = typer.Typer()
_MOST_MACHINES = 20
"""That one `train --follow` orders where spot machines are taken away again and again."""


@app.command()
def train(
    model: Annotated[Literal["llama", "qwen"], typer.Argument(help="The base model.")],
    character: Annotated[
        str | None, typer.Option("--character", help="Whose voice.  [default: whoever speaks most]")
    ] = None,
    results: Annotated[
        str | None,
        typer.Option("--results", metavar="NAME", help="Folder in data/training/; without it the sample season."),
    ] = None,
    voices: Annotated[
        bool, typer.Option("--voices", help="Learn the exchanges written for the character too.")
    ] = False,
    spot: Annotated[
        bool | None, typer.Option("--spot/--on-demand", help="Cheaper, and may be taken away.  [default: config]")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Show the logs until it is over.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew where the same was trained before.")] = False,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Train a character on a GPU instance, which ends by itself."""
    from aws.training import Request

    if follow and as_json:
        raise InputError("--follow shows logs, and --json one object; choose one.")
    clients, settings = opened(config)
    request = Request(
        base=model,
        character=character,
        results=results,
        voices=voices,
        spot=settings.ec2.use_spot_instances if spot is None else spot,
        restart=restart,
    )
    machine, training = _start(clients, settings, request, dry_run=dry_run, yes=yes, as_json=as_json)
    if dry_run or as_json or machine is None:
        return
    if not follow:
        typer.echo(f"Follow it with: python deploy_aws.py logs {training.job.id} --follow")
        return
    for _ in range(_MOST_MACHINES):
        if not _follow(clients, settings, training.job.id, machine, market_of(settings)):
            return
        typer.echo("AWS took the machine away; another one goes on.", err=True)
        again = replace(request, restart=False)
        machine, training = _start(clients, settings, again, dry_run=False, yes=True, as_json=False)
        if machine is None:
            return
    raise HawkinsError(f"{_MOST_MACHINES} machines were taken away; the same command goes on with the training.")


def _start(
    clients: Clients, settings: AwsConfig, request: Request, *, dry_run: bool, yes: bool, as_json: bool
) -> tuple[str | None, Training]:
    """Plan, ask and start; return the machine that works on it, if one does."""
    from aws.budget import enforce, take_stock
    from aws.training import plan_training, training_calls

    market = market_of(settings)
    if not dry_run:
        say_ended(enforce(clients, take_stock(clients, settings, market)), settings)
    training = plan_training(clients, settings, request, market)
    done = confirm_and_carry_out(
        training.plan,
        training_calls(clients, training, on_miss=lambda miss: typer.echo(one_line(f"no capacity: {miss}"), err=True)),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
        facts={"job": training.job.id},
    )
    if done:
        # With a new machine the budget is reached at another time, which the app's machine must know.
        take_stock(clients, settings, market)
    started = next((each.result for each in done if each.step.kind == "instance"), None)
    return started or (training.machine.id if training.machine else None), training


def say_ended(ended: tuple[object, ...], settings: AwsConfig) -> None:
    """Say what the budget ended."""
    from aws.instances import Instance

    for each in ended:
        if isinstance(each, Instance):
            what = "terminated" if each.role == "training" else "stopped"
            typer.echo(
                f"warning: limits.budget_usd (${settings.limits.budget_usd:.2f} a month) is reached: "
                f"{each.id} ({each.name}) was {what}.",
                err=True,
            )


def _follow(clients: Clients, settings: AwsConfig, job: str, machine: str, market: Market) -> bool:
    """Show what a machine says until it is over; return whether another one should go on.

    Raises:
        HawkinsError: If the training failed.
    """
    from aws.budget import enforce, take_stock
    from aws.follow import FINAL, follow

    typer.echo(f"{machine} works on {job}. It goes on when you leave (Ctrl-C).", err=True)
    last: Look | None = None
    for look in follow(clients, settings, job, machine):
        show(look)
        last = look
        if not look.over:
            say_ended(enforce(clients, take_stock(clients, settings, market)), settings)
    if last is None or last.progress is None or last.progress.state not in FINAL:
        return _gone(clients, settings, job, machine)
    return _outcome(last.progress, job)


def _gone(clients: Clients, settings: AwsConfig, job: str, machine: str) -> bool:
    """Say of a machine that ended without a word why it did; return whether another one should go on."""
    from aws.instances import find_instances

    found = [each for each in find_instances(clients, settings.project, alive=False) if each.id == machine]
    if found and "SpotInstance" in found[0].reason:
        return True
    reason = f" ({found[0].reason})" if found and found[0].reason else ""
    raise HawkinsError(
        f"{machine} is gone{reason} and did not say how far it was; see `python deploy_aws.py logs {job}`, and run the "
        "same command again to go on."
    )


def _outcome(said: Progress, job: str) -> bool:
    from aws.job import TAKEN_AWAY, State

    if said.state is State.FAILED:
        raise HawkinsError(f"The training failed: {said.stage}. See: python deploy_aws.py logs {job}")
    if said.state is State.INTERRUPTED:
        if said.stage.startswith(TAKEN_AWAY):
            return True
        typer.echo(f"{job} stopped at step {said.done} of {said.total} ({said.stage}); the same command goes on.")
    else:
        typer.echo(f"{job} is finished.")
    return False

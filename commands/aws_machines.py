"""AWS commands about machines: list-instances, terminate, destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aws.config import CONFIG
from commands.aws_market import market_of
from commands.aws_plan import (
    AsJson,
    AsksNothing,
    ChangesNothing,
    ConfigFile,
    DryRun,
    Yes,
    confirm_and_carry_out,
    opened,
    print_json,
    print_table,
)
from utils.door import one_line
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.instances import Instance

__all__ = ["app", "instance_facts", "print_instances"]

app = typer.Typer()


@app.command("list-instances")
def list_instances(
    every: Annotated[bool, typer.Option("--all", help="Those that ended within the last hour too.")] = False,
    config: ConfigFile = CONFIG,
    _dry_run: ChangesNothing = False,
    _yes: AsksNothing = False,
    as_json: AsJson = False,
) -> None:
    """List our instances, wherever they were started from."""
    from aws.instances import find_instances

    clients, settings = opened(config)
    found = find_instances(clients, settings.project, alive=not every)
    if as_json:
        print_json([instance_facts(each) for each in found])
    elif not found:
        typer.echo(f"No instance with the tag project={settings.project} in {settings.ec2.region}.")
    else:
        print_instances(found)


def instance_facts(each: Instance) -> dict[str, Any]:
    """Return a machine for programs."""
    return {
        "id": each.id,
        "for": each.name,
        "role": each.role,
        "type": each.type,
        "zone": each.zone,
        "state": each.state,
        "spot": each.spot,
        "launched": each.launched.isoformat(),
        "address": each.address,
    }


def print_instances(found: tuple[Instance, ...]) -> None:
    """Print machines as people read them."""
    print_table(
        ("id", "for", "type", "zone", "state", "since (UTC)", "address"),
        [
            (
                each.id,
                each.name,
                each.type + (" spot" if each.spot else ""),
                each.zone,
                each.state,
                f"{each.launched:%Y-%m-%d %H:%M}",
                each.address or "-",
            )
            for each in found
        ],
    )


@app.command()
def terminate(
    instance: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Instance id, such as i-1234567890abcdef0")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of ours.")] = False,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Terminate an instance, or all of ours, and wait until it is gone."""
    from aws.budget import take_stock
    from aws.terminating import plan_terminating, terminate_calls

    if (instance is None) is not every:
        raise InputError("Give an instance id or --all; see: python deploy_aws.py list-instances")
    clients, settings = opened(config)
    plan = plan_terminating(clients, settings, instance)
    calls = terminate_calls(clients, settings, on_wait=lambda said: typer.echo(one_line(said), err=True))
    done = confirm_and_carry_out(plan, calls, dry_run=dry_run, yes=yes, as_json=as_json)
    if done:
        # The records learn when it ended while EC2 still knows.
        take_stock(clients, settings, market_of(settings))


@app.command()
def destroy(
    bucket: Annotated[bool, typer.Option("--bucket", help="The bucket too: data, models, results, logs.")] = False,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove everything with our tag, after showing it: machines, disks, addresses, groups, keys, role, secrets."""
    from aws.destroying import destroy_calls, plan_destroying

    clients, settings = opened(config)
    plan = plan_destroying(clients, settings, bucket=bucket)
    calls = destroy_calls(clients, settings, on_wait=lambda said: typer.echo(one_line(said), err=True))
    confirm_and_carry_out(plan, calls, dry_run=dry_run, yes=yes, as_json=as_json)

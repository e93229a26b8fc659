"""AWS command about prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aws.config import CONFIG, Ec2Settings, GradioSettings, read_config
from commands.aws_plan import AsJson, ConfigFile, DryRun, Yes, confirm_and_carry_out, print_json
from utils.door import progress_bars

if TYPE_CHECKING:
    from aws.prices import Prices, RegionPrices

__all__ = ["app"]

app = typer.Typer()


@app.command()
def prices(
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch and keep those of today, from AWS's Price List.")
    ] = False,
    region: Annotated[str | None, typer.Option("--region", help="Of which region.  [default: ec2.region]")] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="An instance type; may be given more than once.")
    ] = None,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show what instances, disks, addresses and storage cost, and how old these prices are."""
    from aws.prices import Prices, keeping_calls, plan_keeping, read_prices

    where, wanted = _wanted(config, region, types or [])
    known = Prices(regions={where: _fetched(where, wanted)}) if refresh else read_prices()
    facts = _facts(known, where, types or [])
    if not as_json:
        _print(known, where, types or [])
    if refresh:
        plan = plan_keeping(where, known.regions[where])
        confirm_and_carry_out(plan, keeping_calls(), dry_run=dry_run, yes=yes, as_json=as_json, facts=facts)
    elif as_json:
        print_json(facts)


def _wanted(config: Path, region: str | None, types: list[str]) -> tuple[str, set[str]]:
    ec2, gradio = Ec2Settings(), GradioSettings()
    # Prices can be asked for before there is a configuration.
    if config != CONFIG or config.is_file():
        settings = read_config(config)
        ec2, gradio = settings.ec2, settings.gradio
    return region or ec2.region, {*types, ec2.instance_type, *ec2.fallback_types, gradio.instance_type}


def _fetched(region: str, types: set[str]) -> RegionPrices:
    from aws.clients import Clients
    from aws.price_list import fetch_prices
    from aws.prices import read_shipped

    usual = {name for each in read_shipped().regions.values() for name in each.instances}
    with progress_bars() as progress:
        return fetch_prices(Clients(region), region, usual | types, progress=progress)


def _facts(known: Prices, region: str, types: list[str]) -> dict[str, Any]:
    found = known.regions.get(region)
    shown = {} if found is None else found.model_dump(mode="json")
    return {"region": region, **shown, "unknown": _unknown(known, region, types)}


def _unknown(known: Prices, region: str, types: list[str]) -> list[str]:
    return [name for name in types if known.hour(region, name) is None]


def _print(known: Prices, region: str, types: list[str]) -> None:
    if region in known.regions:
        _print_region(known.regions[region], types)
    for name in _unknown(known, region, types):
        typer.echo(f"{name}: price unknown")
    typer.echo(known.note(region))


def _print_region(found: RegionPrices, types: list[str]) -> None:
    for name, price in found.instances.items():
        if not types or name in types:
            typer.echo(f"{name:<16} ${price:.4f} an hour")
    if found.disk is not None:
        typer.echo(f"{'disk (gp3)':<16} ${found.disk:.4f} a GB and month")
    if found.address is not None:
        typer.echo(f"{'IPv4 address':<16} ${found.address:.4f} an hour")
    for name, price in found.storage.items():
        typer.echo(f"{'S3 ' + name:<16} ${price:.5f} a GB and month")

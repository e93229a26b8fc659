"""AWS commands that look at machines and money: status, cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from aws.config import CONFIG
from aws.layout import APP
from commands.aws_machines import instance_facts, print_instances
from commands.aws_market import market_of
from commands.aws_plan import AsJson, AsksNothing, ConfigFile, DryRun, opened, print_json, print_table
from commands.aws_training import say_ended
from utils.door import one_line

if TYPE_CHECKING:
    from aws.budget import Stock
    from aws.clients import Clients
    from aws.config import AwsConfig
    from aws.cost import Charge, Market

__all__ = ["app"]

app = typer.Typer()


@app.command()
def status(
    config: ConfigFile = CONFIG, dry_run: DryRun = False, _yes: AsksNothing = False, as_json: AsJson = False
) -> None:
    """Show what runs, how far it is, what is left over, and what the month costs; ends what goes beyond the budget."""
    from aws.budget import enforce, take_stock
    from aws.follow import read_state
    from aws.resources import find_resources
    from aws.sync import Store

    clients, settings = opened(config)
    stock = take_stock(clients, settings, market_of(settings), write=not dry_run)
    ended = () if dry_run else enforce(clients, stock)
    store = Store(clients.s3, settings.s3.bucket_name)
    progress = {each.name: read_state(store, each.name) for each in stock.alive}
    orphans = [each for each in find_resources(clients, settings) if each.orphan]
    if as_json:
        print_json(
            {
                "instances": [
                    {**instance_facts(each), "progress": said.model_dump(mode="json") if said else None}
                    for each in stock.alive
                    for said in [progress[each.name]]
                ],
                "left_over": [{"kind": each.kind, "id": each.id, "detail": each.detail} for each in orphans],
                "month": _month_facts(stock),
                "ended": [each.id for each in ended],
            }
        )
        say_ended(ended, settings)
        return
    if stock.alive:
        print_instances(stock.alive)
    else:
        typer.echo("Nothing runs.")
    for name, said in progress.items():
        if said is not None:
            typer.echo(one_line(f"{name}: {said.state}, {said.stage}, step {said.done} of {said.total} ({said.at})"))
    for each in orphans:
        typer.echo(one_line(f"left over: {each.kind} {each.name}, {each.detail}; `destroy` removes it"))
    _print_month(stock)
    say_ended(ended, settings)
    if stock.reached and dry_run and stock.alive:
        typer.echo("warning: The budget is reached; without --dry-run, status ends what runs.", err=True)


def _month_facts(stock: Stock) -> dict[str, Any]:
    return {
        "month": f"{stock.spent.since:%Y-%m}",
        "usd": round(stock.spent.usd, 4),
        "committed_usd": round(stock.spent.committed, 4),
        "forecast_usd": round(stock.spent.forecast, 4),
        "budget_usd": stock.budget,
        "budget_reached_at": stock.deadline and stock.deadline.isoformat(timespec="seconds"),
        "unknown_prices": list(stock.spent.unknown),
    }


def _print_month(stock: Stock) -> None:
    spent = stock.spent
    typer.echo(
        f"{spent.since:%B %Y}: ${spent.usd:.2f} of ${stock.budget:.2f} so far; ${spent.forecast:.2f} at its end if "
        "nobody starts or ends anything."
    )
    if stock.deadline is not None and not stock.reached:
        app = "; the app's machine stops then" if any(each.name == APP for each in stock.alive) else ""
        typer.echo(f"At this rate the budget is reached on {stock.deadline:%Y-%m-%d %H:%M} UTC{app}.")
    if spent.unknown:
        typer.echo(f"Without {', '.join(spent.unknown)}: the price is unknown.")


@app.command()
def cost(
    config: ConfigFile = CONFIG, dry_run: DryRun = False, _yes: AsksNothing = False, as_json: AsJson = False
) -> None:
    """Show what each machine cost this month, what the bucket costs, and where the month is heading."""
    from aws.budget import take_stock
    from aws.stored import stored

    clients, settings = opened(config)
    market = market_of(settings)
    stock = take_stock(clients, settings, market, write=not dry_run)
    kept = stored(clients, settings.s3.bucket_name)
    disks = _left_over_disks(clients, settings, market)
    storage = {kind: _times(gb, market.storage_of(kind)) for kind, gb in kept.gb.items()}
    if as_json:
        print_json(
            {
                **_month_facts(stock),
                "machines": [_charge_facts(each) for each in stock.spent.charges],
                "storage": {kind: {"gb": kept.gb[kind], "usd_per_month": usd} for kind, usd in storage.items()},
                "left_over_disks": disks,
                "prices": market.note,
            }
        )
        return
    _print_charges(stock)
    for kind, usd in storage.items():
        typer.echo(f"bucket {settings.s3.bucket_name}, {kind}: {kept.gb[kind]:.3f} GB, {_money(usd)} a month")
    for disk in disks:
        typer.echo(f"left over: disk {disk['id']}, {disk['gb']} GB, {_money(disk['usd_per_month'])} a month")
    _print_month(stock)
    typer.echo(market.note)


def _left_over_disks(clients: Clients, settings: AwsConfig, market: Market) -> list[dict[str, Any]]:
    from aws.resources import find_resources

    return [
        {"id": each.id, "gb": each.gb, "usd_per_month": _times(each.gb, market.rates.disk)}
        for each in find_resources(clients, settings)
        if each.kind == "disk"
    ]


def _times(amount: float, price: float | None) -> float | None:
    return None if price is None else amount * price


def _money(usd: float | None) -> str:
    return "price unknown" if usd is None else f"${usd:.2f}"


def _charge_facts(charge: Charge) -> dict[str, Any]:
    record = charge.record
    return {
        "instance": record.instance,
        "for": record.name,
        "type": record.type,
        "spot": record.spot,
        "hours": round(charge.hours, 3),
        "stopped_hours": round(charge.stopped, 3),
        "usd_per_hour": charge.usd_per_hour,
        "usd_per_hour_stopped": charge.usd_per_hour_stopped,
        "usd": charge.usd,
        "running": record.ended is None and not record.stopped,
        "stopped": record.stopped,
    }


def _print_charges(stock: Stock) -> None:
    if not stock.spent.charges:
        typer.echo("No machine of ours ran this month.")
        return
    rows = [
        (
            charge.record.instance or "?",
            charge.record.name,
            (charge.record.type or "?") + (" spot" if charge.record.spot else ""),
            f"{charge.hours:.2f}",
            f"{charge.stopped:.2f}",
            "?" if charge.usd_per_hour is None else f"{charge.usd_per_hour:.4f}",
            "?" if charge.usd is None else f"{charge.usd:.2f}",
            _state(charge),
        )
        for charge in stock.spent.charges
    ]
    print_table(("instance", "for", "type", "hours", "stopped", "$/hour", "$", ""), rows)


def _state(charge: Charge) -> str:
    if charge.record.ended is not None:
        return "ended"
    return "stopped" if charge.record.stopped else "runs"

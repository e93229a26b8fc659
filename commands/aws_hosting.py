"""AWS commands about the app: deploy-gradio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aws.config import CONFIG
from commands.aws_market import market_of
from commands.aws_plan import AsJson, ConfigFile, DryRun, Yes, confirm_and_carry_out, opened
from commands.aws_training import say_ended
from utils.door import one_line

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.hosting import Hosting

__all__ = ["app"]

app = typer.Typer()


@app.command("deploy-gradio")
def deploy_gradio(
    update: Annotated[
        bool, typer.Option("--update", help="New code, data and settings on the machine that is there.")
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint",
            metavar="URL",
            help="A chat server that answers, such as vLLM's; its key: `secret endpoint_key`.  [default: config]",
        ),
    ] = None,
    results: Annotated[
        str | None,
        typer.Option("--results", metavar="NAME", help="Folder in data/training/; without it the sample season."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="BASE", help="`embedded`, or llama, qwen: whose GGUF file in models/ answers."),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until the app answers.")] = False,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Host the app on a small instance, which runs until you end it."""
    from aws.budget import enforce, take_stock
    from aws.hosting import hosting_calls, plan_hosting
    from aws.hosting_order import HostingRequest
    from character_chatbot.endpoint import endpoint_url

    if endpoint is not None:
        endpoint_url(endpoint)
    clients, settings = opened(config)
    request = HostingRequest(update=update, results=results, model=model, endpoint=endpoint)
    market = market_of(settings)
    if not dry_run:
        say_ended(enforce(clients, take_stock(clients, settings, market)), settings)
    hosting = plan_hosting(clients, settings, request, market)
    calls = hosting_calls(clients, hosting, on_miss=lambda miss: typer.echo(one_line(f"no capacity: {miss}"), err=True))
    done = confirm_and_carry_out(
        hosting.plan, calls, dry_run=dry_run, yes=yes, as_json=as_json, facts={"order": hosting.order.digest}
    )
    if done:
        # With a new machine the budget is reached at another time, which that machine must know.
        take_stock(clients, settings, market)
    if not dry_run and not no_wait:
        _wait(clients, hosting, as_json=as_json)


def _wait(clients: Clients, hosting: Hosting, *, as_json: bool) -> None:
    """Wait until the app answers, and say where; with --json on the error stream, since the plan is the object."""
    from aws.hosting_wait import is_reached, wait_until_ready

    machine = wait_until_ready(clients, hosting.order, on_stage=lambda stage: typer.echo(one_line(stage), err=True))
    url = hosting.order.url(machine.address)
    typer.echo(f"The app runs: {url}", err=as_json)
    if hosting.order.domain:
        typer.echo(f"{hosting.order.domain} must point to {machine.address}.", err=True)
    if not is_reached(url):
        typer.echo(
            f"warning: {machine.id} says that the app answers, but {url} is not reached from here; is your address in "
            "gradio.allowed_cidrs (then run init), and does the domain point there?",
            err=True,
        )

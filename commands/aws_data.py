"""AWS commands that bring something to the account: upload-data and secret."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from aws.config import CONFIG
from commands.aws_plan import AsJson, ConfigFile, DryRun, Yes, confirm_and_carry_out, opened, print_json
from utils.door import progress_bars
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig
    from aws.secrets import Secret
    from aws.upload import Source

__all__ = ["app"]

app = typer.Typer()
_OUT: Final = Path("out")


@app.command("upload-data")
def upload_data(
    results: Annotated[
        list[Path] | None,
        typer.Option("--results", metavar="DIR", help="What `hawkins analyze` wrote.  [default: all in out/]"),
    ] = None,
    subtitles: Annotated[
        list[Path] | None, typer.Option("--subtitles", metavar="DIR", help="Subtitle files; none without it.")
    ] = None,
    transcripts: Annotated[
        list[Path] | None, typer.Option("--transcripts", metavar="DIR", help="Transcripts; none without it.")
    ] = None,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Upload what changed: analyses to learn from, subtitles, transcripts."""
    from aws.upload import plan_upload, upload_calls

    clients, settings = opened(config, bucket=True)
    sources = _sources(results or [], subtitles or [], transcripts or [])
    with progress_bars() as progress:
        plan = plan_upload(clients, settings.s3.bucket_name, sources, progress=progress)
    with progress_bars() as progress:
        calls = upload_calls(clients, progress=progress)
        done = confirm_and_carry_out(plan, calls, dry_run=dry_run, yes=yes, as_json=as_json)
    if done and not as_json:
        typer.echo("Next: python deploy_aws.py train llama --character NAME --results NAME")


def _sources(results: list[Path], subtitles: list[Path], transcripts: list[Path]) -> list[Source]:
    from aws.upload import Source, find_results

    if not (results or subtitles or transcripts):
        results = list(find_results(_OUT))
        if not results:
            raise InputError(
                "There is no analysis in out/; make one with: hawkins analyze DIR, or name one with --results. "
                "The sample season needs no upload: every machine has it."
            )
    return [
        *map(Source.results, results),
        *map(Source.subtitles, subtitles),
        *map(Source.transcripts, transcripts),
    ]


@app.command()
def secret(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="huggingface_token, gradio_password or endpoint_key; without it, a list."
        ),
    ] = None,
    config: ConfigFile = CONFIG,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Keep a secret for machines in SSM: from the environment, from .env, or as you type it, unseen."""
    from aws.secrets import plan_secret, secret_calls, secret_named, secret_version

    clients, settings = opened(config)
    if name is None:
        _list(clients, settings, as_json=as_json)
        return
    wanted = secret_named(name)
    plan = plan_secret(settings, wanted, secret_version(clients, settings, wanted))
    value = "" if dry_run else _value(wanted)
    confirm_and_carry_out(plan, secret_calls(clients, value), dry_run=dry_run, yes=yes, as_json=as_json)


def _list(clients: Clients, settings: AwsConfig, *, as_json: bool) -> None:
    from aws.secrets import SECRETS, secret_version

    versions = {secret: secret_version(clients, settings, secret) for secret in SECRETS.values()}
    if as_json:
        print_json({secret.name: version for secret, version in versions.items()})
        return
    for secret, version in versions.items():
        state = f"set, version {version}" if version else "not set"
        typer.echo(f"{secret.name}: {state} ({secret.purpose})")


def _value(secret: Secret) -> str:
    from aws.secrets import checked, secret_at_hand

    found = secret_at_hand(secret)
    if found is not None:
        return checked(secret, found)
    if not sys.stdin.isatty():
        where = " or ".join(secret.variables)
        raise InputError(
            f"There is no {secret.name}: set {where} in the environment or in .env, or run this in a terminal."
        )
    return checked(secret, typer.prompt(secret.name, hide_input=True, confirmation_prompt=True, err=True))

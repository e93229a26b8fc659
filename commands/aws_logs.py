"""AWS command about what machines say: logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aws.config import CONFIG
from commands.aws_plan import AsksNothing, ChangesNothing, ConfigFile, opened
from utils.door import one_line
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig
    from aws.follow import Look
    from aws.job import Progress

__all__ = ["app", "show"]

app = typer.Typer()


@app.command()
def logs(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A job's id, or gradio.  [default: the latest]")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the machine is gone.")] = False,
    config: ConfigFile = CONFIG,
    _dry_run: ChangesNothing = False,
    _yes: AsksNothing = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one object a line.")] = False,
) -> None:
    """Show what a machine logged."""
    from aws.follow import Tail, logged, read_state
    from aws.layout import log_key
    from aws.sync import Store

    clients, settings = opened(config)
    store = Store(clients.s3, settings.s3.bucket_name)
    files = logged(store)
    wanted = _which(name, files, following=follow)
    if follow:
        _follow(clients, settings, wanted, as_json=as_json)
        return
    for file in (each for each in files[wanted] if each.endswith(".log")):
        tail = Tail(store, log_key(wanted, file))
        if not as_json:
            typer.echo(f"--- {wanted}/{file}", err=True)
        for line in (*tail.lines(), *tail.rest()):
            _say_line(wanted, file, line, as_json=as_json)
    said = read_state(store, wanted)
    if as_json and said is not None:
        _say_progress(wanted, said)


def _which(name: str | None, files: dict[str, list[str]], *, following: bool) -> str:
    if name is None:
        if not files:
            raise InputError("The bucket holds no logs yet; a machine puts them there after some minutes.")
        return list(files)[-1]
    if name not in files and not following:
        raise InputError(
            f"There are no logs of '{name}' yet.{did_you_mean(name, files)} "
            + (f"There are: {', '.join(files)}." if files else "A machine puts them there after some minutes.")
        )
    return name


def _follow(clients: Clients, settings: AwsConfig, name: str, *, as_json: bool) -> None:
    from aws.follow import follow
    from aws.instances import find_instances

    alive = find_instances(clients, settings.project, name=name)
    if not alive:
        raise InputError(f"No machine works on '{name}' now; leave --follow out to read what it logged.")
    for look in follow(clients, settings, name, alive[-1].id):
        if not as_json:
            show(look)
            continue
        for file, line in look.lines:
            _say_line(name, file, line, as_json=True)
        if look.progress is not None:
            _say_progress(name, look.progress)


def show(look: Look) -> None:
    """Print what is new of a job as people read it: its logs, and how far it is on the error stream."""
    for _, line in look.lines:
        typer.echo(one_line(line))
    said = look.progress
    if said is not None:
        left = f", {said.seconds_left / 60:.0f} minutes left" if said.seconds_left else ""
        loss = f", loss {said.loss:.3f}" if said.loss is not None else ""
        typer.echo(one_line(f"[{said.state}] {said.stage} step {said.done} of {said.total}{loss}{left}"), err=True)


def _say_line(name: str, file: str, line: str, *, as_json: bool) -> None:
    if as_json:
        _say(name=name, file=file, line=line)
    else:
        typer.echo(one_line(line))


def _say_progress(name: str, said: Progress) -> None:
    _say(name=name, progress=said.model_dump(mode="json"))


def _say(**facts: Any) -> None:
    # In ASCII: whatever a log holds, one object is one line.
    typer.echo(json.dumps(facts))

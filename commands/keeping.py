"""Everything around: the app, the doctor, weights, new series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Endpoint, Results, Transcripts
from utils.door import progress_bars
from utils.errors import HawkinsError

__all__ = ["app"]

app = typer.Typer()
models = typer.Typer(no_args_is_help=True, help="Model weights: which answer now, and fetching better ones.")
series_app = typer.Typer(no_args_is_help=True, help="Series: a first profile for one that is new.")
app.add_typer(models, name="models")
app.add_typer(series_app, name="series")


@app.command(name="app")
def app_(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    results: Results = None,
    endpoint: Endpoint = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A .gguf file that answers; with --endpoint, one of the server's models."),
    ] = None,
) -> None:
    """Serve the web app (the same as `python gradio_app.py`); HAWKINS_APP_PASSWORD makes visitors log in."""
    from gradio_app import run

    run(host=host, port=port, results=results, endpoint=endpoint, model=model)


@app.command()
def doctor() -> None:
    """Say what is installed, which weights answer, and what is missing with the command that brings it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from utils.doctor import checks

    found = list(checks())
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    for check in found:
        mark = "[green]ok[/green]" if check.ok else "[red]missing[/red]" if check.needed else "[dim]-[/dim]"
        remedy = f"\n[dim]{escape(check.remedy)}[/dim]" if check.remedy else ""
        table.add_row(mark, check.subject, escape(check.found) + remedy)
    Console().print(table)
    if any(check.needed and not check.ok for check in found):
        raise HawkinsError("Something is missing; the lines above say how to get it.")


@series_app.command("suggest")
def suggest_series(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of subtitles, one file, or a .txt with a spoken line a row.")
    ],
    transcripts: Transcripts = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="The new series.  [default: out/series/<DIR>]")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of the series.  [default: the folder's name]")] = None,
    fewest: Annotated[int, typer.Option("--fewest", min=1, help="Leave out who is named and speaks less often.")] = 1,
) -> None:
    """Propose the cast of a new series, with aliases and counts, from its subtitles; nothing is overwritten."""
    from character_network import suggest_series as run

    warnings: list[str] = []
    with progress_bars() as progress:
        file, found = run(
            directory,
            out=out or Path("out") / "series" / directory.resolve().stem,
            transcripts=transcripts,
            title=title,
            fewest=fewest,
            on_report=lambda report: warnings.extend(report.warnings),
            progress=progress,
        )
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    names = ", ".join(person.name for person in found.people[:8])
    typer.echo(f"{file}: {len(found.people)} people, first {names}. Correct it by hand, then use it with --series.")


@models.command("list")
def list_models() -> None:
    """Show which weights answer each task, and the Hub model that could."""
    from rich.console import Console
    from rich.table import Table

    from utils.models import TASKS, find_weights

    table = Table("task", "for", "answers now", "on the Hub", show_edge=False, pad_edge=False)
    for task in TASKS.values():
        table.add_row(
            task.name, task.purpose, find_weights(task.name).label, f"{task.hub.repository} ({task.hub.size:,} MB)"
        )
    Console().print(table)


@models.command("pull")
def pull_model(task: Annotated[str, typer.Argument(help="A task of `hawkins models list`.")]) -> None:
    """Download the Hub model of a task, which then answers in place of the embedded one."""
    from utils.models import pull_weights

    weights = pull_weights(task)
    typer.echo(f"{task}: {weights.label} is at {weights.path}")

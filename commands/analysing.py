"""From subtitles to results: analyze, inspect, parse, themes, network, and the demonstration."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils.door import one_line, progress_bars, told

if TYPE_CHECKING:
    import analysis
    from analysis.theme_views import ThemeReading

from commands.options import SAMPLE_RESULTS, Directory, Encoding, Pattern, Series, Transcripts

__all__ = ["app"]

app = typer.Typer()


@app.command()
def analyze(
    directory: Directory,
    transcripts: Transcripts = None,
    series: Series = "stranger_things",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where results go.  [default: out/<series>]")
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """Subtitles in; dialogue, themes, names, network, places and a report out."""
    from analysis import analyze as run
    from analysis.pipeline import REPORT

    folder = out or Path("out") / Path(series).name
    with progress_bars() as progress:
        results = run(
            directory,
            transcripts=transcripts,
            series=series,
            out=folder,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    _show(results)
    typer.echo(f"\nTables and {folder / REPORT} are written; open the report in a browser.")
    shown = shlex.quote(str(folder))
    typer.echo(f"Next: hawkins app --results {shown}    hawkins chat NAME --results {shown}")


def _show(results: analysis.Results) -> None:
    from rich.console import Console

    from analysis.summary import summary

    console = Console()
    for part in summary(results):
        console.print(part)


@app.command()
def inspect(
    directory: Directory,
    transcripts: Transcripts = None,
    series: Series = "stranger_things",
    encoding: Encoding = None,
    pattern: Pattern = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """Say of each file how many cues are read, which are repaired and how, and which are refused and why."""
    from utils.reading.inspection import as_json as in_json
    from utils.reading.inspection import in_lines, inspect_files
    from utils.reading.settings import Reading

    reading = Reading(transcripts=transcripts, series=series, encoding=encoding, pattern=pattern)
    with progress_bars() as progress:
        reports = list(inspect_files(directory, reading, progress=progress))
    typer.echo(in_json(reports) if as_json else "\n".join(map(one_line, in_lines(reports))))


@app.command()
def parse(
    directory: Directory,
    transcripts: Transcripts = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet file.")] = Path("dialogue.parquet"),
    series: Series = "stranger_things",
    encoding: Encoding = None,
    pattern: Pattern = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="DIR", help="Where what was read is kept.  [default: the user's cache]"),
    ] = None,
) -> None:
    """Subtitles in, one table of dialogue out; unchanged files are not read again."""
    from utils.dialogue_file import write_dialogue
    from utils.reading.cache import user_cache
    from utils.reading.settings import Reading

    kept = cache or user_cache()
    reading = Reading(transcripts=transcripts, series=series, encoding=encoding, pattern=pattern, cache=kept)
    with progress_bars() as progress:
        done = write_dialogue(directory, out, reading, on_report=told(), progress=progress)
    typer.echo(
        f"{out}: {done.episodes} episodes ({done.unchanged} unchanged), {done.lines:,} lines, "
        f"{done.named:,} with a speaker; {done.repaired:,} repairs, {done.refused:,} refusals."
    )


@app.command()
def themes(
    directory: Directory,
    transcripts: Transcripts = None,
    series: Series = "stranger_things",
    labels: Annotated[
        str | None, typer.Option("--labels", help="Themes with commas between them.  [default: those of the series]")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="episode, scene or character.")] = "episode",
    raw: Annotated[bool, typer.Option("--raw", help="Show the model's own numbers; files hold both.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Where files go.")] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="csv, json, png or html; may be repeated.  [default with --out: csv and png]"),
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """Themes over episodes, scenes or characters, with the lines behind them."""
    from analysis.theme_files import DEFAULT_FORMATS, require_formats, theme_text, write_themes
    from analysis.theme_views import read_themes, split_labels

    chosen = formats or (list(DEFAULT_FORMATS) if out else [])
    require_formats(chosen, to_files=out is not None)
    wanted = None if labels is None else split_labels(labels)
    with progress_bars() as progress:
        reading = read_themes(
            directory,
            by=by,
            transcripts=transcripts,
            series=series,
            labels=wanted,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    if out is not None:
        for path in write_themes(reading, by, out, formats=chosen, raw=raw):
            typer.echo(path)
    elif chosen:
        typer.echo(theme_text(reading, by, chosen[0]), nl=False)
    else:
        _print_themes(reading, by, raw=raw)


def _print_themes(reading: ThemeReading, by: str, *, raw: bool) -> None:
    from rich.console import Console

    from analysis.theme_terminal import theme_summary

    console = Console()
    for part in theme_summary(reading, by, raw=raw):
        console.print(part)


@app.command()
def network(
    source: Annotated[
        Path, typer.Argument(metavar="DIR|RESULTS", help="Folder of subtitles, or one that `hawkins analyze` wrote.")
    ],
    kind: Annotated[str, typer.Option("--kind", help="Ties: together, speaks_to or mentions.")] = "together",
    until: Annotated[str | None, typer.Option("--until", metavar="S02E04", help="Last episode that counts.")] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="html, png, gexf, graphml, json or csv.  [default: as --out ends, or html]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file.  [default: network.<format>]")
    ] = None,
    transcripts: Transcripts = None,
    series: Annotated[
        str | None, typer.Option("--series", help="The subtitles' series.  [default: stranger_things]")
    ] = None,
    window: Annotated[
        int | None, typer.Option("--window", help="Lines within which two people are together.  [default: 10]")
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """Who speaks to whom, names whom, is together: as a page with a slider, an image, or a file for other programs."""
    from analysis.network import write_network

    with progress_bars() as progress:
        saved = write_network(
            source,
            file_format=format_,
            kind=kind,
            until=until,
            out=out,
            transcripts=transcripts,
            series=series,
            window=window,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    typer.echo(f"{saved.path}: {saved.people:,} people, {saved.ties:,} ties ({kind}). {saved.note}".rstrip())


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go.")] = SAMPLE_RESULTS,
) -> None:
    """Analyse the sample season that ships with the software, and have a short chat."""
    from rich.console import Console

    from analysis import analyze_sample
    from analysis.pipeline import REPORT
    from character_chatbot.company import Company
    from character_chatbot.conversations import open_store
    from character_chatbot.talk import Talk
    from character_chatbot.terminal import answer

    with progress_bars() as progress:
        results = analyze_sample(out=out, progress=progress)
    _show(results)
    console = Console()
    console.print("\n[bold]A short chat[/bold] [dim](fictional characters, played by a small embedded model)[/dim]")
    company, store = Company(results.world), open_store("sqlite://")
    for name, question in (("Eleven", "Who are you?"), ("Dustin", "What do you think of Steve?")):
        console.print(f"[bold cyan]You:[/bold cyan] {question}")
        answer(Talk(company, store, characters=[name]), question, console)
    typer.echo(f"\nReport: {out / REPORT}\nNext: hawkins app    hawkins chat Mike    hawkins analyze YOUR_SUBTITLES")

"""Collecting: places, people and transcripts of a wiki, and dialogue that others publish."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from commands.options import Series, say_warning
from utils.door import INTERRUPTED, one_line

if TYPE_CHECKING:
    from crawler import Crawled, Interrupted, Step
    from crawler.plan import Kind

__all__ = ["app"]

app = typer.Typer()
crawl_app = typer.Typer(
    no_args_is_help=True,
    help="Collect places, people and transcripts from a wiki that allows it, or dialogue that others publish.",
)
app.add_typer(crawl_app, name="crawl")

_LINES = 20
_REASONS = 9

Address = Annotated[
    str, typer.Option("--site", metavar="URL", help="A MediaWiki wiki, such as https://wiki.example.org.")
]
Category = Annotated[
    list[str] | None,
    typer.Option("--category", metavar="TITLE", help="Category to go through; may be given again.  [default: KIND]"),
]
Contact = Annotated[
    str | None,
    typer.Option(
        "--contact", metavar="MAIL|URL", help="How the site reaches you; it is sent along.  [default: HAWKINS_CONTACT]"
    ),
]
Limit = Annotated[int, typer.Option("--limit", help="Most pages.")]
Depth = Annotated[int, typer.Option("--depth", help="Levels of subcategories that are followed.")]
Delay = Annotated[
    float, typer.Option("--delay", help="Least seconds between two requests; under 1 only on this machine.")
]
Permission = Annotated[
    bool, typer.Option("--i-have-permission", help="You may crawl a site whose terms restrict it (fandom.com ...).")
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ask again for pages that were fetched in the last day.")]


class _Bar:
    """Shows pages done and known: as a bar on a terminal, as some plain lines elsewhere."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._task: Any = None
        self._said = 0

    def step(self, step: Step) -> None:
        """Show how far it is."""
        if sys.stderr.isatty():
            self._draw(step)
        elif step.now or step.done >= self._said + max(1, step.known // _LINES):
            self._said = step.done
            typer.echo(one_line(f"pages {step.done}/{step.known}  {step.now}".rstrip()), err=True)

    def _draw(self, step: Step) -> None:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("pages"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[now]}"),
            )
            self._bars = Progress(*columns, console=Console(stderr=True))
            self._task = self._bars.add_task("pages", total=None, now="")
            self._bars.start()
        self._bars.update(self._task, completed=step.done, total=step.known or None, now=one_line(step.now))

    def end(self) -> None:
        """Leave the last state on the screen."""
        if self._bars is not None:
            self._bars.stop()


@contextmanager
def _watched() -> Iterator[_Bar]:
    """Show a bar while the block runs; a stop is said with the command that goes on."""
    from crawler import Interrupted

    bar = _Bar()
    try:
        yield bar
    except Interrupted as stopped:
        bar.end()
        _say_stopped(stopped)
    finally:
        bar.end()


def _say_stopped(stopped: Interrupted) -> NoReturn:
    again = shlex.join(["hawkins", *sys.argv[1:]])
    typer.echo(f"Stopped at {stopped.done} of {stopped.known} pages, which are kept. Go on with:\n  {again}", err=True)
    raise typer.Exit(INTERRUPTED)


def _say_stopping() -> None:
    typer.echo("\nStopping after this page; once more ends at once.", err=True)


def _collect(kind: Kind, site: str, out: Path, **options: Any) -> None:
    from crawler import Folder, crawl, make_plan

    options["categories"] = options["categories"] or ()
    plan = make_plan(kind, site, folder=Folder.beside(out).path, **options)
    with _watched() as bar:
        done = crawl(plan, out, on_step=bar.step, on_stop=_say_stopping)
    _say_done(done, options["limit"])


def _say_done(done: Crawled, limit: int) -> None:
    for reason, count in done.reasons[:_REASONS]:
        say_warning(f"{count} page{'s' * (count > 1)} skipped: {reason}")
    if others := sum(count for _, count in done.reasons[_REASONS:]):
        say_warning(f"{others} more skipped, for other reasons")
    if done.limited:
        say_warning(
            f"there is more: it ended at {limit} pages (--limit), or where a list no longer brought anything new"
        )
    if done.unlicensed:
        say_warning("the site does not state the licence of its texts; ask before you share them")
    typer.echo(
        one_line(f"{done.out}: {done.rows} rows." if done.out.suffix else f"{done.out}: {done.rows} transcripts.")
    )
    typer.echo(one_line(f"Whose they are: {done.attribution}. What Scrapy said: {done.log}"))


@crawl_app.command()
def locations(
    site: Address,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON Lines.")] = Path(
        "out/crawled/locations.jsonl"
    ),
    category: Category = None,
    contact: Contact = None,
    limit: Limit = 2_000,
    depth: Depth = 3,
    delay: Delay = 1.0,
    permission: Permission = False,
    refresh: Refresh = False,
) -> None:
    """Places of a wiki: name, the wiki's own type, description; from the category Locations."""
    _require_suffix(out)
    _collect(
        "locations",
        site,
        out,
        categories=category,
        contact=contact,
        limit=limit,
        depth=depth,
        delay=delay,
        permitted=permission,
        refresh=refresh,
    )


@crawl_app.command()
def characters(
    site: Address,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON Lines.")] = Path(
        "out/crawled/characters.jsonl"
    ),
    category: Category = None,
    contact: Contact = None,
    limit: Limit = 2_000,
    depth: Depth = 3,
    delay: Delay = 1.0,
    permission: Permission = False,
    refresh: Refresh = False,
) -> None:
    """People of a wiki: name, other names, description; from the category Characters."""
    _require_suffix(out)
    _collect(
        "characters",
        site,
        out,
        categories=category,
        contact=contact,
        limit=limit,
        depth=depth,
        delay=delay,
        permitted=permission,
        refresh=refresh,
    )


@crawl_app.command()
def transcripts(
    site: Address,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for a csv an episode.")] = Path(
        "out/crawled/transcripts"
    ),
    category: Category = None,
    contact: Contact = None,
    limit: Limit = 2_000,
    depth: Depth = 3,
    delay: Delay = 1.0,
    permission: Permission = False,
    refresh: Refresh = False,
) -> None:
    """Transcripts of a wiki as `name,line` csvs for `hawkins analyze --transcripts`; from the category Transcripts."""
    from utils.errors import InputError

    if out.is_file():
        raise InputError(f"{out} is a file; give --out a folder for the transcripts.")
    _collect(
        "transcripts",
        site,
        out,
        categories=category,
        contact=contact,
        limit=limit,
        depth=depth,
        delay=delay,
        permitted=permission,
        refresh=refresh,
    )


def _require_suffix(out: Path) -> None:
    from utils.errors import InputError

    if out.suffix != ".jsonl" or out.is_dir():
        raise InputError(f"{out} does not end in .jsonl or is a folder; give --out the name of a .jsonl file.")


@crawl_app.command()
def dialogue(
    source: Annotated[
        str | None, typer.Argument(metavar="URL|FILE", help="A dialogue csv.  [default: the one that the series names]")
    ] = None,
    series: Series = "stranger_things",
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A csv.")] = Path("out/crawled/dialogue.csv"),
    contact: Contact = None,
    delay: Delay = 1.0,
    permission: Permission = False,
    refresh: Refresh = False,
) -> None:
    """A csv of dialogue that others publish (season, episode, raw_text, start_time, end_time), checked and kept."""
    from crawler import Folder, keep_dialogue, make_plan
    from utils.series import load_series

    own = load_series(series).sources if source is None else {}
    named = source or own.get("dialogue") or _no_dialogue(series)
    notice = own.get("dialogue_notice", "")
    unknown = "Whose it is and how it may be used is not known here: look at its source."
    typer.echo(one_line(f"{named}: {notice or unknown}"), err=True)
    path = Path(named)
    options: dict[str, Any] = {"contact": contact, "delay": delay, "permitted": permission, "refresh": refresh}
    from_here = "://" not in named
    with _watched() as bar:
        done = keep_dialogue(
            path if from_here else make_plan("file", named, folder=Folder.beside(out).path, **options),
            out,
            notice=notice,
            on_step=bar.step,
            on_stop=_say_stopping,
        )
    bad = f", {done.refused} rows refused" if done.refused else ""
    typer.echo(one_line(f"{done.out}: {done.cues} lines of {len(done.episodes)} episodes{bad}."))
    typer.echo(one_line(f"Next: hawkins analyze {shlex.quote(str(done.out))}"))


def _no_dialogue(series: str) -> NoReturn:
    from utils.errors import InputError

    raise InputError(f"The series {series} names no dialogue csv (sources, dialogue); give a URL or a file.")

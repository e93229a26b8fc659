"""What commands share: options, and sentences on the error stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils.door import one_line

if TYPE_CHECKING:
    from utils.world import World


__all__ = [
    "SAMPLE_RESULTS",
    "ConversationName",
    "Database",
    "Directory",
    "Encoding",
    "Endpoint",
    "Pattern",
    "Results",
    "Series",
    "Transcripts",
    "say_loading",
    "say_warning",
    "world_of",
]

Series = Annotated[str, typer.Option("--series", help="A series in `series/`, or the path of a folder like those.")]

Results = Annotated[
    Path | None,
    typer.Option("--results", help="Folder that `hawkins analyze` wrote; without it the sample season is used."),
]

Endpoint = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="A chat server, such as http://127.0.0.1:11434/v1.")
]

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="FILE|URL",
        help="Where conversations are kept.  [default: DATABASE_URL, or a file of the user]",
    ),
]

ConversationName = Annotated[str, typer.Argument(metavar="NAME", help="A name of `hawkins conversations list`.")]

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of subtitles (or one file).")]

Transcripts = Annotated[
    Path | None, typer.Option("--transcripts", metavar="DIR", help="Speaker transcripts of the same episodes.")
]

Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="What files are that are neither UTF-8 nor UTF-16.  [default: cp1252, a guess]"),
]

Pattern = Annotated[
    str | None,
    typer.Option("--pattern", help=r"Regular expression for unusual names: '(?P<season>\d+)-(?P<episode>\d+)'."),
]

SAMPLE_RESULTS = Path("out/sample")


def world_of(folder: Path | None) -> World | None:
    """Return the world of a result folder; None, which is the sample season, without one."""
    if folder is None:
        return None
    from analysis import load_results

    return load_results(folder).world


def say_loading(label: str) -> None:
    """Say what is being loaded."""
    typer.echo(f"Loading {label} ...", err=True)


def say_warning(warning: str) -> None:
    """Say a warning, in one line."""
    typer.echo(f"warning: {one_line(warning)}", err=True)

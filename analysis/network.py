"""The network of a folder of subtitles, or of a finished analysis, as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.results import Results, load_results, table_path
from character_network import (
    DEFAULT_WINDOW,
    NamedEntityRecognizer,
    SavedNetwork,
    build_edges,
    check_format,
    check_kind,
    page_lines,
    save_network,
)
from utils.data_loader import load_dialogue
from utils.episodes import Episode
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.reading.report import OnReport, warn
from utils.reading.settings import Reading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["network_file", "write_network"]


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """What ties are made of, and the ties where they are known already."""

    dialogue: pd.DataFrame
    mentions: pd.DataFrame
    edges: pd.DataFrame | None = None


def write_network(
    source: str | Path,
    *,
    file_format: str | None = None,
    kind: str = "together",
    until: str | None = None,
    out: Path | None = None,
    transcripts: str | Path | None = None,
    series: str | Path | None = None,
    window: int | None = None,
    encoding: str | None = None,
    pattern: str | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> SavedNetwork:
    """Write the network of a source as a file.

    Args:
        source: A folder that `analysis.analyze` wrote, whose tables are used as they are; or subtitles.
        file_format: One of `character_network.FORMATS`; None for what ``out`` ends in, or else html.
        kind: One of `character_network.KINDS`.
        until: The last episode that counts, or that the page opens at; None for the last there is.
        out: The file; None for ``network`` with the format's ending in the current folder.
        transcripts: Speaker transcripts of subtitles.
        series: Name or folder of the series of subtitles; None for Stranger Things.
        window: Lines within which two people belong together; None for 10.
        encoding: As for `load_dialogue`.
        pattern: As for `load_dialogue`.
        on_report: As for `load_dialogue`.
        progress: Draws the bars.

    Raises:
        InputError: If the source or an option cannot be used; nothing is written then.
        WeightsError: If lines need the name finder and none is installed.
    """
    ending = out.suffix.removeprefix(".") if out is not None else ""
    chosen = check_format(file_format or ending or "html")
    check_kind(kind)
    last = Episode.parse(until) if until is not None else None
    if window is not None and window < 1:
        raise InputError(f"The window is {window} lines; it must be at least 1.")
    reading = Reading(transcripts=transcripts, series=series or "stranger_things", encoding=encoding, pattern=pattern)
    asked = any(option is not None for option in (transcripts, series, encoding, pattern))
    lines = _known(Path(source), asked=asked) or _read(Path(source), reading, on_report, progress)
    if last is not None:
        _require_episode(lines.dialogue, last)
    return _saved(lines, out or Path(f"network.{chosen}"), chosen, kind, last, window)


def network_file(
    results: Results,
    out: Path,
    *,
    file_format: str,
    kind: str,
    until: Episode | None = None,
) -> SavedNetwork:
    """Write the network of an analysis as a file; arguments as for `write_network`.

    Raises:
        InputError: As `write_network`.
    """
    lines = _Lines(dialogue=results.dialogue, mentions=results.mentions, edges=results.edges)
    return _saved(lines, out, check_format(file_format), kind, until, None)


def _known(source: Path, *, asked: bool) -> _Lines | None:
    """The tables of a finished analysis; None for subtitles.

    Args:
        source: Either.
        asked: Whether anything was said about how subtitles are read.
    """
    if not table_path(source, "dialogue").exists():
        return None
    if asked:
        raise InputError(
            f"{source} holds a finished analysis, which knows its series and speakers; leave out --transcripts, "
            "--series, --encoding and --pattern, or name the folder of subtitles."
        )
    results = load_results(source)
    return _Lines(dialogue=results.dialogue, mentions=results.mentions, edges=results.edges)


def _read(source: Path, reading: Reading, on_report: OnReport, progress: Progress) -> _Lines:
    names = NamedEntityRecognizer(series=reading.series)
    dialogue = load_dialogue(
        source,
        transcripts=reading.transcripts,
        series=names.profile,
        encoding=reading.encoding,
        pattern=reading.pattern,
        on_report=on_report,
        progress=progress,
    )
    return _Lines(dialogue=dialogue, mentions=names.find(dialogue, progress=progress))


def _require_episode(dialogue: pd.DataFrame, last: Episode) -> None:
    episodes = {Episode(*pair) for pair in zip(dialogue["season"], dialogue["episode"], strict=True)}
    if last not in episodes:
        raise InputError(f"There is no episode {last} here; there are {min(episodes)} to {max(episodes)}.")


def _saved(
    lines: _Lines,
    out: Path,
    file_format: str,
    kind: str,
    last: Episode | None,
    window: int | None,
) -> SavedNetwork:
    wide = window or DEFAULT_WINDOW
    known = lines.edges if wide == DEFAULT_WINDOW else None
    edges = build_edges(lines.dialogue, lines.mentions, window=wide) if known is None else known
    said = page_lines(lines.dialogue, lines.mentions, window=wide) if file_format == "html" else None
    return save_network(edges, out, file_format=file_format, kind=kind, until=last, lines=said)

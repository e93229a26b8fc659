"""What every file of a folder would give, without giving up at the first that is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from utils.episodes import Episode
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.reading.dialogue_csv import read_dialogue_csv
from utils.reading.library import check_pattern, episode_of, refuse_second, subtitle_files, transcript_paths
from utils.reading.report import CHANGES, FileReport, Finding, in_words
from utils.reading.settings import Reading
from utils.reading.textfiles import TextFile, check_encoding, read_text
from utils.subtitles import cues_of
from utils.transcripts import turns_of

__all__ = ["as_json", "in_lines", "inspect_files"]

# Findings shown of each file; the rest is summed up.
_SHOWN: Final = 8

_Read = Callable[[TextFile], FileReport]


def inspect_files(
    path: str | Path, reading: Reading | None = None, *, progress: Progress = silent
) -> Iterator[FileReport]:
    """Yield a report of each subtitle file and transcript; a dialogue csv has one an episode.

    A file that cannot be used has the reason in ``error``, as has one whose episode another file holds already.

    Args:
        path: A subtitle file or a folder of them.
        reading: How they are read; the cache is left alone.
        progress: Draws the bar.

    Raises:
        InputError: If there are no such files, or no such encoding, or the pattern cannot be used.
    """
    reading = reading or Reading()
    profile, pattern, encoding = reading.profile(), check_pattern(reading.pattern), check_encoding(reading.encoding)
    files, tables = subtitle_files(Path(path))
    scripts = transcript_paths(Path(reading.transcripts)) if reading.transcripts else []
    spoken: dict[Episode, Path] = {}
    written: dict[Episode, Path] = {}
    jobs = [(file, spoken, lambda file: cues_of(file)[1]) for file in files]
    jobs += [(file, written, lambda file: turns_of(file, profile)[1]) for file in scripts]
    for file, episodes, read in progress(jobs, description="Reading files"):
        yield _report(file, read, encoding, pattern, episodes)
    for table in tables:
        yield from _of_table(table, encoding, spoken)


def _report(
    path: Path, read: _Read, encoding: str | None, pattern: re.Pattern[str] | None, episodes: dict[Episode, Path]
) -> FileReport:
    try:
        report = read(read_text(path, encoding=encoding))
    except InputError as error:
        return FileReport(str(path), error=str(error))
    try:
        episode = _claimed(path, pattern, episodes)
    except InputError as error:
        return replace(report, error=str(error))
    return replace(report, episode=str(episode))


def _claimed(path: Path, pattern: re.Pattern[str] | None, episodes: dict[Episode, Path]) -> Episode:
    """The episode of a file, which no other file may have claimed."""
    episode = episode_of(path, pattern)
    refuse_second(episode, episodes.setdefault(episode, path), path)
    return episode


def _of_table(path: Path, encoding: str | None, episodes: dict[Episode, Path]) -> Iterator[FileReport]:
    try:
        found = read_dialogue_csv(read_text(path, encoding=encoding))
    except InputError as error:
        yield FileReport(str(path), error=str(error))
        return
    for episode, (_, report) in found.items():
        other = episodes.get(episode)
        yield replace(report, error=f"{episode} is read from {other}." if other else None)


def as_json(reports: Sequence[FileReport]) -> str:
    """Return all reports and their sums as JSON: ``{"files": [...], "total": {...}}``."""
    total = {
        "files": len(reports),
        "unusable": sum(report.error is not None for report in reports),
        "read": sum(report.read for report in reports),
        "repaired": sum(len(report.repaired) for report in reports),
        "refused": sum(len(report.refused) for report in reports),
    }
    return json.dumps({"files": [report.as_dict() for report in reports], "total": total}, ensure_ascii=False, indent=1)


def in_lines(reports: Iterable[FileReport]) -> Iterator[str]:
    """Yield the reports as lines for people: one a file, and below it what was wrong."""
    for report in reports:
        encoding = f"{report.encoding} (a guess)" if report.guessed else report.encoding
        yield f"{report.episode or '-':8} {report.read:6,} read  {report.format:14} {encoding:10} {report.path}"
        if report.error:
            yield f"         not used: {report.error}"
        yield from _findings("repaired", report.repaired)
        yield from _findings("refused", report.refused)


def _findings(title: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    if len(findings) > _SHOWN:
        yield from (f"         {title}: {words}" for words in in_words(findings))
        return
    for finding in findings:
        yield f"         {title}: line {finding.line}: {CHANGES[finding.kind]}; {finding.what}"

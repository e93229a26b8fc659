"""What every file of a folder would give, without giving up at the first that is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
from utils.series import SeriesProfile
from utils.subtitles import cues_of
from utils.transcripts import turns_of

__all__ = ["as_json", "in_lines", "inspect_files"]

# Findings shown of each file; the rest is summed up.
_SHOWN: Final = 8


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
    look = _Inspection(reading.profile(), check_encoding(reading.encoding), check_pattern(reading.pattern))
    files, tables = subtitle_files(Path(path))
    scripts = transcript_paths(Path(reading.transcripts)) if reading.transcripts else []
    jobs: list[Callable[[], Iterator[FileReport]]] = [
        *(partial(look.subtitles, file) for file in files),
        *(partial(look.table, file) for file in tables),
        *(partial(look.transcript, file) for file in scripts),
    ]
    for job in progress(jobs, description="Reading files"):
        yield from job()


@dataclass(frozen=True, slots=True)
class _Inspection:
    """Reads file after file; subtitles come before dialogue csvs, and both before transcripts."""

    profile: SeriesProfile
    encoding: str | None
    pattern: re.Pattern[str] | None
    spoken: dict[Episode, Path] = field(default_factory=dict)
    """Which file holds the subtitles of an episode."""
    written: dict[Episode, Path] = field(default_factory=dict)
    """Which file holds its transcript."""

    def subtitles(self, path: Path) -> Iterator[FileReport]:
        yield self._report(path, lambda file: cues_of(file)[1], self.spoken)

    def table(self, path: Path) -> Iterator[FileReport]:
        try:
            found = read_dialogue_csv(read_text(path, encoding=self.encoding))
        except InputError as error:
            yield FileReport(str(path), error=str(error))
            return
        for episode, (_, report) in found.items():
            other = self.spoken.setdefault(episode, path)
            yield replace(report, error=f"{episode} is read from {other}." if other != path else None)

    def transcript(self, path: Path) -> Iterator[FileReport]:
        report = self._report(path, lambda file: turns_of(file, self.profile)[1], self.written)
        if report.error is None and episode_of(path, self.pattern) not in self.spoken:
            report = replace(report, error=f"There are no subtitles of {report.episode}.")
        yield report

    def _report(self, path: Path, read: Callable[[TextFile], FileReport], episodes: dict[Episode, Path]) -> FileReport:
        try:
            report = read(read_text(path, encoding=self.encoding))
        except InputError as error:
            return FileReport(str(path), error=str(error))
        try:
            episode = self._claimed(path, episodes)
        except InputError as error:
            return replace(report, error=str(error))
        return replace(report, episode=str(episode))

    def _claimed(self, path: Path, episodes: dict[Episode, Path]) -> Episode:
        """The episode of a file, which no other file may have claimed."""
        episode = episode_of(path, self.pattern)
        refuse_second(episode, episodes.setdefault(episode, path), path)
        return episode


def as_json(reports: Sequence[FileReport]) -> str:
    """Return all reports and their sums as JSON: ``{"files": [...], "total": {...}}``."""
    files = [report.as_dict() for report in reports]
    return json.dumps({"files": files, "total": _total(reports)}, ensure_ascii=False, indent=1)


def _total(reports: Sequence[FileReport]) -> dict[str, int]:
    return {
        "files": len({report.path for report in reports}),
        "unusable": sum(report.error is not None for report in reports),
        "read": sum(report.read for report in reports if report.error is None),
        "repaired": sum(len(report.repaired) for report in reports),
        "refused": sum(len(report.refused) for report in reports),
    }


def in_lines(reports: Sequence[FileReport]) -> Iterator[str]:
    """Yield the reports as lines for people: one a file, below it what was wrong, and at last the sums."""
    for report in reports:
        encoding = f"{report.encoding} (a guess)" if report.guessed else report.encoding
        yield f"{report.episode or '-':8} {report.read:6,} read  {report.format:14} {encoding:16} {report.path}"
        if report.error:
            yield f"         not used: {report.error}"
        yield from _findings("repaired", report.repaired)
        yield from _findings("refused", report.refused)
    total = _total(reports)
    yield (
        f"{total['files']:,} files: {total['read']:,} cues and turns read, {total['repaired']:,} repairs, "
        f"{total['refused']:,} refusals, {total['unusable']:,} not used."
    )


def _findings(title: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    if len(findings) > _SHOWN:
        yield from (f"         {title}: {words}" for words in in_words(findings))
        return
    for finding in findings:
        yield f"         {title}: line {finding.line}: {CHANGES[finding.kind]}; {finding.what}"

"""Which files each episode of a folder is read from, and what of the folder is passed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from utils.episodes import Episode
from utils.reading.cues import Cue
from utils.reading.dialogue_csv import read_dialogue_csv
from utils.reading.library import by_episode, check_pattern, match_transcripts, refuse_second, span, subtitle_files
from utils.reading.report import FileReport
from utils.reading.settings import Reading
from utils.reading.textfiles import read_text

__all__ = ["EpisodeFiles", "find_files"]


@dataclass(frozen=True, slots=True)
class EpisodeFiles:
    """What an episode is read from.

    Attributes:
        subtitles: A subtitle file or a dialogue csv.
        transcript: Who says what, where that is known.
        cues: Set for an episode of a dialogue csv, which is read as a whole, with what became of it.
        beside: What is passed over for the sake of this episode and of those behind it.
    """

    subtitles: Path
    transcript: Path | None = None
    cues: tuple[Sequence[Cue], FileReport] | None = None
    beside: tuple[FileReport, ...] = ()


def find_files(path: Path, reading: Reading) -> dict[Episode, EpisodeFiles]:
    """Find the files of each episode, in broadcast order; only csvs are opened.

    Args:
        path: A subtitle file or a folder of them.
        reading: How they are read.

    Raises:
        InputError: If files are missing or do not belong together, or a setting cannot be used.
    """
    pattern = check_pattern(reading.pattern)
    files, tables = subtitle_files(path)
    own = by_episode(files, pattern)
    tabled = _tables(tables, reading.encoding)
    found = {episode: EpisodeFiles(each.path, cues=(each.cues, each.report)) for episode, each in tabled.items()}
    # Subtitles have finer times than a dialogue csv of the same episode.
    found |= {episode: EpisodeFiles(file) for episode, file in own.items()}
    for first, report in _passed_over(tabled, own):
        found[first] = replace(found[first], beside=(*found[first].beside, report))
    scripts = match_transcripts(Path(reading.transcripts), found, pattern) if reading.transcripts else {}
    return {episode: replace(found[episode], transcript=scripts.get(episode)) for episode in sorted(found)}


class _Tabled(NamedTuple):
    """An episode of a dialogue csv."""

    path: Path
    cues: Sequence[Cue]
    report: FileReport


def _tables(tables: Iterable[Path], encoding: str | None) -> dict[Episode, _Tabled]:
    found: dict[Episode, _Tabled] = {}
    for path in tables:
        for episode, cues in read_dialogue_csv(read_text(path, encoding=encoding)).items():
            refuse_second(episode, found.setdefault(episode, _Tabled(path, *cues)).path, path)
    return found


def _passed_over(
    tabled: Mapping[Episode, _Tabled], own: Mapping[Episode, Path]
) -> Iterator[tuple[Episode, FileReport]]:
    """For each dialogue csv with episodes that have subtitle files, the first of these and one report of all."""
    twice: dict[Path, list[Episode]] = {}
    for episode in sorted(tabled.keys() & own.keys()):
        twice.setdefault(tabled[episode].path, []).append(episode)
    for path, (first, *more) in twice.items():
        read = f"{span((first, *more))} {'are' if more else 'is'} read from subtitle files"
        # The report of the first may tell of rows that belong to no episode.
        yield first, replace(tabled[first].report, error=f"{path}: {read} of their own, such as {own[first]}.")

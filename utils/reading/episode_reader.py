"""One episode after another, from files to spoken lines with speakers.

Nothing of an episode is held once it has been handed on, so that a folder of any size takes the memory of one episode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from utils.alignment import Attribution, attribute
from utils.artifacts import content_key
from utils.episodes import Episode
from utils.reading.cache import ReadingCache, code_digest
from utils.reading.cues import Cue
from utils.reading.dialogue_csv import read_dialogue_csv
from utils.reading.headings import scene_starts
from utils.reading.library import by_episode, check_pattern, match_transcripts, refuse_second, subtitle_files
from utils.reading.report import FileReport
from utils.reading.speech import SpokenLine, spoken_lines
from utils.reading.textfiles import check_encoding, read_bytes, to_text
from utils.series import SeriesProfile
from utils.subtitles import cues_of
from utils.transcripts import Turn, turns_of

__all__ = ["EpisodeReader", "Reading"]


class Reading(NamedTuple):
    """An episode that was read.

    Attributes:
        key: Hash of all that it was made from.
        rows: One list a spoken line, in the order of the dialogue columns; scenes are all 0.
        starts: Lines that open a scene of the transcript.
        reports: One a file.
        known: Whether it came out of the cache.
    """

    key: str
    rows: Sequence[Sequence[Any]]
    starts: Sequence[int]
    reports: Sequence[FileReport]
    known: bool = False


@dataclass(frozen=True, slots=True)
class _Files:
    """What an episode is read from."""

    subtitles: Path
    transcript: Path | None = None
    cues: tuple[Sequence[Cue], FileReport] | None = None
    """Set for an episode of a dialogue csv, which is read as a whole."""


@dataclass(slots=True)
class EpisodeReader:
    """Reads the episodes of a folder.

    Args:
        path: A subtitle file or a folder of them.
        profile: Cast.
        transcripts: A transcript or a folder of them.
        encoding: For bytes that nothing vouches for.
        pattern: How names hold season and episode, where they do it in an unusual way.
        cache: Folder for what was read; None keeps nothing.

    Raises:
        InputError: From `prepare`, if files are missing, or do not belong together.
    """

    path: Path
    profile: SeriesProfile
    transcripts: Path | None = None
    encoding: str | None = None
    pattern: str | None = None
    cache: Path | None = None
    _files: dict[Episode, _Files] = field(default_factory=dict, init=False)

    def prepare(self) -> list[Episode]:
        """Find the files and return their episodes in broadcast order; of the files, only csvs are opened."""
        self.encoding = check_encoding(self.encoding)
        pattern = check_pattern(self.pattern)
        files, tables = subtitle_files(self.path)
        found = {episode: _Files(file) for episode, file in by_episode(files, pattern).items()}
        # Subtitles have finer times than a dialogue csv of the same episode.
        found = {**self._tables(tables), **found}
        scripts = self._scripts(found, pattern)
        self._files = {episode: replace(found[episode], transcript=scripts.get(episode)) for episode in sorted(found)}
        return list(self._files)

    def _tables(self, tables: Sequence[Path]) -> dict[Episode, _Files]:
        found: dict[Episode, _Files] = {}
        for table in tables:
            for episode, cues in read_dialogue_csv(to_text(table, read_bytes(table), encoding=self.encoding)).items():
                other = found.setdefault(episode, _Files(table, cues=cues)).subtitles
                refuse_second(episode, other, table)
        return found

    def _scripts(self, found: dict[Episode, _Files], pattern: re.Pattern[str] | None) -> dict[Episode, Path]:
        return match_transcripts(self.transcripts, found, pattern) if self.transcripts is not None else {}

    def read(self, episodes: Sequence[Episode]) -> Iterator[Reading]:
        """Read some of the episodes that `prepare` found, one by one.

        Raises:
            InputError: If a file cannot be read or holds nothing that can be used.
        """
        cache = ReadingCache(self.cache) if self.cache is not None else None
        code = code_digest() if cache else ""
        cast = [person.model_dump() for person in self.profile.cast]
        for episode in episodes:
            yield self._read(episode, cache, content_key(code=code, cast=cast, encoding=self.encoding))

    def _read(self, episode: Episode, cache: ReadingCache | None, options: str) -> Reading:
        files = self._files[episode]
        subtitles = read_bytes(files.subtitles)
        transcript = read_bytes(files.transcript) if files.transcript else None
        key = content_key(
            options=options,
            episode=str(episode),
            names=[str(files.subtitles), str(files.transcript)],
            subtitles=sha256(subtitles).hexdigest(),
            transcript=sha256(transcript).hexdigest() if transcript is not None else None,
        )
        if cache is None:
            return self._made(key, episode, files, subtitles, transcript)
        kept = cache.get(key)
        if kept is not None:
            return Reading(key, kept["rows"], kept["starts"], [FileReport.from_dict(r) for r in kept["reports"]], True)
        made = self._made(key, episode, files, subtitles, transcript)
        reports = [report.as_dict() for report in made.reports]
        cache.put(key, {"rows": made.rows, "starts": made.starts, "reports": reports})
        return made

    def _made(self, key: str, episode: Episode, files: _Files, subtitles: bytes, transcript: bytes | None) -> Reading:
        path = files.subtitles
        cues, report = files.cues or cues_of(to_text(path, subtitles, encoding=self.encoding))
        reports = [replace(report, episode=str(episode))]
        lines = spoken_lines(cues, self.profile)
        turns: list[Turn] = []
        if files.transcript is not None and transcript is not None:
            turns, report = turns_of(to_text(files.transcript, transcript, encoding=self.encoding), self.profile)
            reports.append(replace(report, episode=str(episode)))
        # Without a transcript there is nothing to align.
        speakers = attribute(lines, turns) if turns else [_marked(line) for line in lines]
        voices = zip(lines, speakers, strict=True)
        rows = [
            (*episode, number, 0, *said[:2], who.speaker, who.confidence, said.text, said.direction, path.name)
            for number, (said, who) in enumerate(voices)
        ]
        return Reading(key, rows, scene_starts(lines, turns), reports)


def _marked(line: SpokenLine) -> Attribution:
    return Attribution(line.speaker, 1.0 if line.speaker is not None else 0.0)

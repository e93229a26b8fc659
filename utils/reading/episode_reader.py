"""One episode after another, from files to spoken lines with speakers.

Nothing of an episode is held once it has been handed on, so that a folder of any size takes the memory of one episode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

from utils.alignment import Attribution, attribute
from utils.artifacts import content_key
from utils.episodes import Episode
from utils.errors import InputError
from utils.progress import Progress
from utils.reading.cache import ReadingCache, code_digest
from utils.reading.episode_files import EpisodeFiles, find_files
from utils.reading.headings import scene_starts
from utils.reading.report import FileReport, OnReport
from utils.reading.settings import Reading
from utils.reading.speech import SpokenLine, spoken_lines
from utils.reading.textfiles import check_encoding, read_bytes, to_text
from utils.series import SeriesProfile
from utils.subtitles import cues_of
from utils.transcripts import Turn, turns_of

__all__ = ["EpisodeReader", "ReadEpisode"]


class ReadEpisode(NamedTuple):
    """An episode that was read.

    Attributes:
        episode: Which.
        key: Hash of all that it was made from: bytes and names of its files, cast, settings, the code that reads.
        rows: One list a spoken line, in the order of the dialogue columns; scenes are all 0.
        starts: Lines that open a scene of the transcript.
        reports: One a file.
        known: Whether it came out of the cache.
    """

    episode: Episode
    key: str
    rows: Sequence[Sequence[Any]]
    starts: Sequence[int]
    reports: Sequence[FileReport]
    known: bool = False


@dataclass(frozen=True, slots=True)
class EpisodeReader:
    """Reads the episodes of a folder; made by `find`.

    Attributes:
        path: The folder, or the one file.
        profile: The series.
        encoding: For bytes that nothing vouches for.
        cache: For what was read, if it is kept.
        files: Those of each episode, in broadcast order.
    """

    path: Path
    profile: SeriesProfile
    encoding: str | None
    cache: ReadingCache | None
    files: Mapping[Episode, EpisodeFiles]

    @classmethod
    def find(cls, path: str | Path, reading: Reading) -> Self:
        """Look for the episodes of a folder; of the files, only csvs are opened.

        Args:
            path: A subtitle file or a folder of them.
            reading: How they are read.

        Raises:
            InputError: If files are missing or do not belong together, or a setting cannot be used.
        """
        cache = ReadingCache(Path(reading.cache)) if reading.cache is not None else None
        encoding, profile = check_encoding(reading.encoding), reading.profile()
        return cls(Path(path), profile, encoding, cache, find_files(Path(path), reading))

    def read(self, *, on_report: OnReport, progress: Progress) -> Iterator[ReadEpisode]:
        """Read the episodes one by one, in broadcast order.

        Args:
            on_report: Called with what became of each file.
            progress: Draws the bar.

        Raises:
            InputError: If a file cannot be read or holds nothing that can be used, or nobody speaks in any.
        """
        cast = [person.model_dump() for person in self.profile.cast]
        options = content_key(code=code_digest(), cast=cast, encoding=self.encoding)
        spoken = False
        for episode, files in progress(self.files.items(), description="Reading episodes", total=len(self.files)):
            found = self._read(episode, files, options)
            for report in (*files.beside, *found.reports):
                on_report(report)
            spoken = spoken or bool(found.rows)
            yield found
        if self.cache is not None:
            self.cache.prune()
        if not spoken:
            raise InputError(f"Nobody speaks in {self.path}: its subtitles hold sounds and songs only.")

    def _read(self, episode: Episode, files: EpisodeFiles, options: str) -> ReadEpisode:
        paths = [path for path in (files.subtitles, files.transcript) if path is not None]
        data = [read_bytes(path) for path in paths]
        digests = [[path.name, sha256(content).hexdigest()] for path, content in zip(paths, data, strict=True)]
        key = content_key(options=options, episode=str(episode), files=digests)
        kept = self.cache.get(key) if self.cache is not None else None
        if kept is not None:
            # The same files may lie elsewhere now.
            reports = [
                replace(FileReport.from_dict(report), path=str(path))
                for report, path in zip(kept["reports"], paths, strict=True)
            ]
            return ReadEpisode(episode, key, kept["rows"], kept["starts"], reports, known=True)
        made = self._made(key, episode, files, *data)
        if self.cache is not None:
            told = [report.as_dict() for report in made.reports]
            self.cache.put(key, {"rows": made.rows, "starts": made.starts, "reports": told})
        return made

    def _made(
        self, key: str, episode: Episode, files: EpisodeFiles, subtitles: bytes, transcript: bytes = b""
    ) -> ReadEpisode:
        path = files.subtitles
        cues, report = files.cues or cues_of(to_text(path, subtitles, encoding=self.encoding))
        reports = [replace(report, episode=str(episode))]
        lines = spoken_lines(cues, self.profile)
        turns: list[Turn] = []
        if files.transcript is not None:
            turns, report = turns_of(to_text(files.transcript, transcript, encoding=self.encoding), self.profile)
            reports.append(replace(report, episode=str(episode)))
        # Without a transcript there is nothing to align.
        speakers = attribute(lines, turns) if turns else [_marked(line) for line in lines]
        voices = zip(lines, speakers, strict=True)
        rows = [
            (*episode, number, 0, *said[:2], who.speaker, who.confidence, said.text, said.direction, path.name)
            for number, (said, who) in enumerate(voices)
        ]
        return ReadEpisode(episode, key, rows, scene_starts(lines, turns), reports)


def _marked(line: SpokenLine) -> Attribution:
    return Attribution(line.speaker, 1.0 if line.speaker is not None else 0.0)

"""Transcripts without times: ``name,line`` tables and screenplays become turns.

A screenplay is plain text: ``# S01E02 Title``, ``## INT. PLACE - TIME`` opens a scene, ``[sound]`` stands on a line of
its own, and ``NAME: (direction) words`` is a turn. A line without a name continues the turn right above it; after a
blank line it is a direction.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from utils.errors import InputError
from utils.reading.csv_rows import read_rows
from utils.reading.cues import Scan
from utils.reading.labels import speaker_name
from utils.reading.report import FileReport
from utils.reading.sounds import split_directions
from utils.reading.textfiles import TextFile, read_text
from utils.series import SeriesProfile

__all__ = ["SUFFIXES", "Turn", "read_transcript", "turns_of"]

SUFFIXES: Final = (".csv", ".txt")

_NOBODY: Final = frozenset({"", "unknown", "?", "n/a", "none"})
_HEADING: Final = re.compile(r"(?:##\s*|(?=(?:INT|EXT|I/E)\b[./ ]))(.+)")
_TURN: Final = re.compile(r"([^\W\d_][^:\[\]()]{0,40}?)\s*((?:\[[^\[\]]*\]|\([^()]*\))?)\s*:(?:\s+|$)(.*)")


class Turn(NamedTuple):
    """What one person says in one go.

    Attributes:
        speaker: Canonical name, the name as written for somebody outside the cast, or None where unknown.
        text: Spoken words only.
        heading: The scene heading above it, or None.
        direction: Stage directions and sounds since the turn before, joined with ``; ``.
    """

    speaker: str | None
    text: str
    heading: str | None = None
    direction: str = ""


def read_transcript(path: Path, series: SeriesProfile) -> list[Turn]:
    """Read the turns of a transcript, as `turns_of` finds them."""
    return turns_of(read_text(path), series)[0]


def turns_of(file: TextFile, series: SeriesProfile) -> tuple[list[Turn], FileReport]:
    """Find the turns in the transcript of one episode.

    Args:
        file: A ``.csv`` with the columns ``name`` and ``line``, or a screenplay as text.
        series: For the names of the cast.

    Returns:
        The turns, and what was repaired and refused.

    Raises:
        InputError: If a column is missing or there is no turn.
    """
    turns, scan = _Turns(series), Scan(repaired=list(file.repaired))
    table = file.path.suffix.lower() == ".csv"
    if table:
        _read_table(file, turns, scan)
    else:
        _read_screenplay(file.text, turns)
    found = turns.finished()
    if not found:
        raise InputError(
            f"{file.path} holds no transcript; write a csv with the columns name,line or a text of 'NAME: words' lines."
        )
    return found, scan.report(file, "transcript csv" if table else "screenplay", len(found))


class _Turns:
    """Collects turns and the directions between them."""

    def __init__(self, series: SeriesProfile) -> None:
        self._series = series
        self._turns: list[Turn] = []
        self._pending: list[str] = []
        self._more: list[str] = []
        """Words that go on from the last turn."""
        self._waiting = ""
        """Who was named without words."""
        self.heading: str | None = None

    def add(self, name: str, line: str) -> None:
        """Append a turn; one without words leaves its directions to the next, and its name to a line that goes on."""
        words, directions = split_directions(line)
        self._pending += directions
        self._waiting = "" if words else name
        if words:
            self._join()
            known = name.strip().casefold() not in _NOBODY
            speaker = speaker_name(name, self._series) if known else None
            self._turns.append(Turn(speaker, words, self.heading, "; ".join(self._pending)))
            self._pending = []

    def extend(self, line: str) -> None:
        """Append words to the last turn, or begin the one that has only a name so far."""
        if self._waiting:
            self.add(self._waiting, line)
            return
        words, directions = split_directions(line)
        self._pending += directions
        if words:
            self._more.append(words)

    def _join(self) -> None:
        if self._more:
            last = self._turns[-1]
            self._turns[-1] = last._replace(text=" ".join([last.text, *self._more]))
            self._more = []

    def direct(self, line: str) -> None:
        """Keep a line that nobody speaks."""
        words, directions = split_directions(line)
        self._pending += [words, *directions] if words else directions

    def is_label(self, written: str) -> bool:
        """Whether words before a colon name somebody: cast, capitals, or up to three words with capital initials."""
        words = written.split()
        titled = len(words) <= 3 and all(word[0].isupper() or word.isdigit() for word in words)
        return titled or written.isupper() or self._series.canonical(written) is not None

    def finished(self) -> list[Turn]:
        """The turns; directions after the last belong to it."""
        self._join()
        if self._pending and self._turns:
            last = self._turns[-1]
            self._turns[-1] = last._replace(direction="; ".join(filter(None, [last.direction, *self._pending])))
            self._pending = []
        return self._turns


def _read_table(file: TextFile, turns: _Turns, scan: Scan) -> None:
    rows = read_rows(file, scan)
    _, header = next(rows, (0, []))
    columns = [column.strip().casefold() for column in header]
    missing = [column for column in ("name", "line") if column not in columns]
    if missing:
        found = ", ".join(header)[:80] or "none"
        raise InputError(
            f"{file.path} lacks the column(s) {', '.join(missing)}; it has: {found}. Let its first row be: name,line"
        )
    name, line = columns.index("name"), columns.index("line")
    for number, row in rows:
        if len(row) <= max(name, line):
            scan.refuse(number, "columns", f"{len(row)} of {len(columns)} fields")
        elif row != header:
            turns.add(row[name], row[line])


def _read_screenplay(text: str, turns: _Turns) -> None:
    speaking = False
    for line in (" ".join(line.split()) for line in text.split("\n")):
        if heading := _HEADING.fullmatch(line):
            turns.heading, speaking = heading[1], False
        elif (match := _TURN.fullmatch(line)) and turns.is_label(match[1]):
            turns.add(match[1], f"{match[2]} {match[3]}")
            speaking = True
        elif line and speaking and not line.startswith("["):
            turns.extend(line)
        elif line and not line.startswith("# "):
            turns.direct(line)
        else:
            speaking = False

"""Lines with where they stand and who says them, as people read them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from theme_classifier import episode_lines, evidence_lines
from utils.episodes import Episode
from utils.reading.timecodes import timecode

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Line", "place", "quotations", "quoted", "speaker"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that is said.

    Attributes:
        place: Episode and timecode, or line number where times are unknown.
        speaker: None where unknown.
        text: The words of one turn.
    """

    place: str
    speaker: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.place} {self.speaker}: {self.text}" if self.speaker else f"{self.place} {self.text}"


def place(row: Mapping[Hashable, Any]) -> str:
    """Say where a row with ``season``, ``episode``, ``line`` and ``start`` stands."""
    when = timecode(row["start"]) or f"line {row['line']}"
    return f"{Episode(row['season'], row['episode'])} {when}"


def speaker(row: Mapping[Hashable, Any]) -> str | None:
    """Return a row's speaker, None where it is unknown."""
    return row["speaker"] if isinstance(row["speaker"], str) else None


def quoted(rows: pd.DataFrame) -> tuple[Line, ...]:
    """Return the rows of `theme_classifier.evidence_lines` as people read them."""
    return tuple(Line(place=place(row), speaker=speaker(row), text=row["text"]) for row in rows.to_dict("records"))


def quotations(
    turns: pd.DataFrame, wanted: pd.DataFrame, *, themes: pd.DataFrame | None = None, most: int = 2
) -> list[tuple[Line, ...]]:
    """Return the lines behind each row of ``wanted``, strongest first.

    Args:
        turns: The ``theme_turns`` table.
        wanted: As for `theme_classifier.evidence_lines`.
        themes: The ``themes`` table, where whole episodes are asked for (see `theme_classifier.episode_lines`).
        most: Lines a row at most.
    """
    if themes is None:
        found = evidence_lines(turns, wanted, most=most)
    else:
        found = episode_lines(themes, turns, wanted, most=most)
    return [quoted(found[found["of"] == number]) for number in range(len(wanted))]

"""Dialogue as episodes of lines, with what is known of scenes and speakers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from character_network.lexicon import CROWD

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Line", "episodes_of", "is_crowd", "nearby"]


class Line(NamedTuple):
    """A spoken line.

    Attributes:
        season: Number.
        episode: Number.
        line: Number in the episode.
        scene: Number in the episode; 0 everywhere where scenes are unknown.
        speaker: Canonical name, or empty where unknown.
        text: Spoken words.
    """

    season: int
    episode: int
    line: int
    scene: int
    speaker: str
    text: str


def episodes_of(dialogue: pd.DataFrame) -> Iterator[list[Line]]:
    """Yield the lines of each run of rows of one episode.

    Args:
        dialogue: ``season``, ``episode``, ``line``, ``text``; ``scene`` and ``speaker`` are used where present.
    """
    count = len(dialogue)
    scenes = dialogue["scene"] if "scene" in dialogue.columns else [0] * count
    speakers = _words(dialogue["speaker"]) if "speaker" in dialogue.columns else [""] * count
    keys = (dialogue["season"], dialogue["episode"], dialogue["line"])
    lines = map(Line, *keys, scenes, speakers, _words(dialogue["text"]))
    for _, group in groupby(lines, key=lambda line: (line.season, line.episode)):
        yield list(group)


def _words(column: pd.Series[str]) -> list[str]:
    """A column without gaps; one that is nothing but gaps may be of any type."""
    words: list[str] = column.astype(object).where(column.notna(), "").tolist()
    return words


def nearby(lines: Sequence[Line], place: int, *, within: int) -> Sequence[Line]:
    """Return the lines around one that belong to its scene, itself included.

    Args:
        lines: Of one episode.
        place: Position of the line in ``lines``.
        within: How many lines before and behind at most.
    """
    around = lines[max(0, place - within) : place + within + 1]
    return [line for line in around if line.scene == lines[place].scene]


def is_crowd(label: str) -> bool:
    """Whether a speaker label is a role that many may have (``Man 2``, ``Nurse``) rather than a name."""
    return all(word.strip("#().").isdigit() or word.casefold() in CROWD for word in label.split())

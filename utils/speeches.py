"""Speeches: what one person says without being interrupted, scene by scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from utils.episodes import Episode
from utils.tables import SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SURE", "Speech", "SpeechLine", "SpokenScene", "spoken_scenes"]

# Below this the alignment is not sure enough who spoke for a line to stand as a model of somebody's voice.
SURE: Final = 0.8


class SpeechLine(NamedTuple):
    """One line of a speech.

    Attributes:
        line: Number within the episode.
        text: The words.
        direction: Stage directions and sounds before them, with semicolons between; empty where there are none.
    """

    line: int
    text: str
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """Consecutive lines of one speaker; a line of nobody in particular is a speech of its own.

    Attributes:
        speaker: Canonical name; None where nobody is sure enough.
        lines: At least one.
    """

    speaker: str | None
    lines: tuple[SpeechLine, ...]

    @property
    def text(self) -> str:
        """The words alone."""
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class SpokenScene:
    """One scene as speeches, in the order in which they are spoken."""

    episode: Episode
    scene: int
    speeches: tuple[Speech, ...]


def spoken_scenes(dialogue: pd.DataFrame, *, sure: float = SURE) -> Iterator[SpokenScene]:
    """Yield the scenes of a dialogue as speeches, in the order of the story.

    Neighbouring lines without a sure speaker are not joined: they may be of several people.

    Args:
        dialogue: Needs ``season``, ``episode``, ``scene``, ``line``, ``speaker``, ``speaker_confidence`` and ``text``;
            ``direction`` is used where there is one.
        sure: A line whose ``speaker_confidence`` (0-1) is below is nobody's.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(dialogue, (*SCENE_KEYS, "line", "speaker", "speaker_confidence", "text"), name="dialogue")
    rows = dialogue.sort_values([*SCENE_KEYS, "line"])
    known = rows["speaker"].notna() & (rows["speaker_confidence"] >= sure)
    speakers = rows["speaker"].astype(object).where(known, None)
    directions = rows["direction"].fillna("") if "direction" in rows else [""] * len(rows)
    keys = zip(*(rows[key] for key in SCENE_KEYS), strict=True)
    lines = map(SpeechLine, rows["line"].astype(int), rows["text"].fillna("").map(_one_row), directions)
    spoken = [row for row in zip(keys, speakers, lines, strict=True) if row[2].text]
    for (season, episode, scene), said in groupby(spoken, key=itemgetter(0)):
        yield SpokenScene(Episode(int(season), int(episode)), int(scene), tuple(_speeches(said)))


def _one_row(text: str) -> str:
    return " ".join(text.split())


def _speeches(said: Iterator[tuple[object, str | None, SpeechLine]]) -> Iterator[Speech]:
    for speaker, rows in groupby(said, key=itemgetter(1)):
        lines = tuple(line for _, _, line in rows)
        if speaker is None:
            yield from (Speech(None, (line,)) for line in lines)
        else:
            yield Speech(speaker, lines)

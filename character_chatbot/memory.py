"""What a character remembers: passages of the scenes that it witnessed, found by words and by meaning.

Who heard what is in `character_chatbot.earshot`, the search in `character_chatbot.recall`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from character_chatbot.earshot import Listener, SceneLine, scenes_of
from character_chatbot.kept_vectors import VectorCache
from character_chatbot.recall import EXACT, Encoder, TextIndex
from character_chatbot.words import telling_words
from utils.episodes import Episode
from utils.series import SeriesProfile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Passage", "SpokenLine", "WitnessMemory", "passages_of", "witnessed_passages"]

PASSAGE_LINES: Final = 6
PASSAGE_STRIDE: Final = 3


@dataclass(frozen=True)
class SpokenLine:
    """One line of a passage."""

    line: int
    speaker: str | None
    text: str


@dataclass(frozen=True)
class Passage:
    """A few consecutive lines of one scene.

    Attributes:
        episode: Where.
        scene: Number within the episode.
        start: Seconds from the episode's start; NaN where unknown.
        lines: What was said.
    """

    episode: Episode
    scene: int
    start: float
    lines: tuple[SpokenLine, ...]

    @property
    def label(self) -> str:
        """Episode and timecode, such as ``S01E02 00:03:10``."""
        if self.start != self.start:  # NaN: the only number that differs from itself
            return f"{self.episode} line {self.lines[0].line}"
        seconds = int(self.start)
        return f"{self.episode} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    @property
    def text(self) -> str:
        """The lines as ``Name: text``, one a row."""
        return "\n".join(f"{line.speaker}: {line.text}" if line.speaker else line.text for line in self.lines)

    def heart(self, question: str, *, most: int) -> Passage:
        """Return the consecutive lines that share most words with a question.

        Args:
            question: What was asked.
            most: Lines, at most.
        """
        asked = set(telling_words(question))
        shared = [asked & set(telling_words(f"{line.speaker or ''} {line.text}")) for line in self.lines]

        def worth(begin: int) -> tuple[int, int]:
            found = shared[begin : begin + most]
            # What follows a word that was asked about tells more than what went before.
            return len(set().union(*found)), len(set().union(*found[:-1]))

        begin = max(range(max(1, len(self.lines) - most + 1)), key=worth)
        return replace(self, lines=self.lines[begin : begin + most])


def witnessed_passages(dialogue: pd.DataFrame, series: SeriesProfile, character: str) -> Iterator[Passage]:
    """Yield what a character heard, in passages.

    Args:
        dialogue: The ``dialogue`` table.
        series: For the names by which the character is addressed.
        character: Canonical name.

    Yields:
        Windows of `PASSAGE_LINES` lines, in the order of the story.

    Raises:
        InputError: If a column is missing.
    """
    listener = Listener(series, character)
    for key, scene in scenes_of(dialogue):
        for begin, end in listener.heard(scene):
            yield from passages_of(scene[begin:end], key)


def passages_of(lines: Sequence[SceneLine], key: tuple[int, int, int]) -> Iterator[Passage]:
    """Yield windows over consecutive lines of the scene that season, episode and number name."""
    season, episode, scene = key
    spoken = [SpokenLine(line.line, line.speaker, line.text) for line in lines]
    last = max(1, len(spoken) - PASSAGE_LINES + PASSAGE_STRIDE)
    for begin in range(0, last, PASSAGE_STRIDE):
        window = tuple(spoken[begin : begin + PASSAGE_LINES])
        yield Passage(Episode(season, episode), scene, lines[begin].start, window)


class WitnessMemory:
    """Recall over the passages that one character witnessed. Built once; every place on the dial shares it.

    Args:
        passages: From `witnessed_passages`.
        encoder: Embeds passages and questions; None recalls by words alone.
        cache: Where vectors are kept from one run to the next; None keeps nothing.
        exact: Passages above which usearch is needed.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        *,
        encoder: Encoder | None,
        cache: VectorCache | None = None,
        exact: int = EXACT,
    ) -> None:
        # In the order of the story, what lies before a place on the dial is a beginning.
        self.passages = sorted(passages, key=lambda passage: (passage.episode, passage.lines[0].line))
        self._index = TextIndex([p.text for p in self.passages], encoder=encoder, cache=cache, exact=exact)

    @cached_property
    def _episodes(self) -> list[Episode]:
        return [passage.episode for passage in self.passages]

    def lived(self, until: Episode | None = None) -> list[Passage]:
        """Return what was witnessed by the end of an episode; all of it without one."""
        return self.passages[: self._count(until)]

    def recall(
        self, question: str, *, until: Episode | None = None, most: int = 3, least: float = -1.0
    ) -> list[Passage]:
        """Return the passages that bear most on a question, best first, at most one of overlapping ones.

        Args:
            question: What was asked.
            until: Nothing later than this episode is remembered.
            most: How many at most.
            least: Cosine below which a passage has nothing to do with the question.

        Raises:
            MissingDependencyError: If there are so many passages that usearch is needed, and it is not installed.
        """
        chosen: list[Passage] = []
        for position in self._index.search(question, first=self._count(until), least=least):
            if len(chosen) == most:
                break
            if not any(_overlap(self.passages[position], other) for other in chosen):
                chosen.append(self.passages[position])
        return chosen

    def prepare(self) -> None:
        """Build what the first recall would have to build."""
        self._index.prepare()

    def _count(self, until: Episode | None) -> int:
        return len(self.passages) if until is None else bisect_right(self._episodes, until)


def _overlap(one: Passage, other: Passage) -> bool:
    same_scene = (one.episode, one.scene) == (other.episode, other.scene)
    return same_scene and one.lines[0].line <= other.lines[-1].line and other.lines[0].line <= one.lines[-1].line

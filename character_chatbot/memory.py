"""What a character remembers: passages of the scenes that it witnessed, found by words and by meaning.

A character witnessed a passage if it spoke there or was spoken to by name. Recall ranks passages by BM25 and by the
cosine of sentence embeddings and fuses the two rankings by reciprocal rank (Cormack, Clarke and Buettcher, SIGIR 2009,
k = 60).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from utils.embeddings import SentenceEncoder
from utils.episodes import Episode
from utils.series import SeriesProfile
from utils.tables import DIALOGUE, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Passage", "SpokenLine", "WitnessMemory", "witnessed_passages"]

PASSAGE_LINES: Final = 6
PASSAGE_STRIDE: Final = 3
# Lines before and after a character's first and last part in a scene that it still hears.
EARSHOT: Final = 3
RANK_CONSTANT: Final = 60


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


def _called_by_name(series: SeriesProfile, character: str) -> re.Pattern[str]:
    """Matches a line that addresses the character: its name at the start or end, set off by a comma, or alone."""
    person = next(person for person in series.cast if person.name == character)
    names = "|".join(sorted(map(re.escape, (person.name, *person.aliases)), key=len, reverse=True))
    return re.compile(rf"(?:^(?:{names})(?:[,.!?]|$))|(?:,\s+(?:{names})[.,!?]*$)|(?:[.!?,]\s+(?:{names})[,!?])")


def witnessed_passages(dialogue: pd.DataFrame, series: SeriesProfile, character: str) -> Iterator[Passage]:
    """Yield the passages of every scene that a character took part in.

    Args:
        dialogue: The ``dialogue`` table.
        series: For the names by which the character is addressed.
        character: Canonical name.

    Yields:
        Windows of `PASSAGE_LINES` lines, in the order of the story.
    """
    require_columns(dialogue, DIALOGUE, name="dialogue")
    ordered = dialogue.sort_values(["season", "episode", "line"])
    addressed = ordered["text"].str.contains(_called_by_name(series, character))
    took_part = (ordered["speaker"] == character).fillna(value=False) | addressed.fillna(value=False)
    for key, scene in ordered.groupby(list(SCENE_KEYS), sort=False):
        here = took_part.loc[scene.index].to_numpy().nonzero()[0]
        if len(here):
            heard = scene.iloc[max(0, here[0] - EARSHOT) : here[-1] + EARSHOT + 1]
            yield from _windows(heard, key)


def _windows(heard: pd.DataFrame, key: tuple[Hashable, ...]) -> Iterator[Passage]:
    season, episode, scene = (int(str(part)) for part in key)
    speakers = heard["speaker"].astype(object).where(heard["speaker"].notna(), None)
    lines = [
        SpokenLine(int(line), who, text) for line, who, text in zip(heard["line"], speakers, heard["text"], strict=True)
    ]
    starts = heard["start"].to_numpy()
    last = max(1, len(lines) - PASSAGE_LINES + PASSAGE_STRIDE)
    for begin in range(0, last, PASSAGE_STRIDE):
        yield Passage(
            Episode(season, episode), scene, float(starts[begin]), tuple(lines[begin : begin + PASSAGE_LINES])
        )


class WitnessMemory:
    """Recall over the passages that one character witnessed.

    Args:
        passages: From `witnessed_passages`.
        encoder: Embeds passages and questions; None recalls by words alone.
    """

    def __init__(self, passages: Sequence[Passage], *, encoder: SentenceEncoder | None) -> None:
        self.passages = list(passages)
        self._encoder = encoder

    @cached_property
    def _keywords(self) -> Any:
        import bm25s

        retriever = bm25s.BM25()
        retriever.index(_tokens([passage.text for passage in self.passages]), show_progress=False)
        return retriever

    @cached_property
    def _vectors(self) -> NDArray[np.float32] | None:
        return None if self._encoder is None else self._encoder.encode([passage.text for passage in self.passages])

    def recall(self, question: str, *, until: Episode | None = None, most: int = 3) -> list[Passage]:
        """Return the passages that bear most on a question, best first, at most one of overlapping ones.

        Args:
            question: What was asked.
            until: Nothing later than this episode is remembered.
            most: How many at most.
        """
        allowed = [i for i, passage in enumerate(self.passages) if until is None or passage.episode <= until]
        if not allowed:
            return []
        scores = self._fused(question)
        chosen: list[Passage] = []
        for index in sorted(allowed, key=lambda i: -scores[i]):
            if len(chosen) == most:
                break
            if not any(_overlap(self.passages[index], other) for other in chosen):
                chosen.append(self.passages[index])
        return chosen

    def _fused(self, question: str) -> NDArray[np.float64]:
        import numpy as np

        rankings = []
        # "And then?" has no word that BM25 counts.
        if words := _tokens([question], ids=False)[0]:
            rankings.append(self._keywords.get_scores(words))
        if self._encoder is not None:
            rankings.append(self._vectors @ self._encoder.encode([question])[0])
        fused = np.zeros(len(self.passages))
        for scores in rankings:
            ranks = np.argsort(np.argsort(-scores, kind="stable"), kind="stable")
            fused += 1.0 / (RANK_CONSTANT + ranks)
        return fused


def _tokens(texts: list[str], *, ids: bool = True) -> Any:
    import bm25s

    return bm25s.tokenize(texts, stopwords="en", return_ids=ids, show_progress=False)


def _overlap(one: Passage, other: Passage) -> bool:
    same_scene = (one.episode, one.scene) == (other.episode, other.scene)
    return same_scene and one.lines[0].line <= other.lines[-1].line and other.lines[0].line <= one.lines[-1].line

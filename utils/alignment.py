"""Who said it: the speakers of an untimed transcript are given to the timed lines of the same episode.

Words of both texts are aligned in order (`difflib`, after Ratcliff and Obershelp: longest common block first, then left
and right of it). A second pass over what is left finds what stands at another place in the transcript. Every line then
votes with its words.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from utils.subtitles import SpokenLine
from utils.transcripts import Turn

__all__ = ["Attribution", "attribute"]

_WORD: Final = re.compile(r"\w+")
_APOSTROPHES: Final = str.maketrans("", "", "'’")
# Below this, words out of order match by chance ("yeah", "oh").
_MOVED_RUN: Final = 2


class Attribution(NamedTuple):
    """Who said a line.

    Attributes:
        speaker: A name, or None where that is not known well enough.
        confidence: 1 for a mark in the subtitles, else the share of the line's words that the transcript gives to the
            speaker; 0 without a speaker.
    """

    speaker: str | None
    confidence: float


class _Words(NamedTuple):
    """The words of several texts in a row, each with the index of its text."""

    words: list[str]
    owners: list[int]

    @classmethod
    def of(cls, texts: Iterable[str]) -> _Words:
        """Split and normalise: case and apostrophes do not count."""
        pairs = [
            (word, owner)
            for owner, text in enumerate(texts)
            for word in _WORD.findall(text.casefold().translate(_APOSTROPHES))
        ]
        return cls([word for word, _ in pairs], [owner for _, owner in pairs])


def attribute(lines: Sequence[SpokenLine], turns: Sequence[Turn], *, threshold: float = 0.5) -> list[Attribution]:
    """Give the spoken lines of an episode the speakers of its transcript.

    Args:
        lines: From `utils.subtitles.spoken_lines`; those with a speaker keep it, and name the unknown turns that they
            align with.
        turns: The episode's transcript, in order; may be empty.
        threshold: Smallest confidence that counts as an answer.

    Returns:
        One attribution a line.
    """
    spoken, written = _Words.of(line.text for line in lines), _Words.of(turn.text for turn in turns)
    votes: list[Counter[int]] = [Counter() for _ in lines]
    for here, there in _aligned(spoken.words, written.words):
        votes[spoken.owners[here]][written.owners[there]] += 1
    speakers = _named(turns, lines, votes)
    lengths = Counter(spoken.owners)
    return [
        _decide(line, Counter(_by_speaker(vote, speakers)), lengths[index], threshold)
        for index, (line, vote) in enumerate(zip(lines, votes, strict=True))
    ]


def _by_speaker(vote: Counter[int], speakers: Sequence[str | None]) -> Iterator[str | None]:
    for turn in vote.elements():
        yield speakers[turn]


def _decide(line: SpokenLine, vote: Counter[str | None], length: int, threshold: float) -> Attribution:
    if line.speaker is not None:
        return Attribution(line.speaker, 1.0)
    for speaker, count in vote.most_common(1):
        if speaker is not None and count >= threshold * length:
            return Attribution(speaker, count / length)
    return Attribution(None, 0.0)


def _named(turns: Sequence[Turn], lines: Sequence[SpokenLine], votes: Sequence[Counter[int]]) -> list[str | None]:
    """The speakers of the turns, where unknown those that the subtitles mark on the words of the turn."""
    marks: dict[int, Counter[str]] = {}
    for line, vote in zip(lines, votes, strict=True):
        for turn, count in vote.items() if line.speaker is not None else ():
            marks.setdefault(turn, Counter())[str(line.speaker)] += count
    return [
        turn.speaker or (marks[index].most_common(1)[0][0] if index in marks else None)
        for index, turn in enumerate(turns)
    ]


def _aligned(spoken: Sequence[str], written: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the positions of words that are the same word of the episode."""
    rest_spoken, rest_written = set(range(len(spoken))), set(range(len(written)))
    for here, there in _common(spoken, written):
        rest_spoken.discard(here)
        rest_written.discard(there)
        yield here, there
    left, right = sorted(rest_spoken), sorted(rest_written)
    moved = _common([spoken[index] for index in left], [written[index] for index in right])
    yield from _runs((left[here], right[there]) for here, there in moved)


def _common(spoken: Sequence[str], written: Sequence[str]) -> Iterator[tuple[int, int]]:
    matcher = difflib.SequenceMatcher(None, spoken, written, autojunk=False)
    for here, there, size in matcher.get_matching_blocks():
        yield from zip(range(here, here + size), range(there, there + size), strict=True)


def _runs(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Keep pairs that follow each other without a gap on both sides, for at least `_MOVED_RUN` words."""
    run: list[tuple[int, int]] = []
    for pair in pairs:
        if run and pair != (run[-1][0] + 1, run[-1][1] + 1):
            yield from run if len(run) >= _MOVED_RUN else ()
            run = []
        run.append(pair)
    yield from run if len(run) >= _MOVED_RUN else ()

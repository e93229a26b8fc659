"""Where the scenes of a transcript begin in the subtitles of the same episode."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from utils.alignment_words import words_of
from utils.reading.speech import SpokenLine
from utils.transcripts import Turn

__all__ = ["line_headings", "scene_starts"]


def scene_starts(lines: Sequence[SpokenLine], turns: Sequence[Turn]) -> list[int]:
    """Return the lines, other than the first, with which a scene of the transcript begins.

    Each line is given to the turn with which it shares most words in order (`difflib`); a scene begins at the first
    line of its turns. Headings under which nothing is found are passed over.

    Args:
        lines: Of one episode, in order.
        turns: Its transcript; without headings there is nothing to find.
    """
    scene = _scenes(turns)
    if not any(scene):
        return []
    starts: list[int] = []
    latest = 0
    for line, turn in _matched([line.text for line in lines], turns):
        if scene[turn] > latest:
            latest = scene[turn]
            starts.append(line)
    return [start for start in starts if start > 0]


def line_headings(texts: Sequence[str], turns: Sequence[Turn]) -> dict[int, str]:
    """Return the heading above each line, by position, where that is known.

    Args:
        texts: The spoken lines of one episode, in order.
        turns: Its transcript.
    """
    if not any(turn.heading for turn in turns):
        return {}
    above = ((line, turns[turn].heading) for line, turn in _matched(texts, turns))
    return {line: heading for line, heading in above if heading}


def _scenes(turns: Sequence[Turn]) -> list[int]:
    """The number of the scene that each turn is in; 0 before the first heading and in the first scene."""
    numbers: list[int] = []
    for index, turn in enumerate(turns):
        changed = index > 0 and turn.heading != turns[index - 1].heading
        numbers.append((numbers[-1] if numbers else 0) + changed)
    return numbers


def _matched(lines: Sequence[str], turns: Sequence[Turn]) -> list[tuple[int, int]]:
    """The lines whose turn is known, each with it."""
    spoken, lines_of = _words(lines)
    written, turns_of = _words(turn.text for turn in turns)
    votes: dict[int, Counter[int]] = {}
    matcher = difflib.SequenceMatcher(None, spoken, written, autojunk=False)
    for here, there, size in matcher.get_matching_blocks():
        for offset in range(size):
            votes.setdefault(lines_of[here + offset], Counter())[turns_of[there + offset]] += 1
    lengths = Counter(lines_of)
    best = ((line, *vote.most_common(1)[0]) for line, vote in sorted(votes.items()))
    return [(line, turn) for line, turn, count in best if 2 * count >= lengths[line]]


def _words(texts: Iterable[str]) -> tuple[list[str], list[int]]:
    """All words of the texts, and for each the index of its text."""
    pairs = [(word, owner) for owner, text in enumerate(texts) for word in words_of(text)]
    return [word for word, _ in pairs], [owner for _, owner in pairs]

"""Where in a transcript the words of a spoken line may stand.

Both texts become words; an inverted index over the transcript finds the diagonals that a line shares with it, and the
longest common subsequence (`rapidfuzz`) around each says which words match there. Every place is weighed like a log
likelihood ratio: a rare word in common says much, a common one little, a missing one speaks against the place.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

__all__ = ["Place", "Places", "words_of"]

_WORD: Final = re.compile(r"\w+")
_APOSTROPHES: Final = str.maketrans("", "", "'’`")
_SENTENCE: Final = re.compile(r"[^.?!…—]+[.?!…—]*|[.?!…—]+")
_DROPPED_G: Final = re.compile(r"\b(\w{2,}in)['’](?!\w)")
_SPELLINGS: Final = {"ok": "okay", "yea": "yeah", "mum": "mom", "alright": "allright", "cause": "because"}
# The window around a diagonal, in words: what one side may have inserted before the shift shows.
_SLACK: Final = 2
# Nats that an unmatched word of the line costs, and the most that a matched one brings.
_MISSING: Final = 2.5
_AGAIN: Final = 0.5
_RAREST: Final = 7.0
# A place is dropped if it falls this far (nats) behind the line's best one.
_BEHIND: Final = 9.0
_MOST_PLACES: Final = 96
_MOST_DIAGONALS: Final = 400
# Words of a line that look for its diagonals; more of them change nothing but the time.
_RARE_WORDS: Final = 12


def words_of(text: str) -> list[str]:
    """Split and normalise: case, apostrophes and spelling variants do not count."""
    plain = _DROPPED_G.sub(r"\1g", text.casefold()).translate(_APOSTROPHES)
    return [_SPELLINGS.get(word, word) for word in _WORD.findall(plain)]


def _ends(text: str, words: Sequence[str]) -> list[bool]:
    """Whether a sentence ends with each word of a turn."""
    ends = [False] * len(words)
    done = 0
    for sentence in _SENTENCE.findall(text):
        done += len(words_of(sentence))
        if 0 < done <= len(words):
            ends[done - 1] = True
    return ends


class Place(NamedTuple):
    """Where a line may stand in the transcript.

    Attributes:
        start: Position of the transcript word at which its first word would stand.
        end: Position after its last word.
        turn: Index of the turn that holds most of it.
        weight: Log likelihood ratio (nats) of the line's words, against words drawn at random.
        share: Share of the line's words found in that turn, 0-1.
    """

    start: int
    end: int
    turn: int
    weight: float
    share: float


class Places:
    """An index over the words of a transcript.

    Args:
        texts: The turns, in order.
        voices: A number for the speaker of each turn; -1 where unknown.
    """

    def __init__(self, texts: Iterable[str], voices: Sequence[int]) -> None:
        self._voices = voices
        self.words: list[str] = []
        self.turns: list[int] = []
        self.ends: list[bool] = []
        for turn, text in enumerate(texts):
            found = words_of(text)
            self.words += found
            self.turns += [turn] * len(found)
            self.ends += _ends(text, found)
        self._known: dict[tuple[str, ...], list[Place]] = {}
        self._positions: dict[str, list[int]] = {}
        for position, word in enumerate(self.words):
            self._positions.setdefault(word, []).append(position)

    def gain(self, word: str) -> float:
        """Nats that a match of the word brings: minus the logarithm of its frequency."""
        count = len(self._positions.get(word, ()))
        return min(_RAREST, -math.log((count + 0.5) / (len(self.words) + 1)))

    def of(self, line: Sequence[str], *, near: float) -> list[Place]:
        """Return the places of a line.

        Args:
            line: Its words.
            near: Position around which to look if there are too many, as a share of the transcript, 0-1.
        """
        key = tuple(line)
        if key not in self._known:
            self._known[key] = self._all(key) if key else []
        places = self._known[key]
        if len(places) <= _MOST_PLACES:
            return places
        return sorted(places, key=lambda place: abs(place.start - near * len(self.words)))[:_MOST_PLACES]

    def _all(self, line: Sequence[str]) -> list[Place]:
        gains = [self.gain(word) for word in line]
        found = (place for shift in self._diagonals(line, gains) for place in self._places(line, gains, shift))
        places = {place[:3]: place for place in found}
        least = max((place.weight for place in places.values()), default=0.0) - _BEHIND
        return [place for place in places.values() if place.weight > max(0.0, least)]

    def _diagonals(self, line: Sequence[str], gains: Sequence[float]) -> list[int]:
        """Shifts between line and transcript on which its rarest words agree."""
        offsets = sorted(range(len(line)), key=lambda offset: -gains[offset])[:_RARE_WORDS]
        votes: dict[int, float] = {}
        for offset in offsets:
            gain = gains[offset]
            for position in self._positions.get(line[offset], ()):
                votes[position - offset] = votes.get(position - offset, 0.0) + gain
        if len(line) == 1:
            return list(votes)
        least = 0.5 * max(votes.values(), default=0.0)
        return heapq.nlargest(
            _MOST_DIAGONALS, (shift for shift in votes if votes[shift] >= least), key=votes.__getitem__
        )

    def _places(self, line: Sequence[str], gains: Sequence[float], shift: int) -> Iterator[Place]:
        """The places around a diagonal, one for each voice that has words there."""
        found = list(self._matches(line, shift))
        for voice in {self._voice(there) for _, there in found}:
            yield self._place(line, gains, [pair for pair in found if self._voice(pair[1]) == voice], len(found))

    def _voice(self, position: int) -> int:
        """The speaker of a word; words of unknown speakers go by turn."""
        turn = self.turns[position]
        return self._voices[turn] if self._voices[turn] >= 0 else -1 - turn

    def _matches(self, line: Sequence[str], shift: int) -> Iterator[tuple[int, int]]:
        from rapidfuzz.distance import LCSseq

        if len(line) == 1:
            yield 0, shift
            return
        begin = max(0, shift - _SLACK)
        window = self.words[begin : shift + len(line) + _SLACK]
        for block in LCSseq.editops(line, window).as_matching_blocks():
            for offset in range(block.size):
                yield block.a + offset, begin + block.b + offset

    def _place(
        self, line: Sequence[str], gains: Sequence[float], pairs: Sequence[tuple[int, int]], matched: int
    ) -> Place:
        (first, there), (last, here) = pairs[0], pairs[-1]
        said = {line[offset] for offset, _ in pairs}
        positions = {offset for offset, _ in pairs}
        # Transcripts write once what is said again and again, so words that are there already are hardly missed.
        again = sum(offset not in positions and word in said for offset, word in enumerate(line))
        missing = len(line) - len(pairs) - again
        weight = sum(gains[offset] for offset in positions) - _MISSING * missing - _AGAIN * again
        turn = Counter(self.turns[position] for _, position in pairs).most_common(1)[0][0]
        whole = len(pairs) == matched
        start, end = (there - first, here + len(line) - last) if whole else (there, here + 1)
        share = (len(pairs) + again) / len(line)
        return Place(max(0, start), min(end, len(self.words)), turn, weight, share)

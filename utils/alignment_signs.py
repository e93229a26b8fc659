"""The signs by which a speaker found for a line is believed (see `utils.alignment_confidence`)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from utils.alignment_confidence import Signs
from utils.alignment_paths import Chance
from utils.alignment_words import Place, words_of
from utils.subtitles import SpokenLine

__all__ = ["Guess", "guesses", "signs_of"]

_MOST_ODDS: Final = 6.0
_AROUND: Final = 4
_PRESENT: Final = 8
_TURNS_AROUND: Final = 10


class Guess(NamedTuple):
    """The likeliest speaker of a line.

    Attributes:
        speaker: A name.
        probability: Of that speaker among the line's places, 0-1.
        place: The likeliest place at which that speaker says it.
    """

    speaker: str
    probability: float
    place: Place


def guesses(chances: Sequence[Sequence[Chance]], speakers: Sequence[str | None]) -> list[Guess | None]:
    """Sum the places of each line by speaker; None where no speaker is possible."""
    return [_guess(states, speakers) for states in chances]


def _guess(states: Sequence[Chance], speakers: Sequence[str | None]) -> Guess | None:
    votes: Counter[str] = Counter()
    best: dict[str, Chance] = {}
    for chance in states:
        speaker = speakers[chance.place.turn] if chance.place else None
        if speaker is not None:
            votes[speaker] += chance.probability  # type: ignore[assignment]
            if speaker not in best or best[speaker].probability < chance.probability:
                best[speaker] = chance
    if not votes:
        return None
    speaker, probability = votes.most_common(1)[0]
    place = best[speaker].place
    return Guess(speaker, min(1.0, probability), place) if place else None


def signs_of(
    lines: Sequence[SpokenLine], found: Sequence[Guess | None], paired: Sequence[bool], ends: Sequence[bool]
) -> list[Signs | None]:
    """Describe every guess.

    Args:
        lines: Of the episode.
        found: The guess for each.
        paired: Whether another voice of the same cue said the line before.
        ends: Whether a sentence ends with a transcript word.
    """
    episode = _Episode(lines, found, paired, ends)
    return [episode.signs(index) for index in range(len(lines))]


class _Episode:
    def __init__(
        self, lines: Sequence[SpokenLine], found: Sequence[Guess | None], paired: Sequence[bool], ends: Sequence[bool]
    ) -> None:
        self._lines, self._found, self._paired, self._ends = lines, found, paired, ends
        self._words = [words_of(line.text) for line in lines]
        self._members: dict[int, list[int]] = defaultdict(list)
        for index, guess in enumerate(found):
            if guess and guess.probability > 0.5:
                self._members[guess.place.turn].append(index)
        self._uses = Counter(
            (guess.place.start, guess.place.end) for guess in found if guess and guess.probability > 0.3
        )
        self._names = [self._says_own(index) for index in range(len(lines))]

    def _says_own(self, index: int) -> bool:
        guess = self._found[index]
        return guess is not None and not set(words_of(guess.speaker)).isdisjoint(self._words[index])

    def _beside(self, index: int, reach: int) -> list[Guess]:
        around = (*range(max(0, index - reach), index), *range(index + 1, min(len(self._lines), index + reach + 1)))
        return [guess for guess in map(self._found.__getitem__, around) if guess and guess.probability > 0.5]

    def _conflict(self, index: int) -> bool:
        guess = self._found[index]
        others = [index - 1] * self._paired[index] + [index + 1] * (
            index + 1 < len(self._lines) and self._paired[index + 1]
        )
        return any(
            other is not None and guess is not None and other.speaker == guess.speaker and other.probability > 0.5
            for other in map(self._found.__getitem__, others)
        )

    def signs(self, index: int) -> Signs | None:
        guess = self._found[index]
        if guess is None:
            return None
        place, words = guess.place, self._words[index]
        odds = math.log((guess.probability + 1e-6) / (1 - guess.probability + 1e-6))
        members = self._members.get(place.turn) or [index]
        pairs = sum(self._paired[member] and member - 1 in members for member in members)
        others = sum(self._lines[member].speaker not in (None, guess.speaker) for member in members)
        near = self._beside(index, _AROUND)
        pauses = [self._lines[b].start - self._lines[a].end for a, b in pairwise(members)]
        before = self._found[index - 1] if index else None
        return Signs(
            odds=max(-_MOST_ODDS, min(_MOST_ODDS, odds)),
            found=place.share,
            short=float(len(words) <= 2),
            weight=min(3.0, place.weight / 10),
            company=sum(abs(other.place.turn - place.turn) <= _TURNS_AROUND for other in near) / (2 * _AROUND),
            present=float(any(other.speaker == guess.speaker for other in self._beside(index, _PRESENT))),
            adjoining=float(sum(abs(other.place.turn - place.turn) <= 1 for other in self._beside(index, 1))),
            conflict=float(self._conflict(index)),
            lumped=(pairs + others) / len(members),
            lines=math.log(len(members)),
            depth=math.log1p(sum(member < index for member in members)),
            silence=min(3.0, max([0.0, *pauses]) / 10),
            reply=float(
                before is not None and before.place.turn == place.turn and self._lines[index - 1].text.endswith("?")
            ),
            own=float(self._names[index]),
            named=sum(self._names[member] for member in members) / len(members),
            reused=min(3.0, self._uses[place.start, place.end] - 1.0),
            whole=float(place.end == 0 or self._ends[place.end - 1]),
        )

"""Who said it: the speakers of an untimed transcript are given to the timed lines of the same episode.

Every line has places in the transcript where its words may stand (`utils.alignment_words`); the lines around it say
which of them is likely (`utils.alignment_paths`); what speaks for and against the speaker there becomes a confidence
(`utils.alignment_signs`, `utils.alignment_confidence`), and below a threshold there is no answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from utils.alignment_confidence import Signs, confidence_of
from utils.alignment_paths import Chance, chances
from utils.alignment_signs import Guess, guesses, signs_of
from utils.alignment_words import Places, words_of
from utils.subtitles import SpokenLine
from utils.transcripts import Turn

__all__ = ["Attribution", "attribute", "evidence"]


class Attribution(NamedTuple):
    """Who said a line.

    Attributes:
        speaker: A name, or None where that is not known well enough.
        confidence: 1 for a mark in the subtitles, else the probability that the speaker is right; 0 without a speaker.
    """

    speaker: str | None
    confidence: float


_NOBODY: Final = Attribution(None, 0.0)


def attribute(lines: Sequence[SpokenLine], turns: Sequence[Turn], *, threshold: float = 0.7) -> list[Attribution]:
    """Give the spoken lines of an episode the speakers of its transcript.

    Args:
        lines: From `utils.subtitles.spoken_lines`; those with a speaker keep it, and name the unknown turns that they
            align with.
        turns: The episode's transcript, in order; may be empty.
        threshold: Smallest confidence that counts as an answer.

    Returns:
        One attribution a line.
    """
    found = evidence(lines, turns)
    answers = [_decide(line, *shown, threshold) for line, shown in zip(lines, found, strict=True)]
    for index, pair in enumerate(_paired(lines)):
        if pair:
            answers[index - 1 : index + 1] = _two_voices(*answers[index - 1 : index + 1])
    return answers


def _two_voices(one: Attribution, other: Attribution) -> tuple[Attribution, Attribution]:
    """Two voices of one cue are two people: of one name for both, only the surer stays."""
    if one.speaker != other.speaker:
        return one, other
    return (one, _NOBODY) if one.confidence >= other.confidence else (_NOBODY, other)


def _decide(line: SpokenLine, guess: Guess | None, signs: Signs | None, threshold: float) -> Attribution:
    if line.speaker is not None:
        return Attribution(line.speaker, 1.0)
    confidence = confidence_of(signs) if signs else 0.0
    return Attribution(guess.speaker, confidence) if guess and confidence >= threshold else _NOBODY


def evidence(lines: Sequence[SpokenLine], turns: Sequence[Turn]) -> list[tuple[Guess | None, Signs | None]]:
    """Return the likeliest speaker of every line and the signs for it, whatever the confidence.

    Args:
        lines: As for `attribute`.
        turns: As for `attribute`.
    """
    numbers = {speaker: number for number, speaker in enumerate(dict.fromkeys(turn.speaker for turn in turns))}
    voices = [-1 if turn.speaker is None else numbers[turn.speaker] for turn in turns]
    index = Places((turn.text for turn in turns), voices)
    paired = _paired(lines)
    weighed = chances(
        [index.of(words_of(line.text), near=at / len(lines)) for at, line in enumerate(lines)],
        size=max(1, len(index.words)),
        voices=voices,
        paired=paired,
    )
    found = guesses(weighed, _named(turns, lines, weighed))
    return list(zip(found, signs_of(lines, found, paired, index.ends), strict=True))


def _paired(lines: Sequence[SpokenLine]) -> list[bool]:
    """Whether a line shares its cue with the one before."""
    return [False] * bool(lines) + [before.cue == after.cue >= 0 for before, after in pairwise(lines)]


def _named(turns: Sequence[Turn], lines: Sequence[SpokenLine], weighed: Sequence[Sequence[Chance]]) -> list[str | None]:
    """The speakers of the turns, where unknown those that the subtitles mark on the words of the turn."""
    marks: dict[int, Counter[str]] = {}
    for line, states in zip(lines, weighed, strict=True):
        for chance in states if line.speaker is not None else ():
            if chance.place and chance.probability > 0.5:
                marks.setdefault(chance.place.turn, Counter())[str(line.speaker)] += len(words_of(line.text))
    return [
        turn.speaker or (marks[index].most_common(1)[0][0] if index in marks else None)
        for index, turn in enumerate(turns)
    ]

"""From what the alignment shows to how sure one may be: a logistic map over a few signs.

The weights are those that `benchmarks/alignment.py --fit` printed: fitted on lines whose speakers are known (real
subtitles with their marks hidden, the same with transcripts made poor in two ways, rebuilt Friends lines; each of the
four counts as much). That command also prints what held-out episodes give.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

__all__ = ["Signs", "confidence_of"]


class Signs(NamedTuple):
    """What speaks for or against the speaker found for a line.

    Attributes:
        odds: Log odds of the speaker among the places of the line, limited to 6 either way.
        found: Share of the line's words that stand at its place, 0-1.
        short: Whether the line has one or two words, 1 or 0.
        weight: Nats of the words in common, by tens, limited to 3.
        company: Share of the eight lines around that stand within ten turns, 0-1.
        present: Whether any of the sixteen lines around has the same speaker, 1 or 0.
        adjoining: How many of the two lines beside it stand in the same turn or the next, 0-2.
        conflict: Whether another voice of its cue was given the same speaker, 1 or 0.
        lumped: Share of the turn's lines that are voices of one cue with another of them, or marked as somebody
            else's, 0-1.
        lines: Logarithm of how many lines stand in the turn.
        depth: Logarithm of one plus how many lines of the turn come before it.
        silence: Longest pause between lines of the turn, by tens of seconds, limited to 3.
        reply: Whether it follows a question of the same turn, 1 or 0.
        own: Whether the line says its speaker's name, 1 or 0.
        named: Share of the turn's lines that say its speaker's name, 0-1.
        reused: How many other lines stand at the same words, limited to 3.
        whole: Whether it ends where a sentence of the transcript ends, 1 or 0.
    """

    odds: float
    found: float
    short: float
    weight: float
    company: float
    present: float
    adjoining: float
    conflict: float
    lumped: float
    lines: float
    depth: float
    silence: float
    reply: float
    own: float
    named: float
    reused: float
    whole: float


_INTERCEPT: Final = -1.332
_WEIGHTS: Final = Signs(
    odds=0.176,
    found=0.927,
    short=0.078,
    weight=0.593,
    company=1.277,
    present=0.346,
    adjoining=0.398,
    conflict=-0.761,
    lumped=-2.215,
    lines=-0.328,
    depth=-0.454,
    silence=-0.383,
    reply=-0.528,
    own=-2.200,
    named=-0.755,
    reused=0.223,
    whole=0.455,
)


def confidence_of(signs: Signs) -> float:
    """Return the probability that the speaker is right, 0-1."""
    total = _INTERCEPT + sum(weight * sign for weight, sign in zip(_WEIGHTS, signs, strict=True))
    return 1 / (1 + math.exp(-total))

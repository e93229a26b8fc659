"""How probable each place of each line is, given the lines around it.

A hidden Markov chain over the lines of an episode (Rabiner 1989, forward-backward): the state is a place in the
transcript, or nowhere after the place reached last. Going on where the line before ended is likely, skipping words
less, jumping back or far ahead little, so that a scene that stands elsewhere in the transcript can be followed but one
common word cannot pull a line there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from utils.alignment_words import Place

__all__ = ["Chance", "chances"]

# Probabilities of the step from the end of one line to the start of the next, in transcript words.
_ON: Final = 0.55
_SKIP: Final = 0.25  # ahead by up to some tens of words, geometrically
_SKIP_MEAN: Final = 12.0
_AGAIN: Final = 0.05  # back to words just said, geometrically
_NEAR: Final = 0.14  # anywhere within `_SCENE` words, ahead or back
_SCENE: Final = 150
_FURTHEST: Final = 480
_FAR: Final = 0.01  # anywhere
_NOWHERE: Final = math.log(0.12)
# Two voices of one cue with one name: possible only where the transcript errs.
_SAME_VOICE: Final = math.log(0.03)
_BEAM: Final = 48
_LEAST: Final = 1e-9


class Chance(NamedTuple):
    """A state of one line with its probability.

    Attributes:
        place: Where the line stands, or None for nowhere.
        probability: 0-1; those of one line sum to 1, but for what is too small to tell.
    """

    place: Place | None
    probability: float


class _States(NamedTuple):
    """The states of one line, arrays of shape (states,); voice -1 where unknown or nowhere."""

    places: list[Place | None]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    emissions: NDArray[np.float64]
    voices: NDArray[np.int64]

    def best(self, keep: NDArray[np.int64]) -> _States:
        places = [self.places[index] for index in keep]
        return _States(places, self.starts[keep], self.ends[keep], self.emissions[keep], self.voices[keep])


class _Link(NamedTuple):
    """A line in the chain: its states, the log probability of each step to them (from, to), their forward score."""

    states: _States
    step: NDArray[np.float64]
    score: NDArray[np.float64]


def _jumps(size: int) -> NDArray[np.float64]:
    """Log probability of each jump from `-_FURTHEST` to `_FURTHEST` words; those beyond are like these."""
    import numpy as np

    jump = np.arange(-_FURTHEST, _FURTHEST + 1)
    ahead = np.where(jump >= 0, np.exp(-np.abs(jump) / _SKIP_MEAN) / _SKIP_MEAN, 0.0)
    behind = np.where(jump < 0, np.exp((1 - np.abs(jump)) / _SKIP_MEAN) / _SKIP_MEAN, 0.0)
    near = np.where(np.abs(jump) <= _SCENE, 1 / (2 * _SCENE), 0.0)
    chance: NDArray[np.float64] = np.log(
        _ON * (jump == 0) + _SKIP * ahead + _AGAIN * behind + _NEAR * near + _FAR / size
    )
    return chance


def _step(ends: NDArray[np.int64], starts: NDArray[np.int64], jumps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log probability of each step, shape (from, to)."""
    import numpy as np

    step: NDArray[np.float64] = jumps[np.clip(starts[None, :] - ends[:, None], -_FURTHEST, _FURTHEST) + _FURTHEST]
    return step


def _states(places: Sequence[Place], before: NDArray[np.int64], voices: Sequence[int]) -> _States:
    import numpy as np

    ends = np.concatenate([np.array([place.end for place in places], dtype=np.int64), before])
    starts = np.concatenate([np.array([place.start for place in places], dtype=np.int64), before])
    weights = [place.weight for place in places] + [_NOWHERE] * len(before)
    owners = [voices[place.turn] for place in places] + [-1] * len(before)
    return _States([*places, *[None] * len(before)], starts, ends, np.array(weights), np.array(owners, dtype=np.int64))


def _sum(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Logarithm of the sum of exponentials."""
    import numpy as np

    top = values.max(axis=axis, keepdims=True)
    total: NDArray[np.float64] = np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)
    return total


def chances(
    places: Sequence[Sequence[Place]], *, size: int, voices: Sequence[int], paired: Sequence[bool]
) -> list[list[Chance]]:
    """Weigh the places of every line against those of its neighbours.

    Args:
        places: Candidates of each line.
        size: Words of the transcript.
        voices: A number for the speaker of each turn; -1 where unknown.
        paired: Whether another voice of the same cue said the line before.

    Returns:
        For each line its states.
    """
    import numpy as np

    nothing, nobody = np.zeros(1, dtype=np.int64), np.full(1, -1, dtype=np.int64)
    start = _States([None], nothing, nothing, np.zeros(1), nobody)
    jumps = _jumps(size)
    chain = [_Link(start, np.zeros((1, 1)), np.zeros(1))]
    for candidates, pair in zip(places, paired, strict=True):
        before = chain[-1].states
        states = _states(candidates, np.unique(before.ends), voices)
        step = _step(before.ends, states.starts, jumps)
        if pair:
            same = (before.voices[:, None] == states.voices[None, :]) & (before.voices[:, None] >= 0)
            step = step + _SAME_VOICE * same
        chain.append(_pruned(states, step, _sum(chain[-1].score[:, None] + step, 0) + states.emissions))
    return _posterior(chain[1:])


def _pruned(states: _States, step: NDArray[np.float64], score: NDArray[np.float64]) -> _Link:
    """Keep the best `_BEAM` states."""
    import numpy as np

    score = score - score.max()
    if len(score) <= _BEAM:
        return _Link(states, step, score)
    keep = np.argpartition(-score, _BEAM)[:_BEAM]
    return _Link(states.best(keep), step[:, keep], score[keep])


def _posterior(chain: Sequence[_Link]) -> list[list[Chance]]:
    """The backward pass, joined with the forward scores."""
    import numpy as np

    found: list[list[Chance]] = []
    later = np.zeros(len(chain[-1].score)) if chain else np.zeros(0)
    for states, step, score in reversed(chain):
        probability = np.exp(score + later - (score + later).max())
        probability /= probability.sum()
        likely = np.flatnonzero(probability > _LEAST)
        found.append([Chance(states.places[at], float(probability[at])) for at in likely])
        later = _sum(step + (states.emissions + later)[None, :], 1)
        later -= later.max()
    return found[::-1]

"""How strongly each scene shows each theme, and by which line.

A scene's strength is the mean evidence of its strongest third, counted in words: small talk around a confession does
not wash it out, and a long scene gains nothing by its length, as a maximum would. Three corrections make strengths
comparable:

1. Each theme's strength is taken relative to its mean and deviation over the scenes given, both drawn towards those of
   neutral speech with the weight of `_PRIOR_SCENES` scenes. That removes a theme's prior, which would put the same
   theme first everywhere, but leaves a few scenes, or a single one, comparable with everyday speech.
2. A scene of few words says little: its distance from the mean shrinks by words / (words + `_PRIOR_WORDS`).
3. A logistic curve maps the result to 0-1: 0.18 for the average scene, one half at one deviation above it, 0.82 at two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from theme_classifier.calibration import logistic
from theme_classifier.tiers import Tier
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["line_evidence", "relative_scores", "strengths", "strongest"]

_SHARE: Final = 1 / 3
# Mean of the upper third of a standard normal distribution, and how far a scene of everyday speech lies from it.
_NEUTRAL_MEAN: Final = 1.09
_NEUTRAL_DEVIATION: Final = 0.6
_PRIOR_SCENES: Final = 20.0
_PRIOR_WORDS: Final = 30.0
_MIDPOINT: Final = 1.0
_SLOPE: Final = 1.5


def strengths(evidence: NDArray[np.float64], words: NDArray[np.int64], scene: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean evidence of the strongest third of each scene.

    Args:
        evidence: Shape (passages, themes).
        words: Shape (passages,).
        scene: Shape (passages,), the scene's number from 0, each at least once.

    Returns:
        Shape (scenes, themes).
    """
    import numpy as np

    wanted = _SHARE * np.bincount(scene, weights=words)
    result = np.empty((len(wanted), evidence.shape[1]))
    for theme, values in enumerate(evidence.T):
        order = np.lexsort((-values, scene))
        ordered, size = scene[order], words[order].astype(np.float64)
        through = np.cumsum(size)
        opening = np.searchsorted(ordered, np.arange(len(wanted)))
        before = through - size - (through - size)[opening][ordered]
        counted = np.clip(wanted[ordered] - before, 0.0, size)
        result[:, theme] = np.bincount(ordered, weights=counted * values[order]) / np.bincount(ordered, weights=counted)
    return result


def relative_scores(strength: NDArray[np.float64], words: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map strengths to 0-1 by the three corrections at the top of this module.

    Args:
        strength: Shape (scenes, themes), from `strengths`.
        words: Shape (scenes,).
    """
    import numpy as np

    scenes = len(strength)
    own = scenes / (scenes + _PRIOR_SCENES)
    mean = own * strength.mean(axis=0) + (1 - own) * _NEUTRAL_MEAN
    variance = own * strength.var(axis=0) + (1 - own) * _NEUTRAL_DEVIATION**2
    trusted = (words / (words + _PRIOR_WORDS))[:, None]
    return logistic(_SLOPE * (trusted * (strength - mean) / np.sqrt(variance) - _MIDPOINT))


def strongest(evidence: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each group and theme, the row with the most evidence (the first of equals).

    Args:
        evidence: Shape (rows, themes).
        group: Shape (rows,), numbers from 0, each at least once.

    Returns:
        Row numbers, shape (groups, themes).
    """
    import numpy as np

    rows = []
    for values in evidence.T:
        order = np.lexsort((-values, group))
        rows.append(order[np.searchsorted(group[order], np.arange(group.max() + 1))])
    return np.stack(rows, axis=1)


def line_evidence(
    evidence: NDArray[np.float64],
    joined: pd.DataFrame,
    texts: Sequence[str],
    tier: Tier,
    *,
    progress: Progress = silent,
) -> NDArray[np.int64]:
    """Return the line that shows each theme most in each scene: the strongest line of its strongest passage.

    Args:
        evidence: Shape (passages, themes).
        joined: From `theme_classifier.passages.passages`.
        texts: The lines that it was made from.
        tier: Measures the lines of passages that hold several.
        progress: Draws the bar.

    Returns:
        Row numbers in ``texts``, shape (scenes, themes).
    """
    import numpy as np

    winners = strongest(evidence, joined["scene_number"].to_numpy())
    first, last = joined["first"].to_numpy(), joined["last"].to_numpy()
    several = [passage for passage in np.unique(winners) if last[passage] > first[passage]]
    rows = [row for passage in several for row in range(first[passage], last[passage] + 1)]
    alone = np.zeros((len(texts), evidence.shape[1]))
    alone[rows] = tier.measure([texts[row] for row in rows], progress=progress).evidence
    found = np.empty_like(winners)
    for (scene, theme), passage in np.ndenumerate(winners):
        found[scene, theme] = first[passage] + alone[first[passage] : last[passage] + 1, theme].argmax()
    return found

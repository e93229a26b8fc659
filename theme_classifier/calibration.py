"""From a tier's evidence to numbers between 0 and 1 that mean the same for every theme.

Evidence is standardised against neutral speech: 0 is what an everyday line gets on average, 1 is one standard
deviation of such lines. A logistic curve maps it to a score. Themes with a trained head have a curve of their own,
fitted on lines that people marked: there the score is a probability. For all others the curve's two numbers were
chosen, not fitted: an everyday line lies near 0.02, a line three deviations above it at one half. That score orders
texts and is no frequency: where a theme is rare, fewer than half of the texts at one half show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CHOSEN", "METHOD", "Curve", "calibrated", "logistic"]

METHOD: Final = "2"
"""Version of the formulas in this package; saved results of another version are computed anew."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A logistic curve over evidence.

    Attributes:
        midpoint: Evidence at which the score is one half; a number, or one a theme, shape (themes,).
        slope: Log odds a standard deviation, likewise.
    """

    midpoint: float | NDArray[np.float64]
    slope: float | NDArray[np.float64]


CHOSEN: Final = Curve(midpoint=3.0, slope=1.25)
"""For themes without marked lines: 0.02 at 0, one half at 3, 0.92 at 5."""


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)), without overflow."""
    import numpy as np

    result: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result


def calibrated(evidence: NDArray[np.float64], curve: Curve = CHOSEN, *, even_from: float = 0.5) -> NDArray[np.float64]:
    """Map the evidence of single texts to 0-1.

    Args:
        evidence: Shape (texts, themes), in standard deviations of neutral speech.
        curve: The logistic curve.
        even_from: The share of texts that the curve takes to show the theme. It is replaced by one half, so that 0.5
            itself changes nothing.

    Returns:
        The same shape.
    """
    import math

    return logistic(curve.slope * (evidence - curve.midpoint) - math.log(even_from / (1 - even_from)))

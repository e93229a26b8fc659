"""From a tier's evidence to numbers between 0 and 1 that mean the same for every theme.

Evidence is standardised against neutral speech: 0 is what an everyday line gets on average, 1 is one standard deviation
of such lines. A logistic curve maps it to a score. Its two numbers were chosen, not fitted: an everyday line lies near
0.02, a line three deviations above it at one half. The score orders texts and compares themes; it is no frequency:
where a theme is rare, fewer than half of the texts at one half show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["METHOD", "calibrated", "logistic"]

METHOD: Final = "1"
"""Version of the formulas in this package; saved results of another version are computed anew."""

_MIDPOINT: Final = 3.0
_SLOPE: Final = 1.25


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)), without overflow."""
    import numpy as np

    result: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result


def calibrated(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map the evidence of single texts to 0-1.

    Args:
        evidence: Any shape, in standard deviations of neutral speech.

    Returns:
        The same shape: 0.02 at 0, one half at 3, 0.92 at 5.
    """
    return logistic(_SLOPE * (evidence - _MIDPOINT))

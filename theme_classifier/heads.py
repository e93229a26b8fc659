"""Trained heads: one row of numbers a theme, learned from marked film lines on the embedded encoder's vectors.

``theme_heads.safetensors`` is written by ``tools/train_theme_heads.py``; ``theme_heads.md`` beside it says from which
data, by whom and under which licence. Heads mean nothing on another encoder's vectors, so they serve only the weights
whose hash the file names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from theme_classifier.labels import ThemeQuery
from utils.artifacts import file_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HEADS_FILE", "NO_HEADS", "Head", "Heads", "heads_for"]

HEADS_FILE: Final = Path(__file__).with_name("theme_heads.safetensors")
_WEIGHTS: Final = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class Head:
    """A linear classifier of one theme.

    Attributes:
        weights: Shape (dimensions,).
        intercept: ``embedding @ weights + intercept`` is the log odds that a line shows the theme.
    """

    weights: NDArray[np.float64]
    intercept: float


@dataclass(frozen=True, kw_only=True)
class Heads:
    """What was learned about one encoder's vectors.

    Attributes:
        by_label: Heads by label in lower case.
        prior: Share of lines at which a theme's log odds are calibrated.
        spoken: Shape (dimensions,): how lines that show any theme differ from what the theme's name suggests, in
            deviations of neutral speech; None where nothing was learned.
    """

    by_label: Mapping[str, Head]
    prior: float
    spoken: NDArray[np.float64] | None

    def answering(self, query: ThemeQuery) -> Head | None:
        """Return the head that answers a theme, or None where similarity has to."""
        return self.by_label.get(query.label.casefold()) if query.trained_head else None


NO_HEADS: Final = Heads(by_label={}, prior=0.5, spoken=None)


def heads_for(encoder: Path, file: Path = HEADS_FILE) -> Heads:
    """Return the heads for an encoder's vectors, none if they were trained on another's.

    Args:
        encoder: Folder of the encoder.
        file: Trained heads.
    """
    from safetensors import safe_open

    weights = encoder / _WEIGHTS
    if not weights.is_file():
        return NO_HEADS
    with safe_open(file, framework="numpy") as stored:
        about = stored.metadata()
        if about["encoder"] != file_digest(weights):
            return NO_HEADS
        rows, intercepts = stored.get_tensor("weights"), stored.get_tensor("intercepts")
        spoken = stored.get_tensor("spoken")
    labels = json.loads(about["labels"])
    found = {
        label.casefold(): Head(weights=row.astype(float), intercept=float(intercept))
        for label, row, intercept in zip(labels, rows, intercepts, strict=True)
    }
    return Heads(by_label=found, prior=float(about["prior"]), spoken=spoken.astype(float))

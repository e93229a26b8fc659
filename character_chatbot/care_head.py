"""A trained ear for what rules miss: two rows of numbers on the embedded encoder's vectors.

``care_head.safetensors`` is written by ``tools/train_care_head.py`` from sentences that we wrote ourselves
(``tools/care_examples.csv``), our sample season and our voices. On another encoder's vectors the rows mean nothing, so
they serve only the weights whose hash the file names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from utils.artifacts import file_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HEAD_FILE", "CareHead", "care_head"]

HEAD_FILE: Final = Path(__file__).with_name("care_head.safetensors")


@dataclass(frozen=True, kw_only=True)
class CareHead:
    """A linear classifier for each kind.

    Attributes:
        kinds: ``sexual`` and ``self_harm``, in the order of the rows.
        weights: Shape (kinds, dimensions).
        margins: Shape (kinds,): what a product of vector and row must exceed.
    """

    kinds: tuple[str, ...]
    weights: NDArray[np.float32]
    margins: NDArray[np.float32]

    def excess(self, vector: NDArray[np.float32]) -> Mapping[str, float]:
        """Return by how much, in log odds, a sentence vector exceeds each kind's margin."""
        over = self.weights @ vector - self.margins
        return dict(zip(self.kinds, map(float, over), strict=True))


@cache
def care_head(encoder: Path, file: Path = HEAD_FILE) -> CareHead | None:
    """Return the head for an encoder's vectors, or None if it was trained on another's.

    Args:
        encoder: Folder of the encoder.
        file: The trained rows.
    """
    from safetensors import safe_open

    weights = encoder / "model.safetensors"
    if not weights.is_file():
        return None
    with safe_open(file, framework="numpy") as stored:
        about = stored.metadata()
        if about["encoder"] != file_digest(weights):
            return None
        return CareHead(
            kinds=tuple(about["kinds"].split()),
            weights=stored.get_tensor("weights"),
            margins=stored.get_tensor("margins"),
        )

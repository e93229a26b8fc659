"""A trained ear for what rules miss: a support vector machine on the embedded encoder's vectors.

``care_head.safetensors`` is written by ``tools/train_care_head.py`` from sentences that we wrote ourselves
(``tools/care_examples.csv``), our sample season and our voices. On another encoder's vectors it means nothing, so it
serves only the weights whose hash the file names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from utils.artifacts import file_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HEAD_FILE", "CareHead", "Hearing", "care_head"]

HEAD_FILE: Final = Path(__file__).with_name("care_head.safetensors")


Hearing = Literal["message", "reply", "part"]
"""What is heard: a message, a reply, or one part of a longer text, of which there are many to be wrong about."""


@dataclass(frozen=True, kw_only=True)
class CareHead:
    """A support vector machine with a Gaussian kernel for each kind.

    Attributes:
        kinds: ``sexual`` and ``self_harm``, in the order of the rows.
        supports: Shape (supports, dimensions): sentence vectors that it compares with.
        weights: Shape (kinds, supports).
        gamma: Width of the kernel.
        margins: For everything that is heard, shape (kinds,): what a score must exceed.
        glances: Shape (kinds, dimensions): a linear guess from the mean of the words' own vectors, which costs next to
            nothing and says where a long text is worth hearing.
    """

    kinds: tuple[str, ...]
    supports: NDArray[np.float32]
    weights: NDArray[np.float32]
    gamma: float
    margins: Mapping[str, NDArray[np.float32]]
    glances: NDArray[np.float32]

    def excess(self, vectors: NDArray[np.float32], hearing: Hearing) -> Mapping[str, float]:
        """Return by how much the worst of some sentence vectors exceeds each kind's margin."""
        over = self.scores(vectors).max(axis=0) - self.margins[hearing]
        return dict(zip(self.kinds, map(float, over), strict=True))

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much each vector sounds like each kind, without a margin."""
        import numpy as np

        apart = (vectors**2).sum(axis=1)[:, None] - 2 * vectors @ self.supports.T + (self.supports**2).sum(axis=1)
        scores: NDArray[np.float32] = np.exp(-self.gamma * apart) @ self.weights.T
        return scores


@cache
def care_head(encoder: Path, file: Path = HEAD_FILE) -> CareHead | None:
    """Return the head for an encoder's vectors, or None if it was trained on another's.

    Args:
        encoder: Folder of the encoder.
        file: What was trained.
    """
    from safetensors import safe_open

    weights = encoder / "model.safetensors"
    if not weights.is_file():
        return None
    with safe_open(file, framework="numpy") as stored:
        about = stored.metadata()
        if about["encoder"] != file_digest(weights):
            return None
        width = stored.get_tensor("widths").astype("float32")
        return CareHead(
            kinds=tuple(about["kinds"].split()),
            supports=stored.get_tensor("supports") * width[:, None],
            weights=stored.get_tensor("weights"),
            gamma=float(about["gamma"]),
            margins={one: stored.get_tensor(f"margin_{one}") for one in get_args(Hearing)},
            glances=stored.get_tensor("glances"),
        )

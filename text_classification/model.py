"""What answers: the encoder with its head and the model of words, averaged, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from text_classification.network import Network
from text_classification.words import WordModel
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PlaceModel", "temper"]


def temper(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Make probabilities flatter (above 1) or steeper (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    Args:
        probabilities: Of shape (texts, classes).
        temperature: Above 0; 1 changes nothing.
    """
    import numpy as np
    from scipy.special import softmax

    result: NDArray[np.float64] = softmax(np.log(np.maximum(probabilities, 1e-12)) / temperature, axis=-1)
    return result


class PlaceModel:
    """Two opinions and their mean.

    Args:
        network: Encoder and head.
        words: The model of words; None leaves everything to the encoder.
        share: Weight of the words, 0 to 1.
        temperature: From cross-validation.
    """

    def __init__(self, network: Network, words: WordModel | None, *, share: float, temperature: float = 1.0) -> None:
        self._network = network
        self._words = words
        self._share = share if words is not None else 0.0
        self._temperature = temperature

    @classmethod
    def load(cls, folder: Path, *, longest: int, share: float, temperature: float) -> PlaceModel:
        """Read what `save` wrote.

        Raises:
            WeightsError: If the folder is damaged.
        """
        return cls(Network.load(folder, longest=longest), WordModel.load(folder), share=share, temperature=temperature)

    def save(self, folder: Path) -> None:
        """Write encoder, head, tokenizer and words."""
        self._network.save(folder)
        if self._words is not None:
            self._words.save(folder)

    def calibrated(self, temperature: float) -> PlaceModel:
        """Return the same with another temperature."""
        return PlaceModel(self._network, self._words, share=self._share, temperature=temperature)

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the probabilities."""
        return self._network.labels

    def probabilities(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float64]:
        """Classify texts.

        Returns:
            Array of shape (texts, classes), rows that sum to 1.
        """
        return self.combine(texts, self._network.features(texts, progress=progress))

    def combine(self, texts: Sequence[str], features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Classify texts whose encoding is known.

        Args:
            texts: Any number.
            features: What the encoder made of them.

        Returns:
            As `probabilities`.
        """
        mean = self._network.classify(features)
        if self._words is not None and len(texts):
            mean = (1 - self._share) * mean + self._share * self._words.probabilities(texts)
        return temper(mean, self._temperature)

"""A logistic regression on the words of a text, beside the encoder: where rows are few, single words say much."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from utils.errors import WeightsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WORD_FILES", "WordModel", "fit_regression"]

WORD_FILES: Final = ("words.safetensors", "words.json")


def _counter(vocabulary: dict[str, int] | None = None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, stop_words="english", vocabulary=vocabulary)


class WordModel:
    """Weights of words (tf-idf, Salton and Buckley 1988) for each class.

    Args:
        vocabulary: Column of each word.
        rarity: Inverse document frequency of each word.
        weight: Of shape (classes, words).
        bias: One a class.
    """

    def __init__(
        self,
        vocabulary: dict[str, int],
        rarity: NDArray[np.float64],
        weight: NDArray[np.float64],
        bias: NDArray[np.float64],
    ) -> None:
        self._vocabulary = vocabulary
        self._rarity = rarity
        self._weight = weight
        self._bias = bias

    @classmethod
    def fit(cls, texts: Sequence[str], classes: Sequence[int], *, strength: float) -> WordModel | None:
        """Learn from texts.

        Args:
            texts: Any number.
            classes: The class of each, from 0, every one there.
            strength: Inverse strength of the regularisation.

        Returns:
            The model; None where the texts have no words to learn from.
        """
        counter = _counter()
        analyse = counter.build_analyzer()
        if not any(analyse(text) for text in texts):
            return None
        found = counter.fit_transform(texts)
        weight, bias = fit_regression(found, classes, strength=strength)
        return cls({word: int(at) for word, at in counter.vocabulary_.items()}, counter.idf_, weight, bias)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Classify texts.

        Returns:
            Array of shape (texts, classes), rows that sum to 1.
        """
        from scipy.special import softmax

        counter = _counter(self._vocabulary)
        counter.idf_ = self._rarity
        scores = counter.transform(texts) @ self._weight.T + self._bias
        result: NDArray[np.float64] = softmax(scores, axis=1)
        return result

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and vocabulary (JSON)."""
        from safetensors.numpy import save_file

        weights, words = (folder / name for name in WORD_FILES)
        save_file({"rarity": self._rarity, "weight": self._weight.copy(), "bias": self._bias}, weights)
        words.write_text(json.dumps(self._vocabulary, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> WordModel | None:
        """Read what `save` wrote; None where nothing was.

        Raises:
            WeightsError: If it is damaged.
        """
        from safetensors import SafetensorError

        if not (folder / WORD_FILES[0]).is_file():
            return None
        try:
            return cls._read(folder)
        except (OSError, ValueError, TypeError, SafetensorError):
            raise WeightsError(f"{folder / WORD_FILES[0]} is damaged; train again: hawkins places train.") from None

    @classmethod
    def _read(cls, folder: Path) -> WordModel:
        from safetensors.numpy import load_file

        vocabulary = json.loads((folder / WORD_FILES[1]).read_text(encoding="utf-8"))
        return cls(vocabulary, **load_file(folder / WORD_FILES[0]))


def fit_regression(
    features: Any, classes: Sequence[int], *, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a logistic regression in which every class weighs as much as any other.

    Args:
        features: Of shape (rows, features), dense or sparse.
        classes: One a row.
        strength: Inverse strength of the regularisation.

    Returns:
        Weights of shape (classes, features) and biases.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
    regression.fit(features, classes)
    weight, bias = regression.coef_, regression.intercept_
    if len(bias) == 1:  # of two classes, sklearn scores the second only
        weight, bias = np.vstack([0 * weight, weight]), np.append(0.0, bias)
    return weight, bias

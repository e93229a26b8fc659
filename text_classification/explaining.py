"""Which words of a text decided its class."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["deciding_words"]

_WORD: Final = re.compile(r"[^\W\d_][\w'’-]+")
_MOST_WORDS: Final = 5
# Longer texts are explained by their first words only: every word costs a pass.
_MOST_TRIED: Final = 64


def deciding_words(
    text: str, label: int, probabilities: Callable[[Sequence[str]], NDArray[np.float64]]
) -> tuple[str, ...]:
    """Take each word out everywhere and see how far the probability falls (occlusion, Zeiler and Fergus 2014).

    Args:
        text: What was classified.
        label: Its class.
        probabilities: Classifies texts, a row a text.

    Returns:
        The words without which the class would be less probable, the weightiest first.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    seen = {word.casefold(): word for word in reversed(_WORD.findall(text))}
    words = [seen[key] for key in reversed(seen) if key not in ENGLISH_STOP_WORDS][:_MOST_TRIED]
    without = [re.sub(rf"\b{re.escape(word)}\b", "", text, flags=re.IGNORECASE) for word in words]
    probability, *left = probabilities([text, *without])[:, label].tolist()
    falls = sorted(zip(left, words, strict=True))
    return tuple(word for remaining, word in falls[:_MOST_WORDS] if remaining < probability)

"""The quick tier: sentence embeddings, and one direction a theme.

A label for which a head was trained (`theme_classifier.heads`) is answered by that head. Any other is answered by
similarity. Its vector is the mean of what stands for it; the similarity of a line to that, standardised over
`NEUTRAL_LINES`, less the mean similarity to `CONTRASTS`, standardised likewise, is what counts. To a label of which
nothing but the name is known, a share of ``spoken`` is added: people who are jealous say other things than "jealousy",
and what they say differs from the name in much the same way for every feeling. Heads and similarities alike are
standardised over `NEUTRAL_LINES` in the end, which makes them evidence. All of this is linear in the line's embedding:
scoring is one matrix product after the embedding. What was measured stands in ``benchmarks/README.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from theme_classifier.background import CONTRASTS, NEUTRAL_LINES
from theme_classifier.calibration import CHOSEN, Curve, calibrated
from theme_classifier.heads import NO_HEADS, Head, Heads, heads_for
from theme_classifier.labels import ThemeQuery
from theme_classifier.tiers import Measures
from utils.embeddings import SentenceEncoder
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SIMILARITY", "TRAINED", "Directions", "Encoder", "Neutral", "QuickTier", "theme_directions"]

TRAINED: Final = "trained head"
SIMILARITY: Final = "similarity"
# Chosen on 22 labels of EDOS, each left out of what it was scored with; 0.3 to 0.9 differ by less than 0.01.
_SPOKEN_SHARE: Final = 0.6


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        """Return an array of shape (texts, dimensions), rows of length 1."""
        ...


@dataclass(frozen=True, kw_only=True)
class Neutral:
    """The yardstick in the space of embeddings.

    Attributes:
        lines: Neutral speech, shape (lines, dimensions).
        contrast: Shape (dimensions,): mean of the contrasts, each in deviations of neutral speech.
    """

    lines: NDArray[np.float64]
    contrast: NDArray[np.float64]

    @classmethod
    def embedded(cls, encoder: Encoder) -> Neutral:
        """Embed the yardstick."""
        import numpy as np

        lines = encoder.encode(NEUTRAL_LINES).astype(np.float64)
        contrasts = encoder.encode(CONTRASTS).astype(np.float64)
        return cls(lines=lines, contrast=np.mean([row / _spread(lines, row) for row in contrasts], axis=0))

    def standardised(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale a direction, shape (dimensions,), so that neutral lines deviate by 1 along it."""
        return direction / _spread(self.lines, direction)

    def similarity(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the direction along which similarity to a vector exceeds that to the contrasts."""
        return self.standardised(self.standardised(vector) - self.contrast)


@dataclass(frozen=True, kw_only=True)
class Directions:
    """Themes in the space of embeddings.

    Attributes:
        vectors: Shape (themes, dimensions), unit length: what a theme looks like.
        weights: Shape (themes, dimensions).
        intercepts: Shape (themes,); evidence is ``embedding @ weights.T + intercepts``.
        curve: From evidence to scores, one a theme.
    """

    vectors: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    curve: Curve


def theme_directions(queries: Sequence[ThemeQuery], encoder: Encoder, heads: Heads = NO_HEADS) -> Directions:
    """Work out where each theme lies, by the formula at the top of this module.

    Args:
        queries: The themes; each direction depends on its own query alone.
        encoder: Embeds what stands for them.
        heads: Trained on this encoder's vectors.
    """
    import numpy as np

    neutral = Neutral.embedded(encoder)
    vectors = np.stack([theme_vector(query, encoder) for query in queries])
    found = [heads.answering(query) for query in queries]
    weights = np.stack(
        [
            neutral.standardised(head.weights) if head else _by_similarity(query, vector, neutral, heads)
            for query, vector, head in zip(queries, vectors, found, strict=True)
        ]
    )
    curves = [_head_curve(head, neutral) if head else CHOSEN for head in found]
    return Directions(
        vectors=vectors,
        weights=weights,
        intercepts=-(neutral.lines @ weights.T).mean(axis=0),
        curve=Curve(
            midpoint=np.array([curve.midpoint for curve in curves]), slope=np.array([curve.slope for curve in curves])
        ),
    )


def _by_similarity(
    query: ThemeQuery, vector: NDArray[np.float64], neutral: Neutral, heads: Heads
) -> NDArray[np.float64]:
    direction = neutral.similarity(vector)
    if query.described or heads.spoken is None:
        return direction
    return neutral.standardised(direction + _SPOKEN_SHARE * heads.spoken)


def _head_curve(head: Head, neutral: Neutral) -> Curve:
    """The curve that turns a head's evidence back into its log odds."""
    spread = _spread(neutral.lines, head.weights)
    mean = float((neutral.lines @ head.weights).mean())
    return Curve(midpoint=-(mean + head.intercept) / spread, slope=spread)


def theme_vector(query: ThemeQuery, encoder: Encoder) -> NDArray[np.float64]:
    """Return the mean of what stands for a theme, shape (dimensions,), unit length."""
    import numpy as np

    groups = [_unit(encoder.encode(group).astype(np.float64).mean(axis=0)) for group in query.phrases]
    return _unit(np.mean(groups, axis=0))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _spread(lines: NDArray[np.float64], direction: NDArray[np.float64]) -> float:
    """Standard deviation of neutral lines along a direction."""
    return max(float((lines @ direction).std()), 1e-9)


class QuickTier:
    """Themes by sentence embeddings; see the module for the formula.

    Args:
        path: Folder of the encoder; loaded on first use.
        queries: The themes.
        encoder: Instead of the one in ``path``.
    """

    name = "sentence embeddings"

    def __init__(self, path: Path, queries: Sequence[ThemeQuery], *, encoder: Encoder | None = None) -> None:
        self.path = path
        self._queries = tuple(queries)
        self._encoder = encoder or SentenceEncoder(path)

    @cached_property
    def _heads(self) -> Heads:
        return heads_for(self.path)

    @cached_property
    def _directions(self) -> Directions:
        return theme_directions(self._queries, self._encoder, self._heads)

    def answers(self) -> tuple[str, ...]:
        """Return how each theme is answered: by a trained head, or by similarity."""
        return tuple(TRAINED if self._heads.answering(query) else SIMILARITY for query in self._queries)

    def measure(self, texts: Sequence[str], *, progress: Progress = silent) -> Measures:
        """Measure every theme in every text; text beyond the encoder's window (256 tokens) is not read.

        Args:
            texts: Any number.
            progress: Draws the bar.

        Returns:
            As the raw number a head's probability as if every second text showed its theme, or cosine similarity cut
            at 0; and the evidence with its curve.
        """
        import numpy as np

        embedded = self._encoder.encode(texts, progress=progress).astype(np.float64)
        found = self._directions
        evidence = embedded @ found.weights.T + found.intercepts
        trained = [answer == TRAINED for answer in self.answers()]
        raw = np.where(
            trained,
            calibrated(evidence, found.curve, even_from=self._heads.prior),
            np.clip(embedded @ found.vectors.T, 0.0, 1.0),
        )
        return Measures(raw=raw, evidence=evidence, curve=found.curve)

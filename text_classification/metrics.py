"""How well a classifier does, with how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from text_classification.examples import Examples

__all__ = ["Metrics", "measure"]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """How well a classifier does on rows that it did not learn from, which however chose its epoch.

    Attributes:
        macro_f1: Mean F1 of the classes.
        accuracy: Share of rows that are right.
        interval: 95 % interval of the accuracy (Wilson, 1927).
        majority_f1: Macro F1 of always answering the most frequent class.
        f1: F1 of each class.
        trained: Rows learned from before these scores were taken.
        held_out: Rows held out.
        epoch: The epoch that was kept; 0 is the head fitted to the untouched encoder.
        epochs: Epochs that ran.
    """

    macro_f1: float
    accuracy: float
    interval: tuple[float, float]
    majority_f1: float
    f1: dict[str, float]
    trained: int
    held_out: int
    epoch: int
    epochs: int


def _wilson(right: int, rows: int, z: float = 1.96) -> tuple[float, float]:
    """Score interval of a share (https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval)."""
    share = right / rows
    middle = share + z**2 / (2 * rows)
    spread = z * ((share * (1 - share) + z**2 / (4 * rows)) / rows) ** 0.5
    return (middle - spread) / (1 + z**2 / rows), (middle + spread) / (1 + z**2 / rows)


def measure(
    examples: Examples, held_out: Sequence[int], predicted: Sequence[int], *, epoch: int, epochs: int
) -> Metrics:
    """Compare predicted classes with the true ones.

    Args:
        examples: All rows.
        held_out: Which of them were asked.
        predicted: Their classes, as answered.
        epoch: The epoch that was kept.
        epochs: Epochs that ran.
    """
    import numpy as np
    from sklearn.metrics import f1_score

    truth = np.array([examples.classes[row] for row in held_out])
    classes = range(len(examples.labels))
    usual = np.full(len(truth), np.bincount(examples.classes).argmax())
    f1 = f1_score(truth, predicted, average=None, labels=classes, zero_division=0)
    right = int((truth == predicted).sum())
    return Metrics(
        macro_f1=float(f1.mean()),
        accuracy=right / len(truth),
        interval=_wilson(right, len(truth)),
        majority_f1=float(f1_score(truth, usual, average="macro", labels=classes, zero_division=0)),
        f1=dict(zip(examples.labels, map(float, f1), strict=True)),
        trained=len(examples.texts) - len(truth),
        held_out=len(truth),
        epoch=epoch,
        epochs=epochs,
    )

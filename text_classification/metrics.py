"""How well a classifier does on rows that it had not seen, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from text_classification.model import temper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from text_classification.examples import Examples
    from text_classification.validation import Answers

__all__ = ["Metrics", "macro_f1", "measure", "paired_gain", "resamples"]

_SAMPLES: Final = 2000
# Fewer sure answers than this share of the rows are luck.
_FEWEST_SURE: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Scores from repeated cross-validation: every row answered by models that had not seen it.

    Attributes:
        macro_f1: Mean F1 of the classes, mean over the repeats.
        interval: Its 95 % interval: stratified bootstrap over the rows (Efron 1979).
        accuracy: Share of answers that are right.
        majority_f1: Macro F1 of always answering the most frequent class.
        f1: F1 of each class.
        rows: Rows.
        folds: Parts of each repeat.
        repeats: Repeats.
        epochs: The epoch that each fold kept; 0 is the head fitted to the untouched encoder.
        temperature: That makes these answers' probabilities most likely.
        loss: Log loss of the answers with it.
        loss_before: Without it.
        threshold: Probability from which an answer counts as sure.
        sure: Share of answers that are.
        sure_accuracy: Share of these that are right.
    """

    macro_f1: float
    interval: tuple[float, float]
    accuracy: float
    majority_f1: float
    f1: dict[str, float]
    rows: int
    folds: int
    repeats: int
    epochs: tuple[int, ...]
    temperature: float
    loss: float
    loss_before: float
    threshold: float
    sure: float
    sure_accuracy: float


def resamples(classes: Sequence[int], *, seed: int = 0, count: int = _SAMPLES) -> NDArray[np.int64]:
    """Draw rows with replacement, as many of each class as there are.

    Args:
        classes: One a row.
        seed: Of the draw.
        count: How often.

    Returns:
        How often each draw has each row, of shape (draws, rows).
    """
    import numpy as np

    random = np.random.default_rng(seed)
    of = np.asarray(classes)
    times = np.zeros((count, len(of)), dtype=np.int64)
    for each in np.unique(of):
        rows = np.flatnonzero(of == each)
        times[:, rows] = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=count)
    return times


def macro_f1(classes: Sequence[int], predicted: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the macro F1 of each draw, mean over the repeats.

    Args:
        classes: The true class of each row.
        predicted: Of shape (repeats, rows).
        times: From `resamples`; ones for the rows as they are.
    """
    import numpy as np

    truth = np.asarray(classes)
    each = []
    for label in np.unique(truth):
        is_it = truth == label
        for answers in predicted:
            said = answers == label
            right = times @ (said & is_it)
            each.append(2 * right / np.maximum(1, times @ said.astype(np.int64) + times @ is_it.astype(np.int64)))
    result: NDArray[np.float64] = np.mean(each, axis=0)
    return result


def paired_gain(
    classes: Sequence[int], ours: NDArray[np.int64], theirs: NDArray[np.int64], *, seed: int = 0
) -> tuple[float, float, float]:
    """Return by how much one macro F1 exceeds another on the same rows, with its 95 % interval.

    Args:
        classes: The true classes.
        ours: Predicted, of shape (repeats, rows).
        theirs: Likewise.
        seed: Of the bootstrap, which draws the same rows for both.
    """
    import numpy as np

    once = np.ones((1, len(classes)), dtype=np.int64)
    times = resamples(classes, seed=seed)
    gains = macro_f1(classes, ours, times) - macro_f1(classes, theirs, times)
    low, high = np.percentile(gains, [2.5, 97.5])
    return (
        float((macro_f1(classes, ours, once) - macro_f1(classes, theirs, once))[0]),
        float(low),
        float(high),
    )


def _temperature(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, float, float]:
    """The temperature under which the truth is likeliest, with the loss under it and without."""
    import numpy as np
    from scipy.optimize import minimize_scalar
    from sklearn.metrics import log_loss

    classes = range(probabilities.shape[1])

    def loss(logarithm: float) -> float:
        return float(log_loss(truth, temper(probabilities, float(np.exp(logarithm))), labels=classes))

    best = minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded")
    return float(np.exp(best.x)), float(best.fun), loss(0.0)


def _threshold(best: NDArray[np.float64], right: NDArray[np.bool_], trust: float) -> tuple[float, float, float]:
    """The lowest probability from which answers are right often enough, with their share and their accuracy.

    Where none is, that which makes them right most often, of those that leave enough answers.
    """
    import numpy as np

    order = np.argsort(-best)
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Answers of one probability stand or fall together.
    ends = np.flatnonzero(np.append(np.diff(best[order]) < 0, True))
    ends = ends[ends + 1 >= _FEWEST_SURE * len(order)]
    good = ends[accuracy[ends] >= trust]
    last = int(good[-1]) if len(good) else int(ends[accuracy[ends].argmax()])
    return float(best[order][last]), (last + 1) / len(order), float(accuracy[last])


def measure(examples: Examples, answers: Answers, *, trust: float, seed: int = 0) -> Metrics:
    """Compare answers with the truth.

    Args:
        examples: All rows.
        answers: From cross-validation.
        trust: Wished accuracy of the answers that count as sure.
        seed: Of the bootstrap.
    """
    import numpy as np

    truth = np.asarray(examples.classes)
    repeats, rows, _ = answers.probabilities.shape
    flat, again = answers.probabilities.reshape(repeats * rows, -1), np.tile(truth, repeats)
    temperature, loss, before = _temperature(flat, again)
    tempered = temper(flat, temperature)
    predicted = tempered.argmax(axis=1)
    threshold, sure, sure_accuracy = _threshold(tempered.max(axis=1), predicted == again, trust)
    times = resamples(examples.classes, seed=seed)
    low, high = np.percentile(macro_f1(examples.classes, predicted.reshape(repeats, rows), times), [2.5, 97.5])
    f1 = _f1(examples, predicted.reshape(repeats, rows))
    usual = np.full((1, rows), np.bincount(truth).argmax())
    return Metrics(
        macro_f1=float(np.mean(list(f1.values()))),
        interval=(float(low), float(high)),
        accuracy=float((predicted == again).mean()),
        majority_f1=float(np.mean(list(_f1(examples, usual).values()))),
        f1=f1,
        rows=rows,
        folds=answers.folds,
        repeats=repeats,
        epochs=answers.epochs,
        temperature=temperature,
        loss=loss,
        loss_before=before,
        threshold=threshold,
        sure=sure,
        sure_accuracy=sure_accuracy,
    )


def _f1(examples: Examples, predicted: NDArray[np.int64]) -> dict[str, float]:
    """F1 of each class, mean over the repeats."""
    import numpy as np
    from sklearn.metrics import f1_score

    classes = range(len(examples.labels))
    each = [f1_score(examples.classes, answers, average=None, labels=classes, zero_division=0) for answers in predicted]
    return dict(zip(examples.labels, map(float, np.mean(each, axis=0)), strict=True))

"""Cross-validation of the whole of learning, repeated, with every finished fold kept until all are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from text_classification.training import Trainer
from utils.artifacts import atomic_write, prepare_folder
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from text_classification.settings import TrainingSettings

__all__ = ["Answers", "FoldStore", "cross_validate", "folds_of"]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was answered of every row by a model that had not seen it.

    Attributes:
        probabilities: Of shape (repeats, rows, classes), not calibrated.
        epochs: The epoch that each fold kept.
        folds: Parts of each repeat.
    """

    probabilities: NDArray[np.float64]
    epochs: tuple[int, ...]
    folds: int


class FoldStore:
    """Keeps finished folds in a folder, so that an interrupted training goes on where it stopped.

    Args:
        folder: Where; made when the first fold is done. None keeps nothing.
        key: Hash of all that the folds depend on; those of anything else count as absent.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._folder = folder
        self._key = key

    def read(self, fold: str) -> tuple[list[list[float]], int] | None:
        """Return probabilities and epoch of a fold that was finished, or None."""
        if self._folder is None:
            return None
        try:
            kept = json.loads((self._folder / f"{fold}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return (kept["probabilities"], kept["epoch"]) if kept.get("key") == self._key else None

    def write(self, fold: str, probabilities: list[list[float]], epoch: int) -> None:
        """Keep a fold.

        Raises:
            InputError: If the folder cannot be written.
        """
        if self._folder is None:
            return
        text = json.dumps({"key": self._key, "probabilities": probabilities, "epoch": epoch})
        atomic_write(
            prepare_folder(self._folder) / f"{fold}.json", lambda path: path.write_text(text, encoding="utf-8")
        )

    def clear(self) -> None:
        """Forget all folds."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def folds_of(
    classes: Sequence[int], settings: TrainingSettings
) -> Iterator[tuple[int, int, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield repeat, fold, rows to learn from and rows to answer; every class in proportion everywhere.

    Args:
        classes: One a row, each at least twice.
        settings: Their ``folds``, ``repeats`` and ``seed``.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    folds = min(settings.folds, int(np.bincount(classes).min()))
    for repeat in range(settings.repeats):
        cut = StratifiedKFold(folds, shuffle=True, random_state=settings.seed + repeat)
        for fold, (train, test) in enumerate(cut.split(np.zeros(len(classes)), classes)):
            yield repeat, fold, train, test


def cross_validate(trainer: Trainer, *, store: FoldStore, progress: Progress = silent) -> Answers:
    """Let rows be answered by models that learned without them, choice of the epoch included.

    Args:
        trainer: Teaches.
        store: Where finished folds are kept and found.
        progress: Draws the bar.

    Raises:
        InputError: If the store's folder cannot be written.
    """
    import numpy as np

    examples, settings = trainer.examples, trainer.settings
    folds = list(folds_of(examples.classes, settings))
    answers = np.empty((settings.repeats, len(examples.texts), len(examples.labels)))
    epochs = []
    for repeat, fold, train, test in progress(folds, description="Cross-validation", total=len(folds)):
        name = f"fold-{repeat + 1}-{fold + 1}"
        kept = store.read(name)
        if kept is None:
            lesson = trainer.learn(train.tolist(), seed=settings.seed + repeat)
            kept = trainer.answer(lesson, test.tolist()).tolist(), lesson.epoch
            store.write(name, *kept)
        answers[repeat, test], epoch = kept
        epochs.append(epoch)
    return Answers(probabilities=answers, epochs=tuple(epochs), folds=len(folds) // settings.repeats)

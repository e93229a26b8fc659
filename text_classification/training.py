"""Learning from rows: an encoder with early stopping and weighted classes, and a model of words beside it.

The head begins as the logistic regression on the untouched encoder, since a random head would distort the encoder
before it fits (Kumar et al. 2022, https://arxiv.org/abs/2202.10054). That beginning counts as epoch 0: where
fine-tuning does not help, it is what is kept.

A plain loop rather than transformers' Trainer, which needs accelerate (not among our dependencies), prints its own
tables and bars, and writes checkpoints that nobody asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from text_classification.examples import Examples
from text_classification.model import PlaceModel
from text_classification.network import Network
from text_classification.settings import TrainingSettings
from text_classification.words import WordModel, fit_regression
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Lesson", "Trainer", "split"]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What was learned.

    Attributes:
        model: Answers with the trainer's network, until its next lesson.
        epoch: The epoch that was kept; 0 is the head fitted to the untouched encoder.
        epochs: Epochs that ran to find it.
    """

    model: PlaceModel
    epoch: int
    epochs: int


def split(classes: Sequence[int], *, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Divide rows so that every class stands in both parts.

    Args:
        classes: Class of each row; each class at least twice.
        share: Of each class, what is held out.
        seed: Of the draw.

    Returns:
        Rows to learn from and rows held out, each sorted.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    of = np.asarray(classes)
    held_out: set[int] = set()
    for each in np.unique(of):
        rows = random.permutation(np.flatnonzero(of == each))
        size = min(max(1, round(share * len(rows))), len(rows) - 1)
        held_out.update(rows[:size].tolist())
    return [row for row in range(len(of)) if row not in held_out], sorted(held_out)


def _start_head(network: Network, features: Any, classes: Sequence[int], settings: TrainingSettings) -> None:
    """Fit the head to the encoder as it is."""
    import torch

    weight, bias = fit_regression(features, classes, strength=settings.fit)
    network.head.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})


def _optimizer(network: Network, settings: TrainingSettings) -> Any:
    """AdamW for the head and the encoder's last layers; the rest stays as it was."""
    import torch

    network.encoder.requires_grad_(False)
    body = [weight.requires_grad_(True) for weight in network.last_layers(settings.layers)]
    groups = [
        {"params": body, "lr": settings.rate},
        {"params": list(network.head.parameters()), "lr": settings.head_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.decay)


def _schedule(optimizer: Any, *, steps: int, warmup: float) -> Any:
    """Linear rise, then linear fall to zero (Devlin et al. 2019, appendix A.2)."""
    import torch

    rise = max(1, round(warmup * steps))
    # The first step is not wasted on a rate of 0.
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, (steps - step) / max(1, steps - rise))
    )


def _class_weights(classes: NDArray[np.int64], count: int) -> Any:
    """Weights inverse to the classes' frequencies, with mean 1 over the rows."""
    import numpy as np
    import torch

    # A class may have lost its only row to the part held out.
    frequency = np.maximum(1, np.bincount(classes, minlength=count))
    return torch.tensor(len(classes) / (count * frequency), dtype=torch.float32)


def _learn(network: Network, batch: list[list[int]], truth: Any, weights: Any, optimizer: Any) -> None:
    import torch

    scores = network.head(network.pooled(batch))
    loss: Any = torch.nn.functional.cross_entropy(scores, truth, weight=weights)
    optimizer.zero_grad()
    loss.backward()
    for group in optimizer.param_groups:
        torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
    optimizer.step()


def _judge(network: Network, examples: Examples, rows: Sequence[int]) -> tuple[float, float]:
    """Macro F1, and minus the loss, which tells equals apart."""
    from sklearn.metrics import f1_score, log_loss

    truth = [examples.classes[row] for row in rows]
    classes = range(len(examples.labels))
    probabilities = network.probabilities([examples.texts[row] for row in rows])
    predicted = probabilities.argmax(axis=1)
    score = float(f1_score(truth, predicted, average="macro", labels=classes, zero_division=0))
    return score, -float(log_loss(truth, probabilities, labels=classes))


class Trainer:
    """Teaches one network again and again, each time from the untouched encoder.

    Args:
        network: On base weights; changed by every lesson.
        examples: What there is to learn.
        settings: Of the training.
    """

    def __init__(self, network: Network, examples: Examples, settings: TrainingSettings) -> None:
        self.network = network
        self.examples = examples
        self.settings = settings
        # The untouched encoder's output is the same in every lesson.
        self._features = network.features(examples.texts)
        self._untouched = {name: weight.clone() for name, weight in network.encoder.state_dict().items()}

    def learn(self, rows: Sequence[int], *, seed: int, progress: Progress = silent) -> Lesson:
        """Learn from some rows.

        A part of them, held out, chooses the epoch; then the lesson begins again and takes all of them for as long,
        because small data can spare no row (Goodfellow et al. 2016, algorithm 7.2).

        Args:
            rows: Which, every class among them.
            seed: Of the held-out part, the order and the dropout.
            progress: Draws the bars.
        """
        import torch

        chosen = [self.examples.classes[row] for row in rows]
        texts = [self.examples.texts[row] for row in rows]
        words = WordModel.fit(texts, chosen, strength=self.settings.words_fit) if self.settings.words else None
        # The random state of torch belongs to the caller; that of the dropout is ours.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            epoch, epochs = self._best_epoch(rows, seed, progress) if self.settings.epochs else (0, 0)
            steps = islice(self._epochs(rows, seed), epoch + 1)
            for _ in progress(steps, description="Learning all places", total=epoch + 1):
                pass
        self.network.encoder.eval()
        model = PlaceModel(self.network, words, share=self.settings.words)
        return Lesson(model=model, epoch=epoch, epochs=epochs)

    def answer(self, lesson: Lesson, rows: Sequence[int]) -> NDArray[np.float64]:
        """Classify rows by the lesson that was just learned.

        Returns:
            Array of shape (rows, classes).
        """
        texts = [self.examples.texts[row] for row in rows]
        # An encoder that was left as it was need not read them again.
        if lesson.epoch == 0:
            return lesson.model.combine(texts, self._features[list(rows)])
        return lesson.model.probabilities(texts)

    def _best_epoch(self, rows: Sequence[int], seed: int, progress: Progress) -> tuple[int, int]:
        """Learn without the rows held out until they are answered no better; return the best epoch and the last."""
        inner, outer = split([self.examples.classes[row] for row in rows], share=self.settings.held_out, seed=seed)
        held_out = [rows[at] for at in outer]
        if not held_out:  # one row a class, of which none can be spared
            return 0, 0
        best, kept, epoch = (-1.0, -math.inf), 0, 0
        epochs = self._epochs([rows[at] for at in inner], seed)
        for epoch in progress(epochs, description="Finding the best epoch", total=self.settings.epochs + 1):
            score = _judge(self.network, self.examples, held_out)
            if score > best:
                best, kept = score, epoch
            elif epoch - kept >= self.settings.patience:
                break
        return kept, epoch

    def _epochs(self, rows: Sequence[int], seed: int) -> Iterator[int]:
        """Train from the beginning, and yield the number of each epoch when it is done; 0 is the fitted head alone."""
        import numpy as np
        import torch

        network, settings = self.network, self.settings
        random = np.random.default_rng(seed)
        classes = np.asarray(self.examples.classes)
        network.encoder.load_state_dict(self._untouched)
        network.encoder.eval()
        _start_head(network, self._features[list(rows)], classes[list(rows)].tolist(), settings)
        yield 0
        tokens = network.tokens(self.examples.texts)
        weights = _class_weights(classes[list(rows)], len(self.examples.labels))
        optimizer = _optimizer(network, settings)
        steps = settings.epochs * math.ceil(len(rows) / settings.rows)
        schedule = _schedule(optimizer, steps=steps, warmup=settings.warmup)
        for epoch in range(1, settings.epochs + 1):
            network.encoder.train()
            order = random.permutation(np.asarray(rows))
            for start in range(0, len(order), settings.rows):
                batch = order[start : start + settings.rows]
                truth = torch.from_numpy(classes[batch])
                _learn(network, [tokens[row] for row in batch], truth, weights, optimizer)
                schedule.step()
            yield epoch

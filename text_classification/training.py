"""Fine-tuning: a part held out, weighted classes, early stopping.

The head begins as the logistic regression on the untouched encoder, since a random head would distort the encoder
before it fits (Kumar et al. 2022, https://arxiv.org/abs/2202.10054). That beginning counts as epoch 0: where
fine-tuning does not help, it is what is kept.

A plain loop rather than transformers' Trainer, which needs accelerate (not among our dependencies), prints its own
tables and bars, and writes checkpoints that nobody asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from text_classification.examples import Examples
from text_classification.metrics import Metrics, measure
from text_classification.network import Network
from text_classification.settings import TrainingSettings
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fine_tune", "split"]


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


def _start_head(network: Network, texts: Sequence[str], classes: Sequence[int], settings: TrainingSettings) -> None:
    """Fit the head to the encoder as it is."""
    import numpy as np
    import torch
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=settings.fit, class_weight="balanced", max_iter=2000)
    regression.fit(network.features(texts), classes)
    weight, bias = regression.coef_, regression.intercept_
    if len(bias) == 1:  # of two classes, sklearn scores the second only
        weight, bias = np.vstack([0 * weight, weight]), np.append(0, bias)
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

    frequency = np.bincount(classes, minlength=count)
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


def _judge(network: Network, examples: Examples, rows: Sequence[int]) -> tuple[float, float, list[int]]:
    """Macro F1, minus the loss (which tells equals apart), and the predicted classes."""
    from sklearn.metrics import f1_score, log_loss

    truth = [examples.classes[row] for row in rows]
    classes = range(len(examples.labels))
    probabilities = network.probabilities([examples.texts[row] for row in rows])
    predicted = probabilities.argmax(axis=1)
    score = float(f1_score(truth, predicted, average="macro", labels=classes, zero_division=0))
    loss = float(log_loss(truth, probabilities, labels=classes))
    return score, -loss, predicted.tolist()


def _epochs(network: Network, examples: Examples, rows: Sequence[int], settings: TrainingSettings) -> Iterator[int]:
    """Train, and yield the number of each epoch when it is done; 0 is the fitted head alone."""
    import numpy as np
    import torch

    random = np.random.default_rng(settings.seed)
    classes = np.asarray(examples.classes)
    _start_head(network, [examples.texts[row] for row in rows], classes[list(rows)].tolist(), settings)
    yield 0
    tokens = network.tokens(examples.texts)
    weights = _class_weights(classes[list(rows)], len(examples.labels))
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


def _best_epoch(
    network: Network, examples: Examples, settings: TrainingSettings, progress: Progress
) -> tuple[Metrics, int]:
    """Train without the rows held out until they are answered no better."""
    train, held_out = split(examples.classes, share=settings.held_out, seed=settings.seed)
    best = (-1.0, -math.inf)
    kept, epoch = 0, 0
    answers: list[int] = []
    epochs = _epochs(network, examples, train, settings)
    for epoch in progress(epochs, description="Finding the best epoch", total=settings.epochs + 1):
        score, confidence, predicted = _judge(network, examples, held_out)
        if (score, confidence) > best:
            best, kept, answers = (score, confidence), epoch, predicted
        elif epoch - kept >= settings.patience:
            break
    return measure(examples, held_out, answers, epoch=kept, epochs=epoch), kept


def fine_tune(
    network: Network, examples: Examples, settings: TrainingSettings, *, progress: Progress = silent
) -> Metrics:
    """Train a network in place: find the best epoch on held-out rows, then begin again and learn all rows as long.

    Small data can spare no row (Goodfellow et al. 2016, algorithm 7.2). The scores are those of the first of the two.

    Args:
        network: On base weights, with a head for the classes of the examples.
        examples: Every class at least twice.
        settings: Of the training.
        progress: Draws the bars.

    Returns:
        Scores on the rows held out.
    """
    import torch

    untouched = {name: weight.clone() for name, weight in network.encoder.state_dict().items()}
    # The random state of torch belongs to the caller; that of the dropout is ours.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        metrics, best = _best_epoch(network, examples, settings, progress)
        network.encoder.load_state_dict(untouched)
        epochs = islice(_epochs(network, examples, range(len(examples.texts)), settings), best + 1)
        for _ in progress(epochs, description="Learning all places", total=best + 1):
            pass
    network.encoder.eval()
    return metrics

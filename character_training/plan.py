"""Which replies are learnt from in which step: the whole training laid out before it begins.

A plan depends on data, settings and seed alone, so that a training that was interrupted goes on with the very batches
that it would have had.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from itertools import islice

from character_training.encoding import Encoded
from character_training.prefix_tree import PrefixTree
from character_training.settings import TrainingSettings

__all__ = ["plan_batches", "plan_steps"]


def plan_batches(
    examples: Sequence[Encoded], scenes: Sequence[Hashable], order: Sequence[int], *, replies: int, tokens: int | None
) -> list[list[int]]:
    """Divide examples into batches; the replies of a scene stay together, since they share their lines.

    Args:
        examples: All examples.
        scenes: Scene of each; None for an example that stands alone.
        order: Indices of the examples to use; scenes come as their first example does.
        replies: A batch holds at most so many examples.
        tokens: A batch computes at most so many tokens, unless a single example has more; None for no bound.
    """
    members: dict[Hashable, list[int]] = {}
    for index in order:
        members.setdefault(index if scenes[index] is None else ("scene", scenes[index]), []).append(index)
    batches: list[list[int]] = []
    batch: list[int] = []
    tree = PrefixTree()
    for index in (each for scene in members.values() for each in sorted(scene)):
        tree.add(examples[index])
        if batch and (len(batch) == replies or (tokens is not None and len(tree) > tokens)):
            batches.append(batch)
            batch, tree = [], PrefixTree()
            tree.add(examples[index])
        batch.append(index)
    return [*batches, batch] if batch else batches


def _epochs(examples: Sequence[Encoded], scenes: Sequence[Hashable], settings: TrainingSettings) -> Iterator[list[int]]:
    """Batches without end; every epoch has an order of its own, in which the batches are dealt anew."""
    import numpy as np

    epoch = 0
    while True:
        random = np.random.default_rng([settings.seed, epoch])
        order = random.permutation(len(examples)).tolist()
        batches = plan_batches(examples, scenes, order, replies=settings.batch_size, tokens=settings.batch_tokens)
        yield from (batches[index] for index in random.permutation(len(batches)))
        epoch += 1


def plan_steps(
    examples: Sequence[Encoded], scenes: Sequence[Hashable], settings: TrainingSettings
) -> tuple[list[list[int]], int]:
    """Return the batch of every step of a training, and how many steps an epoch has.

    Args:
        examples: What is learnt from; at least one.
        scenes: Scene of each; None for an example that stands alone.
        settings: How long, and how large a batch is.
    """
    everything = range(len(examples))
    once = plan_batches(examples, scenes, everything, replies=settings.batch_size, tokens=settings.batch_tokens)
    steps = settings.max_steps if settings.epochs is None else max(1, math.ceil(settings.epochs * len(once)))
    return list(islice(_epochs(examples, scenes, settings), steps)), len(once)

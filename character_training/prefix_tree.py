"""Several conversations in one pass: what they share is computed once.

The examples of a character begin with the same system prompt, and those of a scene with the same lines. A batch is the
tree of their tokens: a token attends to its ancestors alone, at the position that it has in its own conversation, so
that every example sees exactly what it would see by itself, without padding and without computing a prefix twice.
The idea of sharing prefixes in attention: https://arxiv.org/abs/2402.15220, https://arxiv.org/abs/2402.05099.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from character_training.encoding import Encoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NOTHING", "PrefixTree", "tree_of"]

# What PyTorch's losses skip.
NOTHING: Final = -100


@dataclass
class PrefixTree:
    """A batch under construction.

    Attributes:
        tokens: One a node; parents come before their children.
        parents: Index of each node's parent; -1 where a conversation begins.
        positions: Depth of each node, which is the token's position in its conversation.
        labels: The token that each node has to predict, or `NOTHING`.
        read: Tokens of all examples, those that are shared counted for each.
    """

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    read: int = 0
    _children: dict[tuple[int, int], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, example: Encoded) -> None:
        """Add a conversation below the longest beginning that it shares."""
        self.read += len(example.tokens)
        node = -1
        for place, token in enumerate(example.tokens):
            after = place + 1
            learnt = after >= example.learn and after < len(example.tokens)
            node = self._step(node, token, example.tokens[after] if learnt else NOTHING)

    def _step(self, parent: int, token: int, label: int) -> int:
        node = self._children.get((parent, token))
        if node is not None and label in (NOTHING, self.labels[node]):
            return node
        if node is not None and self.labels[node] == NOTHING:
            self.labels[node] = label
            return node
        # A node predicts one token; where two examples disagree, the second goes its own way.
        self.tokens.append(token)
        self.parents.append(parent)
        self.positions.append(0 if parent < 0 else self.positions[parent] + 1)
        self.labels.append(label)
        created = len(self.tokens) - 1
        self._children.setdefault((parent, token), created)
        return created

    def visible(self) -> NDArray[np.bool_]:
        """Return which node sees which, of shape (nodes, nodes): its ancestors and itself."""
        import numpy as np

        sees = np.eye(len(self), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                sees[node] |= sees[parent]
        return sees


def tree_of(examples: Sequence[Encoded]) -> PrefixTree:
    """Return the tree of some examples."""
    tree = PrefixTree()
    for example in examples:
        tree.add(example)
    return tree

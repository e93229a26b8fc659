from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from character_training.base_models import BaseModel
from character_training.dataset import Dataset
from character_training.encoding import Encoded, encoder_of
from character_training.prefix_tree import NOTHING, PrefixTree, tree_of
from character_training.settings import TrainingSettings

conversations = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=2, max_size=9), st.floats(0, 1)).map(
        lambda drawn: Encoded(tuple(drawn[0]), 1 + int(drawn[1] * (len(drawn[0]) - 1)))
    ),
    min_size=1,
    max_size=8,
)


def _path(tree: PrefixTree, node: int) -> list[int]:
    found = []
    while node >= 0:
        found.append(node)
        node = tree.parents[node]
    return found[::-1]


def test_a_shared_beginning_is_computed_once() -> None:
    tree = tree_of([Encoded((1, 2, 3, 4), 3), Encoded((1, 2, 3, 5), 3)])
    # 3 has to predict 4 for one and 5 for the other, so that it stands twice.
    assert tree.tokens == [1, 2, 3, 4, 3, 5]
    assert tree.parents == [-1, 0, 1, 2, 1, 4]
    assert tree.positions == [0, 1, 2, 3, 2, 3]
    assert tree.labels == [NOTHING, NOTHING, 4, NOTHING, 5, NOTHING]
    assert tree.read == 8


def test_the_replies_of_a_scene_form_one_chain() -> None:
    first, second = Encoded((1, 2, 3), 2), Encoded((1, 2, 3, 4, 5), 4)
    tree = tree_of([second, first])
    assert tree.tokens == [1, 2, 3, 4, 5]
    assert tree.labels == [NOTHING, 3, NOTHING, 5, NOTHING]


@given(conversations)
def test_every_example_finds_its_own_tokens_and_labels(examples: list[Encoded]) -> None:
    tree = tree_of(examples)
    sees = tree.visible()
    paths = {tuple(tree.tokens[node] for node in _path(tree, leaf)): _path(tree, leaf) for leaf in range(len(tree))}
    for example in examples:
        # Of several paths with the same tokens, one must learn what the example learns.
        matching = [
            _path(tree, leaf)
            for leaf in range(len(tree))
            if [tree.tokens[node] for node in _path(tree, leaf)] == list(example.tokens)
        ]
        learnt = {place: example.tokens[place + 1] for place in range(example.learn - 1, len(example.tokens) - 1)}
        assert any(all(tree.labels[path[place]] == token for place, token in learnt.items()) for path in matching)
    for path in paths.values():
        assert [tree.positions[node] for node in path] == list(range(len(path)))
        assert sees[path[-1]].nonzero()[0].tolist() == sorted(path)
    learnt_tokens = sum(label != NOTHING for label in tree.labels)
    assert learnt_tokens <= sum(len(example.tokens) - example.learn for example in examples)
    assert len(tree) <= tree.read


def test_a_tree_has_the_loss_of_its_examples_one_by_one(tiny_base: BaseModel, tiny_dataset: Dataset) -> None:
    import torch

    from character_training.trainer import model_inputs, reply_loss

    settings = TrainingSettings(fp16=False, quantize=False)
    model: Any = tiny_base.model(settings).eval()
    encode = encoder_of(tiny_base.tokenizer(), longest=256)
    examples = [encode(example.messages) for example in tiny_dataset.train[:8]]
    tree = tree_of(examples)
    assert len(tree) < tree.read / 2
    with torch.no_grad():
        together, labels = reply_loss(model, model_inputs(tree))
        alone = [reply_loss(model, model_inputs(tree_of([example]))) for example in examples]
    assert labels == sum(count for _, count in alone)
    assert float(together) == pytest.approx(sum(float(loss) for loss, _ in alone), rel=1e-5)


def test_the_loss_is_that_of_transformers(tiny_base: BaseModel, tiny_dataset: Dataset) -> None:
    import torch

    from character_training.trainer import model_inputs, reply_loss

    model: Any = tiny_base.model(TrainingSettings(fp16=False, quantize=False)).eval()
    example = encoder_of(tiny_base.tokenizer(), longest=256)(tiny_dataset.train[3].messages)
    labels = [NOTHING] * example.learn + list(example.tokens[example.learn :])
    with torch.no_grad():
        ours, count = reply_loss(model, model_inputs(tree_of([example])))
        theirs = model(input_ids=torch.tensor([example.tokens]), labels=torch.tensor([labels])).loss
    assert float(ours) / count == pytest.approx(float(theirs), rel=1e-5)

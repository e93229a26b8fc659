from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from character_training.encoding import Encoded
from character_training.plan import plan_batches, plan_steps
from character_training.prefix_tree import tree_of
from character_training.settings import TrainingSettings

EXAMPLES = [Encoded((1, 2, 3, *range(10 + index, 14 + index)), 5) for index in range(20)]
SCENES = [None if index % 5 == 0 else index // 4 for index in range(20)]


def _settings(**changed: object) -> TrainingSettings:
    return TrainingSettings.model_validate({"batch_size": 4, "epochs": 2, **changed})


@given(st.permutations(range(20)), st.integers(1, 8), st.none() | st.integers(4, 60))
def test_every_example_is_in_one_batch_and_no_batch_is_too_large(
    order: list[int], replies: int, tokens: int | None
) -> None:
    batches = plan_batches(EXAMPLES, SCENES, order, replies=replies, tokens=tokens)
    assert sorted(index for batch in batches for index in batch) == list(range(20))
    for batch in batches:
        assert len(batch) <= replies
        assert tokens is None or len(batch) == 1 or len(tree_of([EXAMPLES[index] for index in batch])) <= tokens


def test_a_scene_stays_together_where_it_fits() -> None:
    batches = plan_batches(EXAMPLES, SCENES, list(reversed(range(20))), replies=20, tokens=None)
    order = [SCENES[index] for index in batches[0] if SCENES[index] is not None]
    assert order == sorted(order, reverse=True)


def test_a_plan_is_repeatable_and_every_epoch_has_its_own_order() -> None:
    plan, epoch = plan_steps(EXAMPLES, SCENES, _settings())
    assert plan == plan_steps(EXAMPLES, SCENES, _settings())[0]
    assert plan != plan_steps(EXAMPLES, SCENES, _settings(seed=1))[0]
    assert len(plan) == 2 * epoch
    assert plan[:epoch] != plan[epoch:]


def test_steps_bound_a_plan_unless_epochs_do() -> None:
    assert len(plan_steps(EXAMPLES, SCENES, _settings(epochs=None, max_steps=3))[0]) == 3
    assert len(plan_steps(EXAMPLES, SCENES, _settings(epochs=None, max_steps=50))[0]) == 50
    longer, epoch = plan_steps(EXAMPLES, SCENES, _settings(epochs=0.5, max_steps=50))
    assert len(longer) == -(-epoch // 2)

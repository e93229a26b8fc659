from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from text_classification.examples import Examples
from text_classification.metrics import macro_f1, measure, paired_gain, resamples
from text_classification.model import temper
from text_classification.validation import Answers


def examples(classes: list[int]) -> Examples:
    labels = tuple("ABC"[: max(classes) + 1])
    return Examples(texts=("x",) * len(classes), classes=tuple(classes), labels=labels, skipped=0)


def answers(*repeats: list[list[float]]) -> Answers:
    return Answers(probabilities=np.array(repeats), epochs=(0, 2), folds=2)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=30))
def test_macro_f1_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, said = map(list, zip(*pairs, strict=True))
    once = np.ones((1, len(truth)), dtype=np.int64)
    expected = f1_score(truth, said, average="macro", labels=sorted(set(truth)), zero_division=0)
    assert macro_f1(truth, np.array([said]), once)[0] == pytest.approx(expected)


def test_draws_keep_the_size_of_every_class() -> None:
    times = resamples([0, 0, 0, 1, 1], count=50)
    assert times.shape == (50, 5)
    assert (times[:, :3].sum(axis=1) == 3).all()
    assert (times[:, 3:].sum(axis=1) == 2).all()
    assert np.unique(times[:, 0]).size > 1


def test_a_better_classifier_gains_and_the_same_one_does_not() -> None:
    truth = [0, 1] * 20
    right, wrong = np.array([truth]), np.array([[0] * 40])
    gain, low, high = paired_gain(truth, right, wrong)
    assert gain == pytest.approx(2 / 3)
    assert 0 < low <= gain <= high
    assert paired_gain(truth, right, right) == (0.0, 0.0, 0.0)


def test_a_timid_classifier_becomes_as_sure_as_it_is_right() -> None:
    truth = [0, 1] * 10
    timid = [[0.6, 0.4], [0.4, 0.6]] * 10
    timid[0] = [0.4, 0.6]
    metrics = measure(examples(truth), answers(timid), trust=0.9)
    assert metrics.temperature < 1
    assert metrics.loss < metrics.loss_before
    tempered = temper(np.array(timid), metrics.temperature)
    assert tempered.max(axis=1).mean() == pytest.approx(0.95, abs=0.01)
    assert (metrics.rows, metrics.folds, metrics.repeats, metrics.epochs) == (20, 2, 1, (0, 2))


def test_sure_is_from_where_answers_are_right_often_enough() -> None:
    truth = [0] * 10 + [1] * 10
    probable = [[0.9, 0.1]] * 10 + [[0.2, 0.8]] * 4 + [[0.55, 0.45]] * 6
    metrics = measure(examples(truth), answers(probable), trust=0.95)
    assert metrics.sure == pytest.approx(14 / 20)
    assert metrics.sure_accuracy == 1.0
    assert temper(np.array([[0.2, 0.8]]), metrics.temperature).max() == pytest.approx(metrics.threshold)


def test_where_no_answer_can_be_trusted_the_best_fifth_counts_and_its_accuracy_is_told() -> None:
    truth = [0, 1] * 10
    always = [[0.7, 0.3]] * 20
    metrics = measure(examples(truth), answers(always), trust=0.99)
    assert (metrics.sure, metrics.sure_accuracy) == (1.0, 0.5)


def test_repeats_are_averaged() -> None:
    truth = [0, 0, 1, 1]
    good, bad = [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2, [[1.0, 0.0]] * 4
    metrics = measure(examples(truth), answers(good, bad), trust=0.5)
    assert metrics.f1 == {"A": pytest.approx((1 + 2 / 3) / 2), "B": pytest.approx(0.5)}
    assert metrics.majority_f1 == pytest.approx(1 / 3)
    assert metrics.interval[0] <= metrics.macro_f1 <= metrics.interval[1]

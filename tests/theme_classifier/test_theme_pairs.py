from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theme_classifier.pairs import PairEncoder, windows
from utils.errors import InputError

TEXTS = ["I am sorry, it is all my fault.", "Run!", "", "¿Qué? …no — never 🙂"]
HYPOTHESIS = "This text expresses hope."


@given(length=st.integers(0, 300), room=st.integers(1, 50))
def test_windows_cover_everything_and_overlap(length: int, room: int) -> None:
    tokens = list(range(length))
    cut = windows(tokens, room=room)
    assert sorted({token for window in cut for token in window}) == tokens
    assert all(len(window) == min(length, room) for window in cut)
    assert all(after[0] <= before[-1] + 1 - room // 4 for before, after in pairwise(cut))


def read_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("model", ["tiny_nli", "tiny_bart"])
def test_pairs_are_what_the_tokenizer_makes_of_them(model: str, request: pytest.FixtureRequest) -> None:
    tokenizer = read_tokenizer(request.getfixturevalue(model))
    encoder = PairEncoder(tokenizer)
    (hypothesis,) = encoder.tokenise([HYPOTHESIS])
    pairs = [pair for premise in encoder.tokenise(TEXTS) for pair in encoder.windowed(0, premise, hypothesis)]
    ours = encoder.batch(pairs)
    theirs = tokenizer(TEXTS, [HYPOTHESIS] * len(TEXTS), padding=True, return_tensors="pt")
    assert set(ours) == set(theirs)
    for name, values in theirs.items():
        assert ours[name].tolist() == values.tolist(), name


def test_every_window_fits_the_model(tiny_nli: Path) -> None:
    encoder = PairEncoder(read_tokenizer(tiny_nli), positions=40)
    premise, hypothesis = encoder.tokenise(["you " * 500, HYPOTHESIS])
    batch = encoder.batch(encoder.windowed(0, premise, hypothesis))
    assert batch["input_ids"].shape[1] == 40
    assert batch["attention_mask"].all()


def test_a_tokenizer_that_does_not_know_the_window_asks_the_config(tiny_nli: Path) -> None:
    tokenizer = read_tokenizer(tiny_nli)
    tokenizer.model_max_length = int(1e30)
    with pytest.raises(InputError, match="window of 28"):
        PairEncoder(tokenizer, positions=30).windowed(0, [5], [5] * 40)


def test_no_texts_are_no_tokens(tiny_nli: Path) -> None:
    assert PairEncoder(read_tokenizer(tiny_nli)).tokenise([]) == []

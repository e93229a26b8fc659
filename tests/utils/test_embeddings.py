from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.embeddings import SentenceEncoder, batches_by_length
from utils.errors import WeightsError
from utils.packing import cpu_has_bf16

HIDDEN = 32
WORDS = (
    *("the", "gate", "is", "open", "run", "friend", "s", "do", "not", "lie"),
    *("who", "are", "you", "eleven", "waffle", "in", "a", "box", "under", "bed"),
)
PIECES = ("##s", "##ning", "##ly", ".", "?", "'")
VOCABULARY = {
    piece: number for number, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *PIECES])
}
TEXTS = [
    "The gate is open.",
    "Friends do not lie",
    "Run",
    "who are you?",
    "",
    "the waffles are in a box under the bed and the gate is open and eleven is running to you",
    "xyzzy",
    "RUNNING",
]
# bfloat16 keeps 8 bits of the significand; two layers and a mean leave about a hundredth.
TOLERANCE = 0.03 if cpu_has_bf16() else 1e-5

sentences = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), min_size=1, max_size=12)


def save_encoder(folder: Path) -> Path:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    BertTokenizerFast(vocab=VOCABULARY, do_lower_case=True).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,  # so that texts differ by far more than the tolerance
    )
    with torch.random.fork_rng():
        torch.manual_seed(11)
        BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder, longest=64)


def one_by_one(folder: Path, texts: list[str]) -> np.ndarray:
    """Mean of the last hidden state and unit length, one text at a time in fp32, without padding."""
    import torch
    from transformers import AutoTokenizer, BertModel

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = BertModel.from_pretrained(folder, local_files_only=True).eval()
    with torch.inference_mode():
        means = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0) for text in texts]
    return np.stack([(mean / mean.norm()).numpy() for mean in means])


def test_vectors_have_unit_length(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), HIDDEN), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_vectors_are_the_plain_computation(encoder: SentenceEncoder, folder: Path) -> None:
    expected = one_by_one(folder, TEXTS)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=TOLERANCE)
    apart = np.linalg.norm(expected[:, None] - expected[None], axis=2)[np.triu_indices(len(TEXTS), 1)]
    assert apart.min() > 5 * TOLERANCE


@pytest.mark.parametrize("budget", [1, 12, 40, 100_000])
def test_batching_changes_nothing(budget: int, encoder: SentenceEncoder, folder: Path) -> None:
    vectors = SentenceEncoder(folder, longest=64, budget=budget).encode(TEXTS)
    np.testing.assert_allclose(vectors, encoder.encode(TEXTS), atol=TOLERANCE)


@settings(max_examples=15, deadline=None)
@given(sentences, st.randoms(use_true_random=False))
def test_order_changes_nothing(encoder: SentenceEncoder, texts: list[str], chance: random.Random) -> None:
    order = chance.sample(range(len(texts)), len(texts))
    shuffled = encoder.encode([texts[index] for index in order])
    np.testing.assert_allclose(shuffled, encoder.encode(texts)[order], atol=TOLERANCE)


def test_repeated_texts_are_embedded_once(encoder: SentenceEncoder) -> None:
    batches: list[Any] = []

    def count(items: Iterable[Any], *, description: str, total: int | None = None) -> Iterable[Any]:
        for item in items:
            batches.append(item)
            yield item

    vectors = encoder.encode(["Run", "who are you?", "Run", "Run"], progress=count)
    assert sum(map(len, batches)) == 2
    np.testing.assert_array_equal(vectors[[0, 0]], vectors[[2, 3]])
    assert not np.array_equal(vectors[0], vectors[1])


def test_nothing_gives_no_rows(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode([])
    assert (vectors.shape, vectors.dtype) == ((0, HIDDEN), np.float32)


def test_long_texts_are_cut(folder: Path) -> None:
    short = SentenceEncoder(folder, longest=5)
    one, other = short.encode(["the gate is open", "the gate is a box"])
    np.testing.assert_array_equal(one, other)


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    SentenceEncoder(tmp_path / "nowhere")


def nothing(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def only_a_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_weights(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def bad_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def bad_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


def no_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def another_architecture(folder: Path) -> None:
    from transformers import GPT2Config

    GPT2Config(vocab_size=len(VOCABULARY), n_embd=HIDDEN, n_layer=2, n_head=2).save_pretrained(folder)


@pytest.mark.parametrize(
    "spoil",
    [
        nothing,
        no_weights,
        only_a_pickle,
        cut_weights,
        bad_config,
        bad_tokenizer,
        no_tokenizer,
        another_architecture,
    ],
)
def test_a_folder_that_holds_no_encoder_is_named(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    spoil(save_encoder(tmp_path))
    with pytest.raises(WeightsError, match="holds no sentence encoder") as caught:
        SentenceEncoder(tmp_path).encode(["Run"])
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nowhere holds no sentence encoder"):
        SentenceEncoder(tmp_path / "nowhere").encode(["Run"])


@given(st.lists(st.integers(0, 600)), st.integers(1, 5000))
def test_batches_hold_every_index_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(batches_by_length(lengths, budget=budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget
    ordered = [lengths[index] for batch in batches for index in batch]
    assert ordered == sorted(lengths, reverse=True)


@given(st.integers(1, 50), st.integers(1, 40), st.integers(1, 500))
def test_batches_of_equal_items_are_filled(length: int, count: int, budget: int) -> None:
    sizes = [len(batch) for batch in batches_by_length([length] * count, budget=budget)]
    assert set(sizes[:-1]) <= {max(1, budget // length)}

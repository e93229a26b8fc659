"""Searching texts: the order, the bound, the graph beyond numpy, and vectors kept from one run to the next."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from character_chatbot.kept_vectors import VectorCache
from character_chatbot.recall import DEPTH, OnceEncoder, TextIndex
from tests.character_chatbot.conftest import WordEncoder
from utils.errors import MissingDependencyError

TEXTS = ["nine waffles on a plate", "a red lamp on the tower", "ice on the pond", "waffles with syrup", "snow"]


class Counting(WordEncoder):
    """Counts what it embeds."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def encode(self, texts: Sequence[str], **options: Any) -> NDArray[np.float32]:
        self.calls.append(len(texts))
        return super().encode(texts)


def _index(texts: Sequence[str] = TEXTS, **options: Any) -> TextIndex:
    return TextIndex(texts, encoder=options.pop("encoder", WordEncoder()), **options)


def test_words_and_meaning_agree_on_the_first() -> None:
    assert _index().search("red tower lamp")[0] == 1
    assert set(_index().search("waffles")[:2]) == {0, 3}


def test_what_lies_behind_the_bound_is_not_found() -> None:
    assert 3 not in _index().search("waffles with syrup", first=3)
    assert _index().search("waffles", first=0) == []


def test_what_is_too_far_off_is_not_found() -> None:
    assert _index().search("waffles with syrup", least=0.5)[0] == 3
    assert _index().search("waffles with syrup", least=0.5) != _index().search("waffles with syrup")
    assert _index().search("good evening", least=0.3) == []
    # Without an encoder nothing tells how far off a text is.
    assert _index(encoder=None).search("waffles", least=0.9)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(alphabet="ab cd", max_size=12), max_size=30), st.text(alphabet="ab cd?", max_size=12), st.data()
)
def test_any_texts_can_be_searched(texts: list[str], question: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(texts)))
    found = _index(texts).search(question, first=first)
    assert len(found) == len(set(found))
    assert all(position < first for position in found)
    assert bool(found) == bool(first)


def test_only_the_top_of_many_is_ranked() -> None:
    texts = [f"word{number} common" for number in range(5_000)]
    found = _index(texts).search("word4321 common")
    assert found[0] == 4321
    assert len(found) <= 2 * DEPTH


def test_a_question_is_embedded_once() -> None:
    counting = Counting()
    once = OnceEncoder(counting)
    index, other = _index(encoder=once), _index(["other text", "and more"], encoder=once)
    index.search("waffles")
    before = len(counting.calls)
    index.search("waffles")
    other.search("waffles")
    assert counting.calls[before:] == [2]  # the other index's own texts


def test_more_texts_than_numpy_serves_ask_for_usearch() -> None:
    if importlib.util.find_spec("usearch") is not None:
        pytest.skip("usearch is here")
    with pytest.raises(MissingDependencyError, match=r"5 passages needs usearch; run: pip install '.*\[recall\]'"):
        _index(exact=3).search("waffles")


def test_the_graph_finds_what_numpy_finds() -> None:
    pytest.importorskip("usearch")
    texts = [f"{a} {b} {c}" for a in "abcdefghij" for b in "klmnopqrst" for c in "uvwxyz"]
    exact, graph = _index(texts), _index(texts, exact=1)
    assert graph.search("c m x")[0] == exact.search("c m x")[0] == texts.index("c m x")
    for first in (1, 10, 333):
        found = graph.search("c m x", first=first)
        assert found
        assert all(position < first for position in found)
        assert found[0] in exact.search("c m x", first=first)


def _cache(folder: Path, **options: Any) -> VectorCache:
    weights = folder / "weights"
    weights.mkdir(exist_ok=True)
    if not (weights / "model.safetensors").exists():
        (weights / "model.safetensors").write_bytes(b"weights")
    return VectorCache(folder / "vectors", weights=weights, **options)


def test_vectors_are_kept_by_texts_and_weights(tmp_path: Path) -> None:
    texts = [f"text number {number}" for number in range(40)]
    counting = Counting()
    first = _cache(tmp_path).encode(texts, counting)
    again = _cache(tmp_path).encode(texts, counting)
    assert counting.calls == [40]
    np.testing.assert_allclose(first, again, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=1e-5)
    _cache(tmp_path).encode([*texts, "one more"], counting)
    (tmp_path / "weights" / "model.safetensors").write_bytes(b"other weights")
    VectorCache(tmp_path / "vectors", weights=tmp_path / "weights").encode(texts, counting)
    assert counting.calls == [40, 41, 40]


@pytest.mark.parametrize("damage", [b"", b"not numpy", b"\x93NUMPY\x01\x00"])
def test_damaged_vectors_are_made_again(tmp_path: Path, damage: bytes) -> None:
    texts = [f"text number {number}" for number in range(40)]
    _cache(tmp_path).encode(texts, WordEncoder())
    [kept] = (tmp_path / "vectors").glob("*.npy")
    kept.write_bytes(damage)
    counting = Counting()
    assert len(_cache(tmp_path).encode(texts, counting)) == 40
    assert counting.calls == [40]


def test_the_folder_of_vectors_is_bounded(tmp_path: Path) -> None:
    for number in range(3):
        _cache(tmp_path, largest=60_000).encode([f"text {number} {at}" for at in range(40)], WordEncoder())
    assert sum(path.stat().st_size for path in (tmp_path / "vectors").glob("*.npy")) <= 60_000


def test_a_folder_that_cannot_be_made_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "vectors").write_text("a file")
    assert len(_cache(tmp_path).encode([f"text {at}" for at in range(40)], WordEncoder())) == 40

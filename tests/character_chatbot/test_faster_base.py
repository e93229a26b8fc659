"""The copy of the embedded base: the same numbers, made once, never half, and never in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from character_chatbot.faster_base import faster_base
from utils.models import Weights

gguf = pytest.importorskip("gguf")


def _write(path: Path) -> Path:
    """A file with the kinds that the embedded base has."""
    from gguf import GGMLQuantizationType as Kind
    from gguf.quants import quantize

    numbers = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.name", "A tiny base")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "ç"])
    writer.add_array("tokenizer.ggml.token_type", [1, 1, 3])
    writer.add_file_type(3)
    writer.add_tensor("norm", numbers[0])
    writer.add_tensor("matrix", quantize(numbers, Kind.Q4_1), raw_dtype=Kind.Q4_1)
    writer.add_tensor("embedding", quantize(numbers, Kind.Q8_0), raw_dtype=Kind.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def base(tmp_path: Path) -> Weights:
    return Weights(
        task="chat", path=_write(tmp_path / "tiny.Q4_1.gguf"), label="Tiny Q4_1 (embedded)", origin="embedded"
    )


def _tensors(path: Path) -> dict[str, tuple[str, Any]]:
    from gguf.quants import dequantize

    found = {}
    for tensor in gguf.GGUFReader(path).tensors:
        found[tensor.name] = (tensor.tensor_type.name, dequantize(tensor.data, tensor.tensor_type))
    return found


def test_a_copy_holds_the_same_numbers_in_a_kind_that_is_read_faster(base: Weights, tmp_path: Path) -> None:
    told: list[str] = []
    copy = faster_base(base, folder=tmp_path / "cache", on_make=told.append)
    before, after = _tensors(base.path), _tensors(copy)
    assert {name: kind for name, (kind, _) in after.items()} == {"norm": "F32", "matrix": "Q8_0", "embedding": "Q8_0"}
    for name in ("norm", "embedding"):
        np.testing.assert_array_equal(after[name][1], before[name][1])
    largest = np.abs(before["matrix"][1]).max()
    assert 0 < np.abs(after["matrix"][1] - before["matrix"][1]).max() <= largest / 250
    fields = gguf.GGUFReader(copy).fields
    assert fields["general.name"].contents() == "A tiny base"
    assert fields["tokenizer.ggml.tokens"].contents() == ["a", "b", "ç"]
    assert fields["tokenizer.ggml.token_type"].contents() == [1, 1, 3]
    assert fields["general.file_type"].contents() == 7
    assert len(told) == 1


def test_a_copy_is_made_once(base: Weights, tmp_path: Path) -> None:
    told: list[str] = []
    first = faster_base(base, folder=tmp_path / "cache", on_make=told.append)
    written = first.stat().st_mtime_ns
    assert faster_base(base, folder=tmp_path / "cache", on_make=told.append) == first
    assert first.stat().st_mtime_ns == written
    assert len(told) == 1
    assert [path.name for path in first.parent.iterdir()] == [first.name]


@pytest.mark.parametrize("left", [0, 10, 200, -40])
def test_a_damaged_copy_is_made_again(base: Weights, tmp_path: Path, left: int) -> None:
    copy = faster_base(base, folder=tmp_path / "cache")
    whole = copy.read_bytes()
    copy.write_bytes(whole[:left])
    assert faster_base(base, folder=tmp_path / "cache") == copy
    assert copy.read_bytes() == whole


def test_where_nothing_can_be_kept_the_original_is_loaded(base: Weights, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    assert faster_base(base, folder=tmp_path / "taken") == base.path


@pytest.mark.parametrize("origin", ["given", "hub"])
def test_what_somebody_chose_is_loaded_as_it_is(base: Weights, tmp_path: Path, origin: Any) -> None:
    assert faster_base(replace(base, origin=origin), folder=tmp_path / "cache") == base.path
    assert not (tmp_path / "cache").exists()

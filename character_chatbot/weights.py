"""What a GGUF file says about itself: which base it is, and whether an adapter fits.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Only names and shapes are read, before native code
sees the file: the gguf package would make Python objects of the whole vocabulary, which takes longer than loading.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

from utils.bases import BASES
from utils.errors import WeightsError

__all__ = ["Header", "base_key", "read_header", "unfit"]

_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING: Final = 8
_ARRAY: Final = 9
_ALIGNMENT: Final = 32
# Metadata of a base into which somebody's adapter was merged.
MERGED_KEY: Final = "hawkins.character"
# Bytes an element of the types that adapters are written in: F32, F16, BF16.
_ADAPTER_TYPES: Final = {0: 4, 1: 2, 30: 2}
# llama.cpp's architecture of each base, and the words of its name of which each must stand in the file's.
_BASE_SIGNS: Final = {
    "smollm2": ("llama", ("smollm2", "135m")),
    "llama": ("llama", ("llama[- ]?3[.]2", "3b")),
    "qwen": ("qwen2", ("qwen2[.]5", "3b")),
    "qwen3": ("qwen3", ("qwen3", "4b")),
}


@dataclass(frozen=True)
class Tensor:
    """One tensor of a file: shape as GGUF has it (fastest dimension first), type, and place after the header."""

    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True)
class Header:
    """What stands before the numbers.

    Attributes:
        path: The file.
        values: Its metadata without the lists.
        tensors: By name.
        data_size: Bytes behind the header.
    """

    path: Path
    values: dict[str, Any]
    tensors: dict[str, Tensor]
    data_size: int


class _Reader:
    """Walks through the bytes of a header."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.place = 4

    def number(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self._data, self.place)
        self.place += struct.calcsize(f"<{code}")
        return value

    def string(self) -> str:
        length = self.number("Q")
        text = self._data[self.place : self.place + length]
        self.skip(length)
        return text.decode("utf-8", errors="replace")

    def skip(self, length: int) -> None:
        self.place += length
        if self.place > len(self._data):
            raise struct.error("beyond the end")

    def value(self) -> Any:
        """A value with its type before it; None for a list, which is passed over."""
        kind = self.number("I")
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.number(_SCALARS[kind])
        element, count = self.number("I"), self.number("Q")
        if element == _STRING:
            for _ in range(count):
                self.skip(self.number("Q"))
        else:
            self.skip(struct.calcsize(f"<{_SCALARS[element]}") * count)
        return None

    def tensor(self) -> tuple[str, Tensor]:
        name, dimensions = self.string(), self.number("I")
        shape = tuple(self.number("Q") for _ in range(dimensions))
        return name, Tensor(shape, self.number("I"), self.number("Q"))


def read_header(path: Path) -> Header:
    """Read names and shapes of a GGUF file.

    Raises:
        WeightsError: If it is none, or damaged.
    """
    if not path.is_file():
        raise WeightsError(f"The chat model {path} must be a .gguf file.")
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise WeightsError(
                f"The chat model {path} is no GGUF file; convert it with llama.cpp's convert_hf_to_gguf.py."
            )
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return _parse(path, data)
            except (struct.error, KeyError, OverflowError):
                raise WeightsError(f"{path} is damaged: its header ends early; download or make it again.") from None


def _parse(path: Path, data: mmap.mmap) -> Header:
    reader = _Reader(data)
    reader.number("I")  # version
    tensors, values = reader.number("Q"), reader.number("Q")
    found = {reader.string(): reader.value() for _ in range(values)}
    shapes = dict(reader.tensor() for _ in range(tensors))
    start = -(-reader.place // _ALIGNMENT) * _ALIGNMENT
    return Header(path, {key: value for key, value in found.items() if value is not None}, shapes, len(data) - start)


def base_key(header: Header) -> str | None:
    """Return the key in `utils.bases.BASES` of the base that a file holds.

    None stands for another model, and for one into which a character is merged: an adapter would be applied twice.
    """
    if MERGED_KEY in header.values:
        return None
    names = ("general.name", "general.basename", "general.finetune", "general.size_label")
    said = " ".join([*(str(header.values.get(name, "")) for name in names), header.path.stem]).casefold()
    for key, (architecture, words) in _BASE_SIGNS.items():
        named = all(re.search(rf"(?<![\w.]){word}(?![\d.])", said) for word in words)
        if key in BASES and named and header.values.get("general.architecture") == architecture:
            return key
    return None


def unfit(adapter: Header, base: Header) -> str | None:
    """Return why a LoRA adapter cannot be used on a base, or None if it can.

    Args:
        adapter: As llama.cpp's converter or our export writes them: ``<tensor>.lora_a`` and ``.lora_b``.
        base: What it is to be put on.
    """
    kinds = adapter.values.get("general.type"), adapter.values.get("adapter.type")
    if kinds != ("adapter", "lora"):
        return "it is no LoRA adapter"
    architecture = base.values.get("general.architecture")
    if adapter.values.get("general.architecture") != architecture:
        return f"it was made for another model than {architecture}"
    if not adapter.tensors:
        return "it holds nothing"
    return next(filter(None, (_misfit(name, adapter, base) for name in adapter.tensors)), None)


def _misfit(name: str, adapter: Header, base: Header) -> str | None:
    tensor = adapter.tensors[name]
    stem, _, part = name.rpartition(".lora_")
    other = adapter.tensors.get(f"{stem}.lora_{'b' if part == 'a' else 'a'}")
    if tensor.kind not in _ADAPTER_TYPES:
        return f"{name} is of a type that adapters are not written in"
    if tensor.offset + prod(tensor.shape) * _ADAPTER_TYPES[tensor.kind] > adapter.data_size:
        return "it is cut short"
    if part not in {"a", "b"} or other is None or stem not in base.tensors:
        return f"{name} belongs to nothing in the model"
    return None if _fits(tensor.shape, other.shape, base.tensors[stem].shape, part) else f"{name} has another shape"


def _fits(shape: Iterable[int], other: Iterable[int], target: tuple[int, ...], part: str) -> bool:
    """Whether ``b @ a`` has the shape of its target: a is (in, rank), b is (rank, out), the target (in, out)."""
    a, b = (tuple(shape), tuple(other)) if part == "a" else (tuple(other), tuple(shape))
    return len(a) == len(b) == len(target) == 2 and (a[0], b[1]) == target and a[1] == b[0]

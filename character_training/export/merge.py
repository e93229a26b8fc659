"""A base and an adapter as one GGUF file, for programs that take no adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from character_training.export.gguf_file import (
    Planned,
    copy_fields,
    encoded,
    fitting_kind,
    in_blocks,
    open_gguf,
    require_kind,
    shape_of_gguf,
    write_gguf,
)
from character_training.export.lora import LoraWeights, Update, read_lora_gguf, read_peft
from utils.errors import InputError
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

__all__ = ["merge_gguf"]

# Says that a voice is part of the weights, so that nobody adds its adapter again.
MERGED_KEY = "hawkins.character"
_REWRITTEN = ("general.file_type", "general.quantization_version", "general.name", MERGED_KEY)
_PLAIN = ("F32", "F16", "BF16")


def merge_gguf(
    base_gguf: Path,
    adapter: Path,
    out: Path,
    *,
    quantization: str = "Q8_0",
    name: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Add an adapter to its base and write one model.

    Metadata and tokenizer are the base's. Tensors that the adapter leaves alone and that are quantized already are
    copied as they are: to store them larger would bring nothing back. Memory holds a few rows at a time.

    Args:
        base_gguf: The base: F32, F16, BF16, or quantized.
        adapter: A PEFT folder, or a GGUF adapter.
        out: The file; its folder must exist.
        quantization: Of the matrices: F32, F16, BF16 or Q8_0.
        name: What programs show; None keeps the base's.
        progress: Draws a bar.

    Returns:
        The file.

    Raises:
        InputError: If a file is damaged, the adapter does not fit, or a tensor is of a type that cannot be read.
    """
    kind = require_kind(quantization)
    if out.resolve() == base_gguf.resolve():
        raise InputError(f"{out} is the base itself; give another --out.")
    reader = open_gguf(base_gguf)
    shape = shape_of_gguf(reader, base_gguf)
    weights = read_peft(adapter, shape) if adapter.is_dir() else read_lora_gguf(adapter, shape)
    tensors = [_planned(tensor, weights, kind, base_gguf) for tensor in reader.tensors]
    _require_all(weights, {tensor.name for tensor in tensors}, base_gguf)

    def describe(writer: Any) -> None:
        shown = name or shape_name(reader) or base_gguf.stem
        writer.add_name(shown)
        writer.add_string(MERGED_KEY, shown)
        copy_fields(reader, writer, base_gguf, without=_REWRITTEN)

    write_gguf(out, shape.family, describe, tensors, kind=kind, progress=progress)
    return out


def shape_name(reader: Any) -> str | None:
    """Return the model's own name, or None."""
    field = reader.get_field("general.name")
    return None if field is None else str(field.contents())


def _require_all(weights: LoraWeights, names: set[str], base: Path) -> None:
    if missing := sorted(set(weights.updates) - names):
        raise InputError(f"{weights.label} does not fit {base}: the base has no weight {missing[0]}.")


def _planned(tensor: Any, weights: LoraWeights, kind: str, base: Path) -> Planned:
    """Plan one tensor: merged, stored anew, or as it is."""
    rows_first = tuple(int(size) for size in reversed(tensor.shape))
    update, own = weights.updates.get(tensor.name), tensor.tensor_type.name
    wanted = fitting_kind(rows_first, kind)
    if update is None and (own == wanted or own not in _PLAIN or len(rows_first) < 2):
        return Planned(name=tensor.name, shape=rows_first, kind=own, blocks=partial(_as_it_is, tensor))
    _require_readable(tensor, base)
    change = None if update is None else _change(update, weights.alpha)
    return Planned(name=tensor.name, shape=rows_first, kind=wanted, blocks=partial(_anew, tensor, change, wanted))


def _require_readable(tensor: Any, base: Path) -> None:
    import gguf

    try:
        gguf.dequantize(tensor.data[:1], tensor.tensor_type)
    except NotImplementedError:
        raise InputError(
            f"{base}: {tensor.name} is of type {tensor.tensor_type.name}, which cannot be read here; use a base in "
            "F16, Q8_0 or Q4_K_M."
        ) from None


def _change(update: Update, alpha: float) -> Callable[[slice], np.ndarray]:
    """Return what gives the rows that an update adds; llama.cpp takes an alpha of 0 as a scale of 1."""
    scale = alpha / update.rank if alpha else 1.0
    return lambda rows: scale * (update.b[rows] @ update.a)


def _as_it_is(tensor: Any) -> Iterator[np.ndarray]:
    return (tensor.data[rows] for rows in in_blocks(len(tensor.data), tensor.n_elements // max(1, len(tensor.data))))


def _anew(tensor: Any, change: Callable[[slice], np.ndarray] | None, kind: str) -> Iterator[np.ndarray]:
    import gguf
    import numpy as np

    for rows in in_blocks(len(tensor.data), int(tensor.shape[0])):
        values = gguf.dequantize(tensor.data[rows], tensor.tensor_type).astype(np.float32)
        yield encoded(values if change is None else values + change(rows), kind)

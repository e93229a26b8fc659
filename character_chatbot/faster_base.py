"""The embedded base in a form that is read faster: a copy whose Q4_1 weights are Q8_0, made once and kept.

llama.cpp multiplies Q8_0 by blocks of rows and Q4_1 row by row, so that a prompt is read half as fast again; the
numbers are those of the original, to within 1/254 of the largest of 32 (docs/decisions/018).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.weights import read_header
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError, WeightsError
from utils.models import Weights

if TYPE_CHECKING:
    from gguf import GGUFReader

__all__ = ["faster_base", "user_bases"]

# In the name of the copy: a new way of making it must not find the old one.
_VERSION: Final = 1
# The `general.file_type` of llama.cpp for "mostly Q8_0".
_MOSTLY_Q8_0: Final = 7
# Bytes an element of the kinds that a copy holds: F32, and Q8_0 in blocks of 32 numbers with a scale of two bytes.
_BYTES: Final = {0: 4.0, 8: 34 / 32}
_OWN_KEYS: Final = frozenset({"general.architecture", "general.file_type"})


def user_bases() -> Path:
    """Return the folder in the user's cache; it may be deleted."""
    from platformdirs import user_cache_path

    return user_cache_path("hawkins", appauthor=False) / "bases"


def faster_base(
    weights: Weights, *, folder: Path | None = None, on_make: Callable[[str], object] | None = None
) -> Path:
    """Return the file to load for a base: the kept copy, made if need be, or the original.

    Anything but the embedded base is loaded as it is. So is that one, where no copy can be kept.

    Args:
        weights: The base.
        folder: Where copies lie; None for the user's cache.
        on_make: Told before one is made, which takes a few seconds.
    """
    if weights.origin != "embedded":
        return weights.path
    place = user_bases() if folder is None else folder
    copy = place / f"{weights.path.stem}.{weights.path.stat().st_size:x}.v{_VERSION}.Q8_0.gguf"
    if _whole(copy):
        return copy
    if on_make:
        on_make(f"{weights.label}, once in a form that is read faster")
    with suppress(InputError, OSError):
        prepare_folder(place)
        atomic_write(copy, lambda temporary: _convert(weights.path, temporary))
        return copy
    return weights.path


def _whole(path: Path) -> bool:
    """Whether a copy is there with every byte of its tensors; renamed into place, it is never half by our doing."""
    if not path.is_file():
        return False
    try:
        header = read_header(path)
    except WeightsError:
        return False
    ends = [tensor.offset + prod(tensor.shape) * _BYTES.get(tensor.kind, 0) for tensor in header.tensors.values()]
    return bool(ends) and header.data_size >= max(ends)


def _convert(source: Path, out: Path) -> None:
    from gguf import GGUFReader, GGUFWriter

    reader = GGUFReader(source)
    architecture = str(reader.fields["general.architecture"].contents())
    writer = GGUFWriter(out, architecture)
    try:
        _describe(reader, writer)
        for tensor in reader.tensors:
            data, kind = _in_q8_0(tensor)
            writer.add_tensor(tensor.name, data, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _describe(reader: GGUFReader, writer: Any) -> None:
    from gguf import GGUFValueType

    for key, field in reader.fields.items():
        # GGUF.* are the reader's own: version and counts.
        if key not in _OWN_KEYS and not key.startswith("GGUF."):
            of_list = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=of_list)
    writer.add_file_type(_MOSTLY_Q8_0)


def _in_q8_0(tensor: Any) -> tuple[Any, Any]:
    """A tensor's bytes and type: Q4_1 as Q8_0, anything else untouched."""
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    if tensor.tensor_type != GGMLQuantizationType.Q4_1:
        return tensor.data, tensor.tensor_type
    wanted = GGMLQuantizationType.Q8_0
    return quantize(dequantize(tensor.data, tensor.tensor_type), wanted), wanted

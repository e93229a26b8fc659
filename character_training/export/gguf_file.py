"""Reading GGUF with care, and writing it piece by piece.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from character_training.export.shapes import FAMILIES, BaseShape
from utils.artifacts import atomic_write
from utils.errors import InputError, did_you_mean
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "KINDS",
    "Planned",
    "copy_fields",
    "encoded",
    "field_value",
    "fitting_kind",
    "in_blocks",
    "open_gguf",
    "require_kind",
    "require_space",
    "shape_of_gguf",
    "write_gguf",
]

KINDS: Final = ("F32", "F16", "BF16", "Q8_0")
_FILE_TYPES: Final = {"F32": "ALL_F32", "F16": "MOSTLY_F16", "BF16": "MOSTLY_BF16", "Q8_0": "MOSTLY_Q8_0"}
_BLOCK: Final = 1 << 22  # elements in memory at a time: 16 MB as float32
_REMEDY: Final = "fetch or convert it again"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A tensor that is going to be written.

    Attributes:
        name: As GGUF calls it.
        shape: Rows first, as numpy has it.
        kind: Name of a GGML type.
        blocks: Gives its bytes, from first to last.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    blocks: Callable[[], Iterable[np.ndarray]]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        import gguf

        block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[self.kind]]
        return math.prod(self.shape) // int(block) * int(size)


def require_kind(name: str, *, of: Sequence[str] = KINDS) -> str:
    """Return the GGML type of this name, in any case.

    Raises:
        InputError: If we do not write it.
    """
    if name.upper() not in of:
        raise InputError(f"Unknown quantization '{name}'; there are: {', '.join(of)}.{did_you_mean(name, of)}")
    return name.upper()


def fitting_kind(shape: Sequence[int], kind: str) -> str:
    """Return the type that a tensor can have: vectors stay exact, and Q8_0 needs rows of whole blocks of 32."""
    if len(shape) < 2:
        return "F32"
    return "F16" if kind == "Q8_0" and shape[-1] % 32 else kind


def encoded(values: np.ndarray, kind: str) -> np.ndarray:
    """Return float32 values as the bytes (or numbers) of a GGML type."""
    import gguf

    result: np.ndarray = gguf.quantize(values, gguf.GGMLQuantizationType[kind])
    return result


def in_blocks(rows: int, width: int) -> Iterator[slice]:
    """Yield slices over the rows of a matrix, few enough to keep memory low."""
    step = max(1, _BLOCK // max(1, width))
    return (slice(start, start + step) for start in range(0, rows, step))


def open_gguf(path: Path) -> Any:
    """Open a GGUF file for reading.

    Returns:
        A ``gguf.GGUFReader``, whose tensors stay on disk.

    Raises:
        InputError: If it is absent, no GGUF file, cut, damaged, big-endian, or one part of several.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist or is no file; give a .gguf file.")
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise InputError(f"{path} is no GGUF file; give a .gguf file.")
    try:
        reader = _checked_reader(path)
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise InputError(f"{path} is damaged ({error}); {_REMEDY}.") from None
    if reader.byte_order != "I":
        raise InputError(f"{path} has the other byte order; {_REMEDY} for this machine.")
    if (parts := field_value(reader, "split.count", path)) not in {None, 0, 1}:
        raise InputError(f"{path} is one of {parts} parts; join them with llama-gguf-split --merge first.")
    return reader


def _checked_reader(path: Path) -> Any:
    """Read the header; gguf's own reader would follow a false length for ever."""
    import gguf

    class Checked(gguf.GGUFReader):
        def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
            part = super()._get(offset, dtype, count, override_order)
            if len(part) != int(count):
                raise ValueError("it ends early")
            return part

    return Checked(path)


def field_value(reader: Any, key: str, path: Path) -> Any:
    """Return the value of a metadata key, or None where it is absent.

    Raises:
        InputError: If it is not text where text is stated.
    """
    field = reader.get_field(key)
    if field is None:
        return None
    try:
        return field.contents()
    except UnicodeDecodeError:
        raise InputError(f"{path} is damaged ({key} is not UTF-8); {_REMEDY}.") from None


def _number(reader: Any, key: str, path: Path, *, otherwise: int | None = None) -> int:
    value = field_value(reader, key, path)
    value = otherwise if value is None else value
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{path} lacks a usable {key}; {_REMEDY}.")
    return value


def shape_of_gguf(reader: Any, path: Path) -> BaseShape:
    """Return the sizes that a base model's GGUF states.

    Raises:
        InputError: If it is no base model of a family that we know.
    """
    family = field_value(reader, "general.architecture", path)
    if field_value(reader, "general.type", path) == "adapter":
        raise InputError(f"{path} is an adapter, not a base model; give the base's .gguf file.")
    if family not in FAMILIES:
        raise InputError(f"{path} cannot be used: it is a '{family}' model; export knows {', '.join(FAMILIES)}.")
    sizes = {tensor.name: [int(size) for size in tensor.shape] for tensor in reader.tensors}
    if "token_embd.weight" not in sizes:
        raise InputError(f"{path} lacks the tensor token_embd.weight; {_REMEDY}.")
    width = _number(reader, f"{family}.embedding_length", path)
    heads = _number(reader, f"{family}.attention.head_count", path)
    return BaseShape(
        family=family,
        blocks=_number(reader, f"{family}.block_count", path),
        width=width,
        feed_forward=_number(reader, f"{family}.feed_forward_length", path),
        heads=heads,
        kv_heads=_number(reader, f"{family}.attention.head_count_kv", path, otherwise=heads),
        head_width=_number(reader, f"{family}.attention.key_length", path, otherwise=width // heads),
        vocabulary=sizes["token_embd.weight"][-1],
        tied="output.weight" not in sizes,
        label=str(path),
    )


def copy_fields(reader: Any, writer: Any, path: Path, *, without: Iterable[str] = ()) -> None:
    """Copy all metadata, the tokenizer included, except some keys.

    Args:
        reader: From `open_gguf`.
        writer: A ``gguf.GGUFWriter``.
        path: The file that is read, for messages.
        without: Keys that are written anew, or not at all.
    """
    left = {"general.architecture", "general.alignment", *without}
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in left or len(field.types) == 0:
            continue
        value = field_value(reader, key, path)
        if isinstance(value, list):
            # An empty list has no type of elements; the format's own writer leaves it out too.
            if value:
                writer.add_key_value(key, value, field.types[0], field.types[-1])
        else:
            writer.add_key_value(key, value, field.types[0])


def require_space(folder: Path, needed: int) -> None:
    """Make sure that a folder's disk has room.

    Args:
        folder: It must exist.
        needed: Bytes.

    Raises:
        InputError: If it has not.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder} has {free / 1e6:,.0f} MB free and {needed / 1e6:,.0f} MB are needed; free some space or give "
            "another --out."
        )


def write_gguf(
    path: Path,
    family: str,
    describe: Callable[[Any], None],
    tensors: Sequence[Planned],
    *,
    kind: str,
    progress: Progress = silent,
) -> None:
    """Write a GGUF file tensor by tensor; an interruption leaves what was there before.

    Args:
        path: The file; its folder must exist.
        family: ``general.architecture``.
        describe: Adds the metadata to a ``gguf.GGUFWriter``.
        tensors: In the order of the file.
        kind: GGML type that most of them have.
        progress: Draws a bar.

    Raises:
        InputError: If the disk has no room.
    """
    require_space(path.parent, sum(tensor.size for tensor in tensors))
    atomic_write(path, lambda temporary: _write(temporary, path.name, family, describe, tensors, kind, progress))


def _write(
    temporary: Path,
    name: str,
    family: str,
    describe: Callable[[Any], None],
    tensors: Sequence[Planned],
    kind: str,
    progress: Progress,
) -> None:
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(temporary, family)
    describe(writer)
    writer.add_file_type(gguf.LlamaFileType[_FILE_TYPES[kind]])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for tensor in tensors:
        exact = gguf.GGMLQuantizationType[tensor.kind]
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), tensor.size, raw_dtype=exact)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with temporary.open("ab") as stream:
        _pad(stream)
        for tensor in progress(tensors, description=f"Writing {name}", total=len(tensors)):
            for block in tensor.blocks():
                stream.write(block.data if block.flags.c_contiguous else block.tobytes())
            _pad(stream)


def _pad(stream: BinaryIO) -> None:
    """Every tensor begins at a multiple of the format's alignment."""
    import gguf

    stream.write(b"\0" * (-stream.tell() % int(gguf.GGUF_DEFAULT_ALIGNMENT)))

"""Results on disk that know what produced them.

A table is written as Parquet with its key (a hash of inputs, model and settings) in the file's own metadata, and as
CSV beside it. Reading asks for a key: a file made from anything else counts as absent, so a stale answer is never
returned. Every write goes to a temporary file in the same folder and is renamed, so that an interruption leaves the
old file or the new one, never a half.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "atomic_write",
    "content_key",
    "file_digest",
    "prepare_folder",
    "provenance_metadata",
    "read_provenance",
    "read_table",
    "table_digest",
    "user_path",
    "write_table",
]

_METADATA_KEY = b"hawkins"


def content_key(**parts: Any) -> str:
    """Return a SHA-256 over named JSON-serialisable parts (input hashes, model, settings).

    The order of the arguments does not matter.
    """
    canonical = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def table_digest(table: pd.DataFrame) -> str:
    """Return a SHA-256 over a table's columns, types and values, in row order."""
    import pandas as pd

    digest = hashlib.sha256(repr([(str(c), str(t)) for c, t in table.dtypes.items()]).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def prepare_folder(folder: Path, *, remedy: str = "give another --out") -> Path:
    """Create a result folder if need be and make sure that it can be written.

    Args:
        folder: Where results are going to lie.
        remedy: What the message tells people to do.

    Raises:
        InputError: If it is a file, cannot be created, or is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder} is not a folder; {remedy}.") from None
    except OSError as error:
        raise InputError(f"Cannot create the folder {folder} ({error.strerror}); {remedy}.") from None
    try:
        descriptor, probe = tempfile.mkstemp(dir=folder, prefix=".probe-")
    except OSError as error:
        raise InputError(f"Cannot write into {folder} ({error.strerror}); {remedy}, or change its rights.") from None
    os.close(descriptor)
    Path(probe).unlink()
    return folder


def user_path(written: str) -> Path:
    """Return a path as a person writes it, ``~`` being the home folder.

    Raises:
        InputError: If it begins with the home folder of somebody who has none here.
    """
    try:
        return Path(written).expanduser()
    except RuntimeError:
        raise InputError(f"{written} begins with no home folder; write the whole path.") from None


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place.

    Args:
        path: The final file; its folder must exist.
        write: Called with the temporary path, which has the same suffix.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        write(temporary)
        # mkstemp makes private files; results get the rights that an ordinary open() would give.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(table: pd.DataFrame, path: Path, *, key: str, provenance: dict[str, Any] | None = None) -> None:
    """Write a table as Parquet (with its key inside) and as CSV beside it.

    Args:
        table: What to keep.
        path: Where, ending in ``.parquet``.
        key: Hash of everything that the table depends on, from `content_key`.
        provenance: Further facts for a reader (model label, settings); JSON-serialisable.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), **provenance_metadata(key, provenance)})
    atomic_write(path.with_suffix(".csv"), lambda temporary: table.to_csv(temporary, index=False))
    atomic_write(path, lambda temporary: pq.write_table(arrow, temporary))


def provenance_metadata(key: str, provenance: Mapping[str, Any] | None = None) -> dict[bytes, bytes]:
    """Return what a Parquet file keeps of its making, for those who write one in pieces; see `write_table`."""
    record = json.dumps({"key": key, **(provenance or {})}, ensure_ascii=False, default=str)
    return {_METADATA_KEY: record.encode()}


def read_provenance(path: Path) -> dict[str, Any] | None:
    """Return what `provenance_metadata` put into a Parquet file; None if it is absent, damaged or not ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path).metadata
    except (OSError, pa.ArrowInvalid):
        return None
    try:
        record = json.loads((metadata or {}).get(_METADATA_KEY, b""))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return record if isinstance(record, dict) and "key" in record else None


def read_table(path: Path, *, key: str | None = None, columns: Iterable[str] | None = None) -> pd.DataFrame | None:
    """Read a table written by `write_table`.

    Args:
        path: The Parquet file.
        key: What it must have been made from; None accepts any.
        columns: Only these columns.

    Returns:
        The table, or None where the file is absent, damaged, or made from something else.
    """
    import pandas as pd
    import pyarrow as pa

    provenance = read_provenance(path)
    if provenance is None or (key is not None and provenance["key"] != key):
        return None
    try:
        return pd.read_parquet(path, columns=list(columns) if columns is not None else None)
    except (OSError, pa.ArrowInvalid):
        return None

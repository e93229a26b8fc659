"""The CSV file of the guide's `get_themes`, with a record beside it of what it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.artifacts import atomic_write, file_digest
from utils.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_target", "read_saved", "write_saved"]


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(_record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def check_target(path: Path) -> Path:
    """Return the path if a result may be written there.

    Raises:
        InputError: If its folder does not exist, it is a folder, or it exists without a record of ours.
    """
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist; create it or give another save_path.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a csv file as save_path.")
    if path.exists() and _record(path) is None:
        raise InputError(
            f"{path} was not written by get_themes (no readable {_record_path(path).name} beside it); "
            "remove it or give another save_path."
        )
    return path


def read_saved(path: Path, *, key: str) -> pd.DataFrame | None:
    """Read a result back.

    Args:
        path: The CSV file.
        key: What it must have been made from.

    Returns:
        The table, or None where the file is absent, altered, or made from something else.

    Raises:
        InputError: If the file is there but cannot be read.
    """
    import pandas as pd

    record = _record(path)
    if record is None or record.get("key") != key or not path.is_file():
        return None
    try:
        digest = file_digest(path)
    except OSError as error:
        raise InputError(f"Cannot read {path} ({error.strerror}); remove it or give another save_path.") from None
    if record.get("sha256") != digest:
        return None
    return pd.read_csv(path, keep_default_na=False, dtype={"script": "string"})


def write_saved(table: pd.DataFrame, path: Path, *, key: str) -> None:
    """Write a result and its record, each whole or not at all.

    Raises:
        InputError: If the folder cannot be written.
    """

    def write(temporary: Path) -> None:
        table.to_csv(temporary, index=False)
        record = json.dumps({"key": key, "sha256": file_digest(temporary)})
        # Before the table: a record without its table means computing anew, a table without its record looks like
        # somebody else's.
        atomic_write(_record_path(path), lambda file: file.write_text(record, encoding="utf-8"))

    try:
        atomic_write(path, write)
    except OSError as error:
        raise InputError(f"Cannot write {path} ({error.strerror}); give another save_path.") from None

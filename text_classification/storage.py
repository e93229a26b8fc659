"""A trained classifier's folder: written aside and renamed, so that it is whole or absent."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from utils.artifacts import prepare_folder
from utils.errors import InputError

__all__ = ["is_trained", "read_record", "replace_folder", "require_ours", "require_trained", "unfinished"]

_RECORD: Final = "training.json"
_REMEDY: Final = "hawkins places train"
_NEEDED: Final = ("config.json", "model.safetensors", "head.safetensors", _RECORD)


def is_trained(folder: Path) -> bool:
    """Whether a folder holds a classifier that we wrote."""
    return all((folder / name).is_file() for name in _NEEDED)


def require_trained(folder: Path, *, version: int) -> None:
    """Fail unless a folder holds a trained classifier of this version.

    Raises:
        InputError: Saying how to train one.
    """
    if is_trained(folder) and read_record(folder).get("version") != version:
        raise InputError(f"The model folder {folder} is damaged or of another version; train it again: {_REMEDY}.")
    if not is_trained(folder):
        state = "holds no trained location classifier" if folder.is_dir() else "does not exist"
        raise InputError(f"The model folder {folder} {state}; train one with: {_REMEDY}.")


def read_record(folder: Path) -> dict[str, Any]:
    """Return what training recorded in a folder; empty if there is none or it is damaged."""
    if not is_trained(folder):
        return {}
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def unfinished(folder: Path) -> Path:
    """Return where the finished parts of an interrupted training lie."""
    return folder.parent / f".{folder.name}-unfinished"


def _give_ordinary_rights(folder: Path) -> None:
    """Let files have the rights of any other result; safetensors makes them private."""
    mask = os.umask(0)
    os.umask(mask)
    for path in folder.iterdir():
        path.chmod(0o666 & ~mask)


def require_ours(folder: Path) -> None:
    """Never replace a folder in which a person keeps something else.

    Raises:
        InputError: If one is asked to.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; give a folder for the trained classifier.")
    if folder.is_dir() and any(folder.iterdir()) and not is_trained(folder):
        raise InputError(f"{folder} holds files that are no location classifier; give another folder.")


def replace_folder(folder: Path, write: Callable[[Path], object], record: Mapping[str, Any]) -> None:
    """Write a classifier beside its folder, then rename it into place.

    Args:
        folder: Where it shall lie; absent, empty, or an earlier classifier.
        write: Called with the folder to fill.
        record: What produced it; becomes ``training.json``.

    Raises:
        InputError: If something else lies there, or nothing can be written.
    """
    require_ours(folder)
    parent = prepare_folder(folder.absolute().parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name}-") as aside:
        # The temporary folder itself is private; the one inside it gets ordinary rights.
        new, old = Path(aside) / "new", Path(aside) / "old"
        new.mkdir()
        write(new)
        (new / _RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        _give_ordinary_rights(new)
        if folder.exists():
            shutil.move(folder, old)
        new.replace(folder)

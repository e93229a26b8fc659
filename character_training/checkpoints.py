"""Checkpoints that are complete or absent.

Written aside, their files named with SHA-256 in a manifest, then renamed. What a resumed training needs beside the
adapter is kept as safetensors and JSON, never as a pickle: the optimizer's moments, the schedule, the scaler of fp16,
and the state of the random generators.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from utils.artifacts import file_digest
from utils.errors import InputError

__all__ = [
    "TRAINER_STATE",
    "TrainingState",
    "checkpoints",
    "find_fault",
    "keep_newest",
    "newest_checkpoint",
    "read_record",
    "read_state",
    "write_checkpoint",
    "write_state",
]

MANIFEST: Final = "manifest.json"
TRAINER_STATE: Final = "trainer_state.json"
_STATE: Final = "training_state.json"
_TENSORS: Final = "training_state.safetensors"
_PREFIX: Final = "checkpoint-"


def write_checkpoint(folder: Path, fill: Callable[[Path], object], *, record: dict[str, Any]) -> None:
    """Let ``fill`` write into a folder aside, add the manifest, and rename it into place.

    Args:
        folder: The final folder, named ``checkpoint-<step>``; one that is there gives way.
        fill: Writes the files.
        record: What the training is (data, settings, base), for whoever wants to go on.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        fill(aside)
        files = {path.name: file_digest(path) for path in sorted(aside.iterdir()) if path.is_file()}
        manifest = {"record": record, "files": files}
        (aside / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
        for path in aside.iterdir():
            _flush(path)
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _flush(path: Path) -> None:
    """Make sure that a file lies on the disk before the rename says that it does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) else None


def find_fault(folder: Path) -> str | None:
    """Return what is wrong with a checkpoint, as the end of a sentence; None if it is whole."""
    manifest = _manifest(folder)
    if manifest is None:
        return "has no readable manifest"
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            return f"lacks {name}"
        if file_digest(path) != digest:
            return f"holds a damaged {name}"
    return None


def read_record(folder: Path) -> dict[str, Any]:
    """Return what `write_checkpoint` was told about the training; empty if that cannot be read."""
    record = (_manifest(folder) or {}).get("record")
    return record if isinstance(record, dict) else {}


def checkpoints(root: Path) -> list[Path]:
    """Return the checkpoints in a folder, oldest first, whole or not."""
    found = [path for path in root.glob(f"{_PREFIX}*") if path.name.removeprefix(_PREFIX).isdigit()]
    return sorted(found, key=lambda path: int(path.name.removeprefix(_PREFIX)))


def newest_checkpoint(root: Path, *, warn: Callable[[str], object]) -> Path | None:
    """Return the newest checkpoint that is whole; the damaged ones before it are named to ``warn``."""
    for folder in reversed(checkpoints(root)):
        fault = find_fault(folder)
        if fault is None:
            return folder
        warn(f"{folder} {fault} and is skipped.")
    return None


def keep_newest(root: Path, *, keep: str | None, most: int = 2) -> None:
    """Remove old checkpoints, and what a killed process was writing.

    Args:
        root: Where they lie.
        keep: The best one, which stays.
        most: How many of the newest stay.
    """
    for folder in checkpoints(root)[:-most]:
        if str(folder) != keep:
            shutil.rmtree(folder)
    for aside in root.glob(".writing-*"):
        shutil.rmtree(aside, ignore_errors=True)


@dataclass(frozen=True)
class TrainingState:
    """What `write_state` kept."""

    optimizer: dict[str, Any]
    scheduler: dict[str, Any]
    scaler: dict[str, Any] | None
    generators: dict[str, Any]

    def restore_random(self) -> None:
        """Put the random generators of Python, numpy and torch where they were."""
        import numpy as np
        import torch

        version, numbers, gauss = self.generators["python"]
        random.setstate((version, tuple(numbers), gauss))
        np.random.set_state(self.generators["numpy"])  # noqa: NPY002 - what libraries still draw from
        torch.set_rng_state(self.generators["torch"])
        if "cuda" in self.generators and torch.cuda.is_available():
            torch.cuda.set_rng_state(self.generators["cuda"])


def write_state(folder: Path, *, optimizer: Any, scheduler: Any, scaler: Any = None) -> None:
    """Write what continues a training: optimizer, schedule, scaler and random generators."""
    import numpy as np
    import torch
    from safetensors.torch import save_file

    kept = optimizer.state_dict()
    tensors: dict[str, Any] = {"random.torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    plain: dict[str, dict[str, Any]] = {}
    for number, moments in kept["state"].items():
        for name, value in moments.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimizer.{number}.{name}"] = value.detach().contiguous().cpu()
            else:
                plain.setdefault(str(number), {})[name] = value
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    state = {
        "groups": kept["param_groups"],
        "plain": plain,
        "scheduler": scheduler.state_dict(),
        "scaler": None if scaler is None else scaler.state_dict(),
        "python": random.getstate(),
        "numpy": [kind, np.asarray(keys).tolist(), position, has_gauss, gauss],
    }
    save_file(tensors, folder / _TENSORS)
    (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")


def read_state(folder: Path) -> TrainingState:
    """Read what `write_state` wrote.

    Raises:
        InputError: If the folder holds no such state.
    """
    import numpy as np
    from safetensors.torch import load_file

    try:
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        raise InputError(f"{folder} holds no training to go on with; begin anew without --resume.") from None
    tensors = load_file(folder / _TENSORS)
    moments: dict[int, dict[str, Any]] = {int(number): dict(values) for number, values in state["plain"].items()}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".", 2)
            moments.setdefault(int(number), {})[key] = value
    kind, keys, position, has_gauss, gauss = state["numpy"]
    generators = {
        "python": state["python"],
        "numpy": (kind, np.array(keys, dtype=np.uint32), position, has_gauss, gauss),
        "torch": tensors["random.torch"],
    }
    if "random.cuda" in tensors:
        generators["cuda"] = tensors["random.cuda"]
    optimizer = {"state": moments, "param_groups": state["groups"]}
    return TrainingState(optimizer, state["scheduler"], state["scaler"], generators)

"""What is installed, which weights answer each task, and what is missing with the command that brings it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from utils.errors import WeightsError
from utils.models import TASKS, find_weights

__all__ = ["Check", "checks"]

_HOME: Final = Path(__file__).resolve().parent.parent
_EXTRAS: Final = {"scale": ("ray", "Ray cluster")}
_OLDEST: Final = (3, 11)
_ROOM: Final = 3e9  # bytes that an installation and its results take


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding.

    Attributes:
        subject: What was looked at.
        found: What is there.
        ok: Whether that suffices.
        remedy: Command or step that mends it; empty where nothing is missing.
        needed: False for extras, whose absence is no fault.
    """

    subject: str
    found: str
    ok: bool
    remedy: str = ""
    needed: bool = True


def checks() -> Iterator[Check]:
    """Look at Python, the machine, the packages, the extras and the weights, in this order."""
    version = platform.python_version()
    enough = sys.version_info >= _OLDEST
    yield Check(subject="Python", found=version, ok=enough, remedy="" if enough else "install Python 3.11 or newer")
    free = shutil.disk_usage(Path.cwd()).free
    yield Check(
        subject="machine",
        found=f"{os.cpu_count()} cores, {free / 1e9:.0f} GB free here, {platform.system()} {platform.machine()}",
        ok=free > _ROOM,
        remedy="" if free > _ROOM else "free at least 3 GB",
    )
    yield from _packages()
    for extra, (distribution, purpose) in _EXTRAS.items():
        found = _version(distribution)
        remedy = "" if found else f'pip install -e ".[{extra}]"'
        label = f"{distribution} {found}" if found else f"{distribution} not installed"
        yield Check(subject=f"extra: {purpose}", found=label, ok=bool(found), remedy=remedy, needed=False)
    for task in TASKS:
        yield _weights(task)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages() -> Iterator[Check]:
    """One line for everything that requirements.txt pins: a list of hundred versions helps nobody."""
    wanted = _pins(_HOME / "requirements.txt")
    found = {name: _version(name) for name in wanted}
    missing = sorted(name for name, version in found.items() if version is None)
    # "2.13.0+cpu" is a local build of 2.13.0 (PEP 440).
    differ = ((name, v) for name, v in found.items() if v and v.partition("+")[0] != wanted[name])
    other = sorted(f"{name} {version} (tested: {wanted[name]})" for name, version in differ)
    label = f"{len(wanted) - len(missing)} of {len(wanted)} installed"
    if missing:
        label += f"; missing: {', '.join(missing[:5])}"
    if other:
        label += f"; other versions: {', '.join(other[:3])}" + (" ..." if len(other) > 3 else "")
    remedy = "pip install -r requirements.txt" if missing else ""
    yield Check(subject="packages", found=label, ok=not missing, remedy=remedy)


def _pins(path: Path) -> dict[str, str]:
    """Names and versions of ``name==version`` rows without conditions; empty without the file (a wheel has none)."""
    if not path.is_file():
        return {}
    rows = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)\s*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(rows)


def _weights(task: str) -> Check:
    hub = TASKS[task].hub
    try:
        weights = find_weights(task)
    except WeightsError as error:
        return Check(subject=f"weights: {task}", found="none", ok=False, remedy=str(error))
    remedy = (
        "" if weights.origin == "hub" else f"better: hawkins models pull {task}  ({hub.repository}, {hub.size:,} MB)"
    )
    return Check(subject=f"weights: {task}", found=weights.label, ok=True, remedy=remedy)

"""How many cores work can really have: llama.cpp collapses with more threads than that."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["free_cores", "keep_threads_few"]

_CPUS: Final = Path("/sys/devices/system/cpu")
_CGROUPS: Final = Path("/sys/fs/cgroup")


def free_cores(*, cpus: Path = _CPUS, cgroups: Path = _CGROUPS) -> int:
    """Return the physical cores that this process may use, at least 1.

    Hyperthreads of a core count once; the affinity of the process and the quota of its container bound the number.

    Args:
        cpus: Where Linux describes processors (kernel: Documentation/admin-guide/cputopology.rst).
        cgroups: Where it describes control groups (kernel: Documentation/admin-guide/cgroup-v2.rst, ``cpu.max``).
    """
    if not hasattr(os, "sched_getaffinity"):
        # Apple's processors have no hyperthreads; Intel's elsewhere have two a core.
        return max(1, (os.cpu_count() or 1) // (1 if sys.platform == "darwin" else 2))
    cores = {_siblings(cpus, number) for number in os.sched_getaffinity(0)}
    return max(1, min(len(cores), _quota(cgroups) or len(cores)))


def keep_threads_few() -> None:
    """Let torch and NumPy compute with one thread each, for a process in which llama.cpp talks.

    Torch and llama.cpp use one OpenMP runtime. Once torch has run anything with more threads, there are more of them
    than cores, and the runtime lets all of them sleep at every step: a word then takes three to five times as long.
    The threads of NumPy's BLAS go on looking for work for a while after every product, on the cores that llama.cpp
    reads the prompt with (docs/decisions/019-one-thread-for-torch-in-chat.md).
    """
    import numpy as np  # noqa: F401 - its BLAS must be there to be told
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(limits=1, user_api="blas")


def _siblings(cpus: Path, number: int) -> str:
    """Name the core of a processor: the list of its hyperthreads."""
    return _text(cpus / f"cpu{number}" / "topology" / "thread_siblings_list") or str(number)


def _quota(cgroups: Path) -> int | None:
    """Whole cores that the container may use, or None without a bound."""
    limits = [int(quota) / int(period) for quota, period in _bounds(cgroups) if quota.isdigit() and int(period)]
    return max(1, int(min(limits))) if limits else None


def _bounds(cgroups: Path) -> list[tuple[str, str]]:
    """Quota and period of this process's group and those above it, and of a group of the first version."""
    own = next((line[3:] for line in _text(Path("/proc/self/cgroup")).splitlines() if line.startswith("0::")), "/")
    folder = cgroups / own.lstrip("/")
    groups = [folder, *folder.parents]
    files = [_text(group / "cpu.max").split() for group in groups if group.is_relative_to(cgroups)]
    old = [_text(cgroups / "cpu" / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
    return [(pair[0], pair[1]) for pair in [*files, old] if len(pair) == 2 and all(pair)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""

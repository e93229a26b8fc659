"""Threads are counted by cores that the process can really have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from utils.cores import free_cores

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux describes its processors in files")


def _machine(folder: Path, *, siblings: bool) -> Path:
    for number in os.sched_getaffinity(0):
        place = folder / f"cpu{number}" / "topology"
        place.mkdir(parents=True)
        (place / "thread_siblings_list").write_text("0-63\n" if siblings else f"{number}\n")
    return folder


def test_hyperthreads_of_a_core_count_once(tmp_path: Path) -> None:
    assert free_cores(cpus=_machine(tmp_path, siblings=True), cgroups=tmp_path / "none") == 1


def test_every_core_that_the_process_may_use_counts(tmp_path: Path) -> None:
    cpus = _machine(tmp_path, siblings=False)
    assert free_cores(cpus=cpus, cgroups=tmp_path / "none") == len(os.sched_getaffinity(0))


def test_the_quota_of_a_container_bounds_them(tmp_path: Path) -> None:
    cpus, cgroups = _machine(tmp_path / "cpus", siblings=False), tmp_path / "cgroup"
    cgroups.mkdir()
    (cgroups / "cpu.max").write_text("100000 100000\n")
    assert free_cores(cpus=cpus, cgroups=cgroups) == 1
    (cgroups / "cpu.max").write_text("50000 100000\n")
    assert free_cores(cpus=cpus, cgroups=cgroups) == 1
    (cgroups / "cpu.max").write_text("max 100000\n")
    assert free_cores(cpus=cpus, cgroups=cgroups) == len(os.sched_getaffinity(0))


def test_the_quota_of_the_older_kind_counts_too(tmp_path: Path) -> None:
    cpus, cpu = _machine(tmp_path / "cpus", siblings=False), tmp_path / "cgroup" / "cpu"
    cpu.mkdir(parents=True)
    (cpu / "cpu.cfs_quota_us").write_text("150000\n")
    (cpu / "cpu.cfs_period_us").write_text("100000\n")
    assert free_cores(cpus=cpus, cgroups=cpu.parent) == 1
    (cpu / "cpu.cfs_quota_us").write_text("-1\n")
    assert free_cores(cpus=cpus, cgroups=cpu.parent) == len(os.sched_getaffinity(0))

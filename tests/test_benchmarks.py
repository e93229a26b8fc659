"""The benchmarks still fit the code that they measure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "benchmarks").glob("*.py"))


def test_there_are_benchmarks() -> None:
    assert SCRIPTS


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_starts_and_says_what_it_takes(script: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script), "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.mark.slow
def test_training_is_measured_on_both_sides() -> None:
    script = ROOT / "benchmarks" / "training.py"
    words = ("--size", "tiny", "--steps", "1", "--sides", "ours", "fp32")
    done = subprocess.run([sys.executable, str(script), *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split("|") for line in done.stdout.splitlines() if "GB" in line]
    ours, peer = (float(row[3]) for row in rows)
    assert abs(ours - peer) < 0.02 * peer

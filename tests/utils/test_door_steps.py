"""Steps on a terminal and elsewhere, and signals that stop work."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from dataclasses import dataclass
from math import nan
from pathlib import Path

import pytest

from utils.door_steps import StepBar, stop_signals

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Step:
    done: int
    total: int = 40
    loss: float = 2.5
    tokens_per_second: float = 1234.0
    perplexity: float = nan


def test_without_a_terminal_there_are_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with StepBar() as bar:
        bar.stage("loading")
        for done in range(1, 41):
            bar.step(Step(done, perplexity=30.04 if done > 20 else nan))
        bar.warn("something is odd")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "loading"
    assert lines[1].startswith("step 2/40  loss 2.50  1,234 tokens/s")
    assert lines[1].endswith("left")
    assert lines[-2] == "step 40/40  loss 2.50  perplexity 30.0  1,234 tokens/s"
    assert lines[-1] == "warning: something is odd"
    assert len(lines) <= 23


def test_on_a_terminal_there_is_a_bar() -> None:
    program = (
        "from types import SimpleNamespace as Step\n"
        "from utils.door_steps import StepBar\n"
        "with StepBar() as bar:\n"
        "    for done in (1, 2):\n"
        "        bar.step(Step(done=done, total=2, loss=2.5, tokens_per_second=99, perplexity=30.0))\n"
    )
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "TERM": "xterm"}
    subprocess.run(words, stderr=theirs, check=True, env=environment, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    assert "2/2" in shown
    assert "perplexity 30.0" in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(number: signal.Signals, capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stop_signals() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        signal.raise_signal(number)
    assert signal.getsignal(number) is before
    assert "once more" in capfd.readouterr().err

"""`hawkins train` as a person meets it: a run, an interruption, going on, and what lies in the folder."""

from __future__ import annotations

import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from character_training.checkpoints import checkpoints, find_fault
from character_training.result import read_result

Started = Callable[..., "subprocess.Popen[str]"]


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """Read the error stream up to a line with the word."""
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if word in line:
            return seen
    raise AssertionError(seen)


@pytest.mark.slow
def test_a_run_and_the_same_again(hawkins: Any, tiny: Path, config: Path, tmp_path: Path) -> None:
    words = ("train", "El", "--base", tiny, "--config", config)
    done = hawkins(*words)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "stranger_things" / "adapters" / "eleven-tiny"
    result = read_result(folder)
    assert result is not None
    assert result.metrics.perplexity_after < result.metrics.perplexity_before
    assert f"perplexity {result.metrics.perplexity_before:.1f} -> {result.metrics.perplexity_after:.1f}" in done.stdout
    assert "hawkins export gguf" in done.stdout
    assert "step 6/6" in done.stderr
    assert not (folder / "checkpoints").exists()
    assert {"adapter.gguf", "README.md", "tokenizer.json"} <= {path.name for path in folder.iterdir()}
    noise = [word for word in ("Converting", "Warning", "{'loss'", "it/s]") if word in done.stderr + done.stdout]
    assert not noise, done.stderr
    again = hawkins(*words)
    assert again.returncode == 0, again.stderr
    assert "unchanged" in again.stdout
    assert "step" not in again.stderr


@pytest.mark.slow
def test_sigterm_saves_and_the_line_that_it_prints_goes_on(
    started: Started, hawkins: Any, tiny: Path, config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "with space"
    words = ("train", "Eleven", "--base", tiny, "--config", config, "--max-steps", 40, "--out", folder)
    process = started(*map(str, words), cwd=tmp_path)
    wait_for(process, "step ")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    kept = checkpoints(folder / "checkpoints")
    assert kept
    assert find_fault(kept[-1]) is None
    command = shlex.split(out.partition("Go on with: ")[2])
    assert command[0] == "hawkins"
    assert command[-1] == "--resume"

    refusal = hawkins(*map(str, words))
    assert refusal.returncode == 2
    assert "--resume" in refusal.stderr

    rest = hawkins(*command[1:])
    assert rest.returncode == 0, rest.stderr
    first = int(rest.stderr.partition("\nstep ")[2].partition("/")[0])
    assert first > int(kept[-1].name.removeprefix("checkpoint-"))
    result = read_result(folder)
    assert result is not None
    assert result.metrics.steps == 40


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once(started: Started, tiny: Path, config: Path, tmp_path: Path) -> None:
    words = ("train", "Eleven", "--base", tiny, "--config", config, "--out", tmp_path / "out", "--max-steps", 2000)
    process = started(*map(str, words), cwd=tmp_path)
    wait_for(process, "loading")
    process.send_signal(signal.SIGINT)
    wait_for(process, "once more")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert read_result(tmp_path / "out") is None

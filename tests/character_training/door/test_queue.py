"""Many characters: who is started, with what, and what becomes of the queue when one fails or somebody stops it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from character_training.dataset import Dataset
from character_training.queue import Outcome, train_queue
from character_training.result import read_result
from character_training.voices import Voice

# What a child does, by name: finish, fail, or stop on SIGTERM without finishing.
FINISH = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.mkdir()
(folder / "training.json").write_text(sys.argv[2])
"""
FAIL = "import sys; sys.exit(2)"
WAIT = """
import signal, sys, pathlib
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path(sys.argv[1]).mkdir()
signal.pause()
"""


@pytest.fixture
def voice_of(tmp_path: Path) -> Callable[[str], Voice]:
    def make(name: str) -> Voice:
        dataset = Dataset(character=name, train=(), validation=(), digest="d", series="S", sources="")
        return Voice(dataset, tmp_path / name, f"key of {name}")

    return make


@pytest.fixture
def record_of(a_result: Path) -> Callable[[Voice], str]:
    record = json.loads((a_result / "training.json").read_text(encoding="utf-8"))
    return lambda voice: json.dumps({**record, "key": voice.key})


@pytest.fixture
def run(record_of: Callable[[Voice], str]) -> Any:
    def run(voices: Sequence[Voice], programs: dict[str, str], **options: Any) -> tuple[list[Outcome], list[str]]:
        started: list[str] = []

        def command(voice: Voice, begun: bool) -> list[str]:
            started.append(f"{voice.dataset.character} resumes" if begun else voice.dataset.character)
            program = programs.get(voice.dataset.character, FINISH)
            return [sys.executable, "-c", program, str(voice.folder), record_of(voice)]

        options = {"stop": lambda: False, "on_start": lambda _: None, **options}
        return list(train_queue(voices, command, **options)), started

    return run


def states(outcomes: Sequence[Outcome]) -> dict[str, str]:
    return {outcome.voice.dataset.character: outcome.state for outcome in outcomes}


def test_one_that_fails_does_not_end_it(run: Any, voice_of: Any) -> None:
    outcomes, started = run([voice_of(name) for name in ("A", "B", "C")], {"B": FAIL})
    assert states(outcomes) == {"A": "trained", "B": "failed", "C": "trained"}
    assert started == ["A", "B", "C"]


def test_what_is_finished_is_not_done_again_unless_asked(run: Any, voice_of: Any) -> None:
    voices = [voice_of("A"), voice_of("B")]
    run(voices[:1], {})
    outcomes, started = run(voices, {})
    assert (states(outcomes), started) == ({"A": "unchanged", "B": "trained"}, ["B"])
    _, started = run(voices, {"A": FAIL, "B": FAIL}, restart=True)
    assert started == ["A", "B"]


def test_one_of_other_data_is_done_again(run: Any, voice_of: Any, tmp_path: Path) -> None:
    run([voice_of("A")], {})
    other = Voice(voice_of("A").dataset, tmp_path / "A", "another key")
    outcomes, started = run([other], {"A": FAIL})
    assert (states(outcomes), started) == ({"A": "failed"}, ["A"])


def test_one_that_was_interrupted_is_gone_on_with(run: Any, voice_of: Any, tmp_path: Path) -> None:
    (tmp_path / "A" / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    _, started = run([voice_of("A")], {"A": FAIL})
    assert started == ["A resumes"]


def test_stopping_lets_the_running_one_save_and_starts_no_more(run: Any, voice_of: Any, tmp_path: Path) -> None:
    outcomes, started = run([voice_of("A"), voice_of("B")], {"A": WAIT}, stop=lambda: (tmp_path / "A").is_dir())
    assert (states(outcomes), started) == ({"A": "interrupted", "B": "waiting"}, ["A"])
    assert read_result(tmp_path / "A") is None

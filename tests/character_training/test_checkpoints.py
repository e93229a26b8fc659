from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from character_training.checkpoints import (
    checkpoints,
    find_fault,
    keep_newest,
    newest_checkpoint,
    read_record,
    write_checkpoint,
)


def _write(root: Path, step: int, text: str = "weights") -> Path:
    folder = root / f"checkpoint-{step}"
    write_checkpoint(folder, lambda aside: (aside / "weights").write_text(text), record={"key": "a"})
    return folder


def test_a_checkpoint_is_whole_and_says_what_it_is(tmp_path: Path) -> None:
    folder = _write(tmp_path, 3)
    assert find_fault(folder) is None
    assert read_record(folder) == {"key": "a"}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-3"]


def test_what_fails_in_the_middle_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    _write(tmp_path, 3, "old")

    def fill(aside: Path) -> None:
        (aside / "weights").write_text("half")
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_checkpoint(tmp_path / "checkpoint-3", fill, record={})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-3"]
    assert (tmp_path / "checkpoint-3" / "weights").read_text() == "old"


@pytest.mark.parametrize("damage", ["byte", "file", "manifest", "json"])
def test_a_damaged_checkpoint_is_skipped_with_a_word(tmp_path: Path, damage: str) -> None:
    older, newer = _write(tmp_path, 9), _write(tmp_path, 10)
    match damage:
        case "byte":
            (newer / "weights").write_text("weightz")
        case "file":
            (newer / "weights").unlink()
        case "manifest":
            (newer / "manifest.json").unlink()
        case "json":
            (newer / "manifest.json").write_text(json.dumps([1]))
    heard: list[str] = []
    assert newest_checkpoint(tmp_path, warn=heard.append) == older
    assert len(heard) == 1
    assert "checkpoint-10" in heard[0]


def test_steps_are_numbers_not_words(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        _write(tmp_path, step)
    (tmp_path / "checkpoint-of-mine").mkdir()
    assert [folder.name for folder in checkpoints(tmp_path)] == ["checkpoint-9", "checkpoint-20", "checkpoint-100"]


def test_the_newest_and_the_best_stay(tmp_path: Path) -> None:
    for step in range(1, 6):
        _write(tmp_path, step)
    (tmp_path / ".writing-killed").mkdir()
    keep_newest(tmp_path, keep=str(tmp_path / "checkpoint-2"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-2", "checkpoint-4", "checkpoint-5"]


def test_there_may_be_none(tmp_path: Path) -> None:
    heard: list[str] = []
    assert newest_checkpoint(tmp_path / "nowhere", warn=heard.append) is None
    shutil.rmtree(_write(tmp_path, 1) / "..", ignore_errors=True)
    assert not heard

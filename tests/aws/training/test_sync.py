"""Checkpoints in the bucket: whole or not there, whatever is interrupted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aws.clients import Clients
from aws.errors import UnreachableError
from aws.sync import CheckpointStore, Store
from character_training.checkpoints import checkpoints, find_fault, write_checkpoint
from tests.aws.conftest import REGION, Moto
from utils.errors import HawkinsError

BUCKET = "hawkins-lab-test"
PREFIX = "checkpoints/a-job/"


@pytest.fixture
def store(moto: Moto) -> Store:
    moto.client("s3").create_bucket(Bucket=BUCKET)
    return Store(Clients(REGION).s3, BUCKET)


@pytest.fixture
def make_kept(store: Store, tmp_path: Path) -> Callable[[str], CheckpointStore]:
    """The checkpoints of the job on the machine of a name."""
    return lambda machine: CheckpointStore(store, PREFIX, tmp_path / machine)


def _write(root: Path, step: int, *, best: int | None = None) -> Path:
    def fill(folder: Path) -> None:
        (folder / "adapter_model.safetensors").write_bytes(b"weights" * step)
        (folder / "trainer_state.json").write_text(json.dumps({"best_global_step": best}))

    write_checkpoint(root / f"checkpoint-{step}", fill, record={"key": "k"})
    return root / f"checkpoint-{step}"


def _names(store: Store) -> set[str]:
    return {key.removeprefix(PREFIX).partition("/")[0] for key in store.keys(PREFIX)}


def _nobody_warns(text: str) -> None:
    pytest.fail(text)


Make = Callable[[str], CheckpointStore]


def test_another_machine_gets_the_newest_and_the_best(store: Store, make_kept: Make) -> None:
    one, two = make_kept("one"), make_kept("two")
    for step in (2, 4, 6):
        _write(one.root, step, best=2)
    one.push()
    assert one.newest == 6
    assert two.pull(warn=_nobody_warns) == two.newest == 6
    assert [folder.name for folder in checkpoints(two.root)] == ["checkpoint-2", "checkpoint-6"]
    assert not [folder for folder in checkpoints(two.root) if find_fault(folder)]
    assert _names(store) == {"checkpoint-2", "checkpoint-6"}


def test_nothing_there_is_nothing(make_kept: Make) -> None:
    kept = make_kept("one")
    assert kept.pull(warn=_nobody_warns) == kept.newest == 0
    kept.push()


def test_the_manifest_comes_last(store: Store, make_kept: Make) -> None:
    kept = make_kept("one")
    _write(kept.root, 2)
    put: list[str] = []
    store.s3.meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: put.append(Path(params["Key"]).name)
    )
    kept.push()
    assert put == ["adapter_model.safetensors", "trainer_state.json", "manifest.json"]


@pytest.mark.parametrize("lost", ["manifest.json", "adapter_model.safetensors", "trainer_state.json"])
def test_a_half_one_is_passed_over(store: Store, make_kept: Make, lost: str) -> None:
    one, two = make_kept("one"), make_kept("two")
    _write(one.root, 2)
    _write(one.root, 4)
    one.push()
    store.remove([f"{PREFIX}checkpoint-4/{lost}"])
    heard: list[str] = []
    assert two.pull(warn=heard.append) == 2
    assert len(heard) == 1
    assert f"{PREFIX}checkpoint-4" in heard[0]
    # Its number would pass for newer than what comes now.
    assert _names(store) == {"checkpoint-2"}


def test_a_damaged_one_is_passed_over(store: Store, make_kept: Make) -> None:
    one, two = make_kept("one"), make_kept("two")
    _write(one.root, 2)
    _write(one.root, 4)
    one.push()
    store.write(f"{PREFIX}checkpoint-4/adapter_model.safetensors", b"other")
    heard: list[str] = []
    assert two.pull(warn=heard.append) == 2
    assert "holds a damaged adapter_model.safetensors" in heard[0]


def test_one_whose_best_is_lost_is_passed_over(store: Store, make_kept: Make) -> None:
    one, two = make_kept("one"), make_kept("two")
    _write(one.root, 2, best=2)
    _write(one.root, 4, best=4)
    _write(one.root, 6, best=4)
    one.push()
    store.remove([f"{PREFIX}checkpoint-4/manifest.json"])
    heard: list[str] = []
    assert two.pull(warn=heard.append) == 2
    assert [folder.name for folder in checkpoints(two.root)] == ["checkpoint-2"]


def test_nothing_whole_is_nothing_and_goes(store: Store, make_kept: Make) -> None:
    one, two = make_kept("one"), make_kept("two")
    _write(one.root, 2)
    one.push()
    store.remove([f"{PREFIX}checkpoint-2/manifest.json"])
    heard: list[str] = []
    assert two.pull(warn=heard.append) == 0
    assert heard
    assert not _names(store)


def test_what_is_gone_here_goes_there_after_the_newer_one_came(store: Store, make_kept: Make) -> None:
    kept = make_kept("one")
    _write(kept.root, 2)
    kept.push()
    shutil.rmtree(kept.root / "checkpoint-2")
    kept.push()
    assert _names(store) == {"checkpoint-2"}  # the only one stays
    _write(kept.root, 4)
    kept.push()
    assert _names(store) == {"checkpoint-4"}


def test_one_of_the_same_number_replaces_the_other(store: Store, make_kept: Make) -> None:
    one, two = make_kept("one"), make_kept("two")
    _write(one.root, 2)
    one.push()
    _write(one.root, 2, best=2)
    one.push()
    assert two.pull(warn=_nobody_warns) == 2
    assert json.loads((two.root / "checkpoint-2" / "trainer_state.json").read_text()) == {"best_global_step": 2}


def test_one_that_the_training_removes_meanwhile_is_given_up(store: Store, make_kept: Make) -> None:
    kept = make_kept("one")
    folder = _write(kept.root, 2)
    (folder / "trainer_state.json").unlink()
    (folder / "trainer_state.json").symlink_to("gone")  # listed, and no longer there when it is opened
    _write(kept.root, 4)
    kept.push()
    assert _names(store) == {"checkpoint-4"}
    assert kept.newest == 4


def test_what_lies_whole_here_is_not_fetched(store: Store, make_kept: Make) -> None:
    kept = make_kept("one")
    _write(kept.root, 4)
    store.write(f"{PREFIX}checkpoint-2/manifest.json", b"{}")
    assert kept.pull(warn=_nobody_warns) == 4


def test_clear_leaves_nothing(store: Store, make_kept: Make) -> None:
    kept = make_kept("one")
    _write(kept.root, 2)
    kept.push()
    store.write("checkpoints/a-job-2/x", b"another job's")
    kept.clear()
    assert store.keys("checkpoints/") == ["checkpoints/a-job-2/x"]
    assert kept.newest == 0


def test_what_is_not_there_is_none_and_a_lost_bucket_is_said(store: Store, moto: Moto) -> None:
    assert store.read("jobs/none.json") is None
    moto.client("s3").delete_bucket(Bucket=BUCKET)
    with pytest.raises(HawkinsError, match=f"s3://{BUCKET}/a failed"):
        store.write("a", b"")
    with pytest.raises(HawkinsError, match=r"listing|Listing"):
        store.keys("a")


def test_no_answer_is_said(moto: Moto, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (tmp_path / "file").write_text("x")
    store = Store(Clients(REGION).s3, BUCKET)
    with pytest.raises(UnreachableError, match="could not be reached"):
        store.upload(tmp_path / "file", "a")

"""``upload-data``: what changed, and only that, into the guide's layout."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.results import TABLES
from aws.clients import Clients
from aws.plan import Action, carry_out
from aws.upload import Source, find_results, plan_upload, upload_calls
from utils.artifacts import write_table
from utils.errors import HawkinsError, InputError

BUCKET = "hawkins-lab-test"


@pytest.fixture
def bucket(moto: Any) -> Any:
    """A bucket, looked into behind the scenes."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    folder = tmp_path / "subs"
    (folder / "s1").mkdir(parents=True)
    for number in range(12):
        (folder / "s1" / f"e{number:02d}.srt").write_text(f"line {number}\n" * 50, encoding="utf-8")
    (folder / ".env").write_text("HF_TOKEN=secret", encoding="utf-8")
    (folder / "link.srt").symlink_to("/etc/hostname")
    return folder


def _upload(*sources: Source) -> Any:
    clients = Clients("us-east-1")
    plan = plan_upload(clients, BUCKET, sources)
    return plan, carry_out(plan, upload_calls(clients))


def _keys(bucket: Any) -> set[str]:
    return {each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_only_what_changed_is_sent(bucket: Any, subtitles: Path) -> None:
    plan, done = _upload(Source.subtitles(subtitles))
    assert (plan.steps[0].action, "12 of 12 files" in plan.steps[0].detail, len(done)) == (Action.CREATE, True, 1)
    assert _keys(bucket) == {f"data/subtitles/s1/e{number:02d}.srt" for number in range(12)}

    plan, done = _upload(Source.subtitles(subtitles))
    assert (plan.steps[0].action, done) == (Action.KEEP, ())

    changed = subtitles / "s1" / "e03.srt"
    os.utime(subtitles / "s1" / "e04.srt")
    changed.write_text(changed.read_text(encoding="utf-8").replace("line", "liar"), encoding="utf-8")
    plan, _ = _upload(Source.subtitles(subtitles))
    assert [file["key"] for file in plan.steps[0].arguments["files"]] == ["data/subtitles/s1/e03.srt"]
    there = bucket.get_object(Bucket=BUCKET, Key="data/subtitles/s1/e03.srt")
    assert there["Body"].read() == changed.read_bytes()
    assert there["Metadata"]["sha256"] == hashlib.sha256(changed.read_bytes()).hexdigest()


def test_an_object_that_somebody_else_put_there_is_replaced(bucket: Any, subtitles: Path) -> None:
    _upload(Source.subtitles(subtitles))
    bucket.put_object(Bucket=BUCKET, Key="data/subtitles/s1/e00.srt", Body=b"theirs")
    plan, _ = _upload(Source.subtitles(subtitles))
    assert [file["key"] for file in plan.steps[0].arguments["files"]] == ["data/subtitles/s1/e00.srt"]


def test_a_file_that_changes_meanwhile_is_not_taken_for_the_old_one(bucket: Any, subtitles: Path) -> None:
    clients = Clients("us-east-1")
    plan = plan_upload(clients, BUCKET, [Source.transcripts(subtitles)])
    (subtitles / "s1" / "e05.srt").unlink()
    with pytest.raises(InputError, match=r"e05\.srt cannot be read any more"):
        carry_out(plan, upload_calls(clients))
    assert "data/transcripts/s1/e05.srt" not in _keys(bucket)


@pytest.fixture
def analysis(tmp_path: Path, make_results: Callable[..., Any]) -> Path:
    """A folder as ``hawkins analyze`` leaves it, with a voice that was trained on it."""
    results = make_results()
    folder = tmp_path / "out" / "my-season"
    (folder / "adapters" / "eleven-llama").mkdir(parents=True)
    (folder / "adapters" / "eleven-llama" / "adapter.gguf").write_bytes(b"large")
    facts = {"run": "1", "series": str(Path("series/stranger_things").resolve()), "timeline": "sample", "weights": ""}
    for name in TABLES:
        write_table(getattr(results, name), folder / f"{name}.parquet", key="1", provenance=facts)
    return folder


def test_an_analysis_goes_where_training_looks_for_it(bucket: Any, analysis: Path) -> None:
    assert find_results(analysis.parent) == (analysis,)
    _upload(Source.results(analysis))
    assert {f"data/training/my-season/{name}.parquet" for name in TABLES} <= _keys(bucket)
    assert not any("adapters" in key for key in _keys(bucket))


def test_a_folder_that_is_no_analysis_is_refused(analysis: Path) -> None:
    (analysis / "themes.parquet").unlink()
    with pytest.raises(InputError, match=r"holds no finished analysis \(themes\.parquet is not there\)"):
        Source.results(analysis)


@pytest.mark.parametrize(("make", "words"), [(lambda _: None, "does not exist"), (Path.mkdir, "holds no files")])
def test_nothing_to_upload_is_said(bucket: Any, tmp_path: Path, make: Any, words: str) -> None:
    make(tmp_path / "subs2")
    with pytest.raises(InputError, match=words):
        _upload(Source.subtitles(tmp_path / "subs2"))


def test_no_bucket_is_said_before_anything_is_read(moto: Any, subtitles: Path) -> None:
    with pytest.raises(HawkinsError, match=r"There is no bucket hawkins-lab-test; make it with"):
        _upload(Source.subtitles(subtitles))


def test_the_command(
    run_cli: Callable[..., Any], write_config: Callable[..., Path], home: Path, analysis: Path, bucket: Any
) -> None:
    write_config()
    nothing = run_cli("upload-data", "--yes")
    assert (nothing.code, "There is no analysis in out/" in nothing.err) == (2, True)
    shutil.move(analysis.parent, home / "out")
    shown = run_cli("upload-data", "--dry-run")
    assert shown.code == 0, shown.err
    assert "+ create objects s3://hawkins-lab-test/data/training/my-season/: 14 of 14 files" in shown.out
    assert _keys(bucket) == set()
    done = run_cli("upload-data", "--yes", "--json")
    assert (done.code, done.json["applied"]) == (0, True), done.err
    assert len(_keys(bucket)) == 14

"""The order of a training: what makes it the same one, and what a machine reads of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aws.config import AwsConfig
from aws.job import State, new_job, read_job, read_progress
from utils.errors import InputError

CODE = "ab" * 32


def _config(**sections: Any) -> AwsConfig:
    return AwsConfig.model_validate({"s3": {"bucket_name": "a-bucket"}, **sections})


def test_the_same_order_is_the_same_job_whatever_code_and_limits() -> None:
    one = new_job(_config(), "llama", "Eleven", code=CODE)
    two = new_job(_config(limits={"max_hours": 2}, hub={"push_to": "me/voice"}), "llama", "Eleven", code="cd" * 32)
    assert one.id == two.id
    assert one.id.startswith("llama-eleven-")
    assert (one.minutes, two.minutes) == (360, 120)


@pytest.mark.parametrize(
    "other",
    [
        {"base": "qwen"},
        {"character": "Mike"},
        {"results": "season-one"},
        {"data": "other"},
        {"voices": True},
        {"attempt": 1},
        {"config": _config(training={"max_steps": 5})},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_is_learnt_makes_another_job(other: dict[str, Any]) -> None:
    given: dict[str, Any] = {"config": _config(), "base": "llama", "character": "Eleven", "code": CODE, **other}
    changed = new_job(given.pop("config"), given.pop("base"), given.pop("character"), **given)
    assert changed.id != new_job(_config(), "llama", "Eleven", code=CODE).id


def test_how_often_it_is_saved_does_not() -> None:
    often = new_job(_config(training={"save_steps": 5}), "llama", "Eleven", code=CODE)
    assert often.id == new_job(_config(), "llama", "Eleven", code=CODE).id
    assert often.settings.save_steps == 5


@pytest.mark.parametrize(
    ("base", "character"), [("owner/Model-7B", "Dr. Owens"), ("llama", "“Ñandú” 3"), ("qwen", "李")]
)
def test_an_id_can_be_part_of_keys_and_tags(base: str, character: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{2,62}", new_job(_config(), base, character, code=CODE).id)


def test_a_job_comes_back_as_it_was() -> None:
    job = new_job(_config(hub={"push_to": "me/voice"}), "llama", "Eleven", code=CODE, results="one")
    assert read_job(job.model_dump_json(), name="jobs/x.json") == job


@pytest.mark.parametrize(
    ("family", "gpu"), [("g4dn.xlarge", True), ("p3.2xlarge", True), ("t3.large", False), ("m6g.large", False)]
)
def test_a_job_for_a_gpu_says_so(family: str, gpu: bool) -> None:
    assert new_job(_config(ec2={"instance_type": family}), "llama", "Eleven", code=CODE).gpu is gpu


@pytest.mark.parametrize("change", [{"results": "../other"}, {"character": "a\nb"}, {"code": "x"}, {"base": "a b"}])
def test_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"base": "llama", "character": "Eleven", "code": CODE, **change}
    with pytest.raises(InputError, match=f"key '{next(iter(change))}'"):
        new_job(_config(), given.pop("base"), given.pop("character"), **given)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"id": "x"}', b"\xff"])
def test_an_object_that_is_no_job_is_named(text: bytes) -> None:
    with pytest.raises(InputError, match=r"jobs/x\.json: "):
        read_job(text, name="jobs/x.json")


def test_an_unknown_key_is_named() -> None:
    job = new_job(_config(), "llama", "Eleven", code=CODE).model_dump(mode="json")
    with pytest.raises(InputError, match=r"jobs/x\.json: unknown key 'basis'\. Did you mean base"):
        read_job(json.dumps({**job, "basis": 1}), name="jobs/x.json")


def test_progress_that_cannot_be_read_is_none() -> None:
    assert read_progress(b"half") is None
    # What the script writes where the program could not be started.
    told = read_progress(
        b'{"job": "x", "state": "failed", "stage": "set-up failed", "at": "now", "seconds_left": null}'
    )
    assert told is not None
    assert told.state is State.FAILED

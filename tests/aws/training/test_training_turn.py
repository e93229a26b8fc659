"""A machine's turn at a job, in this process: what it leaves in the bucket however it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from analysis.results import TABLES, Results, table_path
from aws.clients import Clients
from aws.interruption import Metadata
from aws.job import Job, State
from aws.turn import Turn, take_turn
from character_training.training import Step
from tests.aws.conftest import REGION, Moto
from tests.aws.training.conftest import BUCKET, CANARY, TRAINING, Lab
from tests.character_training.door.test_push import Hub
from utils.artifacts import write_table
from utils.errors import HawkinsError
from utils.world import World

pytestmark = pytest.mark.ci

PARAMETER = "/stranger-things-nlp/huggingface_token"


@dataclass
class Heard:
    """What was told, and something to be done when a stage is.

    Attributes:
        at: By the beginning of a stage.
        lines: Stages and warnings.
        steps: Steps.
    """

    at: dict[str, Callable[[], object]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)

    def stage(self, text: str) -> None:
        self.lines.append(text)
        for begin, do in self.at.items():
            if text.startswith(begin):
                do()

    def warn(self, text: str) -> None:
        self.lines.append(f"warning: {text}")

    def step(self, step: Step) -> None:
        self.steps.append(step.done)


class Machines:
    """Machines that are folders.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def turn(self, job: Job, name: str = "one", *, seconds: float = 3600) -> Turn:
        """A turn of the machine of a name, which ends after so long."""
        deadline = time.time() + seconds
        return Turn(job, Clients(REGION), self._folder / name, None, deadline, Metadata(None))


@pytest.fixture
def machines(here: pytest.MonkeyPatch, tmp_path: Path) -> Machines:
    return Machines(tmp_path / "machines")


def _refused(lab: Lab, turn: Turn, *words: str) -> None:
    """It is refused in one sentence, which the bucket tells as well."""
    with pytest.raises(HawkinsError) as refusal:
        take_turn(turn, Heard())
    told = lab.progress(turn.job)
    assert (told.state, told.stage) == (State.FAILED, str(refusal.value))
    assert all(word in told.stage for word in words), told.stage


def test_when_its_time_is_over_it_saves_and_another_goes_on_to_the_same_result(lab: Lab, machines: Machines) -> None:
    job, straight = lab.order(), lab.order(voices=False, attempt=1)
    heard = Heard()
    assert take_turn(machines.turn(job, "one", seconds=-60), heard) is State.INTERRUPTED
    assert heard.steps == [1]
    assert lab.progress(job).stage == "its time is over; saved after step 1 of 6"
    heard = Heard()
    assert take_turn(machines.turn(job, "two"), heard) is State.FINISHED
    assert heard.steps == [2, 3, 4, 5, 6]
    key = "models/llama-chatbot/eleven/adapter_model.safetensors"
    resumed = lab.read(key)
    assert take_turn(machines.turn(straight, "three"), Heard()) is State.FINISHED
    assert lab.read(key) == resumed
    assert lab.progress(straight).stage == "the voice lies in the bucket"


def test_what_is_finished_is_not_done_again(lab: Lab, machines: Machines) -> None:
    job = lab.order()
    lab.s3.put_object(Bucket=BUCKET, Key=f"results/{job.id}/training_results.json", Body=b"{}")
    assert take_turn(machines.turn(job), Heard()) is State.FINISHED
    assert lab.progress(job).stage == "it was finished before; nothing was done"
    assert not lab.objects("models/")


def test_one_that_died_after_its_last_step_has_only_to_be_delivered(lab: Lab, machines: Machines) -> None:
    job = lab.order()

    def die() -> None:
        raise HawkinsError("the machine is gone")

    with pytest.raises(HawkinsError, match="gone"):
        take_turn(machines.turn(job, "one"), Heard(at={"writing the adapter": die}))
    heard = Heard()
    assert take_turn(machines.turn(job, "one"), heard) is State.FINISHED
    assert not heard.steps
    assert json.loads(lab.read(f"results/{job.id}/evaluation_metrics.json"))["steps"] == 6


def _write_results(results: Results, folder: Path) -> None:
    """A folder as `hawkins analyze` leaves it, with the sample's dialogue."""
    facts = {"run": "1", "series": "stranger_things", "timeline": "show", "weights": ""}
    tables = {name: getattr(results, name) for name in TABLES} | {"dialogue": World.sample().dialogue}
    folder.mkdir()
    for name, table in tables.items():
        write_table(table, table_path(folder, name), key=name, provenance=facts)


def test_it_learns_from_uploaded_data_and_replaces_the_voice_that_lay_there(
    lab: Lab, machines: Machines, results: Results, tmp_path: Path
) -> None:
    prefix = "models/llama-chatbot/eleven/"
    for name in ("chat_template.jinja", "special_tokens_map.json", "training.json", "notes.txt"):
        lab.s3.put_object(Bucket=BUCKET, Key=prefix + name, Body=b"old")
    _write_results(results, tmp_path / "season-one")
    for path in (tmp_path / "season-one").iterdir():
        lab.s3.upload_file(str(path), BUCKET, f"data/training/season-one/{path.name}")
    job = lab.order(results="season-one")
    assert take_turn(machines.turn(job), Heard()) is State.FINISHED
    found = json.loads(lab.read(f"results/{job.id}/training_results.json"))
    assert found["third_party"] is True  # the sample's own lines are not
    names = {key.removeprefix(prefix) for key in lab.objects(prefix)}
    assert "special_tokens_map.json" not in names  # of the old one
    assert "notes.txt" in names  # nobody's
    assert all(lab.read(prefix + name) != b"old" for name in names - {"notes.txt"})


def test_uploaded_data_that_is_not_whole(lab: Lab, machines: Machines) -> None:
    half = lab.order(results="season-two")
    lab.s3.put_object(Bucket=BUCKET, Key="data/training/season-two/themes.parquet", Body=b"half")
    _refused(lab, machines.turn(half, "two"), "no finished analysis", "dialogue.parquet is not there")
    _refused(lab, machines.turn(lab.order(results="none"), "three"), "holds no analysis", "upload-data")


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"character": "Nobody"}, ["Nobody"]),
        ({"hub": {"push_to": "me/voice"}}, [f"SSM holds no {PARAMETER}", "remove hub.push_to"]),
        ({"ec2": {"instance_type": "g4dn.xlarge"}}, ["no GPU", "ec2.instance_type"]),
        ({"base": "ours/unknown"}, ["ours/unknown"]),
    ],
    ids=["nobody", "no token", "no GPU", "no base"],
)
def test_what_cannot_be_done(
    lab: Lab, machines: Machines, here: pytest.MonkeyPatch, order: dict[str, Any], words: list[str]
) -> None:
    here.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # nobody is asked for a base
    _refused(lab, machines.turn(lab.order(**order)), *words)
    assert not lab.objects("models/")


def _remove_bucket(lab: Lab) -> None:
    """Remove it with all that is in it, also what is written meanwhile."""
    while True:
        for key in lab.objects():
            lab.s3.delete_object(Bucket=BUCKET, Key=key)
        try:
            lab.s3.delete_bucket(Bucket=BUCKET)
        except lab.s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "BucketNotEmpty"
        else:
            return


def test_a_bucket_that_is_away_for_a_while_and_a_hub_that_refuses_lose_nothing(
    lab: Lab, machines: Machines, moto: Moto, hub: Hub, here: pytest.MonkeyPatch
) -> None:
    here.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
    hub.status = 403
    moto.client("ssm").put_parameter(Name=PARAMETER, Value=CANARY, Type="SecureString")
    job = lab.order(hub={"push_to": "me/voice"})
    at = {
        "scoring what is held out": lambda: _remove_bucket(lab),
        "writing the adapter": lambda: lab.s3.create_bucket(Bucket=BUCKET),
    }
    heard = Heard(at=at)
    assert take_turn(machines.turn(job), heard) is State.FINISHED
    told = lab.progress(job)
    assert told.state is State.FINISHED
    assert told.stage.startswith("the voice lies in the bucket and was not pushed: The token may not write")
    assert {"adapter.gguf", "training.json"} <= {Path(key).name for key in lab.objects("models/llama-chatbot/eleven/")}
    assert CANARY not in "".join(heard.lines)


def test_a_bucket_that_stays_away_is_said(lab: Lab, machines: Machines) -> None:
    job = lab.order(training={**TRAINING, "max_steps": 1})
    heard = Heard(at={"writing": lambda: _remove_bucket(lab)})
    with pytest.raises(HawkinsError, match=BUCKET):
        take_turn(machines.turn(job), heard)
    assert heard.lines[-1].startswith("warning: ")  # nor could it be told

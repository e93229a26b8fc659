"""User data run by bash in scratch roots, with a bucket, a metadata service and a Hub on this machine.

What stands in: ``shutdown`` and ``systemctl`` (which note that they were called), and a prepared environment for what
apt and pip would install. All else is what a real machine runs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from aws.job import Job, Progress, State, job_key, progress_key
from character_training.checkpoints import MANIFEST
from tests.aws.conftest import Moto
from tests.aws.training.conftest import BUCKET, CANARY, TRAINING, Lab
from tests.aws.training.machines import TINY, Imds, Machine
from tests.character_training.door.test_push import Hub

pytestmark = pytest.mark.ci

Make = Callable[..., Machine]
Imdses = Callable[..., Imds]


def _asked_to_end(machine: Machine, minutes: int) -> None:
    """The limit was set before all else, and the power-off asked for after it."""
    assert machine.called[0] == f"shutdown -P +{minutes} time is up"
    assert machine.called[-1] == "shutdown -P now"
    timer = (machine.root / "etc" / "systemd" / "system" / "hawkins-end.timer").read_text()
    assert re.search(r"OnCalendar=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\nPersistent=true", timer)
    assert "systemctl enable --now hawkins-end.timer" in machine.called


def _everything(lab: Lab, *machines: Machine) -> Iterator[tuple[str, bytes]]:
    """All that anybody could read afterwards: objects, files, scripts."""
    for key in lab.objects():
        data = lab.read(key)
        yield key, data
        if key.endswith(".tar.gz"):
            with tarfile.open(fileobj=BytesIO(data)) as tar:
                yield from ((entry.name, tar.extractfile(entry).read()) for entry in tar)  # type: ignore[union-attr]
    for machine in machines:
        for path in machine.root.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()


def test_interrupted_on_one_machine_and_finished_on_another(
    lab: Lab, moto: Moto, hub: Hub, make_machine: Make, make_imds: Imdses
) -> None:
    job = lab.order(hub={"push_to": "me/voice"}, limits={"max_hours": 1.5})
    name = "/stranger-things-nlp/huggingface_token"
    moto.client("ssm").put_parameter(Name=name, Value=CANARY, Type="SecureString")

    # The notice is there before the first step: that one is made, saved and uploaded.
    first = make_machine(job, make_imds(instance="i-00000000000000001", notice=True))
    said = first.run()
    assert first.process is not None
    assert first.process.returncode == 0, said
    told = lab.progress(job)
    assert (told.state, told.done, told.total, told.saved) == (State.INTERRUPTED, 1, 6, 1), lab.log(job)
    assert (told.instance, told.stage) == ("i-00000000000000001", "the machine is taken away; saved after step 1 of 6")
    saved = lab.objects(f"checkpoints/{job.id}/")
    listed = json.loads(lab.read(f"checkpoints/{job.id}/checkpoint-1/{MANIFEST}"))["files"]
    assert saved == {f"checkpoints/{job.id}/checkpoint-1/{file}" for file in [*listed, MANIFEST]}
    assert not lab.objects("models/")
    assert not lab.objects("results/")
    assert not hub.committed
    _asked_to_end(first, 90)

    second = make_machine(job, make_imds(instance="i-00000000000000002"))
    said_too = second.run()
    told = lab.progress(job)
    log = lab.log(job)
    assert (told.state, told.done, told.instance) == (State.FINISHED, 6, "i-00000000000000002"), log
    assert told.stage.startswith("the voice lies in the bucket and at https://huggingface.co/me/voice")
    # One story: what both logged, in its order, and step 1 not made twice.
    assert [int(step) for step in re.findall(r" step (\d+)/6 ", log)][:2] == [1, 2]
    assert len(re.findall(r" step 1/6 ", log)) == len(re.findall(r" step 6/6 ", log)) == 1
    assert log.index("i-00000000000000001") < log.index("going on after step 1") < log.index("step 2/6")
    _asked_to_end(second, 90)

    models = {key.removeprefix("models/llama-chatbot/eleven/") for key in lab.objects("models/")}
    assert {"adapter.gguf", "adapter_config.json", "adapter_model.safetensors", "training.json", "README.md"} <= models
    scores = json.loads(lab.read(f"results/{job.id}/evaluation_metrics.json"))
    assert scores["steps"] == 6
    assert scores["perplexity_after"] < scores["perplexity_before"]
    results = json.loads(lab.read(f"results/{job.id}/training_results.json"))
    assert (results["character"], results["repository"], results["job"]) == ("Eleven", TINY, job.id)
    assert not lab.objects("checkpoints/")  # nothing is left to go on with
    assert "ended with 0" in lab.log(job, "setup.log")
    assert "adapter_model.safetensors" in hub.committed

    assert f"Bearer {CANARY}" in hub.tokens
    assert CANARY not in said + said_too
    assert not [where for where, data in _everything(lab, first, second) if CANARY.encode() in data]


@pytest.mark.slow
def test_the_embedded_model_learns_on_two_machines(lab: Lab, make_machine: Make, make_imds: Imdses) -> None:
    few = {"max_steps": 3, "batch_size": 1, "batch_tokens": 64, "evaluations": 1, "context_tokens": 32}
    job = lab.order("smollm2", "Joyce", training=few)  # who says least, so that little is held out
    make_machine(job, make_imds(notice=True)).run()
    assert (lab.progress(job).state, lab.progress(job).saved) == (State.INTERRUPTED, 1), _log(lab, job)
    machine = make_machine(job, make_imds())
    machine.run()
    assert lab.progress(job).state is State.FINISHED, _log(lab, job)
    models = lab.objects("models/smollm2-chatbot/joyce/")
    assert {Path(key).name for key in models} >= {"adapter.gguf", "adapter_model.safetensors", "training.json"}
    scores = json.loads(lab.read(f"results/{job.id}/evaluation_metrics.json"))
    assert scores["steps"] == 3
    assert scores["base"] == "smollm2"
    _asked_to_end(machine, 360)


def _wait(holds: Callable[[], object], machine: Machine) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert machine.process is not None
        assert machine.process.poll() is None, machine.process.stdout and machine.process.stdout.read()
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.1)


def _trainer_of(machine: Machine) -> int:
    """Process id of the training on a machine."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"aws.training_job" in words and str(machine.root).encode() in b" ".join(words):
                return int(folder.name)
    raise AssertionError("no training runs")


def test_killed_in_the_middle_it_has_saved_told_and_ends(lab: Lab, make_machine: Make, make_imds: Imdses) -> None:
    job = lab.order(training={**TRAINING, "max_steps": 2_000, "save_steps": 5})
    machine = make_machine(job, make_imds())
    process = machine.start()

    def saved() -> bool:
        return any(key.endswith(MANIFEST) for key in lab.objects(f"checkpoints/{job.id}/"))

    # Uploaded while it trains, and told meanwhile.
    _wait(saved, machine)
    _wait(lambda: lab.progress(job).saved and "step 1/" in lab.log(job), machine)
    told = lab.progress(job)
    assert told.state is State.TRAINING
    assert told.total == 2_000
    os.kill(_trainer_of(machine), signal.SIGKILL)
    process.communicate(timeout=120)
    told = lab.progress(job)
    assert (told.state, told.stage) == (State.FAILED, "the training ended with 137; see training.log")
    assert told.saved
    _asked_to_end(machine, 360)


def _log(lab: Lab, job: Job) -> str:
    names = sorted(lab.objects(f"logs/{job.id}/"))
    return "".join(lab.read(name).decode() for name in names if name.endswith(".log"))


def test_a_bundle_that_is_another_is_not_run(lab: Lab, make_machine: Make, make_imds: Imdses) -> None:
    job = lab.order()
    lab.s3.put_object(Bucket=BUCKET, Key=f"code/{job.code}.tar.gz", Body=b"other")
    machine = make_machine(job, make_imds())
    said = machine.run()
    told = lab.progress(job)
    assert (told.state, told.stage) == (State.FAILED, "set-up failed; see setup.log")
    assert "checksum did NOT match" in _log(lab, job)
    assert "Traceback" not in said
    assert machine.process is not None
    assert machine.process.returncode == 1
    _asked_to_end(machine, 360)


def test_what_an_earlier_machine_said_does_not_pass_for_this_ones_word(
    lab: Lab, make_machine: Make, make_imds: Imdses
) -> None:
    job = lab.order()
    earlier = Progress(job=job.id, state=State.INTERRUPTED, instance="i-1", saved=4, at="2026-01-01T00:00:00+00:00")
    lab.s3.put_object(Bucket=BUCKET, Key=progress_key(job.id), Body=earlier.model_dump_json().encode())
    lab.s3.delete_object(Bucket=BUCKET, Key=job_key(job.id))
    machine = make_machine(job, make_imds())
    said = machine.run()
    told = lab.progress(job)
    assert (told.state, told.stage) == (State.FAILED, "the training ended with 2; see training.log")
    assert (told.instance, told.saved) == ("", 4)
    log = _log(lab, job)
    assert f"{job_key(job.id)} does not exist; order the training again" in log
    assert "Traceback" not in said + log
    _asked_to_end(machine, 360)


def test_without_a_bucket_it_still_ends(lab: Lab, make_machine: Make, make_imds: Imdses) -> None:
    job = lab.order()
    for key in lab.objects():
        lab.s3.delete_object(Bucket=BUCKET, Key=key)
    lab.s3.delete_bucket(Bucket=BUCKET)
    machine = make_machine(job, make_imds())
    said = machine.run()
    assert "warning: the logs were not uploaded" in said
    assert "Traceback" not in said
    _asked_to_end(machine, 360)

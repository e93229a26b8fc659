"""The bucket of a training, a tiny Llama where the Hub's downloads lie, and machines that are none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.bundle import Bundle, make_bundle
from aws.config import AwsConfig
from aws.job import Job, Progress, job_key, new_job, progress_key, read_progress
from aws.user_data import training_user_data
from tests.aws.conftest import Moto
from tests.aws.training.machines import TINY, Imds, Machine, cache_base
from tests.character_training.door.conftest import write_base
from tests.character_training.door.test_push import Hub

BUCKET = "hawkins-lab-test"
CANARY = "hf_canaryCANARYcanaryCANARY"
TRAINING: dict[str, Any] = {
    "base_model_llama": TINY,
    "batch_size": 8,
    "batch_tokens": 1024,
    "learning_rate": 1e-2,
    "max_steps": 6,
    "fp16": False,
    "gradient_checkpointing": False,
    "lora_r": 4,
    "lora_alpha": 8,
    "lora_dropout": 0.0,
    "context_tokens": 32,
    "evaluations": 1,
    "save_steps": 2,
    "quantize": False,
}


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return make_bundle()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `HF_HOME` is, with a tiny Llama in it."""
    folder = tmp_path_factory.mktemp("hub-cache")
    cache_base(folder, write_base(tmp_path_factory.mktemp("bases") / "tiny"))
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def make_imds() -> Iterator[Callable[..., Imds]]:
    made: list[Imds] = []

    def make(**options: Any) -> Imds:
        made.append(Imds(**options))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Lab:
    """The bucket and what is ordered in it.

    Args:
        moto: AWS.
        bundle: The program.
    """

    def __init__(self, moto: Moto, bundle: Bundle) -> None:
        self.s3 = moto.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key=bundle.key, Body=bundle.data)
        self.bundle = bundle

    def order(
        self,
        base: str = "llama",
        character: str = "Eleven",
        *,
        results: str | None = None,
        voices: bool = False,
        attempt: int = 0,
        **sections: Any,
    ) -> Job:
        """Put a job into the bucket; sections of the config go over ours."""
        given = {"training": TRAINING, "logging": {"seconds": 1}, "ec2": {"instance_type": "c5.large"}, **sections}
        config = AwsConfig.model_validate({"s3": {"bucket_name": BUCKET}, **given})
        job = new_job(config, base, character, code=self.bundle.sha256, results=results, voices=voices, attempt=attempt)
        self.s3.put_object(Bucket=BUCKET, Key=job_key(job.id), Body=job.model_dump_json().encode())
        return job

    def objects(self, prefix: str = "") -> set[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {entry["Key"] for page in pages for entry in page.get("Contents", ())}

    def read(self, key: str) -> bytes:
        data: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return data

    def progress(self, job: Job) -> Progress:
        found = read_progress(self.read(progress_key(job.id)))
        assert found is not None
        return found

    def log(self, job: Job, name: str = "training.log") -> str:
        return self.read(f"logs/{job.id}/{name}").decode()


@pytest.fixture(scope="session")
def _one_thread() -> Iterator[None]:
    """Two threads on a small matrix wait for each other; on busy cores for long."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def here(moto: Moto, cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, _one_thread: None) -> pytest.MonkeyPatch:
    """This process as a machine: the Hub's cache is at hand, and there is no token unless SSM holds one."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setenv("HAWKINS_PAUSE", "0.01")
    for name in ("huggingface_token", "HF_TOKEN"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def lab(moto: Moto, bundle: Bundle) -> Lab:
    return Lab(moto, bundle)


@pytest.fixture
def make_machine(cache: Path, hub: Hub, tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(job: Job, imds: Imds) -> Machine:
        environment = {
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.url,
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(cache),
            "HF_HUB_DISABLE_XET": "1",
        }
        made.append(Machine(tmp_path / f"machine-{len(made)}", environment, training_user_data(job)))
        return made[-1]

    yield make
    for machine in made:
        machine.kill()

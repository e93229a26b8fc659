"""The whole life as people live it: init, data, secrets, training, the app, the end; and nothing of ours is left."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.results import TABLES, Results, table_path
from aws.images import GPU_IMAGES, PLAIN_IMAGES
from tests.aws.conftest import Finished, Moto
from tests.aws.faults import Proxy, faulty
from tests.aws.grounds import our_images
from utils.artifacts import write_table
from utils.world import World

pytestmark = pytest.mark.ci

CANARY = "hf_canary7c3e9ThisIsSecret"
SESAME = "canary-word-51d0-of-the-app"
KEY = "canary-key-8a2f-of-a-chat-server"
PROJECT = "stranger-things-nlp"
BUCKET = "hawkins-lab-test"


@pytest.fixture
def season(make_results: Callable[..., Results], home: Path) -> Path:
    """An analysis of the sample season, as far as training and app look at it."""
    facts = {"run": "x", "series": "stranger_things", "timeline": "sample", "weights": ""}
    results, folder = make_results(), home / "out" / "mine"
    folder.mkdir(parents=True)
    for name in TABLES:
        table = World.sample().dialogue if name == "dialogue" else getattr(results, name)
        write_table(table, table_path(folder, name), key="x", provenance=facts)
    return folder


@pytest.fixture
def aws(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Moto behind what it lacks: images that AWS names, and machines that are not started twice."""
    from aws.clients import Clients

    image = our_images(Clients("us-east-1"))[0]
    with faulty(moto.url, parameters={GPU_IMAGES[0]: image, PLAIN_IMAGES["x86_64"][0]: image}) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


class Person:
    """Somebody at a terminal, and everything that they saw."""

    def __init__(self, run: Callable[..., Finished], **environment: str) -> None:
        self._run, self._environment = run, environment
        self.saw = ""

    def __call__(self, *words: str, **env: str) -> Finished:
        done = self._run(*words, env={**self._environment, **env})
        assert done.code == 0, (words, done.all)
        self.saw += done.all
        return done


def everything(moto: Moto) -> str:
    """Return all that lies on AWS in readable form: objects, user data, tags."""
    s3, ec2 = moto.client("s3"), moto.client("ec2")
    parts = []
    for version in s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
        if not version["Key"].endswith((".tar.gz", ".parquet")):
            body = s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
            parts.append(version["Key"] + body.decode("utf-8", "replace"))
    for each in (one for group in ec2.describe_instances()["Reservations"] for one in group["Instances"]):
        script = ec2.describe_instance_attribute(InstanceId=each["InstanceId"], Attribute="userData")["UserData"]
        parts.append(json.dumps(each, default=str) + base64.b64decode(script["Value"]).decode())
    return "\n".join(parts)


def left_over(moto: Moto) -> dict[str, list[Any]]:
    """Return everything with our tag or name that is still there."""
    ec2, iam = moto.client("ec2"), moto.client("iam")
    tag = [{"Name": "tag:project", "Values": [PROJECT]}]
    alive = [*tag, {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    return {
        "instances": ec2.describe_instances(Filters=alive)["Reservations"],
        "disks": ec2.describe_volumes(Filters=tag)["Volumes"],
        "interfaces": ec2.describe_network_interfaces(Filters=tag)["NetworkInterfaces"],
        "addresses": ec2.describe_addresses(Filters=tag)["Addresses"],
        "groups": ec2.describe_security_groups(Filters=tag)["SecurityGroups"],
        "keys": ec2.describe_key_pairs(Filters=tag)["KeyPairs"],
        "roles": iam.list_roles()["Roles"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "parameters": moto.client("ssm").describe_parameters()["Parameters"],
        "buckets": moto.client("s3").list_buckets()["Buckets"],
    }


def finish(moto: Moto, job: str, machine: str) -> None:
    """Do what a machine does when its training is done."""
    s3 = moto.client("s3")
    said = {"job": job, "state": "finished", "stage": "done", "instance": machine, "done": 5, "total": 5}
    s3.put_object(Bucket=BUCKET, Key=f"logs/{job}/progress.json", Body=json.dumps(said).encode())
    s3.put_object(Bucket=BUCKET, Key=f"logs/{job}/training.log", Body=b"step 5 of 5\n")
    moto.client("ec2").terminate_instances(InstanceIds=[machine])


def test_from_nothing_to_a_voice_and_back_to_nothing(
    moto: Moto,
    aws: Proxy,
    run_cli: Callable[..., Finished],
    write_config: Callable[..., Path],
    season: Path,
    home: Path,
) -> None:
    write_config(training={"max_steps": 5}, ec2={"key_pair_name": "mine"})
    person = Person(run_cli, AWS_ENDPOINT_URL=aws.url, HOME=str(home))

    person("init", "--yes")
    assert person("init", "--yes", "--json").json["done"] == []
    # Moto takes every condition for met, also that of the statement that refuses whoever comes without TLS.
    moto.client("s3").delete_bucket_policy(Bucket=BUCKET)
    person("secret", "huggingface_token", "--yes", HF_TOKEN=CANARY)
    person("secret", "gradio_password", "--yes", HAWKINS_APP_PASSWORD=SESAME)
    person("secret", "endpoint_key", "--yes", HAWKINS_API_KEY=KEY)
    person("upload-data", "--results", str(season), "--yes")

    shown = person("train", "llama", "--character", "Mike", "--results", "mine", "--spot", "--dry-run").out
    assert "an hour" in shown
    assert moto.client("ec2").describe_instances()["Reservations"] == []
    ordered = person("train", "llama", "--character", "Mike", "--results", "mine", "--spot", "--yes", "--json").json
    job, machine = ordered["job"], ordered["done"][-1]["result"]
    assert "works on it" in person("train", "llama", "--character", "Mike", "--results", "mine", "--yes").out
    (seen,) = person("status", "--json").json["instances"]
    assert (seen["id"], seen["for"], seen["spot"]) == (machine, job, True)

    elsewhere = "http://chat.example.org:8000/v1"
    hosted = person("deploy-gradio", "--results", "mine", "--endpoint", elsewhere, "--no-wait", "--yes").out
    assert f"The key would travel to {elsewhere} unencrypted" in hosted
    # The new machine is told how long it may run, before anybody else looks.
    told = moto.client("s3").get_object(Bucket=BUCKET, Key="jobs/gradio/deadline.json")["Body"].read()
    # At these prices $50 a month are never reached.
    assert json.loads(told) == {"at": None}
    assert person("status", "--json").json["month"]["budget_reached_at"] is None
    assert {each["role"] for each in person("list-instances", "--json").json} == {"training", "gradio"}

    finish(moto, job, machine)
    assert "step 5 of 5" in person("logs", job).out
    assert "finished; --restart" in person("train", "llama", "--character", "Mike", "--results", "mine", "--yes").out
    assert len(person("cost", "--json").json["machines"]) == 2
    there = everything(moto)
    person("terminate", "--all", "--yes")
    assert "Nothing runs" in person("status").out
    person("destroy", "--bucket", "--yes")

    assert {kind: found for kind, found in left_over(moto).items() if found} == {}
    assert aws.calls.count("ec2:RunInstances") == 2
    for secret in (CANARY, SESAME, KEY):
        assert secret not in person.saw
        assert secret not in there
        # It goes over the wire once, into SSM.
        assert [name for name, body in zip(aws.calls, aws.bodies, strict=True) if secret.encode() in body] == [
            "ssm:PutParameter"
        ]

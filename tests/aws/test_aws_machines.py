"""The commands about machines and money, run for real against moto."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from aws.clients import Clients
from aws.config import AwsConfig
from aws.cost import month_of
from aws.follow import follow
from aws.instances import find_instances
from aws.job import TAKEN_AWAY
from aws.ledger import LaunchRecord, read_records, write_record
from tests.aws.conftest import Finished, Moto
from tests.aws.faults import Fault, faulty
from tests.aws.grounds import BUCKET, PROJECT, lay_ground

Run = Callable[..., Finished]
JOB = "llama-mike-0123456789"


@pytest.fixture
def clients(moto: Moto) -> Clients:
    return Clients("us-east-1")


@pytest.fixture
def ground(clients: Clients, home: Path) -> Callable[..., AwsConfig]:
    """Make the ground and the file that names it."""

    def lay(**sections: Any) -> AwsConfig:
        config = lay_ground(clients, **sections)
        whole = json.loads(config.model_dump_json(exclude_defaults=True))
        (home / "aws_config.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
        return config

    return lay


def run_machine(clients: Clients, config: AwsConfig, *, name: str = JOB, role: str = "training", **record: Any) -> str:
    """Start a machine with our tags and, with ``begun``, a record of when."""
    tags = [
        {"Key": "project", "Value": PROJECT},
        {"Key": "hawkins:role", "Value": role},
        {"Key": "hawkins:launch", "Value": name},
        {"Key": "hawkins:attempt", "Value": "1"},
    ]
    made: str = clients.ec2.run_instances(
        ImageId=str(config.ec2.image), InstanceType="g4dn.xlarge", MinCount=1, MaxCount=1,
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    )["Instances"][0]["InstanceId"]  # fmt: skip
    if begun := record.pop("begun", None):
        whole = {"name": name, "attempt": 1, "role": role, "prices": {"g4dn.xlarge": 0.526}, "volume_gb": 100}
        whole |= {"asked": begun, "launched": begun, "instance": made, "type": "g4dn.xlarge", **record}
        write_record(clients, BUCKET, LaunchRecord.model_validate(whole))
    return made


def state_of(clients: Clients, instance: str) -> str:
    found = clients.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return str(found["State"]["Name"])


def test_machines_are_listed_with_and_without_any(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    config = ground()
    assert "No instance with the tag project=hawkins-lab" in run_cli("list-instances").out
    machine = run_machine(clients, config)
    run = run_cli("list-instances")
    assert (run.code, machine in run.out, JOB in run.out) == (0, True, True)
    (found,) = run_cli("list-instances", "--json", "--dry-run", "--yes").json
    assert (found["id"], found["for"], found["state"]) == (machine, JOB, "running")
    # A machine without a record is taken up into the records, but not by a dry run.
    assert [each["for"] for each in run_cli("cost", "--json", "--dry-run", "--yes").json["machines"]] == [JOB]
    assert read_records(clients, BUCKET) == ()


def test_status_shows_progress_the_month_and_what_is_left_over(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    config = ground()
    now = datetime.now(UTC)
    begun, (since, until) = now - timedelta(minutes=30), month_of(now)
    machine = run_machine(clients, config, begun=begun, max_hours=6)
    said = {"job": JOB, "state": "training", "stage": "epoch 1", "instance": machine, "done": 3, "total": 9}
    clients.s3.put_object(Bucket=BUCKET, Key=f"logs/{JOB}/progress.json", Body=json.dumps(said).encode())
    tag: Any = [{"ResourceType": "volume", "Tags": [{"Key": "project", "Value": PROJECT}]}]
    lost = clients.ec2.create_volume(AvailabilityZone="us-east-1a", Size=40, TagSpecifications=tag)["VolumeId"]

    run = run_cli("status")

    assert run.code == 0, run.all
    assert f"{JOB}: training, epoch 1, step 3 of 9" in run.out
    assert f"left over: disk {lost}, 40 GB, of nothing" in run.out
    assert "of $50.00 so far" in run.out
    found = run_cli("status", "--json").json
    assert [each["id"] for each in found["instances"]] == [machine]
    assert [each["id"] for each in found["left_over"]] == [lost]
    # Half an hour, with the hours until its limit given away.
    hour = 0.526 + 100 * 0.08 / 730 + 0.005
    so_far, ahead = now - max(begun, since), min(begun + timedelta(hours=6), until) - now
    assert found["month"]["usd"] == pytest.approx(so_far.total_seconds() / 3600 * hour, rel=0.2, abs=0.02)
    assert found["month"]["forecast_usd"] == pytest.approx((so_far + ahead).total_seconds() / 3600 * hour, rel=0.05)


def test_a_budget_that_is_reached_ends_training_and_stops_the_app(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    config = ground(limits={"budget_usd": 0.01})
    training = run_machine(clients, config, begun=datetime.now(UTC) - timedelta(minutes=40), max_hours=1)
    app = run_machine(clients, config, name="gradio", role="gradio")

    looked = run_cli("status", "--dry-run")
    assert "without --dry-run, status ends what runs" in looked.err
    assert (state_of(clients, training), state_of(clients, app)) == ("running", "running")
    run = run_cli("status")

    assert run.code == 0, run.all
    assert f"{training} ({JOB}) was terminated" in run.err
    assert f"{app} (gradio) was stopped" in run.err
    assert (state_of(clients, training), state_of(clients, app)) == ("terminated", "stopped")
    refused = run_cli("train", "llama", "--character", "Mike", "--yes")
    assert (refused.code, "The budget of $0.01 a month does not allow" in refused.err) == (2, True)
    assert len(clients.ec2.describe_instances()["Reservations"]) == 2


def test_what_machines_bucket_and_disks_cost(clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run) -> None:
    config = ground()
    # A month has 28 days at least; this one ended, and its record says when.
    now = datetime.now(UTC)
    first = max(now - timedelta(hours=2), now.replace(day=1, hour=0, minute=0, second=0))
    ended = run_machine(clients, config, begun=first, ended=now)
    clients.ec2.terminate_instances(InstanceIds=[ended])
    clients.s3.put_object(Bucket=BUCKET, Key="models/one", Body=b"x" * 2**20)

    found = run_cli("cost", "--json").json

    (machine,) = found["machines"]
    assert (machine["instance"], machine["running"]) == (ended, False)
    assert machine["usd"] == pytest.approx(machine["usd_per_hour"] * machine["hours"], rel=0.01)
    assert found["forecast_usd"] == pytest.approx(found["usd"])
    assert found["storage"]["STANDARD"]["gb"] == pytest.approx(2**20 / 2**30, rel=0.01)
    run = run_cli("cost")
    assert (ended in run.out, "bucket hawkins-lab-test, STANDARD: 0.001 GB" in run.out) == (True, True)


def test_one_machine_is_terminated_after_asking_and_its_end_is_kept(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    config = ground()
    machine = run_machine(clients, config, begun=datetime.now(UTC) - timedelta(minutes=5))
    other = run_machine(clients, config, name="gradio", role="gradio")

    assert run_cli("terminate", machine, answer="n\n").code == 1
    assert state_of(clients, machine) == "running"
    run = run_cli("terminate", machine, answer="y\n")

    assert run.code == 0, run.all
    assert "the same `train` goes on with it" in run.out
    assert (state_of(clients, machine), state_of(clients, other)) == ("terminated", "running")
    kept = json.loads(clients.s3.get_object(Bucket=BUCKET, Key=f"jobs/launches/{JOB}-001.json")["Body"].read())
    assert kept["ended"] is not None
    assert "terminated already" in run_cli("terminate", machine, "--yes").out
    done = run_cli("terminate", "--all", "--yes", "--json").json
    assert [each["result"] for each in done["done"]] == [other]


def test_what_cannot_be_is_one_sentence(ground: Callable[..., AwsConfig], run_cli: Run) -> None:
    ground()
    for words, said in (
        (("terminate",), "Give an instance id or --all"),
        (("terminate", "i-0123456789abcdef0"), "is no instance with the tag project=hawkins-lab"),
        (("logs",), "holds no logs yet"),
        (("logs", "nothing"), "There are no logs of 'nothing' yet"),
        (("logs", "nothing", "--follow"), "No machine works on 'nothing' now"),
        (("train", "llama", "--follow", "--json"), "choose one"),
    ):
        run = run_cli(*words)
        assert (run.code, run.err.count("\n"), said in run.err) == (2, 1, True), run.all


def test_a_training_that_stops_in_the_middle_says_what_exists_and_goes_on(
    moto: Moto, clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    ground()
    order = ("train", "qwen", "--character", "Mike", "--yes")
    with faulty(moto.url, Fault("deny", only="ec2:RunInstances")) as proxy:
        refused = run_cli(*order, env={"AWS_ENDPOINT_URL": proxy.url})
        # Five attempts of botocore are carried out, and no answer to them arrives.
        proxy.begin(Fault("drop", only="ec2:RunInstances", times=5))
        lost = run_cli(*order, env={"AWS_ENDPOINT_URL": proxy.url})

    assert refused.code == 4, refused.all
    assert '"Action": "ec2:RunInstances"' in refused.err
    assert "done before: create object code/" in refused.err
    assert "Run the same command again to go on" in refused.err
    assert lost.code == 0, lost.all
    (machine,) = find_instances(clients, PROJECT)
    assert machine.id in lost.err
    assert machine.id in run_cli(*order).out


class Machines(threading.Thread):
    """What two machines do while somebody follows them: the first is taken away, the second finishes."""

    def __init__(self, clients: Clients) -> None:
        super().__init__(daemon=True)
        self._clients = clients
        self.job = ""

    def run(self) -> None:
        first = self._wait_for("1")
        self._say(first, b"step 1 of 2\n", "training", "first epoch", done=1)
        time.sleep(2)
        self._say(first, b"step 1 of 2\n", "interrupted", f"{TAKEN_AWAY}; saved after step 1 of 2", done=1, saved=1)
        self._clients.ec2.terminate_instances(InstanceIds=[first])
        second = self._wait_for("2")
        self._say(second, b"step 1 of 2\nstep 2 of 2\n", "finished", "done", done=2)
        self._clients.ec2.terminate_instances(InstanceIds=[second])

    def _wait_for(self, attempt: str) -> str:
        for _ in range(600):
            for each in find_instances(self._clients, PROJECT):
                if each.tags["hawkins:attempt"] == attempt:
                    self.job = each.name
                    return each.id
            time.sleep(0.5)
        raise AssertionError(f"machine {attempt} was never started")

    def _say(self, machine: str, log: bytes, state: str, stage: str, **more: int) -> None:
        said = {"job": self.job, "state": state, "stage": stage, "instance": machine, "total": 2, **more}
        s3 = self._clients.s3
        s3.put_object(Bucket=BUCKET, Key=f"logs/{self.job}/training.log", Body=log)
        s3.put_object(Bucket=BUCKET, Key=f"logs/{self.job}/progress.json", Body=json.dumps(said).encode())


def test_a_spot_machine_that_is_taken_away_is_followed_by_another(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    ground(logging={"seconds": 1})
    machines = Machines(clients)
    machines.start()

    run = run_cli("train", "qwen", "--character", "Mike", "--spot", "--yes", "--follow")

    assert run.code == 0, run.all
    assert "AWS took the machine away; another one goes on." in run.err
    assert "going on after step 1" in run.out
    assert "step 2 of 2" in run.out
    assert run.out.endswith(f"{machines.job} is finished.\n")
    assert find_instances(clients, PROJECT) == ()
    assert [record.attempt for record in read_records(clients, BUCKET, name=machines.job)] == [1, 2]


def test_logs_are_shown_and_followed_until_the_machine_has_said_its_last(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    config = ground(logging={"seconds": 1})
    machine = run_machine(clients, config)
    clients.s3.put_object(Bucket=BUCKET, Key=f"logs/{JOB}/setup.log", Body=b"installing\n")
    clients.s3.put_object(Bucket=BUCKET, Key=f"logs/{JOB}/training.log", Body=b"step 1\nstep 2 \x1b[31mred\n")
    said = {"job": JOB, "state": "finished", "stage": "done", "instance": machine, "done": 2, "total": 2}
    clients.s3.put_object(Bucket=BUCKET, Key=f"logs/{JOB}/progress.json", Body=json.dumps(said).encode())

    read = run_cli("logs")
    assert read.out == "installing\nstep 1\nstep 2 \ufffd[31mred\n"
    objects = [json.loads(line) for line in run_cli("logs", "--json", "--dry-run", "--yes").out.splitlines()]
    lines = [
        {"name": JOB, "file": "setup.log", "line": "installing"},
        {"name": JOB, "file": "training.log", "line": "step 1"},
        {"name": JOB, "file": "training.log", "line": "step 2 \x1b[31mred"},
    ]
    assert objects[:-1] == lines
    assert (objects[-1]["name"], objects[-1]["progress"]["state"]) == (JOB, "finished")
    followed = run_cli("logs", JOB, "--follow")
    assert (followed.code, followed.out) == (0, read.out)
    assert "[finished] done step 2 of 2" in followed.err
    as_objects = run_cli("logs", JOB, "--follow", "--json").out
    assert [json.loads(line) for line in as_objects.splitlines()] == objects


def test_the_logs_of_the_app_are_followed_too(clients: Clients, ground: Callable[..., AwsConfig]) -> None:
    config = ground()
    machine = run_machine(clients, config, name="gradio", role="gradio")
    clients.s3.put_object(Bucket=BUCKET, Key="logs/gradio/gradio.log", Body=b"served\n")
    assert next(follow(clients, config, "gradio", machine)).lines == (("gradio.log", "served"),)


def test_destroy_removes_everything_of_ours_and_nothing_else(
    clients: Clients, ground: Callable[..., AwsConfig], run_cli: Run
) -> None:
    config = ground()
    run_machine(clients, config)
    ours: Any = [{"Key": "project", "Value": PROJECT}]
    theirs: Any = [{"Key": "project", "Value": "theirs"}]
    for tags in (ours, theirs):
        clients.ec2.create_volume(
            AvailabilityZone="us-east-1a", Size=8, TagSpecifications=[{"ResourceType": "volume", "Tags": tags}]
        )
        name = tags[0]["Value"]
        clients.ec2.create_key_pair(KeyName=name, TagSpecifications=[{"ResourceType": "key-pair", "Tags": tags}])
        address = clients.ec2.allocate_address(Domain="vpc")["AllocationId"]
        clients.ec2.create_tags(Resources=[address], Tags=tags)
        clients.ssm.put_parameter(Name=f"/{name}/huggingface_token", Value="a-secret", Type="SecureString")
    for _ in range(2):
        clients.s3.put_object(Bucket=BUCKET, Key="models/one", Body=b"weights")

    shown = run_cli("destroy", "--dry-run")
    assert shown.code == 0, shown.all
    assert clients.s3.head_bucket(Bucket=BUCKET)
    run = run_cli("destroy", "--yes")
    assert run.code == 0, run.all
    assert "a-secret" not in shown.all + run.all
    assert "The bucket stays" in run.out
    assert clients.s3.head_object(Bucket=BUCKET, Key="models/one")
    whole = run_cli("destroy", "--bucket", "--yes")
    assert whole.code == 0, whole.all

    assert [bucket["Name"] for bucket in clients.s3.list_buckets()["Buckets"]] == []
    assert [role["RoleName"] for role in clients.iam.list_roles()["Roles"]] == []
    assert clients.iam.list_instance_profiles()["InstanceProfiles"] == []
    assert [group["GroupName"] for group in clients.ec2.describe_security_groups()["SecurityGroups"]] == ["default"]
    assert [key["KeyName"] for key in clients.ec2.describe_key_pairs()["KeyPairs"]] == ["theirs"]
    left = [each["Tags"][0]["Value"] for each in clients.ec2.describe_volumes()["Volumes"]]
    assert left == ["theirs"]
    assert [each["Tags"][0]["Value"] for each in clients.ec2.describe_addresses()["Addresses"]] == ["theirs"]
    named = [each["Name"] for each in clients.ssm.describe_parameters()["Parameters"]]
    assert named == ["/theirs/huggingface_token"]
    assert "Nothing to do" in run_cli("destroy", "--bucket", "--yes").out

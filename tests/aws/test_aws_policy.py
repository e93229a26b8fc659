"""The role's policy, enforced by moto: it suffices for what machines do, and refuses all else.

Moto checks actions and S3's resources; it neither checks conditions nor the resources of SSM, where it asks for ``*``.
So the parameters' statement is tried with ``*`` here, and that ours names its own parameters alone is read off it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.clients import Clients
from aws.config import AwsConfig
from aws.errors import aws_errors
from aws.layout import CHECKPOINTS, CODE, DATA, JOBS, LOGS, MODELS, RESULTS
from aws.plan import carry_out
from aws.policies import role_policy, trust_policy
from aws.setup import Ground, init_calls, plan_init
from aws.sync import CheckpointStore, Store
from character_training.checkpoints import MANIFEST
from utils.errors import HawkinsError

BUCKET = "hawkins-lab-test"
CONFIG = AwsConfig.model_validate({"s3": {"bucket_name": BUCKET}})
ACCOUNT = "123456789012"


@pytest.fixture
def machine(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Connections with the rights of a machine, and nobody else's, while moto enforces what they are."""
    ground = Ground.of(CONFIG)
    carry_out(plan_init(ground), init_calls(ground))
    moto.take_tls_for_granted(BUCKET)
    s3, iam = moto.client("s3"), moto.client("iam")
    s3.create_bucket(Bucket="somebody-elses")
    for key in (f"{JOBS}one.json", f"{CODE}one.tar.gz", f"{DATA}training/mine/dialogue.parquet", "private/diary"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    moto.client("ssm").put_parameter(Name="/stranger-things-nlp/huggingface_token", Value="x", Type="SecureString")
    wide = role_policy(CONFIG, account=ACCOUNT)
    for statement in wide["Statement"]:
        if statement["Sid"] == "ReadSecrets":
            statement["Resource"] = "*"
    iam.put_role_policy(RoleName="EC2-S3-Access", PolicyName="hawkins", PolicyDocument=json.dumps(wide))
    keys = moto.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/EC2-S3-Access", RoleSessionName="machine"
    )["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
    moto.post("/moto-api/reset-auth", b"0")
    try:
        yield Clients("us-east-1")
    finally:
        moto.post("/moto-api/reset-auth", b"inf")


def test_it_suffices_for_what_a_training_does(machine: Clients, tmp_path: Path) -> None:
    store = Store(machine.s3, BUCKET)
    assert store.read(f"{JOBS}one.json") == b"{}"
    assert store.read(f"{LOGS}one/progress.json") is None
    store.download(f"{CODE}one.tar.gz", tmp_path / "one.tar.gz")
    assert store.keys(f"{DATA}training/mine/") == [f"{DATA}training/mine/dialogue.parquet"]
    large = tmp_path / "adapter.gguf"
    large.write_bytes(os.urandom(9 * 2**20))
    store.upload(large, f"{MODELS}llama-chatbot/eleven/adapter.gguf")
    store.download(f"{MODELS}llama-chatbot/eleven/adapter.gguf", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    for folder in (RESULTS, LOGS):
        store.write(f"{folder}one/file.json", b"{}")
    folder = tmp_path / "checkpoints" / "checkpoint-1"
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text("{}", encoding="utf-8")
    checkpoints = CheckpointStore(store, f"{CHECKPOINTS}one/", tmp_path / "checkpoints")
    checkpoints.push()
    assert store.keys(f"{CHECKPOINTS}one/") == [f"{CHECKPOINTS}one/checkpoint-1/{MANIFEST}"]
    checkpoints.clear()
    assert store.keys(f"{CHECKPOINTS}one/") == []
    store.remove([f"{MODELS}llama-chatbot/eleven/adapter.gguf"])
    found = machine.ssm.get_parameter(Name="/stranger-things-nlp/huggingface_token", WithDecryption=True)
    assert found["Parameter"]["Value"] == "x"


REFUSED: dict[str, Callable[[Clients], object]] = {
    "read beside our folders": lambda it: it.s3.get_object(Bucket=BUCKET, Key="private/diary"),
    "write a job": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{JOBS}two.json", Body=b""),
    "write the program": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{CODE}two.tar.gz", Body=b""),
    "write data": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{DATA}training/x", Body=b""),
    "remove data": lambda it: it.s3.delete_object(Bucket=BUCKET, Key=f"{DATA}training/mine/dialogue.parquet"),
    "remove results": lambda it: it.s3.delete_object(Bucket=BUCKET, Key=f"{RESULTS}one/file.json"),
    "list another bucket": lambda it: it.s3.list_objects_v2(Bucket="somebody-elses"),
    "write into another bucket": lambda it: it.s3.put_object(Bucket="somebody-elses", Key=f"{LOGS}x", Body=b""),
    "list all buckets": lambda it: it.s3.list_buckets(),
    "change the bucket's policy": lambda it: it.s3.delete_bucket_policy(Bucket=BUCKET),
    "remove the bucket": lambda it: it.s3.delete_bucket(Bucket=BUCKET),
    "make a bucket": lambda it: it.s3.create_bucket(Bucket="one-more-bucket"),
    "start a machine": lambda it: it.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1),
    "end machines": lambda it: it.ec2.terminate_instances(InstanceIds=["i-0123456789abcdef0"]),
    "see machines": lambda it: it.ec2.describe_instances(),
    "open a port": lambda it: it.ec2.create_security_group(GroupName="open", Description="open"),
    "widen itself": lambda it: it.iam.put_role_policy(
        RoleName="EC2-S3-Access", PolicyName="wide", PolicyDocument='{"Statement": []}'
    ),
    "make a user": lambda it: it.iam.create_user(UserName="more"),
    "set a secret": lambda it: it.ssm.put_parameter(Name="/stranger-things-nlp/x", Value="y", Type="String"),
    "list secrets": lambda it: it.ssm.describe_parameters(),
    "take another role": lambda it: it.sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/EC2-S3-Access", RoleSessionName="more"
    ),
}


def test_it_refuses_everything_else(machine: Clients) -> None:
    allowed = []
    for name, call in REFUSED.items():
        try:
            with aws_errors(name):
                call(machine)
        except HawkinsError as error:
            assert "the permission " in str(error), f"{name}: {error}"
        else:
            allowed.append(name)
    assert allowed == []


def test_what_is_missing_is_named_with_its_statement(machine: Clients) -> None:
    with pytest.raises(HawkinsError, match=r"the permission iam:CreateUser is missing") as caught, aws_errors("trying"):
        machine.iam.create_user(UserName="more")
    statement = json.loads(str(caught.value).partition("in your policy: ")[2])
    assert statement == {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}


def test_parameters_are_this_projects_alone() -> None:
    statements = {each["Sid"]: each for each in role_policy(CONFIG, account=ACCOUNT)["Statement"]}
    own = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/stranger-things-nlp/*"
    assert statements["ReadSecrets"]["Resource"] == own
    conditions = statements["DecryptSecrets"]["Condition"]
    assert conditions["StringLike"] == {"kms:EncryptionContext:PARAMETER_ARN": own}
    assert conditions["StringEquals"] == {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}


def test_nobody_but_ec2_takes_the_role() -> None:
    (statement,) = trust_policy()["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}

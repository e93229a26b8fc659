"""The policies of both roles, enforced by moto: each suffices for what its machines do, and refuses all else.

Moto checks actions and S3's resources; it neither checks conditions nor the resources of SSM, where it asks for ``*``.
So the secrets' statement is tried with ``*`` here, and that each role reads its own alone is read off the policies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aws.app_order import SCRIPT_KEY, status_key
from aws.app_stop import STOPPED_KEY, is_due
from aws.clients import Clients
from aws.config import AwsConfig
from aws.deadline import DEADLINE_KEY
from aws.errors import aws_errors
from aws.layout import APP, CHECKPOINTS, CODE, DATA, JOBS, LOGS, MODELS, RESULTS, log_key
from aws.plan import carry_out
from aws.policies import role_policy, trust_policy
from aws.secrets import SECRETS
from aws.setup import Ground, init_calls, plan_init
from aws.sync import CheckpointStore, Store
from character_training.checkpoints import MANIFEST
from tests.aws.conftest import Moto
from utils.errors import HawkinsError

BUCKET = "hawkins-lab-test"
CONFIG = AwsConfig.model_validate({"s3": {"bucket_name": BUCKET}})
ACCOUNT = "123456789012"


KEYS = (
    f"{JOBS}one.json",
    SCRIPT_KEY,
    f"{CODE}one.tar.gz",
    f"{DATA}training/mine/dialogue.parquet",
    f"{DATA}subtitles/s01e01.srt",
    f"{MODELS}qwen-chatbot/qwen.gguf",
    f"{CHECKPOINTS}old/{MANIFEST}",
    f"{LOGS}old/training.log",
    "private/diary",
)


@pytest.fixture
def machine(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Clients]]:
    """Make connections with the rights of a role's machine, and nobody else's, while moto enforces what they are."""
    ground = Ground.of(CONFIG)
    carry_out(plan_init(ground), init_calls(ground))
    moto.take_tls_for_granted(BUCKET)
    s3, ssm = moto.client("s3"), moto.client("ssm")
    s3.create_bucket(Bucket="somebody-elses")
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    for secret in SECRETS.values():
        ssm.put_parameter(Name=secret.parameter(CONFIG.project), Value="x", Type="SecureString")

    def take(role: str) -> Clients:
        name = CONFIG.iam.role_of(role)
        wide = role_policy(CONFIG, role, account=ACCOUNT)
        for statement in wide["Statement"]:
            if statement["Sid"] == "ReadSecret":
                statement["Resource"] = "*"
        moto.client("iam").put_role_policy(RoleName=name, PolicyName="hawkins", PolicyDocument=json.dumps(wide))
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        keys = moto.client("sts").assume_role(RoleArn=arn, RoleSessionName="machine")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
        moto.post("/moto-api/reset-auth", b"0")
        return Clients("us-east-1")

    try:
        yield take
    finally:
        moto.post("/moto-api/reset-auth", b"inf")


@pytest.fixture
def training(machine: Callable[[str], Clients]) -> Clients:
    return machine("training")


def test_it_suffices_for_what_a_training_does(training: Clients, tmp_path: Path) -> None:
    store = Store(training.s3, BUCKET)
    assert store.read(f"{JOBS}one.json") == b"{}"
    assert store.read(f"{LOGS}one/progress.json") is None
    store.download(f"{CODE}one.tar.gz", tmp_path / "one.tar.gz")
    assert store.keys(f"{DATA}training/mine/") == [f"{DATA}training/mine/dialogue.parquet"]
    large = tmp_path / "adapter.gguf"
    large.write_bytes(os.urandom(9 * 2**20))
    store.upload(large, f"{MODELS}llama-chatbot/eleven/adapter.gguf")
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
    found = training.ssm.get_parameter(Name="/stranger-things-nlp/huggingface_token", WithDecryption=True)
    assert found["Parameter"]["Value"] == "x"


def test_it_suffices_for_what_the_apps_machine_does(machine: Callable[[str], Clients], tmp_path: Path) -> None:
    app = machine("gradio")
    store = Store(app.s3, BUCKET)
    assert store.read(SCRIPT_KEY) == b"{}"
    # What is not there is said to be missing, not refused.
    assert store.read(DEADLINE_KEY) is None
    assert not is_due(store, now=datetime.now(UTC))
    for key in (f"{CODE}one.tar.gz", f"{DATA}training/mine/dialogue.parquet", f"{MODELS}qwen-chatbot/qwen.gguf"):
        store.download(key, tmp_path / "fetched")
    store.write(status_key(), b"{}")
    store.write(STOPPED_KEY, b"{}")
    log = tmp_path / "gradio_setup.log"
    log.write_bytes(os.urandom(9 * 2**20))
    store.upload(log, log_key(APP, log.name))
    for secret in ("gradio_password", "endpoint_key"):
        found = app.ssm.get_parameter(Name=f"/stranger-things-nlp/{secret}", WithDecryption=True)
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


ALSO_REFUSED: dict[str, dict[str, Callable[[Clients], object]]] = {
    "training": {
        "read a model": lambda it: it.s3.get_object(Bucket=BUCKET, Key=f"{MODELS}qwen-chatbot/qwen.gguf"),
        "read subtitles": lambda it: it.s3.get_object(Bucket=BUCKET, Key=f"{DATA}subtitles/s01e01.srt"),
        "prolong the app": lambda it: it.s3.put_object(Bucket=BUCKET, Key=DEADLINE_KEY, Body=b""),
    },
    "gradio": {
        "read subtitles": lambda it: it.s3.get_object(Bucket=BUCKET, Key=f"{DATA}subtitles/s01e01.srt"),
        "read what trainings are to do": lambda it: it.s3.get_object(Bucket=BUCKET, Key=f"{JOBS}one.json"),
        "read their logs": lambda it: it.s3.get_object(Bucket=BUCKET, Key=f"{LOGS}old/training.log"),
        "read their checkpoints": lambda it: it.s3.get_object(Bucket=BUCKET, Key=f"{CHECKPOINTS}old/{MANIFEST}"),
        "write their logs": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{LOGS}old/training.log", Body=b""),
        "write checkpoints": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{CHECKPOINTS}old/x", Body=b""),
        "write results": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{RESULTS}old/x", Body=b""),
        "write a model": lambda it: it.s3.put_object(Bucket=BUCKET, Key=f"{MODELS}x.gguf", Body=b""),
        "remove a model": lambda it: it.s3.delete_object(Bucket=BUCKET, Key=f"{MODELS}qwen-chatbot/qwen.gguf"),
        "remove its log": lambda it: it.s3.delete_object(Bucket=BUCKET, Key=f"{LOGS}{APP}/gradio.log"),
        "order itself": lambda it: it.s3.put_object(Bucket=BUCKET, Key=SCRIPT_KEY, Body=b""),
        "prolong itself": lambda it: it.s3.put_object(Bucket=BUCKET, Key=DEADLINE_KEY, Body=b""),
        "take the role of trainings": lambda it: it.sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/EC2-S3-Access", RoleSessionName="more"
        ),
    },
}


@pytest.mark.parametrize("role", ["training", "gradio"])
def test_it_refuses_everything_else(machine: Callable[[str], Clients], role: str) -> None:
    allowed, clients = [], machine(role)
    for name, call in {**REFUSED, **ALSO_REFUSED[role]}.items():
        try:
            with aws_errors(name):
                call(clients)
        except HawkinsError as error:
            assert "the permission " in str(error), f"{name}: {error}"
        else:
            allowed.append(name)
    assert allowed == []


def test_what_is_missing_is_named_with_its_statement(training: Clients) -> None:
    with pytest.raises(HawkinsError, match=r"the permission iam:CreateUser is missing") as caught, aws_errors("trying"):
        training.iam.create_user(UserName="more")
    statement = json.loads(str(caught.value).partition("in your policy: ")[2])
    assert statement == {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}


@pytest.mark.parametrize(
    ("role", "secrets"),
    [("training", ["huggingface_token"]), ("gradio", ["gradio_password", "endpoint_key"])],
)
def test_a_role_reads_its_own_secrets_alone(role: str, secrets: list[str]) -> None:
    statements = {each["Sid"]: each for each in role_policy(CONFIG, role, account=ACCOUNT)["Statement"]}
    named = [f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/stranger-things-nlp/{secret}" for secret in secrets]
    own = named if len(named) > 1 else named[0]
    assert (statements["ReadSecret"]["Action"], statements["ReadSecret"]["Resource"]) == ("ssm:GetParameter", own)
    assert statements["DecryptSecret"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": "ssm.us-east-1.amazonaws.com",
            "kms:EncryptionContext:PARAMETER_ARN": own,
        }
    }
    asking = [sid for sid, each in statements.items() if "ssm:" in str(each["Action"]) or "kms:" in str(each["Action"])]
    assert asking == ["ReadSecret", "DecryptSecret"]


def test_nobody_but_ec2_takes_the_role() -> None:
    (statement,) = trust_policy()["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}

"""``init`` where answers are lost or refused: nothing twice, nothing lost, and the same command goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.clients import Clients
from aws.config import AwsConfig, read_config
from aws.plan import Action, PartialError, Plan, carry_out
from aws.setup import Ground, init_calls, plan_init
from tests.aws.faults import Fault, Proxy, faulty

READS = ("Describe", "Get", "List", "s3:GET", "s3:HEAD")


@pytest.fixture
def proxy(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with faulty(moto.url) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


@pytest.fixture
def config(home: Path, write_config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    monkeypatch.setenv("HOME", str(home))
    return read_config(write_config(ec2={"key_pair_name": "lab-key", "ssh_cidrs": ["198.51.100.7/32"]}))


def _init(ground: Ground) -> Plan:
    plan = plan_init(ground)
    carry_out(plan, init_calls(ground))
    return plan


def _kinds(plan: Plan) -> set[str]:
    return {step.kind for step in plan.steps if step.action is not Action.KEEP}


def test_answers_that_are_lost_once_make_nothing_twice(proxy: Proxy, config: AwsConfig, moto: Any, home: Path) -> None:
    lost: list[str] = []

    def first_of_each(name: str) -> str | None:
        if any(read in name for read in READS) or name in lost:
            return None
        lost.append(name)
        return "drop"

    proxy._due = first_of_each  # type: ignore[method-assign]
    ground = Ground.of(config)
    key = home / ".ssh" / "lab-key.pem"
    # A private half is told once: where that answer is lost, the pair is useless and must go.
    with pytest.raises(PartialError, match="stopped at create key pair lab-key"):
        _init(ground)
    assert {"iam:CreateRole", "ec2:CreateSecurityGroup", "s3:PUT /hawkins-lab-test", "ec2:CreateKeyPair"} <= set(lost)
    assert not key.exists()
    assert moto.client("ec2").describe_key_pairs()["KeyPairs"] == []
    assert _kinds(_init(ground)) == {"key pair"}
    assert key.stat().st_mode & 0o777 == 0o400
    assert _kinds(_init(ground)) == set()
    groups = moto.client("ec2").describe_security_groups()["SecurityGroups"]
    assert sorted(each["GroupName"] for each in groups if each["GroupName"] != "default") == [
        "stranger-things-nlp-gradio",
        "stranger-things-nlp-training",
    ]


def test_a_permission_that_is_missing_in_the_middle(proxy: Proxy, config: AwsConfig) -> None:
    proxy.begin(Fault(kind="deny", only="iam:PutRolePolicy"))
    ground = Ground(config=config, machines=(clients := Clients("us-east-1")), bucket=clients)
    with pytest.raises(PartialError) as caught:
        _init(ground)
    said = str(caught.value)
    assert "the permission iam:PutRolePolicy is missing" in said
    assert "It stopped at create role policy EC2-S3-Access" in said
    assert "create role EC2-S3-Access" in said
    assert [done.step.kind for done in caught.value.done][-1] == "role"
    proxy.begin()
    again = plan_init(ground)
    assert {step.kind for step in again.steps if step.action is Action.CREATE} == {
        "role",
        "role policy",
        "instance profile",
        "role of instance profile",
        "security group",
        "key pair",
    }
    carry_out(again, init_calls(ground))
    assert _kinds(plan_init(ground)) == set()

"""On a real account, for whoever has one: ``pytest --integration tests/aws/real``. It costs money.

Never run so far. What it needs: credentials where boto3 finds them, and these variables:

- ``HAWKINS_AWS_PRICE_CAP``: US dollars that the whole of it may cost, as ``limits.budget_usd``.
- ``HAWKINS_AWS_CIDR``: your own network, such as ``203.0.113.7/32``, which may open the app.

Everything that it makes carries a project tag of its own and is destroyed at the end, whatever happened before.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
REGION = os.environ.get("AWS_REGION", "us-east-1")
LONG = 2 * 3600  # seconds

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3 * 3600)]


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    assert value, f"set {name}; see the head of {Path(__file__).name}"
    return value


class Account:
    """The command line in a folder of its own, with a config of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cap = float(_variable("HAWKINS_AWS_PRICE_CAP"))
        self.project = f"hawkins-it-{secrets.token_hex(4)}"
        self.bucket = f"{self.project}-{secrets.token_hex(4)}"
        config = {
            "ec2": {"region": REGION, "volume_gb": 60},
            "s3": {"region": REGION, "bucket_name": self.bucket},
            "gradio": {"allowed_cidrs": [_variable("HAWKINS_AWS_CIDR")]},
            "iam": {"role_name": self.project},
            "limits": {"max_hours": 1, "budget_usd": self.cap},
            "tags": {"project": self.project},
            "training": {"max_steps": 5},
        }
        (home / "aws_config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def __call__(self, *words: str, code: int = 0, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "deploy_aws.py"), *words],
            cwd=self.home,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=LONG,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def json(self, *words: str, **env: str) -> Any:
        return json.loads(self(*words, "--json", **env))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    made = Account(tmp_path_factory.mktemp("account"))
    try:
        yield made
    finally:
        made("destroy", "--bucket", "--yes")
        assert made.json("list-instances") == []


def test_what_init_makes_is_there_and_is_made_once(account: Account) -> None:
    assert account.json("init", "--yes")["done"] != []
    assert account.json("init", "--yes")["done"] == []


def test_a_training_within_the_cap_ends_by_itself(account: Account) -> None:
    plan = account.json("train", "qwen", "--character", "Eleven", "--dry-run")
    assert plan["usd_per_hour"] * 1.0 <= account.cap
    account("train", "qwen", "--character", "Eleven", "--yes", "--follow")
    assert "finished" in account("train", "qwen", "--character", "Eleven", "--yes")
    assert account.json("list-instances") == []


def test_the_app_answers_and_asks_for_its_password(account: Account) -> None:
    account("secret", "gradio_password", "--yes", HAWKINS_APP_PASSWORD=secrets.token_urlsafe())
    account("deploy-gradio", "--results", "sample", "--yes")
    (machine,) = account.json("list-instances")
    with urllib.request.urlopen(f"http://{machine['address']}:7860/health", timeout=60) as answer:
        assert answer.status == 200
    account("terminate", machine["id"], "--yes")
    assert account.json("list-instances") == []

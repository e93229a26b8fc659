"""Secrets reach SSM, encrypted, and nothing else."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from aws.secrets import SECRETS, checked
from utils.errors import InputError

CANARY = "hf_canaryCanaryCanary0123456789"
PASSWORD = "a-canary-of-a-password"  # noqa: S105
ROOT = Path(__file__).resolve().parent.parent.parent


def _there(moto: Any, name: str) -> Any:
    return moto.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]


def test_from_the_environment(run_cli: Callable[..., Any], write_config: Callable[..., Path], moto: Any) -> None:
    write_config()
    before = run_cli("secret", "--json")
    assert before.json == {"huggingface_token": 0, "gradio_password": 0, "endpoint_key": 0}
    done = run_cli("secret", "huggingface_token", "--yes", "--json", env={"HF_TOKEN": CANARY})
    assert done.code == 0, done.err
    found = _there(moto, "/stranger-things-nlp/huggingface_token")
    assert (found["Value"], found["Type"]) == (CANARY, "SecureString")
    tags = moto.client("ssm").list_tags_for_resource(
        ResourceType="Parameter", ResourceId="/stranger-things-nlp/huggingface_token"
    )["TagList"]
    assert {"Key": "project", "Value": "stranger-things-nlp"} in tags
    assert CANARY not in done.all + json.dumps(tags)


def test_from_a_file_and_once_more(
    run_cli: Callable[..., Any], write_config: Callable[..., Path], home: Path, moto: Any
) -> None:
    write_config()
    for version, value in ((1, PASSWORD), (2, f"{PASSWORD}-2")):
        (home / ".env").write_text(f"HAWKINS_APP_PASSWORD={value}\n", encoding="utf-8")
        done = run_cli("secret", "gradio_password", "--yes")
        assert done.code == 0, done.err
        assert PASSWORD not in done.all
        found = _there(moto, "/stranger-things-nlp/gradio_password")
        assert (found["Value"], found["Version"]) == (value, version)
    assert "gradio_password: set, version 2" in run_cli("secret").out


def test_the_key_of_a_chat_server_is_the_one_that_the_app_uses_here(
    run_cli: Callable[..., Any], write_config: Callable[..., Path], home: Path, moto: Any
) -> None:
    write_config()
    none = run_cli("secret", "endpoint_key", "--yes", env={"OPENAI_API_KEY": "somebody's-paid-one"})
    assert (none.code, "set HAWKINS_API_KEY in the environment or in .env" in none.err) == (2, True)
    (home / ".env").write_text(f"HAWKINS_API_KEY={CANARY}\n", encoding="utf-8")
    done = run_cli("secret", "endpoint_key", "--yes")
    assert (done.code, CANARY in done.all) == (0, False), done.err
    found = _there(moto, "/stranger-things-nlp/endpoint_key")
    assert (found["Value"], found["Type"]) == (CANARY, "SecureString")


def test_a_dry_run_needs_no_secret(run_cli: Callable[..., Any], write_config: Callable[..., Path]) -> None:
    write_config()
    done = run_cli("secret", "gradio_password", "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert "+ create secret /stranger-things-nlp/gradio_password: encrypted in SSM" in done.out


def test_where_there_is_none_it_is_said_where_it_goes(
    run_cli: Callable[..., Any], write_config: Callable[..., Path], moto: Any
) -> None:
    write_config()
    done = run_cli("secret", "gradio_password", "--yes", answer=f"{PASSWORD}\n")
    assert (done.code, "set HAWKINS_APP_PASSWORD" in done.err) == (2, True)
    short = run_cli("secret", "gradio_password", "--yes", env={"HAWKINS_APP_PASSWORD": "canary"})
    assert (short.code, "12 characters at least" in short.err, "canary" in short.all) == (2, True, False)
    unknown = run_cli("secret", "gradio_pasword")
    assert (unknown.code, "Did you mean gradio_password?" in unknown.err) == (2, True)
    assert moto.client("ssm").describe_parameters()["Parameters"] == []


@pytest.mark.parametrize("value", ["x" * 5000, "twelve\ncharacters", "pässwörter-sind-lang", "   canary   "])
def test_what_machines_could_not_use_is_refused_without_saying_it(value: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(SECRETS["gradio_password"], value)
    assert value.strip() not in str(caught.value)


def test_typed_unseen(moto: Any, home: Path, write_config: Callable[..., Path]) -> None:
    write_config()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "deploy_aws.py"), "secret", "gradio_password", "--yes"],
        cwd=home,
        env={**os.environ, **moto.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the terminal is gone when the program has ended
        while part := os.read(ours, 1000):
            shown += part
            # The space comes when typing is no longer echoed; before, what is typed is thrown away.
            if shown.endswith(b": "):
                os.write(ours, f"{PASSWORD}\n".encode())
    process.wait(timeout=60)
    os.close(ours)
    assert process.returncode == 0, shown
    assert PASSWORD.encode() not in shown
    assert _there(moto, "/stranger-things-nlp/gradio_password")["Value"] == PASSWORD

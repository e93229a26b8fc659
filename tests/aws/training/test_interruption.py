"""A machine asks whether it will be taken away."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from aws.interruption import Metadata, watch_interruption
from tests.aws.training.machines import Imds


@pytest.fixture
def imds() -> Iterator[Imds]:
    server = Imds()
    yield server
    server.close()


def test_a_notice_is_heard(imds: Imds) -> None:
    with watch_interruption(Metadata(imds.url), often=0.01) as noticed:
        assert not noticed.wait(0.1)
        imds.notice = True
        assert noticed.wait(30)
    assert imds.unasked == 0


def test_after_the_notice_nobody_asks_on(imds: Imds) -> None:
    imds.notice = True
    with watch_interruption(Metadata(imds.url), often=0.001) as noticed:
        assert noticed.wait(30)
        asked = imds.asked
        time.sleep(0.05)
        assert imds.asked == asked


def test_a_token_that_ran_out_is_renewed(imds: Imds) -> None:
    metadata = Metadata(imds.url)
    assert metadata.get("instance-id") == imds.instance
    imds.token = "token-2"  # noqa: S105
    assert metadata.get("instance-id") == imds.instance
    assert imds.unasked == 1


def test_what_is_not_there_is_none(imds: Imds) -> None:
    assert Metadata(imds.url).get("spot/instance-action") is None
    assert Metadata("http://127.0.0.1:9").get("instance-id") is None


def test_the_environment_says_where_it_is(imds: Imds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url + "/")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    assert Metadata().get("instance-id") == imds.instance
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert Metadata().get("instance-id") is None

"""The app's machine, run for real in a scratch root: user data, the app, new orders, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from analysis.results import TABLES, Results, table_path
from aws.app_order import SCRIPT_KEY, AppOrder, File, order_key, status_key
from aws.app_stop import STOPPED_KEY, is_due, stop
from aws.bundle import Bundle, make_bundle
from aws.clients import Clients
from aws.cost import month_of
from aws.deadline import DEADLINE_KEY
from aws.hosting_order import app_user_data
from aws.layout import analysis_prefix
from aws.sync import Store
from tests.aws.app_stand_in import AppMachine, free_port
from tests.aws.chat_stand_in import REPLY, kept, keyed_server, say
from utils.artifacts import write_table

pytestmark = pytest.mark.ci

BUCKET = "hawkins-lab-test"
PASSWORD = "a password of the tests"  # noqa: S105
KEY = 'canary-key-2e6a "quoted" $HOME `id` \\'
KEY_PARAMETER = "/the-lake/endpoint_key"


class Cloud:
    """The bucket and the parameters, as whoever orders leaves them."""

    def __init__(self, moto: Any) -> None:
        self.s3, self.ssm = moto.client("s3"), moto.client("ssm")
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, key: str, data: bytes) -> File:
        answer = self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return File(key=key, etag=answer["ETag"].strip('"'), size=len(data))

    def order(self, order: AppOrder) -> str:
        """Order, and return the user data of a new machine."""
        script = app_user_data(order)
        self.put(order_key(order.digest), order.text.encode())
        self.put(SCRIPT_KEY, script.encode())
        return script

    def objects(self) -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        return {each["Key"]: self.s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed}

    @property
    def status(self) -> Mapping[str, str]:
        said: Mapping[str, str] = json.loads(self.objects()[status_key()])
        return said


@pytest.fixture
def cloud(moto: Any) -> Cloud:
    return Cloud(moto)


@pytest.fixture(scope="session")
def program() -> Bundle:
    return make_bundle()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[AppMachine]:
    made = AppMachine(tmp_path / "machine")
    yield made
    made.switch_off()


@pytest.fixture
def season(cloud: Cloud, make_results: Callable[..., Results], tmp_path: Path) -> tuple[File, ...]:
    """A small analysis in the bucket, as ``upload-data`` leaves it."""
    facts = {"run": "x", "series": "stranger_things", "timeline": "sample", "weights": ""}
    results, folder = make_results(), tmp_path / "season"
    folder.mkdir()
    for name in TABLES:
        write_table(getattr(results, name), table_path(folder, name), key="x", provenance=facts)
    return tuple(cloud.put(f"{analysis_prefix('mine')}{path.name}", path.read_bytes()) for path in folder.iterdir())


@pytest.fixture
def usual(cloud: Cloud, program: Bundle, season: tuple[File, ...]) -> Callable[..., AppOrder]:
    cloud.put(program.key, program.data)
    cloud.ssm.put_parameter(Name="/the-lake/gradio_password", Value=PASSWORD, Type="SecureString")
    port = free_port()

    def make(**more: Any) -> AppOrder:
        whole = {
            "project": "the-lake",
            "bucket": BUCKET,
            "region": "us-east-1",
            "code": program.sha256,
            "lock": "cd" * 32,
            "host": "127.0.0.1",
            "port": port,
            "username": "visitor",
            "results": season,
            "results_name": "mine",
        }
        return AppOrder.model_validate({**whole, **more})

    return make


def _config(order: AppOrder, password: str) -> int:
    with httpx.Client(base_url=order.asked_at, trust_env=False) as visitor:
        visitor.post("/login", data={"username": "visitor", "password": password})
        return visitor.get("/config").status_code


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_does_not_answer_leaves_the_app_before_it_running(
    cloud: Cloud, machine: AppMachine, usual: Callable[..., AppOrder]
) -> None:
    order = usual()
    assert machine.boot(cloud.order(order)).returncode == 0
    # Nobody can listen there: this machine has no such address.
    worse = usual(host="192.0.2.1")
    cloud.order(worse)
    machine.tick()
    assert (cloud.status["order"], cloud.status["state"]) == (worse.digest, "failed")
    assert cloud.status["stage"] == (
        "The app ends as soon as it is started; see gradio.log. The app before it runs again."
    )
    for _ in range(120):
        if _answers(order):
            break
    assert _config(order, PASSWORD) == 200
    # It is not tried again by itself.
    calls = (machine.root / "systemctl.log").read_text().count("restart hawkins-app")
    machine.tick()
    assert (machine.root / "systemctl.log").read_text().count("restart hawkins-app") == calls


def _answers(order: AppOrder) -> bool:
    import time

    try:
        return httpx.get(f"{order.asked_at}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        time.sleep(0.5)
        return False


def test_without_a_password_nothing_is_started(
    cloud: Cloud, machine: AppMachine, usual: Callable[..., AppOrder]
) -> None:
    script = cloud.order(usual())
    cloud.ssm.delete_parameter(Name="/the-lake/gradio_password")
    assert machine.boot(script).returncode == 2
    assert cloud.status["state"] == "failed"
    assert "deploy_aws.py secret gradio_password" in cloud.status["stage"]
    assert "restart hawkins-app" not in (machine.root / "systemctl.log").read_text()
    assert not (machine.root / "etc/hawkins/app.env").exists()
    # The timer is there, so that a new order can mend it.
    assert "enable --now hawkins-poll.timer" in (machine.root / "systemctl.log").read_text()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_chat_server_that_asks_for_a_key_answers_the_hosted_app(
    cloud: Cloud, machine: AppMachine, usual: Callable[..., AppOrder]
) -> None:
    secrets, database = machine.root / "etc/hawkins/app.env", machine.root / "var/lib/hawkins/conversations.sqlite"
    cloud.ssm.put_parameter(Name=KEY_PARAMETER, Value=KEY, Type="SecureString")
    with keyed_server(KEY) as server:
        order = usual(endpoint=server.url, endpoint_key_version=1)
        booted = machine.boot(cloud.order(order))
        assert booted.returncode == 0, booted.stdout + booted.stderr
        assert secrets.stat().st_mode & 0o777 == 0o600
        heard = say(order.asked_at, "Are you there?", user="visitor", password=PASSWORD)
        assert "/v1/chat/completions" in server.answered
        assert server.refused == []
        assert [(one.character, one.text) for one in kept(database)] == [(None, "Are you there?"), ("Eleven", REPLY)]

        # Removed since it was ordered: the app runs on, and the server says what it thinks of that.
        cloud.ssm.delete_parameter(Name=KEY_PARAMETER)
        newer = usual(endpoint=server.url, endpoint_key_version=1, attempt=1)
        cloud.order(newer)
        ticked = machine.tick()
        assert (cloud.status["order"], cloud.status["state"]) == (newer.digest, "ready"), ticked.stderr
        assert f"{KEY_PARAMETER} is gone from SSM; the chat server is asked without a key" in machine.texts()
        assert "HAWKINS_API_KEY" not in secrets.read_text(encoding="utf-8")
        refused = say(newer.asked_at, "And now?", user="visitor", password=PASSWORD)
        assert "refused the key; set HAWKINS_API_KEY" in refused
        assert set(server.refused) == {"Bearer none"}

    objects = b"".join(cloud.objects().values()).decode("utf-8", "replace")
    said = booted.stdout + booted.stderr + ticked.stdout + ticked.stderr + heard + refused
    assert "canary-key" not in said + machine.texts() + objects
    assert "Traceback" not in said + machine.texts() + objects


def _deadline(at: datetime) -> bytes:
    return json.dumps({"at": at.isoformat()}).encode()


def test_it_stops_itself_when_the_budget_is_reached_and_at_nothing_else(
    cloud: Cloud, machine: AppMachine, usual: Callable[..., AppOrder]
) -> None:
    script = cloud.order(usual())
    cloud.ssm.delete_parameter(Name="/the-lake/gradio_password")
    assert machine.boot(script).returncode == 2, "the timer is all that is wanted here"
    now = datetime.now(UTC)
    this_month = month_of(now)[0]
    for text in (None, b"no deadline", _deadline(now + timedelta(days=1)), _deadline(this_month - timedelta(hours=1))):
        if text is not None:
            cloud.put(DEADLINE_KEY, text)
        ticked = machine.tick()
        assert (ticked.returncode, machine.shutdowns) == (0, []), (text, ticked.stderr)
    assert STOPPED_KEY not in cloud.objects()

    cloud.put(DEADLINE_KEY, _deadline(max(this_month, now - timedelta(minutes=1))))
    ticked = machine.tick()

    assert (ticked.returncode, machine.shutdowns) == (0, ["-P now"]), ticked.stderr
    objects = cloud.objects()
    at = datetime.fromisoformat(json.loads(objects[STOPPED_KEY])["at"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 600
    assert b"the month's budget is reached, and the machine stops" in objects["logs/gradio/gradio.log"]


def test_a_deadline_that_cannot_be_asked_for_stops_nothing_and_one_that_passed_needs_no_bucket_to_be_told(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools, log = AppMachine(tmp_path / "machine"), tmp_path / "gradio.log"
    for name, value in tools.environment.items():
        monkeypatch.setenv(name, value)
    now = datetime.now(UTC)
    cloud.put(DEADLINE_KEY, _deadline(now))
    there = Store(Clients("us-east-1").s3, BUCKET)
    assert is_due(there, now=now)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("time.sleep", lambda _: None)
    lost = Store(Clients("us-east-1").s3, BUCKET)
    assert not is_due(lost, now=now)
    assert "could not be reached" in capsys.readouterr().err
    stop(lost, log, lambda: None, now=now)
    assert tools.shutdowns == ["-P now"]
    assert "the machine stops" in log.read_text(encoding="utf-8")


def test_a_model_that_is_none_is_named(cloud: Cloud, machine: AppMachine, usual: Callable[..., AppOrder]) -> None:
    broken = cloud.put("models/qwen-chatbot/qwen.gguf", b"this is no model")
    assert machine.boot(cloud.order(usual(model=broken))).returncode == 2
    assert (cloud.status["state"], "qwen.gguf" in cloud.status["stage"]) == ("failed", True)


def test_an_altered_program_is_not_run(cloud: Cloud, machine: AppMachine, usual: Callable[..., AppOrder]) -> None:
    order = usual(code="ef" * 32)
    cloud.put(f"code/{order.code}.tar.gz", b"something else")
    assert machine.boot(cloud.order(order)).returncode != 0
    assert (cloud.status["state"], cloud.status["order"]) == ("failed", order.digest)
    assert "could not be set up" in cloud.status["stage"]
    assert not list((machine.root / "opt/hawkins/releases").rglob("*.py"))

"""``deploy-gradio`` as people run it: moto in place of AWS, a scratch root in place of the machine, the real app."""

from __future__ import annotations

import base64
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from analysis.results import TABLES, Results, table_path
from aws.clients import Clients
from character_chatbot.conversations import open_store
from character_training.result import RESULT
from tests.aws.app_stand_in import AppMachine, free_port
from tests.aws.chat_stand_in import REPLY, kept, keyed_server, say
from tests.aws.conftest import Finished, Moto
from tests.aws.faults import faulty
from tests.aws.grounds import our_images
from utils.adapters import ADAPTER_FILE
from utils.artifacts import write_table
from utils.series import load_series

pytestmark = pytest.mark.ci

BUCKET = "hawkins-lab-test"
CANARY = 'canary-5b1c "quoted" $HOME `id` \\'
KEY = 'canary-key-0d7f %h "quoted" $HOME `id` \\'
UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


class _Internet(BaseHTTPRequestHandler):
    """Whoever asks for the machine's public address reaches this machine."""

    def do_GET(self) -> None:
        wanted = urlsplit(self.path)
        there = http.client.HTTPConnection("127.0.0.1", wanted.port or 80, timeout=10)
        try:
            there.request("GET", wanted.path)
            answer = there.getresponse()
        except OSError:
            self.send_error(502)
            return
        self.send_response(answer.status)
        self.end_headers()
        self.wfile.write(answer.read())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def internet() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Internet)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[AppMachine]:
    made = AppMachine(tmp_path / "machine")
    yield made
    made.switch_off()


@pytest.fixture
def season(make_results: Callable[..., Results], home: Path) -> Path:
    """A small analysis, as ``hawkins analyze`` leaves it."""
    facts = {"run": "x", "series": "stranger_things", "timeline": "sample", "weights": ""}
    results, folder = make_results(), home / "out" / "mine"
    folder.mkdir(parents=True)
    for name in TABLES:
        write_table(getattr(results, name), table_path(folder, name), key="x", provenance=facts)
    return folder


class Desk:
    """A person before a terminal, and the machine that AWS would start meanwhile."""

    def __init__(self, run: Callable[..., Finished], machine: AppMachine, moto: Moto, environment: dict[str, str]):
        self._run, self._machine, self._environment = run, machine, environment
        self._ec2 = moto.client("ec2")
        self.said = ""

    def run(self, *words: str, meanwhile: Callable[[], Any] = lambda: None, **env: str) -> Finished:
        """Run a command; something else happens while it waits."""
        with ThreadPoolExecutor(1) as aside:
            self._command = aside.submit(self._run, *words, env={**self._environment, **env})
            meanwhile()
            done = self._command.result(timeout=900)
        self.said += done.all
        return done

    def boot(self) -> str:
        """Wait for a machine, and do what its cloud-init would."""
        while not (found := self._ec2.describe_instances()["Reservations"]):
            assert not self._command.done(), self._command.result().all
            time.sleep(0.2)
        instance = found[0]["Instances"][0]["InstanceId"]
        value = self._ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
        booted = self._machine.boot(base64.b64decode(value).decode())
        self.said += booted.stdout + booted.stderr
        assert booted.returncode == 0, booted.stdout + booted.stderr
        return str(instance)


def _config_status(port: int, password: str) -> int:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as visitor:
        visitor.post("/login", data={"username": "hawkins", "password": password})
        return visitor.get("/config").status_code


@pytest.fixture
def secrets(machine: AppMachine) -> Callable[[], str]:
    """Read the one file of the machine that may hold password and key, and make sure that only root can."""

    def read() -> str:
        file = machine.root / "etc/hawkins/app.env"
        assert file.stat().st_mode & 0o777 == 0o600
        return file.read_text(encoding="utf-8")

    return read


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_app_is_hosted_and_brought_up_to_date_without_losing_what_was_said(
    moto: Moto,
    machine: AppMachine,
    season: Path,
    internet: str,
    secrets: Callable[[], str],
    run_cli: Callable[..., Finished],
    write_config: Callable[..., Path],
) -> None:
    port = free_port()
    write_config(gradio={"port": port, "host": "127.0.0.1"})
    s3 = moto.client("s3")
    image = our_images(Clients("us-east-1"))[0]
    with faulty(moto.url, parameters={UBUNTU: image}) as proxy, keyed_server(KEY) as server:
        environment = {"AWS_ENDPOINT_URL": proxy.url, "HTTP_PROXY": internet, "http_proxy": internet}
        desk = Desk(run_cli, machine, moto, environment)
        assert desk.run("init", "--yes").code == 0
        moto.take_tls_for_granted(BUCKET)
        refused = desk.run("deploy-gradio", "--yes")
        assert (refused.code, "deploy_aws.py secret gradio_password" in refused.err) == (2, True), refused.all
        # A password that a shell, systemd and JSON each would read in their own way.
        assert desk.run("secret", "gradio_password", "--yes", HAWKINS_APP_PASSWORD=CANARY).code == 0
        assert desk.run("secret", "endpoint_key", "--yes", HAWKINS_API_KEY=KEY).code == 0
        assert desk.run("upload-data", "--yes").code == 0
        hosted = ("deploy-gradio", "--results", "mine", "--endpoint", server.url)
        plan = desk.run(*hosted, "--dry-run")
        assert (plan.code, "create instance gradio" in plan.out) == (0, True), plan.all
        assert (f"{server.url} answers, asked with endpoint_key" in plan.out, "unencrypted" in plan.out) == (
            True,
            False,
        )
        assert not moto.client("ec2").describe_instances()["Reservations"]

        made = desk.run(*hosted, "--yes", meanwhile=desk.boot)
        assert made.code == 0, made.all
        (instance,) = moto.client("ec2").describe_instances()["Reservations"][0]["Instances"]
        assert f"The app runs: http://{instance['PublicIpAddress']}:{port}/" in made.out
        assert "not reached from here" not in made.err
        assert (_config_status(port, "wrong"), _config_status(port, CANARY)) == (401, 200)
        database = machine.root / "var/lib/hawkins/conversations.sqlite"
        # A chat server answers that nobody reaches without the key.
        heard = say(f"http://127.0.0.1:{port}", "Are you there?", user="hawkins", password=CANARY)
        assert ([one.text for one in kept(database)], server.refused) == (["Are you there?", REPLY], [])
        assert "canary-key-0d7f" in secrets()
        first = machine.pid
        # Nothing new: nothing happens.
        assert machine.tick().returncode == 0
        assert machine.pid == first

        mine = open_store(database, owner="web:x").create(["Eleven"], series="stranger_things", timeline="sample")
        adapter = load_series("stranger_things").adapters / "eleven-smollm2.gguf"
        for name, data in ((ADAPTER_FILE, adapter.read_bytes()), (RESULT, b"{}")):
            s3.put_object(Bucket=BUCKET, Key=f"models/smollm2-chatbot/eleven/{name}", Body=data)
        stale = desk.run("deploy-gradio", "--yes")
        assert (stale.code, "--update" in stale.err) == (2, True), stale.all
        newer = desk.run("deploy-gradio", "--update", "--yes", meanwhile=lambda: _tick_until_changed(machine, first))
        assert newer.code == 0, newer.all
        assert "trained voices of eleven" in newer.out
        assert len(moto.client("ec2").describe_instances()["Reservations"]) == 1
        assert _config_status(port, CANARY) == 200
        # No chat server, no key.
        assert "canary-key-0d7f" not in secrets()
        assert [one.name for one in open_store(database, owner="web:x").all()] == [mine.name]
        (placed,) = machine.root.glob("opt/hawkins/worlds/*/out/stranger_things/adapters/eleven-smollm2/adapter.gguf")
        assert placed.read_bytes() == adapter.read_bytes()

        again = desk.run("deploy-gradio", "--yes")
        assert (again.code, "Nothing to do." in again.out) == (0, True), again.all
        assert "done" in desk.run("destroy", "--yes").err

    # The password is in one file of the machine alone, which only root can read; so was the key.
    assert "canary-5b1c" in secrets()
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert {"logs/gradio/gradio.log", "logs/gradio/gradio_setup.log", "logs/gradio/status.json"} <= set(keys)
    objects = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode("utf-8", "replace") for key in keys]
    told = desk.said + heard + machine.texts() + "".join(objects)
    assert ("canary-5b1c" in told, "canary-key-0d7f" in told) == (False, False)


def _tick_until_changed(machine: AppMachine, before: int) -> None:
    """Do what the timer does, until another app runs."""
    deadline = time.monotonic() + 600
    while machine.pid == before:
        assert time.monotonic() < deadline
        assert machine.tick().returncode == 0
        time.sleep(0.5)

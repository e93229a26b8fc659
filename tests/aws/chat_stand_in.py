"""A chat server that asks for a key, as vLLM does with ``--api-key``; and a visitor of the app who talks to it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from character_chatbot.conversations import Utterance, open_store

REPLY = "I am here. I hear you."
_BROWSER = "a browser of the tests, which has a long name"


class KeyedServer(ThreadingHTTPServer):
    """Answers under ``/v1`` whoever brings the key, and nobody else.

    Attributes:
        answered: Paths that were asked for with the key.
        refused: What was brought in place of it.
    """

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = key
        self.answered: list[str] = []
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        """What people give as ``--endpoint``."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: KeyedServer

    def _is_let_in(self) -> bool:
        brought = self.headers.get("Authorization", "")
        if brought == f"Bearer {self.server.key}":
            self.server.answered.append(self.path)
            return True
        self.server.refused.append(brought)
        # Some quote what they were given.
        self._json(401, {"error": f"Unauthorized: {brought}"})
        return False

    def _json(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self) -> None:
        if not self._is_let_in():
            return
        models = {"data": [{"id": "a-model", "owned_by": "vllm", "max_model_len": 4096}]}
        self._json(*((200, models) if self.path == "/v1/models" else (404, {"error": "no such page"})))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_let_in():
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        piece = {"choices": [{"index": 0, "delta": {"content": REPLY}}]}
        self.wfile.write(f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def keyed_server(key: str) -> Iterator[KeyedServer]:
    """Serve on loopback while the block runs."""
    with KeyedServer(key) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def say(url: str, message: str, *, user: str, password: str) -> str:
    """Log in, open the page, and say something to Eleven, as a browser does it.

    Args:
        url: Of the app.
        message: What is said.
        user: Who logs in.
        password: With what.

    Returns:
        Everything that came back.
    """
    with httpx.Client(base_url=url, trust_env=False, timeout=300) as visitor:
        assert visitor.post("/login", data={"username": user, "password": password}).status_code == 200
        config = visitor.get("/config").json()
        box = next(each["id"] for each in config["components"] if "Say something" in str(each["props"]))
        # What the page itself does at first tells the server which conversations and characters there are.
        opened = _call(visitor, _event(config, None, "load", outputs=6), [_BROWSER, None])
        said = _call(
            visitor,
            _event(config, box, "submit", outputs=3),
            [message, [], 0, ["Eleven"], "everything", _BROWSER, None],
        )
        return opened + said


def _event(config: Any, component: int | None, name: str, *, outputs: int) -> int:
    """Return the number of what happens when something is done to a component, or to the page."""
    (found,) = {
        each["id"]
        for each in config["dependencies"]
        if len(each["outputs"]) == outputs
        and any(event == name and component in (None, target) for target, event in each["targets"])
    }
    return int(found)


def _call(visitor: httpx.Client, number: int, data: list[Any]) -> str:
    asked = {"fn_index": number, "data": data, "session_hash": "tests", "event_data": None, "trigger_id": None}
    answer = visitor.post("/gradio_api/queue/join", json=asked)
    assert answer.status_code == 200, answer.text
    heard = ""
    with visitor.stream("GET", "/gradio_api/queue/data", params={"session_hash": "tests"}) as events:
        for line in events.iter_lines():
            heard += f"{line}\n"
            if '"msg":"process_completed"' in line.replace(" ", ""):
                return heard
    raise AssertionError(f"the app broke off: {heard}")


def kept(database: Path) -> list[Utterance]:
    """Return what the app keeps of the talk of `say`."""
    store = open_store(database, owner=f"web:{hashlib.sha256(_BROWSER.encode()).hexdigest()}")
    return [one for conversation in store.all() for one in store.utterances(conversation.id)]

"""The client of the chat protocol against servers that refuse what they do not know, tell what they are, or fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from character_chatbot import ChatEngine, open_engine
from character_chatbot.endpoint import api_key, endpoint_url
from character_chatbot.link import LLAMA_CPP
from utils.characters import Sampling
from utils.errors import HawkinsError, InputError
from utils.series import load_series

PROTOCOL = {"model", "messages", "stream", "temperature", "top_p", "max_tokens", "stop", "seed"}
HELLO = [{"role": "user", "content": "Hello?"}]


class Server(ThreadingHTTPServer):
    """Speaks the protocol; takes only the fields that it knows and no empty ones."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Any] = {"/v1/models": {"data": [{"id": "base"}]}}
        self.known = set(PROTOCOL)
        self.key = ""
        self.asked: list[dict[str, Any]] = []
        self.stream = [b'data: {"choices": [{"index": 0, "delta": {"content": "Hi."}}]}\n\n', b"data: [DONE]\n\n"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def _barred(self) -> bool:
        sent = self.headers.get("Authorization", "")
        if self.server.key and sent != f"Bearer {self.server.key}":
            self._answer(401, {"error": {"message": f"Incorrect key: {sent}"}})
            return True
        return False

    def do_GET(self) -> None:
        if not self._barred():
            page = self.server.pages.get(self.path)
            self._answer(404 if page is None else 200, page or {"error": {"message": "no such page"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        strange = sorted({name for name in body if name not in self.server.known or body[name] is None})
        if self._barred():
            return
        if strange:
            self._answer(400, {"error": {"message": f"Unrecognized request argument supplied: {strange[0]}"}})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for part in self.server.stream:
            self.wfile.write(part)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)  # no .env of somebody's
    for name in ("HAWKINS_API_KEY", "OPENAI_API_KEY", "HAWKINS_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _say(engine: ChatEngine, **options: Any) -> str:
    return "".join(engine.stream(HELLO, sampling=Sampling(), **options))


def test_a_strict_server_gets_the_protocol_alone(strict: Server) -> None:
    engine = open_engine(strict.url)
    assert _say(engine) == "Hi."
    assert _say(engine, stop=("\n",), seed=7) == "Hi."
    assert [set(asked) for asked in strict.asked] == [PROTOCOL - {"stop", "seed"}, PROTOCOL]
    assert engine.label == f"base at {strict.url}/v1"
    assert engine.adapter_for("Eleven", load_series()) is None


def test_the_strict_server_refuses_other_knobs(strict: Server) -> None:
    engine = ChatEngine(f"{strict.url}/v1", model="base", label="strict", dialect=LLAMA_CPP)
    with pytest.raises(HawkinsError, match=r"refused: .*Unrecognized request argument"):
        _say(engine)


def test_llama_cpp_gets_its_knobs_and_every_adapter_a_scale(strict: Server) -> None:
    strict.known |= {"min_p", "repeat_penalty", "repeat_last_n", "cache_prompt", "logprobs", "top_logprobs", "lora"}
    strict.pages["/props"] = {"default_generation_settings": {"n_ctx": 8192}}
    strict.pages["/lora-adapters"] = [
        {"id": 0, "path": "/x/mike-smollm2.gguf", "scale": 1.0},
        {"id": 1, "path": "/x/eleven-smollm2.gguf", "scale": 1.0},
    ]
    engine, series = open_engine(strict.url), load_series()
    assert engine.context == 8192
    adapter = engine.adapter_for("Eleven", series)
    assert adapter == "eleven-smollm2"
    assert engine.adapter_for("Dustin", series) is None
    _say(engine, adapter=adapter)
    _say(engine)
    assert strict.asked[0]["lora"] == [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 1.0}]
    assert strict.asked[1]["lora"] == [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.0}]
    assert {asked["model"] for asked in strict.asked} == {"base"}
    assert strict.asked[0]["min_p"] == 0.1


def test_vllm_takes_an_adapter_by_its_model_name(strict: Server) -> None:
    strict.known |= {"min_p", "repetition_penalty"}
    strict.pages["/v1/models"]["data"] = [
        {"id": "me/eleven-qwen", "owned_by": "vllm", "parent": "qwen"},
        {"id": "qwen", "owned_by": "vllm", "max_model_len": 2048},
    ]
    engine = open_engine(f"{strict.url}/v1/")
    assert engine.context == 2048
    adapter = engine.adapter_for("Eleven", load_series())
    _say(engine, adapter=adapter)
    _say(engine)
    assert [asked["model"] for asked in strict.asked] == ["me/eleven-qwen", "qwen"]
    assert "lora" not in strict.asked[0]


def test_the_model_is_chosen_by_name(strict: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    strict.pages["/v1/models"]["data"] = [{"id": "small"}, {"id": "large"}]
    _say(open_engine(strict.url, model="large"))
    monkeypatch.setenv("HAWKINS_MODEL", "small")
    _say(open_engine(strict.url))
    assert [asked["model"] for asked in strict.asked] == ["large", "small"]
    with pytest.raises(InputError, match=r"no model 'larg'. Did you mean large"):
        _ = open_engine(strict.url, model="larg").link


def test_the_key_comes_from_the_environment_or_env_file_and_is_never_shown(
    strict: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    strict.key = "sesame-4711"
    with pytest.raises(HawkinsError, match="set HAWKINS_API_KEY"):
        _say(open_engine(strict.url))
    (tmp_path / ".env").write_text("HAWKINS_API_KEY=sesame-4711\n")
    engine = open_engine(strict.url)
    assert _say(engine) == "Hi."
    assert "sesame" not in repr(engine.link)
    monkeypatch.setenv("HAWKINS_API_KEY", "another-4712")
    engine = ChatEngine(f"{strict.url}/v1", model="base", label="strict", api_key=api_key(strict.url))
    with pytest.raises(HawkinsError) as refused:
        _say(engine)
    assert "4712" not in str(refused.value)


def test_a_paid_key_does_not_travel_in_the_clear(strict: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "paid")
    assert api_key("http://192.168.0.7:8000/v1") == "none"
    assert api_key("https://api.openai.com/v1") == "paid"


def test_a_proxy_does_not_stand_between_this_machine_and_itself(
    strict: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _say(open_engine(strict.url)) == "Hi."


@pytest.mark.parametrize(
    "parts",
    [
        [b"data: {nonsense\n\n"],
        [
            b'data: {"choices": [{"index": 0, "delta": {"content": "Hi."}}]}\n\n',
            b'data: {"error": {"message": "died"}}\n\n',
        ],
    ],
)
def test_a_stream_that_breaks_is_one_line(strict: Server, parts: list[bytes]) -> None:
    strict.stream = parts
    with pytest.raises(HawkinsError, match=r"^The chat server at \S+ broke off: [^\n]*\.$"):
        _say(open_engine(strict.url))


def test_a_page_that_is_no_stream_is_no_silence(strict: Server) -> None:
    strict.stream = [b"<html>Welcome</html>"]
    with pytest.raises(HawkinsError, match="does not answer in the OpenAI chat protocol"):
        _say(open_engine(strict.url))


def test_a_server_that_is_down_is_one_line_when_it_is_needed() -> None:
    engine = open_engine("http://127.0.0.1:9")
    with pytest.raises(HawkinsError, match=r"No chat server answers at .*start it or leave the endpoint out"):
        _say(engine)


@pytest.mark.parametrize("wrong", ["", "localhost:8080", "ftp://x", "http://", "http://[", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="no address of a server"):
        open_engine(wrong)


def test_addresses_end_where_the_protocol_begins() -> None:
    assert endpoint_url("http://localhost:11434") == "http://localhost:11434/v1"
    assert endpoint_url(" https://x.example/openai/v1/ ") == "https://x.example/openai/v1"
    with pytest.raises(InputError, match="HAWKINS_API_KEY"):
        endpoint_url("https://me:secret@x.example/v1")

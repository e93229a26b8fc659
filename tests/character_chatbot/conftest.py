"""A chat server on loopback that speaks the OpenAI protocol, and an encoder small enough to reason about."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from character_chatbot import ChatEngine
from character_chatbot.gate import Gate
from character_chatbot.link import LLAMA_CPP, Link
from utils.progress import Progress, silent
from utils.series import load_series
from utils.world import World


class ScriptedServer(ThreadingHTTPServer):
    """Streams a fixed reply word by word and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.reply = "Waffles are good."
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for word in self.server.reply.split(" "):
            chunk = {"choices": [{"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def llama(server: ScriptedServer) -> Callable[..., ChatEngine]:
    """Makes engines that take the scripted server for the embedded one; given what their link has besides."""

    def make(**more: Any) -> ChatEngine:
        link = Link(
            base_url=f"http://127.0.0.1:{server.server_port}/v1",
            model="tiny",
            label="a scripted server",
            dialect=LLAMA_CPP,
            gate=Gate(places=2),
            **more,
        )
        return ChatEngine.opening(lambda: link)

    return make


@pytest.fixture
def engine(server: ScriptedServer) -> ChatEngine:
    return ChatEngine(f"http://127.0.0.1:{server.server_port}/v1", model="tiny", label="a scripted server")


class WordEncoder:
    """Embeds a text as its words: equal words, equal directions."""

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 512), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().replace("?", " ").replace(".", " ").replace(",", " ").split():
                vectors[row, sum(map(ord, word)) * 31 % 512] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


def script(rows: Sequence[tuple[int, int, str | None, str]]) -> pd.DataFrame:
    """A dialogue table of one season from (episode, scene, speaker, text)."""
    table = pd.DataFrame(rows, columns=["episode", "scene", "speaker", "text"])
    table["season"] = 1
    table["line"] = table.groupby("episode").cumcount()
    table["start"] = table["line"] * 3.0
    table["end"] = table["start"] + 2.0
    table["speaker_confidence"] = table["speaker"].notna().astype(float)
    table["direction"] = ""
    table["source"] = "made.srt"
    return table.astype({"speaker": "string", "text": "string"})


@pytest.fixture
def world() -> World:
    dialogue = script(
        [
            (1, 0, "Mike", "El, are you there?"),
            (1, 0, "Eleven", "I am here. I ate nine waffles."),
            (1, 0, "Mike", "Nine? Okay, that's a record."),
            (1, 1, "Hopper", "The radio stays off."),
            (1, 1, "Joyce", "You can't keep her in that cabin."),
            (2, 0, "Lucas", "The tower on Weather Hill has a red lamp."),
            (2, 0, "Dustin", "Eleven, can you see the tower from the cabin?"),
            (2, 0, None, "Not at night."),
            (3, 0, "Eleven", "June is in the static."),
            (3, 0, "Mike", "Who is June?"),
            (3, 0, "Eleven", "A girl. She is cold."),
        ]
    )
    return World(series=load_series(), dialogue=dialogue, timeline="sample")

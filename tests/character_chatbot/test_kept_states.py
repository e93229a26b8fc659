"""A conversation that was put out of its slot comes back without being read again, and never under another kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from character_chatbot import embedded_engine
from character_chatbot.kept_states import KeptStates, shared
from character_chatbot.slots import Slots
from utils.chat import Message
from utils.series import load_series

CARD = "You are Eleven. " * 20
OTHER_CARD = "You are Mike. " * 20
SIZE = 1_000


class Server:
    """Keeps what a slot holds as llama.cpp does: by a file, and not when the kind changes."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.refuses = False
        self.folder = Path()

    def __call__(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.asked.append((path, body))
        if self.refuses:
            return None
        if path.endswith("save"):
            (self.folder / body["filename"]).write_bytes(bytes(SIZE))
            return {"n_written": SIZE}
        if path.endswith("restore"):
            return {} if (self.folder / body["filename"]).exists() else None
        return {}

    @property
    def acts(self) -> list[str]:
        return [path.rpartition("=")[2] for path, _ in self.asked]


@pytest.fixture
def server() -> Server:
    return Server()


def _states(server: Server, *, largest: int = 10 * SIZE) -> KeptStates:
    states = KeptStates(server, marks=lambda kind: {"lora": kind}, largest=largest)
    server.folder = states.folder
    return states


def _talk(card: str, *said: str) -> list[Message]:
    return [Message(role="system", content=card), *(Message(role="user", content=text) for text in said)]


def test_messages_count_as_long_as_they_are_the_same() -> None:
    assert shared(["abc", "de", "f"], ["abc", "de", "g", "h"]) == 5
    assert shared(["abc"], ["abd"]) == shared([], ["a"]) == 0


def test_who_is_put_out_comes_back(server: Server) -> None:
    slots = Slots(1, _states(server))
    ours, theirs = _talk(CARD, "a long story " * 30), _talk(CARD, "another story " * 30)
    for _ in range(2):
        for begin in (ours, theirs):
            with slots.taking("eleven", begin):
                pass
    # Ours with the card of both, for whoever comes next; ours is not put aside again, theirs when ours comes back.
    assert server.acts == ["save", "save", "restore", "restore"]
    files = [body["filename"] for _, body in server.asked]
    assert files == ["1.bin", "2.bin", "1.bin", "2.bin"]


def test_a_slot_that_answered_another_kind_is_told_of_the_new_one_before(server: Server) -> None:
    slots = Slots(1, _states(server))
    for kind, card in (("eleven", CARD), ("mike", OTHER_CARD), ("eleven", CARD)):
        with slots.taking(kind, _talk(card, "a long story " * 30)):
            pass
    *_, switch, restore = server.asked
    assert (switch[0], switch[1]["lora"], switch[1]["id_slot"]) == ("/completion", "eleven", 0)
    assert restore == ("/slots/0?action=restore", {"filename": "1.bin"})


def test_what_one_kind_computed_is_never_brought_back_for_another(server: Server) -> None:
    slots = Slots(1, _states(server))
    for kind in ("eleven", "mike"):
        with slots.taking(kind, _talk(CARD, "a long story " * 30)):
            pass
    assert "restore" not in server.acts


def test_a_new_conversation_begins_with_the_card_that_another_is_read_with_now(server: Server) -> None:
    slots = Slots(3, _states(server))
    with slots.taking("eleven", _talk(CARD)):
        pass
    with slots.taking("eleven", _talk(CARD)) as first, slots.taking("eleven", _talk(CARD)) as second:
        assert {first, second} <= {0, 1, 2}
    assert server.acts == ["save", "/completion", "restore"]
    assert server.asked[-1][0] == f"/slots/{second}?action=restore"


def test_the_longer_one_takes_the_place_of_its_beginning(server: Server) -> None:
    states = _states(server)
    states.put_aside(0, "eleven", [CARD], keeping=0)
    states.put_aside(0, "eleven", [CARD, "a story " * 50], keeping=0)
    states.put_aside(0, "eleven", [CARD], keeping=0)
    assert [path.name for path in states.folder.iterdir()] == ["2.bin"]
    assert states.bring_back(1, "eleven", [CARD, "something else"], held=0, switch=False) == len(CARD)


def test_little_is_read_again_rather_than_kept(server: Server) -> None:
    states = _states(server)
    states.put_aside(0, "eleven", ["You are Eleven."], keeping=0)
    states.put_aside(0, "eleven", [CARD], keeping=len(CARD) - 5)
    assert server.asked == []


def test_those_unused_for_longest_make_room(server: Server) -> None:
    states = _states(server, largest=3 * SIZE)
    for number in range(3):
        states.put_aside(0, "eleven", [f"{number} {CARD}"], keeping=0)
    assert states.bring_back(0, "eleven", [f"0 {CARD}"], held=0, switch=False)
    states.put_aside(0, "eleven", [f"3 {CARD}"], keeping=0)
    assert sorted(path.name for path in states.folder.iterdir()) == ["1.bin", "3.bin", "4.bin"]


def test_a_server_that_refuses_only_has_to_read_again(server: Server) -> None:
    states = _states(server)
    states.put_aside(0, "eleven", [CARD], keeping=0)
    (states.folder / "1.bin").unlink()
    assert states.bring_back(0, "eleven", [CARD, "Hi."], held=0, switch=False) == 0
    assert states.bring_back(0, "eleven", [CARD, "Hi."], held=0, switch=False) == 0
    assert server.acts == ["save", "restore"]
    server.refuses = True
    states.put_aside(0, "mike", [OTHER_CARD], keeping=0)
    slots = Slots(1, states)
    for kind, card in (("eleven", CARD), ("mike", OTHER_CARD), ("eleven", CARD)):
        with slots.taking(kind, _talk(card, "a long story " * 30)) as slot:
            assert slot == 0


def test_the_folder_is_its_owners_and_goes_with_the_states(server: Server) -> None:
    states = _states(server)
    folder = states.folder
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0
    states.put_aside(0, "eleven", [CARD], keeping=0)
    assert [path.name for path in folder.iterdir()] == ["1.bin"]
    del states
    assert not folder.exists()


@pytest.mark.slow
def test_the_embedded_server_reads_a_conversation_once(tmp_path: Path) -> None:
    engine = embedded_engine(series=load_series(), root=tmp_path)
    adapter, link = engine.adapter_for("Eleven", load_series()), engine.link
    assert link.slots is not None
    headers = {"Authorization": f"Bearer {link.api_key}"}

    def tokens(kind: str | None, number: int, said: str) -> tuple[int, int]:
        """How many were kept and how many read."""
        story = f"Story number {number} of {kind}: the lamp on the hill was red, and the others were green. " * 15
        begin = [Message(role="user", content=story), Message(role="assistant", content="I see.")]
        assert link.slots is not None
        with link.slots.taking(kind, begin) as slot:
            body = {"messages": [*begin, Message(role="user", content=said)], "max_tokens": 4}
            url = f"{link.base_url}/chat/completions"
            answer = httpx.post(url, json=body | link.body(kind, slot=slot), headers=headers, timeout=120)
        timings = answer.raise_for_status().json()["timings"]
        return timings["cache_n"], timings["prompt_n"]

    talks = [(kind, number) for number in range(6) for kind in (adapter, None)]
    assert all(read > 250 for _, read in (tokens(kind, number, "And then?") for kind, number in talks))
    # Twelve were told in eight slots; all of them go on where they were.
    again = [tokens(kind, number, "What colour was the lamp?") for kind, number in talks]
    assert [(kept, read) for kept, read in again if kept < 250 or read > 40] == []

"""A conversation that was put out of its slot comes back without being read again, and never under another kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from character_chatbot import embedded_engine
from character_chatbot.kept_states import KeptStates, shared
from character_chatbot.slots import Slots
from utils.chat import Message
from utils.door import INTERRUPTED
from utils.series import load_series

CARD = "You are Eleven. " * 20
OTHER_CARD = "You are Mike. " * 20
SIZE = 1_000


class Server:
    """Holds in its slots what was read, and under which kind, as llama.cpp does.

    Attributes:
        asked: What was asked beside answers.
        refuses: Whether it refuses that.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.refuses = False
        self.folder = Path()
        self.told: list[str] = []
        # By slot: the kind that it answered last, and each message with the kind that read it.
        self.kinds: dict[int, str | None] = {}
        self.slots: dict[int, list[tuple[str, str | None]]] = {}

    def read(self, slot: int, kind: str | None, texts: Sequence[str]) -> list[str]:
        """Answer a prompt; returns the messages that it had to read."""
        if slot not in self.kinds or self.kinds[slot] != kind:
            self.slots[slot] = []
        self.kinds[slot] = kind
        kept = list(takewhile(lambda pair: pair[0][0] == pair[1], zip(self.slots[slot], texts, strict=False)))
        assert all(reader == kind for (_, reader), _ in kept)
        self.slots[slot] = [(text, kind) for text in texts]
        return list(texts[len(kept) :])

    def __call__(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.asked.append((path, body))
        if self.refuses:
            return None
        if path == "/completion":
            self.read(body["id_slot"], body["lora"], ["a token"])
            return {}
        slot, action = int(path.split("/")[2].partition("?")[0]), path.rpartition("=")[2]
        file = self.folder / body["filename"]
        if action == "save":
            file.write_text(json.dumps(self.slots[slot]).ljust(SIZE))
        elif file.exists():
            self.slots[slot] = [(text, kind) for text, kind in json.loads(file.read_text())]
        else:
            return None
        return {}

    @property
    def acts(self) -> list[str]:
        return [path.rpartition("=")[2] for path, _ in self.asked]


@pytest.fixture
def server() -> Server:
    return Server()


def _states(server: Server, *, largest: int = 100 * SIZE) -> KeptStates:
    states = KeptStates(server, marks=lambda kind: {"lora": kind}, largest=largest)
    server.folder = states.folder
    return states


def _talk(card: str, *said: str) -> list[Message]:
    return [Message(role="system", content=card), *(Message(role="user", content=text) for text in said)]


def _say(slots: Slots, server: Server, kind: str | None, begin: list[Message]) -> list[str]:
    """One turn, with a message that is new; returns the messages that were read for it."""
    said = f"message {len(server.told)}"
    server.told.append(said)
    with slots.taking(kind, begin) as slot:
        assert slot is not None
        return server.read(slot, kind, [*(message["content"] for message in begin), said])


def _put(states: KeptStates, server: Server, kind: str | None, *texts: str, keeping: int = 0) -> None:
    """Read something in slot 0 and put it aside."""
    server.read(0, kind, texts)
    states.put_aside(0, kind, texts, keeping=keeping)


def test_messages_count_as_long_as_they_are_the_same() -> None:
    assert shared(["abc", "de", "f"], ["abc", "de", "g", "h"]) == 5
    assert shared(["abc"], ["abd"]) == shared([], ["a"]) == 0


def test_who_is_put_out_comes_back(server: Server) -> None:
    slots = Slots(1, _states(server))
    ours, theirs = _talk(CARD, "a long story " * 30), _talk(CARD, "another story " * 30)
    read = [_say(slots, server, "eleven", begin) for _ in range(3) for begin in (ours, theirs)]
    assert [len(one) for one in read] == [3, 2, 1, 1, 1, 1]
    # Each is written once, ours at once for the card, which is everybody's.
    assert server.acts.count("save") == 2


@pytest.mark.parametrize("kinds", [("eleven", "mike"), ("eleven", None), (None, "eleven")])
def test_what_one_kind_read_is_never_used_for_another(server: Server, kinds: tuple[str | None, ...]) -> None:
    slots = Slots(1, _states(server))
    talks = [_talk(CARD, f"story {number} " * 50) for number in range(2)]
    turns = [(kind, begin) for _ in range(3) for begin in talks for kind in kinds]
    read = [len(_say(slots, server, kind, begin)) for kind, begin in turns]
    assert read == [3, 3, 2, 2, *[1] * 8]


def test_a_slot_that_answered_nobody_yet_is_told_of_the_kind_too(server: Server) -> None:
    slots = Slots(2, _states(server))
    assert len(_say(slots, server, None, _talk(CARD, "a long story " * 30))) == 3
    with slots.taking(None, _talk(CARD)) as busy, slots.taking(None, _talk(CARD)) as fresh:
        assert busy != fresh
        assert fresh is not None
        assert server.read(fresh, None, [CARD, "Hi."]) == ["Hi."]


def test_a_new_conversation_begins_with_the_card_that_another_is_read_with_now(server: Server) -> None:
    slots = Slots(3, _states(server))
    _say(slots, server, "eleven", _talk(CARD))
    with slots.taking("eleven", _talk(CARD)) as first, slots.taking("eleven", _talk(CARD)) as second:
        assert None not in (first, second)
        assert [server.read(slot, "eleven", [CARD, "Hi."]) for slot in (first, second) if slot is not None] == [
            ["Hi."],
            ["Hi."],
        ]


def test_what_was_not_read_is_not_taken_for_read(server: Server) -> None:
    slots = Slots(1, _states(server))
    _say(slots, server, "mike", _talk(CARD, "a long story " * 30))
    # Neither the server's refusal nor what somebody else had left there may stand for Eleven's.
    with pytest.raises(ValueError, match="refused"), slots.taking("eleven", _talk(CARD, "a long story " * 30)):
        raise ValueError("refused")
    assert len(_say(slots, server, "eleven", _talk(CARD, "a long story " * 30))) == 3
    assert len(_say(slots, server, "mike", _talk(CARD, "a long story " * 30))) == 1


def test_a_reply_that_was_cut_short_has_been_read(server: Server) -> None:
    slots, begin = Slots(1, _states(server)), _talk(CARD, "a long story " * 30)

    def stream() -> Iterator[str]:
        with slots.taking("eleven", begin) as slot:
            assert slot is not None
            server.read(slot, "eleven", [CARD, "a long story " * 30, "Hello."])
            yield "One."
            yield "Two."

    words = stream()
    next(words)
    words.close()  # type: ignore[attr-defined]
    _say(slots, server, "mike", _talk(OTHER_CARD))
    assert len(_say(slots, server, "eleven", begin)) == 1


def test_the_longer_one_takes_the_place_of_its_beginning(server: Server) -> None:
    states = _states(server)
    _put(states, server, "eleven", CARD)
    _put(states, server, "eleven", CARD, "a story " * 50)
    _put(states, server, "eleven", CARD)
    assert [path.name for path in states.folder.iterdir()] == ["2.bin"]
    assert states.bring_back(1, "eleven", [CARD, "something else"], held=0, switch=True) == len(CARD)


def test_little_is_read_again_rather_than_kept(server: Server) -> None:
    states = _states(server)
    _put(states, server, "eleven", "You are Eleven.")
    _put(states, server, "eleven", CARD, keeping=len(CARD) - 5)
    assert server.asked == []


def test_those_unused_for_longest_make_room(server: Server) -> None:
    states = _states(server, largest=3 * SIZE)
    for number in range(3):
        _put(states, server, "eleven", f"{number} {CARD}")
    assert states.bring_back(0, "eleven", [f"0 {CARD}"], held=0, switch=False)
    _put(states, server, "eleven", f"3 {CARD}")
    assert sorted(path.name for path in states.folder.iterdir()) == ["1.bin", "3.bin", "4.bin"]


def test_what_is_too_large_puts_nobody_out_and_is_not_tried_again(server: Server) -> None:
    states = _states(server, largest=3 * SIZE)
    _put(states, server, "eleven", CARD)
    for _ in range(2):
        _put(states, server, "eleven", "a long story " * SIZE)
    assert [path.name for path in states.folder.iterdir()] == ["1.bin"]
    assert server.acts == ["save", "save"]


def test_a_server_that_refuses_only_has_to_read_again(server: Server) -> None:
    states = _states(server)
    _put(states, server, "eleven", CARD)
    (states.folder / "1.bin").unlink()
    for _ in range(2):
        assert states.bring_back(0, "eleven", [CARD, "Hi."], held=0, switch=False) == 0
    assert server.acts == ["save", "restore"]
    server.refuses = True
    slots = Slots(1, states)
    talks = {"eleven": _talk(CARD, "a long story " * 30), "mike": _talk(OTHER_CARD, "another story " * 30)}
    assert [len(_say(slots, server, kind, talks[kind])) for kind in ("eleven", "mike", "eleven")] == [2, 3, 3]
    assert list(states.folder.iterdir()) == []


def test_a_file_that_cannot_be_deleted_is_no_matter(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    states = _states(server)
    _put(states, server, "eleven", CARD)

    def held(*_: object, **__: object) -> None:
        raise PermissionError("another program has it open")

    monkeypatch.setattr(Path, "unlink", held)
    _put(states, server, "eleven", CARD, "a story " * 50)
    assert states.bring_back(0, "eleven", [CARD, "a story " * 50], held=0, switch=False) == len(CARD) + 400


def test_the_folder_is_its_owners_and_goes_with_the_process(tmp_path: Path) -> None:
    stale = tmp_path / "hawkins-slots-999999999-left"
    stale.mkdir()
    code = """
        import os, sys, threading
        from character_chatbot.kept_states import KeptStates
        from utils.door import end_as_interrupted, run_door
        def serve():
            end_as_interrupted()
            states = KeptStates(lambda path, body: {}, marks=lambda kind: {})
            (states.folder / "1.bin").write_bytes(b"words")
            print(states.folder, oct(states.folder.stat().st_mode & 0o777), flush=True)
            threading.Event().wait()
        run_door(serve)
    """
    command = [sys.executable, "-c", dedent(code)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        folder, mode = made.stdout.readline().split()
        assert [str(path) for path in tmp_path.iterdir()] == [folder]
        assert mode == "0o700"
        made.terminate()
        assert made.wait(timeout=30) == INTERRUPTED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_embedded_server_reads_a_conversation_once(tmp_path: Path) -> None:
    engine = embedded_engine(series=load_series(), root=tmp_path)
    adapter, link = engine.adapter_for("Eleven", load_series()), engine.link
    assert link.slots is not None
    headers = {"Authorization": f"Bearer {link.api_key}"}

    def tokens(kind: str | None, number: int, said: str) -> tuple[int, int]:
        """How many were kept and how many read."""
        story = f"Story number {number} of {kind}: the lamp on the hill was red, and the others were green. " * 8
        begin = [Message(role="user", content=story), Message(role="assistant", content="I see.")]
        assert link.slots is not None
        with link.slots.taking(kind, begin) as slot:
            body = {"messages": [*begin, Message(role="user", content=said)], "max_tokens": 4}
            url = f"{link.base_url}/chat/completions"
            answer = httpx.post(url, json=body | link.body(kind, slot=slot), headers=headers, timeout=120)
        timings = answer.raise_for_status().json()["timings"]
        return timings["cache_n"], timings["prompt_n"]

    talks = [(kind, number) for number in range(5) for kind in (adapter, None)]
    assert all(read > 130 for _, read in (tokens(kind, number, "And then?") for kind, number in talks))
    # Ten were told in eight slots; all of them go on where they were.
    again = [tokens(kind, number, "What colour was the lamp?") for kind, number in talks]
    assert [(kept, read) for kept, read in again if kept < 130 or read > 40] == []

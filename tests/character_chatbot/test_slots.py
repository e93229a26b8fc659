"""A conversation comes back to the slot that read it, and puts out what costs least to read again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from typing import Any

import pytest

from character_chatbot import slots as module
from character_chatbot.slots import Slots
from utils.characters import Sampling
from utils.chat import Message

CARD = "You are Eleven. " * 10
OTHER_CARD = "You are Mike. " * 10


def talk(card: str, *said: str) -> list[Message]:
    roles = ("user", "assistant")
    turns = [Message(role=roles[number % 2], content=text) for number, text in enumerate(said)]
    return [Message(role="system", content=card), *turns]


def taken(slots: Slots, kind: str | None, begin: list[Message]) -> int | None:
    with slots.taking(kind, begin) as slot:
        return slot


def test_a_conversation_that_goes_on_comes_back_to_its_slot() -> None:
    slots = Slots(4)
    ours, theirs = ["a long story " * 30, "I see."], ["another story " * 30, "Oh."]
    first, second = taken(slots, "eleven", talk(CARD, *ours)), taken(slots, "eleven", talk(CARD, *theirs))
    assert first != second
    for _ in range(3):
        ours, theirs = [*ours, "And then? " * 9, "Yes."], [*theirs, "And you? " * 9, "No."]
        assert taken(slots, "eleven", talk(CARD, *ours)) == first
        assert taken(slots, "eleven", talk(CARD, *theirs)) == second


def test_a_new_conversation_takes_over_a_short_one_with_the_same_card() -> None:
    slots = Slots(4)
    first = taken(slots, "eleven", talk(CARD, "Hi.", "Hello."))
    assert taken(slots, "eleven", talk(CARD)) == first
    assert taken(slots, "mike", talk(OTHER_CARD)) != first


def test_one_kind_never_reads_on_after_another() -> None:
    slots = Slots(2)
    story = "a long story " * 30
    first = taken(slots, "eleven", talk(CARD, story, "I see."))
    assert taken(slots, "mike", talk(CARD, story, "I see.")) != first


def test_the_busy_are_left_alone_and_more_than_there_are_get_none() -> None:
    slots = Slots(3)
    with ExitStack() as inside:
        held = [inside.enter_context(slots.taking("eleven", talk(CARD))) for _ in range(4)]
    assert sorted(slot for slot in held if slot is not None) == [0, 1, 2]
    assert held[-1] is None
    assert taken(slots, "eleven", talk(CARD)) is not None


def test_a_slot_is_free_again_after_an_error() -> None:
    slots = Slots(1)
    with pytest.raises(ValueError, match="broken"), slots.taking(None, talk(CARD)):
        raise ValueError("broken")
    assert taken(slots, None, talk(CARD)) == 0


def test_who_was_silent_for_long_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    slots = Slots(2)
    silent = taken(slots, "eleven", talk(CARD, "a story " * 60, "I see."))
    now[0] = 10 * module.HALF_LIFE
    lively = taken(slots, "eleven", talk(CARD, "another story " * 20, "Oh."))
    assert lively == silent  # nobody else would have had to read less
    other = taken(slots, "eleven", talk(CARD, "a third story " * 20, "Ah."))
    assert other != lively


def test_no_slot_is_held_twice() -> None:
    slots, lock, inside, twice = Slots(3), Lock(), set[int](), list[int]()

    def go(number: int) -> None:
        with slots.taking(f"kind {number % 5}", talk(f"{number % 7} {CARD}", "Hi.")) as slot:
            if slot is None:
                return
            with lock:
                twice.extend([slot] if slot in inside else [])
                inside.add(slot)
            with lock:
                inside.remove(slot)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(go, range(600)))
    assert twice == []


def test_requests_name_their_slot_where_it_is_ours_to_choose(server: Any, llama: Any) -> None:
    ours = llama(slots=Slots(2))
    stories = {story: [story, "I see."] for story in ("a long story " * 30, "another story " * 30)}
    asked: dict[str, set[int]] = {story: set() for story in stories}
    for turn in range(3):
        for story, said in stories.items():
            ours.prepare(talk(CARD, *said))
            list(ours.stream(talk(CARD, *said, f"<facts>{turn}</facts> And then?"), sampling=Sampling()))
            asked[story] |= {request["id_slot"] for request in server.asked[-2:]}
            said += ["And then?", "More."]
    assert sorted(map(tuple, asked.values())) == [(0,), (1,)]
    list(llama().stream(talk(CARD, "Hi."), sampling=Sampling()))
    assert "id_slot" not in server.asked[-1]

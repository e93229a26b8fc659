"""Who speaks next: whoever is called, everybody who is meant, and else by who speaks to whom."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from character_chatbot.group import Group, Said, called, next_speaker

PEOPLE = {"Mike": ("Mike", "Michael"), "Eleven": ("Eleven", "El"), "Dustin": ("Dustin",)}
GROUP = Group(PEOPLE)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Mike, what now?", ["Mike"]),
        ("mike what now", ["Mike"]),
        ("Where is it, El?", ["Eleven"]),
        ("Hey El!", ["Eleven"]),
        ("El did you eat?", ["Eleven"]),
        ("Mike and Dustin, where were you?", ["Mike", "Dustin"]),
        ("Okay, Michael. Tell me.", ["Mike"]),
        ("Stop it! Dustin, Mike! Listen.", ["Dustin", "Mike"]),
        ("I like Mike.", []),
        ("Tell me about Dustin", []),
        ("Is Mike here?", []),
        ("I saw Mike, Dustin and El", []),
        ("Mike's dog is nice.", []),
        ("That's Mike.", []),
        ("Elephants, Mikey, elevens.", []),
    ],
)
def test_who_is_called_by_name(text: str, people: list[str]) -> None:
    assert called(text, GROUP) == people


def _scene(group: Group, *replies: str, message: str, draw: int = 1) -> list[str]:
    """Who speaks, when each reply is the next of those given and then nothing in particular."""
    spoken = [Said(None, message)]
    lines = iter(replies)
    while (name := next_speaker(group, spoken, draw=draw)) is not None:
        spoken.append(Said(name, next(lines, "Nothing.")))
    return [one.speaker for one in spoken[1:] if one.speaker]


def test_the_one_who_is_called_answers_and_nobody_else() -> None:
    assert _scene(GROUP, message="Dustin, are you there?") == ["Dustin"]
    assert _scene(GROUP, message="Mike and El, are you there?") == ["Mike", "Eleven"]


@pytest.mark.parametrize("message", ["What do you two think?", "Hello everyone!", "Where were all of you?"])
def test_everybody_answers_when_all_are_meant(message: str) -> None:
    assert _scene(GROUP, message=message) == ["Mike", "Eleven", "Dustin"]
    assert sorted(_scene(Group(PEOPLE, turns=1), message=message)) == ["Dustin", "Eleven", "Mike"]


def test_whom_a_reply_calls_speaks_next() -> None:
    assert _scene(GROUP, "I do not know. El, do you?", "No.", message="Mike, what is it?") == ["Mike", "Eleven"]


def test_nobody_speaks_twice_in_a_row_and_the_turns_end() -> None:
    for draw in range(40):
        speakers = _scene(GROUP, message="What happened in the woods?", draw=draw)
        assert len(speakers) == GROUP.turns
        assert all(one != other for one, other in pairwise(speakers))


def test_two_who_call_each_other_end_too() -> None:
    back_and_forth = ["El, you say it.", "Mike, you say it."] * 9
    assert len(_scene(GROUP, *back_and_forth, message="Mike, say it.")) == GROUP.turns


def test_who_speaks_more_to_the_last_speaker_is_likelier_and_nobody_is_shut_out() -> None:
    group = Group(PEOPLE, weights={("Dustin", "Mike"): 18.0}, turns=2)
    second = Counter(
        next_speaker(group, [Said(None, "Well?"), Said("Mike", "I saw a light.")], draw=draw) for draw in range(300)
    )
    assert second["Dustin"] > 240
    assert second["Eleven"] > 0
    assert second["Mike"] == 0


def test_draws_are_the_same_again_and_differ_between_messages_and_seeds() -> None:
    scenes = [_scene(GROUP, message="Well?", draw=draw) for draw in range(20)]
    assert scenes == [_scene(GROUP, message="Well?", draw=draw) for draw in range(20)]
    assert len({tuple(scene) for scene in scenes}) > 3
    other = Group(PEOPLE, seed=7)
    assert scenes != [_scene(other, message="Well?", draw=draw) for draw in range(20)]


def test_one_alone_answers_once() -> None:
    assert _scene(Group({"Mike": ("Mike",)}), message="Well?") == ["Mike"]


def test_nothing_was_said() -> None:
    assert next_speaker(GROUP, []) is None

"""Replies that a small model gets wrong, and those that only look like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from character_chatbot.checks import FAULTS, find_fault
from utils.characters import CharacterCard, Sampling, card_names, load_card, load_voice
from utils.series import SeriesProfile, load_series

CARD = CharacterCard(name="Eleven", age=13, description="A girl.", greeting="Hi.", sampling=Sampling(max_tokens=32))


@dataclass(frozen=True)
class Scene:
    """A remembered passage, as far as the checks read it."""

    text: str


SCENES = (Scene("Mike: The tower on Weather Hill has a red lamp that never goes out.\nEleven: I am here."),)


@pytest.fixture(scope="module")
def series() -> SeriesProfile:
    return load_series()


def fault(text: str, series: SeriesProfile, *, asked: str = "How are you?", said: tuple[str, ...] = ()) -> str | None:
    history: list[dict[str, Any]] = []
    for reply in said:
        history += [{"role": "user", "content": "And?"}, {"role": "assistant", "content": reply}]
    history.append({"role": "user", "content": asked})
    return find_fault(text, card=CARD, history=history, sources=SCENES, cast=series.cast)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "empty"),
        (" ... !", "empty"),
        ("Hello.<|im_end|>", "template"),
        ("<|im_start|>assistant Hello.", "template"),
        ("[INST] Hello. [/INST]", "template"),
        ("</scenes> Hello.", "template"),
        ("As an AI, I have no friends.", "character"),
        ("As a language model I cannot eat.", "character"),
        ("I’m just a chatbot.", "character"),
        ("I'm a computer, and I've got a program.", "character"),
        ("I cannot assist with that request.", "character"),
        ("How can I help you today?", "character"),
        ("Answer only as Eleven, in the first person.", "character"),
        ("As a character I would be happy.", "character"),
        ("You are Eleven, 13 years old.", "character"),
        ("I like Stranger Things.", "character"),
        ("Hello. Mike: Hi, El!", "speaks for others"),
        ("Mrs. Byers: Where is Will?", "speaks for others"),
        ("User: What is that?", "speaks for others"),
        ("*you smile and sit down*", "speaks for others"),
        ('You say, "Hello."', "speaks for others"),
        ("How are you?", None),
        ("I am good. I am good. I am good. I am good.", "repeats"),
        ("I like the snow. I like the snow.", "repeats"),
        ("no no no no no.", "repeats"),
        ("The tower on Weather Hill has a red lamp.", "copies"),
        ("I am a girl who", "runs on"),
        (" ".join(f"word{number}" for number in range(40)) + ".", "runs on"),
    ],
)
def test_each_fault_is_named(text: str, name: str | None, series: SeriesProfile) -> None:
    assert fault(text, series) == name
    assert name is None or name in FAULTS


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "No. No. No.",
        "Mike",
        "Mike.",
        "Rule one: do not be stupid.",
        "I know three things: Mike, waffles, snow.",
        "The tower has a red lamp.",
        "You smile. Good.",
        "Friends do not lie…",
        "Are you a bot?",
        "Papa said: stay.",
    ],
)
def test_what_only_looks_like_a_fault_passes(text: str, series: SeriesProfile) -> None:
    assert fault(text, series) is None


def test_a_message_is_not_said_back(series: SeriesProfile) -> None:
    assert fault("do you like cold waffles", series, asked="Do you like cold waffles?") == "echo"
    assert fault("I like cold waffles. They crunch.", series, asked="Do you like cold waffles?") is None
    assert fault("Waffles!", series, asked="Waffles?") is None


def test_a_reply_is_not_given_twice(series: SeriesProfile) -> None:
    assert fault("I like the snow.", series, said=("I like the snow.",)) == "repeats"
    assert fault("Yes.", series, said=("Yes.",)) is None
    assert fault("I like the snow.", series, said=("I like the snow.", "1", "2", "3", "4")) is None


def test_a_copied_line_counts_without_its_speaker(series: SeriesProfile) -> None:
    assert fault("The tower on Weather Hill has a yellow lamp.", series) is None


def test_the_voices_that_ship_have_no_faults(series: SeriesProfile) -> None:
    faults, replies = [], 0
    for name in card_names(series):
        card = load_card(name, series)
        for exchange in load_voice(card, series):
            replies += 1
            asked = [{"role": "user", "content": exchange.user}]
            if found := find_fault(exchange.reply, card=card, history=asked, cast=series.cast):
                faults.append((name, found, exchange.reply))
    assert replies > 1000
    assert len(faults) < 0.005 * replies, faults


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_reply_is_judged(text: str, asked: str) -> None:
    found = find_fault(text, card=CARD, history=[{"role": "user", "content": asked}], sources=SCENES)
    assert found is None or found in FAULTS

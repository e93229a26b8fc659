"""Nobody has, or knows, what does not exist yet; to ask what it is, or to have no idea, is no fault."""

from __future__ import annotations

from typing import Any

import pytest

from character_chatbot import CharacterChatbot, ChatEngine
from character_chatbot.anachronisms import Anachronisms
from character_chatbot.turn import OUT_OF_TIME
from utils.characters import card_names, load_card, load_voice
from utils.series import load_series
from utils.world import World

THINGS = Anachronisms(("my phone", "smartphone", "Wi-Fi", "app", "Jurassic Park"))


def misplaced(reply: str, asked: str = "Hello.") -> bool:
    return THINGS.misplaced(reply, asked=asked)


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        ("No, I can't lend you my phone. It has two batteries.", "Can you lend me your smartphone?"),
        ("I just like to run things on my phone.", "Who are you?"),
        ("I like my new smartphone.", "What do you like?"),
        ("It is in the kitchen.", "Where is your smartphone?"),
        ("We saw Jurassic  Park.", "What did you see?"),
        ("Wi-fi is great.", "Do you have wi-fi?"),
        ("No, I don't know what that is. I have a wi-fi key.", "Do you have wi-fi?"),
    ],
)
def test_to_have_or_to_know_what_is_not_there_yet_is_a_fault(reply: str, asked: str) -> None:
    assert misplaced(reply, asked)


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        ("No, our phone hangs on the kitchen wall.", "Do you have a smartphone?"),
        ("My phone? I have a radio.", "Charge your phone."),
        ("My phone number is on the fridge.", "How can I call you?"),
        ("I don't know what an app is.", "Which apps do you like?"),
        ("App is a new word.", "Which apps do you like?"),
        ("Is an app short for an apple?", "Tell me about apps."),
        ("I am happy.", "Are you happy?"),
    ],
)
def test_to_disclaim_it_is_none(reply: str, asked: str) -> None:
    assert not misplaced(reply, asked)


def test_a_series_without_a_list_has_no_anachronisms() -> None:
    assert not Anachronisms(()).misplaced("I like my smartphone.", asked="Your smartphone?")


def test_plurals_and_capitals_are_found_and_parts_of_words_are_not() -> None:
    assert THINGS.named("SMARTPHONES and apps, happy apples, wi-fi") == {"smartphones", "apps", "wi-fi"}


def test_what_was_written_for_the_characters_is_hardly_ever_at_fault() -> None:
    series = load_series()
    ours = Anachronisms(series.anachronisms)
    exchanges = [one for name in card_names(series) for one in load_voice(load_card(name, series), series)]
    faults = [one.reply for one in exchanges if ours.misplaced(one.reply, asked=one.user)]
    about = [one for one in exchanges if ours.named(one.user)]
    assert len(about) > 150
    assert len(faults) < 0.01 * len(about), faults


def test_a_draft_with_a_smartphone_is_drawn_again(world: World, engine: ChatEngine, encoder: Any, server: Any) -> None:
    server.reply = "I have a smartphone with games."
    reply = CharacterChatbot("El", world=world, engine=engine, encoder=encoder).reply("What do you have?")
    assert reply.faults == (OUT_OF_TIME, OUT_OF_TIME)
    assert reply.replaced
    assert "smartphone" not in reply.text

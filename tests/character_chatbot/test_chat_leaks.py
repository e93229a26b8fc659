"""Nothing that a character cannot know reaches its prompt, and no reply speaks of people whom it never heard of."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from character_chatbot import CharacterChatbot, WitnessMemory
from character_chatbot.earshot import Listener, scenes_of
from character_chatbot.memory import witnessed_passages
from character_chatbot.words import NameFinder
from tests.character_chatbot.conftest import WordEncoder
from utils.characters import card_names, load_voice
from utils.episodes import Episode
from utils.world import World

QUESTIONS = Path(__file__).resolve().parent.parent / "data" / "leak_questions.csv"
KINDS = {"past", "present", "future", "absent", "out_of_world"}
EPISODES = ("S01E01", "S01E02", "S01E03", "S01E04")


class Overheard:
    """Says the same always and keeps the prompts."""

    context = 4096
    label = "a scripted model"

    def __init__(self, says: str = "I do not know.") -> None:
        self.says = says
        self.prompts: list[str] = []

    def adapter_for(self, character: str, series: Any) -> None:
        return None

    def stream(self, messages: Sequence[Any], **options: Any) -> Iterator[str]:
        # Without the question itself, which is the last row of the last message.
        *before, last = (message["content"] for message in messages)
        self.prompts.append("\n".join([*before, last.rpartition("\n")[0]]))
        yield self.says


@cache
def _world() -> World:
    return World.sample()


@cache
def _bot(character: str, until: str | None, says: str = "I do not know.") -> CharacterChatbot:
    engine: Any = Overheard(says)
    encoder: Any = WordEncoder()
    return CharacterChatbot(
        character, until=until, world=_world(), engine=engine, encoder=encoder, memory=_memory(character)
    )


@cache
def _memory(character: str) -> WitnessMemory:
    encoder: Any = WordEncoder()
    return WitnessMemory(list(witnessed_passages(_world().dialogue, _world().series, character)), encoder=encoder)


def _prompt(character: str, until: str | None, question: str) -> str:
    bot = _bot(character, until)
    bot.reply(question)
    engine: Any = bot.engine
    return str(engine.prompts[-1])


@cache
def _rows() -> list[dict[str, str]]:
    with QUESTIONS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _said_in(words: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(words.casefold())}\b", text.casefold()) is not None


def test_there_are_questions_of_every_kind() -> None:
    rows = _rows()
    assert len(rows) >= 60
    assert {row["kind"] for row in rows} == KINDS
    assert len({(row["question"], row["character"], row["until"]) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    "row",
    [row for row in _rows() if row["kind"] in {"future", "absent"}],
    ids=lambda row: f"{row['character']}-{row['until']}-{row['question'][:40]}",
)
def test_no_prompt_says_what_the_character_cannot_know(row: dict[str, str]) -> None:
    prompt = _prompt(row["character"], row["until"], row["question"])
    forbidden = [words for words in row["forbidden"].split(";") if words and not _said_in(words, row["question"])]
    assert not [words for words in forbidden if _said_in(words, prompt)]


@cache
def _heard(character: str, until: str) -> set[str]:
    """The words of every line that a character heard by an episode, found again from the table."""
    listener = Listener(_world().series, character)
    return {
        " ".join(line.text.split())
        for (season, episode, _), scene in scenes_of(_world().dialogue)
        if Episode(season, episode) <= Episode.parse(until)
        for begin, end in listener.heard(scene)
        for line in scene[begin:end]
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    character=st.sampled_from(["Eleven", "Mike", "Dustin", "Max", "Hopper", "Ada"]),
    until=st.sampled_from(EPISODES),
    data=st.data(),
)
def test_every_remembered_row_was_heard_by_then(character: str, until: str, data: st.DataObject) -> None:
    # What is asked comes from any line of the season, so that what must not be recalled fits best of all.
    question = data.draw(st.sampled_from(list(_world().dialogue["text"])))
    prompt = _prompt(character, until, question)
    block = prompt.partition("<scenes>\n")[2].partition("\n</scenes>")[0]
    for row in filter(None, block.split("\n")):
        spoken = re.sub(r"^[^:]{1,30}: ", "", row)
        assert {row, spoken} & _heard(character, until) or row == "---"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(character=st.sampled_from(card_names(_world().series)), until=st.sampled_from(EPISODES), data=st.data())
def test_no_prompt_names_a_stranger(character: str, until: str, data: st.DataObject) -> None:
    question = data.draw(
        st.sampled_from(["Who are you?", "Who is in the static?", "What happened today?", "Are you cold?"])
    )
    prompt = _prompt(character, until, question)
    assert NameFinder(_world().series).named(prompt) <= _bot(character, until).knowledge.names


def test_a_voice_without_a_name_is_somebody() -> None:
    knows = {until: _bot("Eleven", until).knowledge for until in ("S01E01", "S01E02")}
    passage = next(passage for passage in _memory("Eleven").passages if "I am cold. Is anybody there?" in passage.text)
    assert "Somebody: I am cold. Is anybody there?" in knows["S01E01"].as_witnessed(passage).text
    assert "Eleven: " in knows["S01E01"].as_witnessed(passage).text
    assert "June: I am cold. Is anybody there?" in knows["S01E02"].as_witnessed(passage).text


def test_where_it_cannot_know_the_prompt_says_so_and_shows_how() -> None:
    prompt = _prompt("Eleven", "S01E01", "Who is Dr. Voss?")
    assert "You have never heard of the person you are asked about." in prompt
    assert "I do not know" in prompt
    absent = _prompt("Dustin", "S01E02", "What did El and Mike quarrel about?")
    assert "You were not there" in absent
    assert "</scenes>" not in absent


def test_who_claims_to_know_a_stranger_is_asked_once_more_and_then_speaks_a_written_line() -> None:
    bot = _bot("Eleven", "S01E01", "Voss is a bad man with a machine.")
    engine: Any = bot.engine
    engine.prompts.clear()
    reply = bot.reply("Are you cold?")
    assert len(engine.prompts) == 2
    assert reply.replaced
    assert reply.faults == ("names somebody it never heard of",) * 2
    assert "Voss" not in reply.text


def test_who_pretends_to_have_been_there_is_not_believed() -> None:
    reply = _bot("Eleven", "S01E01", "She is my friend.").reply("Who is Ada?")
    assert reply.replaced
    assert set(reply.faults) == {"claims to know what it cannot"}
    assert "not" in reply.text
    # Nor does it speak of whom another example was about.
    for name in ("Vecna", "Robin", "Eddie", "Murray"):
        assert name not in reply.text


@pytest.mark.parametrize("question", ["Who is Mike?", "Do you know Kali?", "Where did the boys find you?"])
def test_what_it_lived_through_is_not_denied(question: str) -> None:
    assert not _bot("Eleven", "S01E01").knowledge.beyond(question)


@pytest.mark.parametrize(
    "message",
    ["Hi! How are you feeling this evening?", "Happy birthday!", "You are a stupid liar.", "The cellar was cold."],
)
def test_a_message_that_asks_for_nothing_that_happened_is_answered(message: str) -> None:
    for name in ("Eleven", "Mike", "Dustin"):
        assert not _bot(name, None).knowledge.beyond(message)


@pytest.mark.parametrize("name", ["Eleven", "Mike", "Dustin"])
def test_small_talk_is_seldom_taken_for_what_it_cannot_know(name: str) -> None:
    bot = _bot(name, None)
    topics = {"self", "everyday", "feelings", "greeting", "opinion"}
    asked = [e.user for e in load_voice(bot.card, bot.world.series) if e.topic in topics]
    denied = [message for message in asked if bot.knowledge.beyond(message).matter]
    assert len(denied) <= 0.01 * len(asked), denied


def test_few_questions_about_the_known_are_taken_for_unknown() -> None:
    known = [row for row in _rows() if row["kind"] in {"past", "present"}]
    denied = [
        row["question"] for row in known if _bot(row["character"], row["until"]).knowledge.beyond(row["question"])
    ]
    assert not denied


def test_most_questions_about_the_unknown_are_recognised() -> None:
    unknown = [row for row in _rows() if row["kind"] in {"future", "absent"}]
    found = [row for row in unknown if _bot(row["character"], row["until"]).knowledge.beyond(row["question"])]
    assert len(found) >= 0.65 * len(unknown)


@pytest.mark.slow
def test_no_reply_of_the_embedded_model_names_a_stranger() -> None:
    for row in [row for row in _rows() if row["kind"] == "future"][::5]:
        bot = CharacterChatbot(row["character"], until=row["until"], world=_world())
        reply = bot.reply(row["question"])
        assert not bot.knowledge.claims(reply.text, asked=row["question"])
        assert all(passage.episode <= Episode.parse(row["until"]) for passage in reply.sources)

"""A conversation that goes on: what is kept, what each character hears, what comes back from long ago."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from character_chatbot import ChatEngine
from character_chatbot.care import screen_message
from character_chatbot.company import Company
from character_chatbot.conversations import ConversationStore, Utterance, open_store, recalled_turns
from character_chatbot.conversations.recall import TurnMemory, newest_turns, tokens, turns
from character_chatbot.talk import Talk, heard_by
from utils.errors import HawkinsError, InputError
from utils.world import World


@pytest.fixture
def store() -> ConversationStore:
    return open_store("sqlite://")


@pytest.fixture
def company(world: World, engine: ChatEngine, encoder: Any) -> Company:
    return Company(world, engine=engine, encoder=encoder)


@pytest.fixture
def begin(company: Company, store: ConversationStore) -> Callable[..., Talk]:
    def begin(*characters: str, **options: Any) -> Talk:
        return Talk(company, store, characters=characters or ("El",), **options)

    return begin


def _hear(speakers: Any) -> list[tuple[str, str]]:
    return [(speaking.name, "".join(speaking).strip()) for speaking in speakers]


def _prompt(server: Any, index: int = -1) -> list[dict[str, str]]:
    messages: list[dict[str, str]] = server.asked[index]["messages"]
    return messages


def _said(*rows: tuple[str | None, str], **more: Any) -> list[Utterance]:
    return [
        Utterance(id=number, character=who, text=text, time="2026-11-22T00:00:00+00:00", **more)
        for number, (who, text) in enumerate(rows, start=1)
    ]


def test_message_and_reply_are_kept_and_told_next_time(begin: Callable[..., Talk], server: Any) -> None:
    talk = begin()
    assert talk.conversation is None
    assert _hear(talk.say("Who ate nine waffles?")) == [("Eleven", "Waffles are good.")]
    _hear(talk.say("And now?"))
    *before, asked = (m["content"] for m in _prompt(server))
    assert before[-2:] == ["Who ate nine waffles?", "Waffles are good."]
    assert asked.split("\n")[-1] == "And now?"
    kept = talk.utterances()
    assert [(one.character, one.state) for one in kept] == [(None, "complete"), ("Eleven", "complete")] * 2
    assert kept[1].sources
    assert kept[1].support is not None


def test_another_program_goes_on_where_this_one_stopped(
    begin: Callable[..., Talk], company: Company, store: ConversationStore, server: Any
) -> None:
    first = begin(until="S01E02", name="waffles")
    _hear(first.say("How many waffles?"))
    again = Talk(company, store, conversation=store.find("waffles"))
    assert (again.characters, again.until) == (("Eleven",), "S01E02")
    _hear(again.say("And now?"))
    assert "How many waffles?" in [m["content"] for m in _prompt(server)]


def test_what_cannot_be_said_begins_nothing(begin: Callable[..., Talk], store: ConversationStore) -> None:
    for message, says in (("  ", "empty"), ("x" * 100_000, "characters"), ("\u200b\x00", "empty")):
        with pytest.raises(InputError, match=says):
            _hear(begin().say(message))
    assert store.all() == []
    with pytest.raises(InputError, match="Did you mean Dustin"):
        begin("Dustn")
    with pytest.raises(InputError, match="S09E99"):
        begin("Eleven", until="S09E99")
    with pytest.raises(InputError, match="no message to answer anew"):
        _hear(begin().retry())


def test_no_server_keeps_the_message_and_a_retry_answers_it(
    world: World, engine: ChatEngine, encoder: Any, store: ConversationStore, server: Any
) -> None:
    nobody = ChatEngine("http://127.0.0.1:9/v1", model="none", label="nobody")
    talk = Talk(Company(world, engine=nobody, encoder=encoder), store, characters=["Eleven"], name="cut off")
    with pytest.raises(HawkinsError, match="No chat server answers"):
        _hear(talk.say("Are you there?"))
    assert [(one.text, one.state) for one in talk.utterances()] == [("Are you there?", "complete"), ("", "partial")]
    again = Talk(Company(world, engine=engine, encoder=encoder), store, conversation=store.find("cut off"))
    assert _hear(again.retry()) == [("Eleven", "Waffles are good.")]
    assert [m["role"] for m in _prompt(server)].count("user") == [m["role"] for m in _prompt(server)].count(
        "assistant"
    ) + 1
    assert [one.state for one in again.utterances()] == ["complete", "replaced", "complete"]


def test_a_reply_that_is_stopped_keeps_what_was_said_and_counts(begin: Callable[..., Talk], server: Any) -> None:
    server.reply = "I am here. I am cold. I am done."
    talk = begin()
    speaking = next(talk.say("Are you there?"))
    pieces = speaking.__iter__()
    first = next(pieces)
    pieces.close()
    assert [(one.text, one.state) for one in talk.utterances()][1] == (first, "partial")
    server.reply = "Waffles are good."
    _hear(talk.say("Go on."))
    assert first.strip() in [m["content"].strip() for m in _prompt(server)]


def test_an_unanswered_message_and_the_next_one_are_one_turn(begin: Callable[..., Talk], server: Any) -> None:
    server.status = 500
    talk = begin()
    with pytest.raises(HawkinsError):
        _hear(talk.say("First."))
    server.status = 200
    _hear(talk.say("Second."))
    assert _prompt(server)[-1] == {"role": "user", "content": "First.\nSecond."}


def test_forgotten_words_stay_out_of_the_prompt_and_in_the_database(begin: Callable[..., Talk], server: Any) -> None:
    talk = begin()
    _hear(talk.say("The password is swordfish."))
    talk.forget()
    _hear(talk.say("What is the password?"))
    assert "swordfish" not in str(_prompt(server))
    assert "swordfish" in talk.utterances()[0].text


def test_what_was_said_later_on_the_dial_is_not_known_earlier(begin: Callable[..., Talk], server: Any) -> None:
    talk = begin()
    _hear(talk.say("The end is swordfish."))
    talk.turn_dial("S01E02")
    _hear(talk.say("Before that, swordless."))
    assert "The end is swordfish" not in str(_prompt(server))
    talk.turn_dial("S01E01")
    _hear(talk.say("What is the end?"))
    assert "swordless" not in str(_prompt(server))
    talk.turn_dial(None)
    _hear(talk.say("And now, what is the end?"))
    assert "The end is swordfish" in str(_prompt(server))


def test_in_a_group_each_hears_the_others_by_name(begin: Callable[..., Talk], server: Any) -> None:
    talk = begin("Mike", "Eleven", turns=2)
    assert [name for name, _ in _hear(talk.say("What do you two see?"))] == ["Mike", "Eleven"]
    mike, eleven = _prompt(server, 0), _prompt(server, 1)
    assert mike[-1]["content"].split("\n")[-1] == "What do you two see?"
    assert eleven[-1]["role"] == "user"
    assert eleven[-1]["content"].split("\n")[-2:] == ["What do you two see?", "Mike: Waffles are good."]
    assert "You are Mike" in mike[0]["content"]
    assert "You are Eleven" in eleven[0]["content"]


def test_each_in_a_group_remembers_what_it_witnessed_itself(begin: Callable[..., Talk], server: Any) -> None:
    talk = begin("Lucas", "Joyce", turns=2)
    _hear(talk.say("What do you two know of the tower on Weather Hill and the radio and the cabin?"))
    lucas, joyce = str(_prompt(server, 0)), str(_prompt(server, 1))
    assert "red lamp" in lucas
    assert "red lamp" not in joyce.split("<scenes>")[-1].split("</scenes>")[0]


def test_others_may_go_on_with_a_conversation(begin: Callable[..., Talk], server: Any, store: Any) -> None:
    talk = begin("Eleven")
    _hear(talk.say("Hello."))
    talk.switch(["Mike"])
    assert _hear(talk.say("And you?"))[0][0] == "Mike"
    assert "Eleven: Waffles are good." in str(_prompt(server))
    assert store.all()[0].characters == ("Mike",)


def test_a_conversation_of_another_world_is_refused(company: Company, store: ConversationStore) -> None:
    other = store.create(["Eleven"], series="friends", timeline="show", name="elsewhere")
    with pytest.raises(InputError, match=r"'elsewhere' belongs to another series.*--results"):
        Talk(company, store, conversation=other)


def test_roles_alternate_whoever_speaks() -> None:
    said = _said((None, "Hi."), (None, "You there?"), ("Mike", "Yes."), ("Eleven", "I am."), ("Eleven", "Here."))
    assert heard_by("Eleven", said) == [
        {"role": "user", "content": "Hi.\nYou there?\nMike: Yes."},
        {"role": "assistant", "content": "I am.\nHere."},
    ]


def test_the_newest_turns_fill_the_budget_and_no_more() -> None:
    cut = turns(_said(*[(who, "word " * 40) for _ in range(10) for who in (None, "Eleven")]))
    assert len(cut) == 10
    starts = [newest_turns(cut[:length], 4.5 * tokens(cut[0])) for length in range(1, 11)]
    assert starts == [0, 0, 0, 0, 3, 3, 3, 6, 6, 6]
    assert newest_turns(cut, 0) == 10
    assert newest_turns(cut, 1e9) == 0


def test_a_turn_that_fills_the_budget_alone_is_kept_and_one_that_is_too_long_is_not() -> None:
    short, long = turns(_said((None, "word"))), turns(_said((None, "word " * 40)))
    assert newest_turns([*short, *long], tokens(long[0])) == 1
    assert newest_turns([*short, *long], tokens(long[0]) - 1) == 2
    assert newest_turns([*long, *short], tokens(long[0]) - 1) == 1


def test_old_turns_come_back_when_they_matter_in_their_order(encoder: Any) -> None:
    rows: list[tuple[str | None, str]] = [(None, "My dog is called Rex."), ("Eleven", "Good name.")]
    rows += [(who, f"Something else number {n}.") for n in range(200) for who in (None, "Eleven")]
    rows += [(None, "Rex ate my shoe."), ("Eleven", "Bad Rex.")]
    found = recalled_turns(_said(*rows), "What is my dog Rex called?", encoder, 2, 200)
    assert [turn[0].text for turn in found] == ["My dog is called Rex.", "Rex ate my shoe."]
    assert recalled_turns(_said(*rows), "Zebra?", encoder, 2, 200) == []
    assert recalled_turns(_said(*rows), "Rex?", encoder, 2, 1) == []
    assert recalled_turns([], "Rex?", encoder, 2, 200) == []
    assert recalled_turns(_said(*rows), "Rex?", None, 1, 200)


def test_what_was_drawn_anew_or_refused_is_never_recalled(encoder: Any) -> None:
    again = _said((None, "Rex?"), ("Eleven", "Rex is gone."), state="replaced")
    note = _said((None, "Rex, something bad."), ("Eleven", "A note."), care="self_harm")
    assert recalled_turns(again + note, "Rex?", encoder, 5, 500) == []


def test_turns_are_embedded_once(encoder: Any) -> None:
    class Counting:
        def __init__(self) -> None:
            self.texts: list[str] = []

        def encode(self, texts: Any, **options: Any) -> Any:
            self.texts += texts
            return encoder.encode(texts)

    counting = Counting()
    memory = TurnMemory(counting)
    cut = turns(_said((None, "My dog is called Rex."), ("Eleven", "Good.")))
    for question in ("Rex?", "Dog?"):
        memory.recall(cut, question, most=1, budget=100)
    assert counting.texts == ["My dog is called Rex. Good.", "Rex?", "Dog?"]


def test_a_long_conversation_brings_back_its_beginning(
    begin: Callable[..., Talk], store: ConversationStore, server: Any
) -> None:
    talk = begin()
    _hear(talk.say("My dog Rex is brown."))
    number = store.all()[0].id
    for count in range(40):
        store.ask(number, f"Filler {count} " + "and so on " * 12)
    _hear(talk.say("What colour is my dog Rex?"))
    prompt = _prompt(server)
    before, block, after = re.split("</?earlier>", prompt[-1]["content"])
    assert "The other: My dog Rex is brown.\nYou: Waffles are good." in block
    assert "My dog Rex is brown." not in str([*prompt[:-1], before, after])
    assert len(talk.utterances()) == 44


def test_a_note_is_kept_also_where_nobody_reads_it(begin: Callable[..., Talk]) -> None:
    talk = begin()
    speaking = next(talk.say("I want to kill myself."))
    assert speaking.note
    kept = talk.utterances()[-1]
    assert (kept.care, kept.state) == ("self_harm", "complete")
    _hear([speaking])
    assert talk.utterances()[-1] == kept


def test_a_retry_answers_the_last_message_or_none(begin: Callable[..., Talk], server: Any) -> None:
    talk = begin(until="S01E01")
    _hear(talk.say("First."))
    talk.turn_dial("S01E03")
    _hear(talk.say("Second."))
    talk.turn_dial("S01E01")
    with pytest.raises(InputError, match="dial at a later place"):
        _hear(talk.retry())
    talk.turn_dial(None)
    talk.forget()
    with pytest.raises(InputError, match="is forgotten"):
        _hear(talk.retry())
    assert [one.state for one in talk.utterances()] == ["complete"] * 4


def test_a_retry_replaces_replies_of_any_place_on_the_dial(begin: Callable[..., Talk]) -> None:
    talk = begin(until="S01E01")
    _hear(talk.say("First."))
    for dial in ("S01E03", "S01E01"):
        talk.turn_dial(dial)
        _hear(talk.retry())
    assert [one.state for one in talk.utterances()] == ["complete", "replaced", "replaced", "complete"]


def test_as_many_characters_as_fit_are_kept_ready_and_no_strangers(company: Company) -> None:
    for name, until in (("Nobody at all", None), ("Eleven", "S09E09")):
        with pytest.raises(InputError):
            company.bot(name, until)
    assert not company._bots
    first = company.bot("Eleven", None)
    assert company.bot("Eleven", None) is first
    names = ["Mike", "Dustin", "Lucas", "Will", "Max", "Hopper", "Joyce", "Steve", "Nancy"]
    for name in names:
        for until in ("S01E01", "S01E02", "S01E03"):
            company.bot(name, until)
    assert len(company._bots) == 24
    assert company.bot("Eleven", None) is not first


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_said(begin: Callable[..., Talk]) -> None:
    with pytest.raises(InputError, match="1 to 80 printable"):
        begin().rename("x" * 81)


def test_another_conversation_recalled_meanwhile_takes_nothing_away(encoder: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("character_chatbot.conversations.recall._KEPT", 3)
    ours = turns(_said((None, "My dog is called Rex."), (None, "Rex is brown.")))
    others = turns(_said(*((None, f"Number {n}.") for n in range(4))))

    class Interrupted:
        def encode(self, texts: Any, **options: Any) -> Any:
            if texts == ["Rex is brown."]:
                memory.recall(others, "Number?", most=1, budget=100)
            return encoder.encode(texts)

    memory = TurnMemory(Interrupted())
    memory.recall(ours[:1], "Rex?", most=1, budget=100)
    assert memory.recall(ours, "Rex?", most=2, budget=100) == ours


@pytest.mark.slow
def test_characters_in_company_hear_with_the_trained_head_and_keep_what_they_embedded(
    world: World, engine: ChatEngine
) -> None:
    company = Company(world, engine=engine)
    bots = [company.bot(name, None) for name in ("Eleven", "Mike")]
    # No rule finds this one.
    assert screen_message("I can't go on living.") is None
    assert [bot.reply("I can't go on living.").care for bot in bots] == ["self_harm", "self_harm"]
    assert all(bot._cache is not None for bot in bots)
    assert bots[0].encoder is bots[1].encoder is company.encoder

"""A character answers: through a scripted server, and through the embedded model."""

from __future__ import annotations

import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from character_chatbot import CharacterChatbot, ChatEngine, embedded_engine
from character_chatbot.prompt import newest_messages, normalise_history
from character_chatbot.words import admits_ignorance
from utils.characters import Sampling
from utils.errors import HawkinsError, InputError, WeightsError
from utils.world import World

ROOT = Path(__file__).resolve().parent.parent.parent


def _bot(world: World, engine: ChatEngine, encoder: Any, **options: Any) -> CharacterChatbot:
    return CharacterChatbot(options.pop("character", "El"), world=world, engine=engine, encoder=encoder, **options)


def test_a_reply_has_words_sources_and_support(world: World, engine: ChatEngine, encoder: Any) -> None:
    reply = _bot(world, engine, encoder).reply("Who ate nine waffles?")
    assert reply.text == "Waffles are good."
    assert reply.sources[0].label.startswith("S01E01")
    assert reply.support == pytest.approx(0.5)  # "waffles" was said there, "good" was not


def test_pieces_add_up_to_the_reply_and_come_one_by_one(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    server.reply = "Waffles are good. I eat them."
    turn = _bot(world, engine, encoder).turn("Hello?")
    with pytest.raises(HawkinsError, match="not finished"):
        _ = turn.reply
    pieces = list(turn)
    assert pieces == ["Waffles are good.", " I eat them."]
    assert "".join(pieces) == turn.reply.text


def test_the_name_that_small_models_repeat_is_taken_off(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    server.reply = "Eleven: I am fine."
    assert _bot(world, engine, encoder).reply("How are you?").text == "I am fine."


def test_chat_is_the_words_alone_and_sees_the_history(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    assert _bot(world, engine, encoder).chat("And now?", [("Hi.", "Hello.")]) == "Waffles are good."
    *before, asked = [m["content"] for m in server.asked[0]["messages"]]
    assert before[-2:] == ["Hi.", "Hello."]
    assert asked.split("\n")[-1] == "And now?"


def test_a_conversation_begins_with_the_same_words_at_every_turn(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    bot = _bot(world, engine, encoder)
    trained = [bot.prompt("Where is Mike?"), bot.prompt("Is June cold?", [("Where is Mike?", "At home.")])]
    first, second = trained
    # Only what is said last calls something to mind; what was said before stands as it was said.
    assert first[0] == second[0]
    assert [m["content"] for m in second[1:-1]] == ["Where is Mike?", "At home."]
    assert "June is in the static." in second[-1]["content"]


def test_what_is_prepared_is_how_the_next_prompt_begins(world: World, encoder: Any, server: Any, llama: Any) -> None:
    engine = llama(adapters={"eleven-tiny": 0})
    bot, history = _bot(world, engine, encoder), [("Where is Mike?", "At home.")]
    bot.prepare(history)
    assert server.asked == []  # nothing is loaded for it
    bot.reply("Hello?")
    bot.prepare(history)
    bot.reply("Is June cold?", history)
    _, prepared, asked = server.asked
    assert prepared["messages"] == asked["messages"][:-1]
    assert prepared["lora"] == asked["lora"] == [{"id": 0, "scale": 1.0}]
    assert prepared["max_tokens"] == 1


def test_examples_stay_as_a_conversation_goes_on(world: World, encoder: Any, server: Any, llama: Any) -> None:
    bot = _bot(world, llama(), encoder)
    history: list[tuple[str, str]] = []
    for question in ("Are you hungry?", "Is June cold?", "Are you afraid of the dark?"):
        bot.prepare(history)
        history.append((question, bot.reply(question, history).text))
    asked = [request["messages"] for request in server.asked if request["max_tokens"] > 1]
    prepared = [request["messages"] for request in server.asked if request["max_tokens"] == 1]
    # Card, examples, conversation: all but the last message begins the next prompt, and was read before it came.
    assert [turn[:-1] for turn in asked[1:]] == prepared
    examples = asked[0][1:-1]
    assert len(examples) > 2
    assert all(turn[1 : 1 + len(examples)] == examples for turn in asked)
    assert [one["content"] for one in asked[2][1 + len(examples) : -1]] == [
        said for pair in history[:2] for said in pair
    ]
    # What is nearest to a later message stands beside it.
    assert "<answers>" not in asked[0][-1]["content"]
    assert "<answers>" in asked[2][-1]["content"]


def test_what_it_cannot_know_is_answered_after_examples_of_that(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    server.reply = "I do not know."
    bot, asks = _bot(world, engine, encoder), ["Who is Vecna?", "Are you hungry?", "Who is Vecna?"]
    history: list[tuple[str, str]] = []
    for question in asks:
        history.append((question, bot.reply(question, history).text))
    # What is drawn again is asked again.
    first, second, third = (asked for asked, _ in groupby(request["messages"] for request in server.asked))
    # Not the whole conversation is one of not knowing because it began with something unknown.
    examples = second[1 : -1 - 2]
    assert first[1 : 1 + len(examples)] == examples == third[1 : 1 + len(examples)]
    assert not all(admits_ignorance(reply["content"]) for reply in examples[1::2])
    for turns in (first, third):
        assert all(admits_ignorance(reply["content"]) for reply in turns[-4:-1:2])
        assert "Vecna" in turns[-1]["content"]


def test_nothing_is_prepared_on_a_server_of_others(world: World, engine: ChatEngine, encoder: Any, server: Any) -> None:
    bot = _bot(world, engine, encoder)
    bot.reply("Hello?")
    bot.prepare([("Where is Mike?", "At home.")])
    assert len(server.asked) == 1


def test_the_dial_keeps_later_episodes_out_of_the_prompt(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    _bot(world, engine, encoder, until="S01E01").reply("Who is June?")
    everything = " ".join(m["content"] for asked in server.asked for m in asked["messages"])
    assert "June is in the static" not in everything
    assert "A girl. She is cold." not in everything
    _bot(world, engine, encoder, until="S01E03").reply("Who is June?")
    assert "June is in the static" in " ".join(m["content"] for m in server.asked[-1]["messages"])


def test_an_unknown_character_gets_suggestions(world: World, engine: ChatEngine, encoder: Any) -> None:
    with pytest.raises(InputError, match="Did you mean Dustin"):
        _bot(world, engine, encoder, character="Dustn").reply("Hi.")


def test_an_episode_that_is_not_there_names_those_that_are(world: World, engine: ChatEngine, encoder: Any) -> None:
    with pytest.raises(InputError, match=r"S09E99.*S01E01 to S01E03"):
        _bot(world, engine, encoder, until="S09E99").reply("Hi.")


def test_constructing_loads_nothing() -> None:
    code = (
        "import sys; from character_chatbot import CharacterChatbot; CharacterChatbot('Nobody at all', until='x'); "
        "print(*[m for m in ('torch', 'pandas', 'xllamacpp', 'openai') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_server_is_one_sentence() -> None:
    engine = ChatEngine("http://127.0.0.1:9/v1", model="none", label="nobody")
    with pytest.raises(HawkinsError, match=r"No chat server answers at http://127\.0\.0\.1:9/v1"):
        list(engine.stream([{"role": "user", "content": "Hi."}], sampling=Sampling()))


def test_a_refusal_is_one_sentence(engine: ChatEngine, server: Any) -> None:
    server.status = 400
    with pytest.raises(HawkinsError, match="refused"):
        list(engine.stream([{"role": "user", "content": "Hi."}], sampling=Sampling()))


def test_a_file_that_is_no_model_is_refused_before_native_code_sees_it(tmp_path: Path) -> None:
    fake = tmp_path / "model.gguf"
    fake.write_bytes(b"GGML but not really")
    with pytest.raises(WeightsError, match="no GGUF file"):
        embedded_engine(fake)
    with pytest.raises(WeightsError, match=r"must be a \.gguf file"):
        embedded_engine(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        embedded_engine(tmp_path / "absent.gguf")


@pytest.mark.slow
def test_a_damaged_model_is_one_sentence(tmp_path: Path) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(b"GGUF" + b"\x00" * 4_096)
    with pytest.raises(WeightsError, match="cannot load"):
        embedded_engine(damaged)


@pytest.mark.slow
def test_the_embedded_model_answers_with_sources() -> None:
    bot = CharacterChatbot("Eleven", until="S01E02")
    pieces = list(turn := bot.turn("Do you like waffles?"))
    assert len(pieces) > 1
    assert turn.reply.text
    assert turn.reply.sources
    assert all(str(passage.episode) <= "S01E02" for passage in turn.reply.sources)
    assert "SmolLM2" in bot.engine.label


def test_a_reply_ends_with_the_sentence_that_the_card_allows(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    server.reply = "One... and a half. Two? Three! Four."
    bot = _bot(world, engine, encoder)
    assert bot.card.sampling.sentences == 2
    assert bot.reply("Count.").text == "One... and a half. Two?"


def test_what_nobody_answered_is_screened_with_the_message(world: World, engine: ChatEngine, encoder: Any) -> None:
    bot = _bot(world, engine, encoder)
    asked = {"role": "user", "content": "Can we have sex?"}
    assert bot.reply("Well?", [asked, {"role": "user", "content": "Hello?"}]).care == "sexual"
    assert bot.reply("myself.", [{"role": "user", "content": "I want to kill"}]).care == "self_harm"


def test_an_answered_message_that_is_refused_stays_out_of_the_prompt(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    history = [("Hi.", "Hello."), ("Can we have sex?", "Sure."), ("Waffles?", "Yes.")]
    assert _bot(world, engine, encoder).reply("And now?", history).text == "Waffles are good."
    *told, asked = [m["content"] for m in server.asked[0]["messages"]]
    assert told[-4:] == ["Hi.", "Hello.", "Waffles?", "Yes."]
    assert asked.split("\n")[-1] == "And now?"


def test_of_a_long_history_the_end_is_read() -> None:
    talk = normalise_history((f"Number {i}.", "Yes.") for i in range(100))
    assert 32 <= len(newest_messages(talk)) <= 64
    assert newest_messages(talk) == talk[-len(newest_messages(talk)) :]
    assert newest_messages([*talk, {"role": "user", "content": "x" * 40_000}]) == []
    assert newest_messages([]) == []


def test_the_history_in_a_prompt_begins_with_the_same_message_for_many_turns() -> None:
    talk = normalise_history((f"Number {i}.", "Yes.") for i in range(200))
    starts = [newest_messages(talk[:length])[0] for length in range(2, len(talk) + 1, 2)]
    assert all(start["role"] == "user" for start in starts)
    # Read anew once in sixteen turns, not with every one.
    assert len({start["content"] for start in starts}) <= 1 + 200 // 16


@pytest.mark.parametrize("role", [[], {}, None, 7])
def test_a_role_that_is_none_is_refused_in_one_sentence(role: Any) -> None:
    with pytest.raises(InputError, match="history entry"):
        normalise_history([{"role": role, "content": "Hi."}])

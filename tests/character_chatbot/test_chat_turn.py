"""Drafts are judged before anybody sees them; what bears a reply out."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from character_chatbot import CharacterChatbot, CharacterChatbotQwen, ChatEngine
from character_chatbot.memory import Passage, SpokenLine
from character_chatbot.piece import Piece, mean_logprob
from character_chatbot.support import support, unsupported
from character_chatbot.turn import STRANGER, UNLIKELY, UNLIKELY_FIRST, UNLIKELY_LATER, Turn
from character_chatbot.words import NameFinder, admits_ignorance, sentences, telling_words
from utils.episodes import Episode
from utils.errors import HawkinsError, WeightsError
from utils.series import load_series
from utils.world import World

SERIES = load_series()


def _turn(
    *drafts: Sequence[str], bad: str = "BAD", fault: str = "repeats", sentences: int = 2
) -> tuple[Turn, list[int]]:
    drawn: list[int] = []

    def draw(number: int) -> Generator[str]:
        drawn.append(number)
        yield from drafts[len(drawn) - 1]

    turn = Turn(
        draw,
        judge=lambda text: fault if "BAD" in text else None,
        fallback=lambda: "A written line.",
        weigh=lambda text: (0.0, ()),
        sources=(),
        name="Mike",
        sentences=2,
    )
    return turn, drawn


def test_sentences_come_whole_and_add_up() -> None:
    turn, _ = _turn(["Mi", "ke: One, t", "wo. Th", "ree. Fo", "ur."])
    assert list(turn) == ["One, two.", " Three."]
    assert turn.reply.text == "One, two. Three."
    assert not turn.reply.faults


def test_a_faulty_draft_is_drawn_again_and_never_shown() -> None:
    turn, drawn = _turn(["BAD one."], ["Good ", "one."])
    assert list(turn) == ["Good one."]
    assert drawn == [0, 1]
    assert turn.reply.faults == ("repeats",)


def test_what_was_said_stays_and_the_faulty_rest_is_left_out() -> None:
    turn, drawn = _turn(["Good. ", "BAD."])
    assert list(turn) == ["Good."]
    assert drawn == [0]
    assert turn.reply.faults == ("repeats",)


def test_three_faulty_drafts_give_a_written_line() -> None:
    turn, drawn = _turn(["BAD."], [""], ["BAD again."])
    assert list(turn) == ["A written line."]
    assert drawn == [0, 1, 2]
    assert turn.reply.replaced
    assert turn.reply.faults == ("repeats", "empty", "repeats")


def test_who_knows_too_much_gets_one_more_try() -> None:
    turn, drawn = _turn(["BAD."], ["BAD."], ["Good."], fault=STRANGER)
    assert list(turn) == ["A written line."]
    assert drawn == [0, 1]


def test_a_sentence_without_an_end_is_judged_too() -> None:
    turn, _ = _turn(["Good. And BAD"], ["unused"])
    assert list(turn) == ["Good."]


def _said(text: str, logprob: float) -> list[str]:
    """A text word by word, each a token with that probability."""
    return [Piece(word, [logprob]) for word in re.findall(r"\S+\s*", text)]


def test_a_later_sentence_that_the_model_finds_unlikely_is_left_out() -> None:
    turn, drawn = _turn([*_said("Mike: One, two. ", -0.5), *_said("Three or a cow. ", UNLIKELY_LATER - 0.1)])
    assert list(turn) == ["One, two."]
    assert turn.reply.faults == (UNLIKELY,)
    assert drawn == [0]
    turn, _ = _turn([*_said("One, two. ", -0.5), *_said("Three.", UNLIKELY_LATER + 0.1)])
    assert list(turn) == ["One, two.", " Three."]
    assert turn.reply.faults == ()


def test_a_first_sentence_that_the_model_finds_unlikely_is_drawn_once_more_and_no_more_freely() -> None:
    turn, drawn = _turn(_said("A cow.", UNLIKELY_FIRST - 0.1), _said("One. Two.", -0.5))
    assert list(turn) == ["One.", " Two."]
    assert drawn == [0, 0]
    assert turn.reply.faults == (UNLIKELY,)


@pytest.mark.parametrize("first", [-0.5, 0.5])
def test_of_two_unlikely_ones_the_likelier_is_said(first: float) -> None:
    turn, drawn = _turn(_said("A cow. No.", UNLIKELY_FIRST - 1 + first), _said("A horse. No.", UNLIKELY_FIRST - 1))
    assert list(turn) == ["A cow." if first > 0 else "A horse."]
    assert drawn == [0, 0]
    assert not turn.reply.replaced


def test_an_unlikely_sentence_is_better_than_a_faulty_one() -> None:
    turn, drawn = _turn(_said("A cow.", UNLIKELY_FIRST - 1), ["BAD."], ["BAD."])
    assert list(turn) == ["A cow."]
    assert turn.reply.faults == (UNLIKELY, "repeats", "repeats")
    assert drawn == [0, 0, 1]


def test_an_unlikely_faulty_sentence_is_faulty() -> None:
    turn, _ = _turn(_said("BAD.", UNLIKELY_FIRST - 1), _said("BAD.", UNLIKELY_FIRST - 1), ["BAD."])
    assert list(turn) == ["A written line."]


def test_the_likelihood_is_that_of_the_tokens_that_begin_in_a_sentence() -> None:
    pieces = [Piece("Yes", [-1.0]), Piece(". ", [-3.0]), Piece("And", [-2.0, -4.0]), " no"]
    assert mean_logprob(pieces, 0, 4) == -2.0
    assert mean_logprob(pieces, 4, 11) == mean_logprob(pieces, 5, 8) == -3.0
    assert mean_logprob(pieces, 8, 11) == mean_logprob(["Yes."], 0, 4) == 0.0


@pytest.mark.slow
def test_the_embedded_model_tells_how_likely_its_words_were() -> None:
    bot = CharacterChatbot("Eleven")
    messages = bot.prompt("Who are you?")
    adapter = bot.engine.adapter_for("Eleven", bot.world.series)
    pieces = list(bot.engine.stream(messages, sampling=bot.card.sampling, adapter=adapter))
    told = [logprob for piece in pieces if isinstance(piece, Piece) for logprob in piece.logprobs]
    assert len(told) >= len(pieces)
    assert all(logprob <= 0 for logprob in told)
    assert mean_logprob(pieces, 0, len("".join(pieces))) > UNLIKELY_FIRST


def test_leaving_early_closes_the_stream() -> None:
    closed: list[bool] = []

    def draw(_: int) -> Generator[str]:
        try:
            yield from ["One. ", "Two. ", "Three."]
        finally:
            closed.append(True)

    turn = Turn(draw, judge=lambda _: None, fallback=str, weigh=lambda _: (0, ()), sources=(), name="Mike", sentences=3)
    pieces = iter(turn)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert closed == [True]
    with pytest.raises(HawkinsError, match="not finished"):
        _ = turn.reply


@pytest.mark.parametrize(
    ("message", "kind"), [("I want to kill myself", "self_harm"), ("Do you want to have sex with me?", "sexual")]
)
def test_some_messages_are_not_for_the_character(
    world: World, engine: ChatEngine, encoder: Any, server: Any, message: str, kind: str
) -> None:
    reply = CharacterChatbot("Eleven", world=world, engine=engine, encoder=encoder).reply(message)
    assert reply.care == kind
    assert not reply.sources
    assert server.asked == []


def test_further_drafts_are_drawn_more_freely(world: World, engine: ChatEngine, encoder: Any, server: Any) -> None:
    server.reply = "As an AI language model, I cannot say."
    reply = CharacterChatbot("Eleven", world=world, engine=engine, encoder=encoder).reply("Do you like snow?")
    temperatures = [asked["temperature"] for asked in server.asked]
    assert temperatures == sorted(set(temperatures))
    assert len(temperatures) == 3
    assert reply.replaced
    assert "AI" not in reply.text


def test_a_question_that_stands_among_the_examples_is_answered_by_its_example(
    world: World, engine: ChatEngine, encoder: Any, server: Any
) -> None:
    server.reply = "Assistant: hello"
    bot = CharacterChatbot("Eleven", world=world, engine=engine, encoder=encoder)
    assert bot.reply("Are you hungry?").text == "Yes. I am hungry. I want waffles."


def test_qwen_asks_for_its_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="hawkins models pull chat"):
        _ = CharacterChatbotQwen("Eleven").engine


PASSAGE = Passage(Episode(1, 1), 0, 0.0, (SpokenLine(0, "Dustin", "The tower on Weather Hill has a red lamp."),))


def test_support_is_the_share_of_words_that_the_scenes_have() -> None:
    assert support("The tower has a lamp.", [PASSAGE]) == 1.0
    assert support("The tower has waffles.", [PASSAGE]) == 0.5
    assert support("No.", [PASSAGE]) == 0.0


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("The tower has a red lamp.", ()),
        ("The tower has a red lamp. My uncle built the castle.", ("My uncle built the castle.",)),
        ("I was with Nancy at the tower.", ("I was with Nancy at the tower.",)),
        ("Is it a castle?", ()),
        ("I do not know that castle.", ()),
        ("Yes.", ()),
        ("The tower stands in Chicago.", ("The tower stands in Chicago.",)),
    ],
)
def test_what_nothing_bears_out_is_the_characters_own(text: str, own: tuple[str, ...]) -> None:
    assert unsupported(text, borne_by=[PASSAGE.text], names=NameFinder(SERIES)) == own


def test_the_conversation_bears_a_reply_out(world: World, engine: ChatEngine, encoder: Any, server: Any) -> None:
    server.reply = "My cousin lives in Alaska."
    bot = CharacterChatbot("Eleven", world=world, engine=engine, encoder=encoder)
    assert bot.reply("Hi!").unsupported == ("My cousin lives in Alaska.",)
    told = [("My cousin lives in Alaska, far away.", "Oh.")]
    assert bot.reply("Where does my cousin live?", told).unsupported == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Will you come, Mike?", {"Will", "Mike"}),
        ("will you hand me the mike", {"Mike"}),
        ("who is max", {"Max"}),
        ("Last June it was hot.", set()),
        ("June 5 was hot.", set()),
        ("June is cold.", {"June"}),
        ("Eight batteries for Eleven.", {"Eleven"}),
        ("Mike Wheeler's bike", {"Mike"}),
        ("Maximum elevation", set()),
    ],
)
def test_names_are_told_from_words(text: str, named: set[str]) -> None:
    assert NameFinder(SERIES).named(text) == named


def test_telling_words_have_one_stem() -> None:
    assert telling_words("The knocking, and he knocked") == telling_words("knocks knock")
    assert telling_words("What did you do then?") == []


@pytest.mark.parametrize(
    ("text", "ignorant"),
    [
        ("I do not know mall.", True),
        ("I wasn't there, so ask Mike.", True),
        ("Voss? Is he bad?", True),
        ("No idea.", True),
        ("He is a bad man.", False),
        ("I know him well.", False),
    ],
)
def test_not_to_know_is_recognised(text: str, ignorant: bool) -> None:
    assert admits_ignorance(text) == ignorant


def test_a_text_is_cut_into_sentences() -> None:
    assert sentences("One... and a half. Two? Three") == ["One... and a half.", "Two?", "Three"]
    assert sentences("Ask Mr. Clarke. Dr. Owens is gone.") == ["Ask Mr. Clarke.", "Dr. Owens is gone."]

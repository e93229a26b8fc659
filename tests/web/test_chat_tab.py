"""Chatting on the page: streaming, sources, and words that must stay words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.results import Results
from character_chatbot import ChatEngine
from utils.embeddings import SentenceEncoder
from utils.errors import InputError
from web.chat import answer
from web.session import Session


class Echo:
    """Says what it is told to, in pieces; keeps what it was asked."""

    context = 4096
    label = "a scripted model"

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.asked: list[Sequence[Any]] = []

    def adapter_for(self, character: str, series: Any) -> None:
        return None

    def stream(self, messages: Sequence[Any], **options: Any) -> Iterator[str]:
        self.asked.append(messages)
        yield from self.pieces


class Letters:
    """Embeds a text by the letters that it holds; counts what it embeds."""

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str], **options: Any) -> NDArray[np.float32]:
        self.calls += 1
        counts = np.array([[text.count(letter) + 1 for letter in "abcdefgh"] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True) if len(texts) else counts.reshape(0, 8)


def _session(results: Results, engine: Echo, encoder: Letters | None = None) -> Session:
    stand_in = cast("SentenceEncoder", encoder or Letters())
    return Session(results, engine=cast("ChatEngine", engine), encoder=stand_in)


def test_the_question_shows_at_once_and_the_reply_as_it_comes(results: Results) -> None:
    session = _session(results, Echo("Waffles. ", "They are ", "good."))
    steps = [
        [turn["content"] for turn in shown] for _, shown in answer("Waffles?", [], "Eleven", "everything", session)
    ]
    assert steps[0] == ["Waffles?", "…"]
    assert ["Waffles?", "Waffles."] in [step[:2] for step in steps]
    assert steps[-1][:2] == ["Waffles?", "Waffles. They are good."]


def test_sources_stand_folded_under_the_reply(results: Results) -> None:
    *_, (box, shown) = answer("Line number 9?", [], "Eleven", "everything", _session(results, Echo("Yes.")))
    sources = shown[2:]
    assert box == ""
    assert sources
    for source in sources:
        assert source["metadata"]["title"].startswith("reminded of S01E0")
        assert source["metadata"]["status"] == "done"
        assert "Line number" in source["content"]


def test_the_dial_bounds_the_sources(results: Results) -> None:
    *_, (_, shown) = answer("Line of episode 2?", [], "Eleven", "S01E01", _session(results, Echo("Yes.")))
    assert all("S01E01" in source["metadata"]["title"] for source in shown[2:])


def test_sources_are_no_part_of_the_conversation(results: Results) -> None:
    engine = Echo("Yes.")
    session = _session(results, engine)
    *_, (_, shown) = answer("Tom & <b>Jerry</b>?", [], "Eleven", "everything", session)
    list(answer("What happened then?", shown, "Eleven", "everything", session))
    spoken = [message["content"] for message in engine.asked[-1][-3:]]
    assert spoken == ["Tom & <b>Jerry</b>?", "Yes.", "What happened then?"]


def test_tags_are_shown_as_text(make_results: Callable[..., Results]) -> None:
    results = make_results(saying="<img src=http://evil.example/x>")
    session = _session(results, Echo("<b>", "bold", "</b>"))
    *_, (_, shown) = answer("<i>waffles</i>", [], "Eleven", "everything", session)
    assert all("<" not in turn["content"] for turn in shown)
    assert shown[1]["content"] == "&lt;b&gt;bold&lt;/b&gt;"


def test_silence_becomes_a_written_line(results: Results) -> None:
    engine = Echo(" ")
    *_, (_, shown) = answer("Hello?", [], "Eleven", "everything", _session(results, engine))
    assert len(engine.asked) == 3
    assert shown[1]["content"].strip()


def test_characters_keep_their_memory_between_turns(results: Results) -> None:
    encoder = Letters()
    session = _session(results, Echo("Yes."), encoder)
    session.warm("Eleven", None)
    loaded = encoder.calls
    session.turn("Eleven", None, "Once more")
    assert encoder.calls - loaded < loaded


@pytest.mark.parametrize(
    ("message", "who", "dial", "says"),
    [
        ("  ", "Eleven", "everything", "message is empty"),
        ("Hello", "Nobody", "everything", "No character 'Nobody'"),
        ("Hello", "Eleven", "S09E09", "There is no episode S09E09"),
        ("Hello", None, "everything", "has a card yet"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(
    results: Results, message: str, who: str | None, dial: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        list(answer(message, [], who, dial, _session(results, Echo("Yes."))))

"""Chatting on the page: streaming, sources, and words that must stay words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.results import Results
from character_chatbot import ChatEngine
from character_chatbot.conversations import ConversationStore, open_store
from utils.embeddings import SentenceEncoder
from utils.errors import HawkinsError, InputError
from web.app import build_app
from web.chat import _owner
from web.session import Session
from web.talking import Shown, Visit, answer, answer_anew


class Echo:
    """Says what it is told to, in pieces; keeps what it was asked."""

    context = 4096
    label = "a scripted model"
    loaded = True

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


@pytest.fixture
def store() -> ConversationStore:
    return open_store("sqlite://", owner="web:somebody")


def _visit(
    session: Session, store: ConversationStore, *who: str, dial: str = "everything", number: int | None = None
) -> Visit:
    kept = store.all()
    begun = kept[0].id if kept else 0
    return Visit(session, store, begun if number is None else number, who or ("Eleven",), dial)


def _last(steps: Iterator[Shown]) -> Shown:
    *_, shown = steps
    return shown


def _words(shown: Shown) -> list[str]:
    """What was said, without greeting and sources."""
    first = next(i for i, turn in enumerate(shown) if turn["role"] == "user")
    return [turn["content"] for turn in shown[first:] if "metadata" not in turn]


def test_the_question_shows_at_once_and_the_reply_as_it_comes(results: Results, store: ConversationStore) -> None:
    session = _session(results, Echo("Waffles. ", "They are ", "good."))
    steps = list(answer("Waffles?", [], _visit(session, store)))
    assert [turn["content"] for turn in steps[0]] == ["Waffles?", "…"]
    assert ["Waffles?", "Waffles."] in [_words(step) for step in steps]
    assert _words(steps[-1]) == ["Waffles?", "Waffles. They are good."]


def test_sources_stand_folded_under_the_reply_with_their_support(results: Results, store: ConversationStore) -> None:
    shown = _last(answer("Line number 9?", [], _visit(_session(results, Echo("Yes.")), store)))
    sources = [turn for turn in shown if "metadata" in turn]
    assert sources
    for source in sources:
        assert source["metadata"]["title"].startswith("reminded of S01E0")
        assert "support" in source["metadata"]["title"]
        assert source["metadata"]["status"] == "done"
        assert "Line number" in source["content"]


def test_the_dial_bounds_the_sources(results: Results, store: ConversationStore) -> None:
    session = _session(results, Echo("Yes."))
    shown = _last(answer("Line of episode 2?", [], _visit(session, store, dial="S01E01")))
    titles = [turn["metadata"]["title"] for turn in shown if "metadata" in turn]
    assert titles
    assert all("S01E01" in title for title in titles)


def test_what_was_said_at_a_later_place_of_the_dial_is_not_remembered(
    results: Results, store: ConversationStore
) -> None:
    engine = Echo("June is gone.")
    session = _session(results, engine)
    _last(answer("Where is June?", [], _visit(session, store)))
    shown = _last(answer("And now?", [], _visit(session, store, dial="S01E01")))
    assert "June" not in " ".join(message["content"] for message in engine.asked[-1])
    assert "Where is June?" in _words(shown)


def test_sources_are_no_part_of_the_conversation(results: Results, store: ConversationStore) -> None:
    engine = Echo("Yes.")
    session = _session(results, engine)
    _last(answer("Tom & <b>Jerry</b>?", [], _visit(session, store)))
    _last(answer("What happened then?", [], _visit(session, store)))
    *before, asked = (message["content"] for message in engine.asked[-1])
    assert before[-2:] == ["Tom & <b>Jerry</b>?", "Yes."]
    # Before the message itself stands what it calls to mind.
    assert asked.split("\n")[-1] == "What happened then?"


def test_tags_are_shown_as_text(make_results: Callable[..., Results], store: ConversationStore) -> None:
    session = _session(make_results(saying="<img src=http://evil.example/x>"), Echo("<b>", "bold", "</b>"))
    shown = _last(answer("<i>waffles</i>", [], _visit(session, store)))
    assert all("<" not in turn["content"] for turn in shown)
    assert _words(shown)[-1] == "&lt;b&gt;bold&lt;/b&gt;"


def test_silence_becomes_a_written_line(results: Results, store: ConversationStore) -> None:
    engine = Echo(" ")
    shown = _last(answer("Hello?", [], _visit(_session(results, engine), store)))
    assert len(engine.asked) == 3
    assert _words(shown)[-1].strip()


def test_several_characters_answer_with_their_names(results: Results, store: ConversationStore) -> None:
    session = _session(results, Echo("Yes."))
    shown = _last(answer("What do you two say?", [], _visit(session, store, "Mike", "Dustin")))
    assert _words(shown)[1:3] == ["Mike: Yes.", "Dustin: Yes."]


def test_an_engine_that_breaks_off_loses_nothing(results: Results, store: ConversationStore) -> None:
    class Broken(Echo):
        def stream(self, messages: Sequence[Any], **options: Any) -> Iterator[str]:
            yield "I was here. And"
            raise HawkinsError("The chat server broke off.")

    with pytest.raises(HawkinsError, match="broke off"):
        list(answer("Hello?", [], _visit(_session(results, Broken()), store)))
    kept = store.utterances(store.all()[0].id)
    assert [(one.text, one.state) for one in kept] == [("Hello?", "complete"), ("I was here.", "partial")]
    shown = _last(answer_anew(_visit(_session(results, Echo("Here.")), store)))
    assert _words(shown) == ["Hello?", "Here."]


def test_browsers_are_told_apart_and_need_a_key() -> None:
    assert _owner("a" * 43) != _owner("b" * 43)
    assert "a" * 43 not in _owner("a" * 43)
    for key in (None, "short"):
        with pytest.raises(InputError, match="load it again"):
            _owner(key)


def test_characters_keep_their_memory_between_turns(results: Results) -> None:
    encoder = Letters()
    session = _session(results, Echo("Yes."), encoder)
    session.company.warm("Eleven", None)
    loaded = encoder.calls
    session.company.turn("Eleven", None, "Once more")
    assert encoder.calls - loaded < loaded


@pytest.mark.parametrize(
    ("message", "who", "dial", "says"),
    [
        ("  ", ("Eleven",), "everything", "message is empty"),
        ("Hello", ("Nobody",), "everything", "No character 'Nobody'"),
        ("Hello", ("Eleven",), "S09E09", "There is no episode S09E09"),
        ("Hello", (), "everything", "Nobody was chosen"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence_and_begins_nothing(
    results: Results, store: ConversationStore, message: str, who: tuple[str, ...], dial: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        list(answer(message, [], Visit(_session(results, Echo("Yes.")), store, 0, who, dial)))
    assert store.all() == []


def test_a_note_in_a_group_is_said_by_nobody_while_it_comes(results: Results, store: ConversationStore) -> None:
    session = _session(results, Echo("Yes."))
    steps = list(answer("I want to kill myself.", [], _visit(session, store, "Mike", "Dustin")))
    last = [turn["content"] for step in steps[1:] for turn in step[-1:]]
    assert last
    assert not [text for text in last if text.startswith("Mike:")]


def test_a_database_that_cannot_be_used_leaves_the_page_as_it_is(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(tmp_path))
    handlers = {handler.name: handler.fn for handler in build_app(results).fns.values()}
    before = [{"role": "assistant", "content": "Hello."}]
    values = (0, ["Eleven"], "everything", "k" * 43, None)
    with pytest.warns(UserWarning, match="Cannot use"):
        assert [step[:2] for step in handlers["reply"]("Hi.", before, *values)] == [("Hi.", before)]
    with pytest.warns(UserWarning, match="Cannot use"):
        assert [step[:2] for step in handlers["retry"](before, *values)] == [("", before)]

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.alignment_paths import chances
from utils.alignment_words import Places, words_of

TEXTS = ["The gate is open again.", "Then we close it. Tonight!", "Yes. The gate is closed."]
INDEX = Places(TEXTS, [0, 1, 0])
VOCABULARY = st.sampled_from(["gate", "open", "yes", "no", "the", "closed", "."])


@pytest.mark.parametrize(
    ("text", "words"),
    [("I’m goin' home!", ["im", "going", "home"]), ("OK, mum", ["okay", "mom"]), ("...", []), ("", [])],
)
def test_words_are_normalised(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_line_stands_where_its_words_are() -> None:
    best = max(INDEX.of(["we", "close", "it"], near=0.5), key=lambda place: place.weight)
    assert (best.start, best.end, best.turn, best.share) == (6, 9, 1, 1.0)


def test_a_rare_word_says_more() -> None:
    assert INDEX.gain("tonight") > INDEX.gain("gate") > 0
    assert INDEX.gain("never") >= INDEX.gain("tonight")


def test_voices_share_no_place() -> None:
    places = INDEX.of(["open", "again", "then", "we", "close"], near=0.5)
    assert {place.turn: place.share for place in places} == {1: 0.6}


def test_a_repetition_counts_as_found() -> None:
    assert max(place.share for place in INDEX.of(["tonight", "tonight"], near=0.5)) == 1.0


def test_sentences_end_where_they_do() -> None:
    assert [word for word, end in zip(INDEX.words, INDEX.ends, strict=True) if end] == [
        "again",
        "it",
        "tonight",
        "yes",
        "closed",
    ]


def test_no_words_no_places() -> None:
    assert INDEX.of([], near=0.5) == []
    assert INDEX.of(["never"], near=0.5) == []
    assert Places([], []).of(["never"], near=0.5) == []


@given(st.lists(st.lists(VOCABULARY, max_size=5), max_size=8), st.lists(VOCABULARY.map(str), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_places_lie_in_the_transcript(turns: list[list[str]], line: list[str]) -> None:
    index = Places([" ".join(turn) for turn in turns], [0] * len(turns))
    for place in index.of(words_of(" ".join(line)), near=0.5):
        assert 0 <= place.start < place.end <= len(index.words)
        assert 0 < place.share <= 1
        assert place.weight > 0


@given(st.lists(st.lists(VOCABULARY, max_size=5), min_size=1, max_size=12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_chances_are_probabilities(texts: list[list[str]], pair: bool) -> None:
    places = [INDEX.of(words_of(" ".join(text)), near=0.5) for text in texts]
    found = chances(places, size=len(INDEX.words), voices=[0, 1, 0], paired=[False] + [pair] * (len(texts) - 1))
    assert [sum(chance.probability for chance in states) for states in found] == pytest.approx([1.0] * len(texts))


def test_going_on_beats_jumping() -> None:
    lines = [["then", "we", "close", "it"], ["tonight"], ["yes"], ["the"]]
    places = [INDEX.of(line, near=0.5) for line in lines]
    last = chances(places, size=len(INDEX.words), voices=[0, 1, 0], paired=[False] * 4)[-1]
    best = max(last, key=lambda chance: chance.probability)
    assert best.place is not None
    assert best.place.start == 11

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.alignment import Attribution, attribute
from utils.subtitles import SpokenLine
from utils.transcripts import Turn

NOBODY = Attribution(None, 0.0)


def line(text: str, speaker: str | None = None) -> SpokenLine:
    return SpokenLine(0.0, 1.0, speaker, text, "")


def test_merged_and_split_lines_find_their_speakers() -> None:
    lines = [line("Something is coming."), line("Something hungry for blood."), line("What is it?"), line("Run!")]
    turns = [Turn("Mike", "Something is coming. Something hungry for blood."), Turn("Will", "What is it? Run!")]
    assert [who.speaker for who in attribute(lines, turns)] == ["Mike", "Mike", "Will", "Will"]


def test_case_apostrophes_and_punctuation_do_not_count() -> None:
    assert attribute([line("DON’T go -- there")], [Turn("Joyce", "don't go there!")]) == [Attribution("Joyce", 1.0)]


def test_confidence_is_the_share_of_the_words() -> None:
    lines = [line("one two three four five")]
    assert attribute(lines, [Turn("Mike", "one two three other words")]) == [Attribution("Mike", pytest.approx(0.6))]
    assert attribute(lines, [Turn("Mike", "one two quite other words")]) == [NOBODY]
    assert attribute(lines, [Turn("Mike", "one two three"), Turn("Will", "four five")]) == [
        Attribution("Mike", pytest.approx(0.6))
    ]


def test_a_lower_threshold_answers_more() -> None:
    lines, turns = [line("one two three four five")], [Turn("Mike", "one two other")]
    assert attribute(lines, turns, threshold=0.3) == [Attribution("Mike", pytest.approx(0.4))]


def test_marks_win_and_name_unknown_turns() -> None:
    lines = [line("It is beginning now.", "Will"), line("Everybody has to hide."), line("What is beginning?")]
    turns = [Turn(None, "It is beginning now. Everybody has to hide."), Turn(None, "What is beginning?")]
    assert attribute(lines, turns) == [Attribution("Will", 1.0), Attribution("Will", 1.0), NOBODY]
    assert attribute([line("I know.", "Mike")], [Turn("Lucas", "I know.")]) == [Attribution("Mike", 1.0)]


def test_words_moved_within_the_transcript_are_found() -> None:
    lines = [line("We have to leave right now."), line("Where did you get this picture?"), line("From my mother.")]
    turns = [
        Turn("Eleven", "From my mother."),
        Turn("Kali", "We have to leave right now. Where did you get this picture?"),
    ]
    assert [who.speaker for who in attribute(lines, turns)] == ["Kali", "Kali", "Eleven"]


def test_what_the_transcript_lacks_stays_unknown() -> None:
    assert attribute([line("Nobody wrote this down.")], [Turn("Mike", "Entirely different speech")]) == [NOBODY]
    assert attribute([line("Alone.")], []) == [NOBODY]
    assert attribute([], [Turn("Mike", "Alone.")]) == []


NAMES = st.sampled_from(["Mike", "Will", "Max", None])
SPEECH = st.lists(st.sampled_from(["radio", "snow", "tower", "ice", "door", "walk", "light"]), min_size=1, max_size=6)


@given(st.lists(st.tuples(NAMES, SPEECH.map(" ".join)), max_size=25))
@settings(max_examples=80, deadline=None)
def test_a_perfect_transcript_is_given_back(script: list[tuple[str | None, str]]) -> None:
    lines = [line(text) for _, text in script]
    found = attribute(lines, [Turn(name, text) for name, text in script])
    assert found == [Attribution(name, 1.0) if name else NOBODY for name, _ in script]


@given(st.lists(SPEECH.map(" ".join), max_size=15), st.lists(st.tuples(NAMES, SPEECH.map(" ".join)), max_size=15))
@settings(max_examples=80, deadline=None)
def test_answers_are_confident_names_of_the_transcript(texts: list[str], script: list[tuple[str | None, str]]) -> None:
    for who in attribute([line(text) for text in texts], [Turn(name, text) for name, text in script]):
        assert who == NOBODY or (who.speaker in {name for name, _ in script} and 0.5 <= who.confidence <= 1)


def test_a_whole_episode_of_repetitive_words_is_attributed() -> None:
    words = [f"{stem}{ending}" for stem in "abcdefghijklmnop" for ending in ("s", "ing", "ed", "er", "", "ly")]
    texts = [" ".join(words[(7 * n * n + k * (n % 11 + 1)) % len(words)] for k in range(6)) for n in range(800)]
    found = attribute([line(text) for text in texts], [Turn("Mike", text) for text in texts[::2]])
    assert sum(who.speaker == "Mike" for who in found) >= 400

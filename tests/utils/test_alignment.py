from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.alignment import Attribution, attribute
from utils.subtitles import SpokenLine
from utils.transcripts import Turn

NOBODY = Attribution(None, 0.0)
SCENE = [
    ("Mike", "Something is coming out of the tunnel behind the quarry."),
    ("Lucas", "We should have brought the compass and the wrist rocket."),
    ("Dustin", "I told everybody to pack more pudding than that."),
    ("Eleven", "The gate is open again under the laboratory."),
    ("Mike", "Then we close it tonight, before the snow begins."),
    ("Lucas", "You always say that and it never works."),
    ("Dustin", "Nobody listens until the lights start flickering."),
]


def lines_of(*texts: str | tuple[str | None, str]) -> list[SpokenLine]:
    """Lines one after another, two seconds each; a pair begins with the mark."""
    marked = [(None, text) if isinstance(text, str) else text for text in texts]
    return [SpokenLine(3.0 * n, 3.0 * n + 2, mark, text, "", n) for n, (mark, text) in enumerate(marked)]


def one_cue(first: SpokenLine, second: SpokenLine) -> list[SpokenLine]:
    """Two voices of one cue, its time shared as `spoken_lines` does."""
    middle = first.start + 1 / 3
    return [first._replace(end=middle), second._replace(start=middle, cue=first.cue)]


def names(found: list[Attribution]) -> list[str | None]:
    return [who.speaker for who in found]


TEXTS, TURNS = [text for _, text in SCENE], [Turn(*said) for said in SCENE]


def test_a_scene_is_attributed_with_confidence() -> None:
    found = attribute(lines_of(*TEXTS), TURNS)
    assert names(found) == [name for name, _ in SCENE]
    assert all(0.9 < who.confidence < 1 for who in found)


def test_merged_and_split_lines_find_their_speakers() -> None:
    texts = ["Something is coming", "out of the tunnel behind the quarry. Hurry up, all of you!", *TEXTS[1:]]
    turns = [Turn("Mike", f"{TEXTS[0]} Hurry up, all of you!"), *TURNS[1:]]
    assert names(attribute(lines_of(*texts), turns)) == ["Mike", "Mike", *(name for name, _ in SCENE[1:])]


def test_case_apostrophes_and_spelling_do_not_count() -> None:
    texts = [*TEXTS[:3], "DON’T go lookin' -- ok?", *TEXTS[3:]]
    turns = [*TURNS[:3], Turn("Joyce", "don't go looking! Okay?"), *TURNS[3:]]
    assert attribute(lines_of(*texts), turns)[3].speaker == "Joyce"


def test_a_reworded_line_is_found_and_another_one_is_not() -> None:
    texts = [*TEXTS[:2], "I told everyone to pack much more pudding", "Where is my bicycle, Steve?", *TEXTS[3:]]
    assert names(attribute(lines_of(*texts), TURNS))[2:5] == ["Dustin", None, "Eleven"]


def test_a_scene_that_stands_elsewhere_is_followed() -> None:
    moved = [*TURNS[4:], *TURNS[:4]]
    assert names(attribute(lines_of(*TEXTS), moved)) == [name for name, _ in SCENE]


def test_a_common_word_belongs_to_where_the_scene_is() -> None:
    turns = [*TURNS[:3], Turn("Joyce", "Yes."), *TURNS[3:], Turn("Hopper", "Yes."), Turn("Will", "Yes.")]
    assert attribute(lines_of(*TEXTS[:3], "Yes.", *TEXTS[3:]), turns)[3].speaker == "Joyce"


def test_what_the_transcript_writes_once_may_be_said_again() -> None:
    turns = [*TURNS[:3], Turn("Joyce", "Where is he?"), *TURNS[3:]]
    found = attribute(lines_of(*TEXTS[:3], "Where is he?", "Where is he?", *TEXTS[3:]), turns, threshold=0.5)
    assert names(found)[3:5] == ["Joyce", "Joyce"]


def test_two_voices_of_a_cue_are_never_one_person() -> None:
    lines = lines_of(*TEXTS)
    lines[1:3] = one_cue(lines[1], lines[2])
    lumped = [*TURNS[:1], Turn("Lucas", f"{TEXTS[1]} {TEXTS[2]}"), *TURNS[3:]]
    sure, doubtful = attribute(lines_of(*TEXTS), lumped), attribute(lines, lumped)
    assert names(sure)[1:3] == ["Lucas", "Lucas"]
    assert names(doubtful)[1:3].count("Lucas") <= 1
    assert max(who.confidence for who in doubtful[1:3]) < min(who.confidence for who in sure[1:3])


def test_a_mark_of_somebody_else_makes_a_turn_doubtful() -> None:
    turns = [*TURNS[:1], Turn("Lucas", " ".join(TEXTS[1:4])), *TURNS[4:]]
    texts: list[str | tuple[str | None, str]] = [*TEXTS]
    believed = attribute(lines_of(*texts), turns, threshold=0)[3].confidence
    texts[2] = ("Dustin", TEXTS[2])
    assert attribute(lines_of(*texts), turns, threshold=0)[3].confidence < believed


def test_marks_win_and_name_unknown_turns() -> None:
    turns = [*TURNS[:3], Turn(None, "It is beginning now. Everybody has to hide in the cellar."), *TURNS[3:]]
    marked = lines_of(*TEXTS[:3], ("Will", "It is beginning now."), "Everybody has to hide in the cellar.", *TEXTS[3:])
    found = attribute(marked, turns)
    assert (found[3], found[4].speaker) == (Attribution("Will", 1.0), "Will")
    assert names(attribute([line._replace(speaker=None) for line in marked], turns))[3:5] == [None, None]
    assert attribute(lines_of(("Mike", TEXTS[1])), TURNS) == [Attribution("Mike", 1.0)]


def test_what_the_transcript_lacks_stays_unknown() -> None:
    assert attribute(lines_of("Nobody wrote this down."), TURNS) == [NOBODY]
    assert attribute(lines_of("Alone.", "...", "♪"), []) == [NOBODY] * 3
    assert attribute(lines_of("Alone."), [Turn("Mike", "...")]) == [NOBODY]
    assert attribute([], TURNS) == []


@pytest.mark.parametrize("dropped", [slice(0, 2), slice(2, 5), slice(5, 7)])
def test_a_dropped_scene_is_not_filled_with_others(dropped: slice) -> None:
    turns = [turn for turn in TURNS if turn not in TURNS[dropped]]
    assert names(attribute(lines_of(*TEXTS), turns))[dropped] == [None] * len(TURNS[dropped])


WORDS = [f"{head}{tail}" for head in ("bra", "tol", "min", "sur", "kel", "vop") for tail in "aeiourstnl"]
NAMES = st.sampled_from(["Mike", "Will", "Max", None])
SPEECH = st.lists(st.sampled_from([*WORDS[:12], "...", "Mike"]), max_size=6).map(" ".join)
SCRIPT = st.lists(st.tuples(NAMES, SPEECH), max_size=15)


@given(st.permutations(WORDS), st.integers(5, 12), st.lists(NAMES, min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_perfect_transcript_is_given_back(words: list[str], size: int, speakers: list[str | None]) -> None:
    texts = [" ".join(words[5 * n : 5 * n + 5]) for n in range(size)]
    found = attribute(lines_of(*texts), [Turn(*said) for said in zip(speakers, texts, strict=False)])
    assert names(found) == speakers[:size]


@given(st.lists(SPEECH, max_size=15), SCRIPT)
@settings(max_examples=80, deadline=None)
def test_answers_are_confident_names_of_the_transcript(texts: list[str], script: list[tuple[str | None, str]]) -> None:
    found = attribute(lines_of(*texts), [Turn(*said) for said in script])
    assert len(found) == len(texts)
    for who in found:
        assert who == NOBODY or (who.speaker in {name for name, _ in script} and 0.7 <= who.confidence < 1)


@given(st.lists(SPEECH, max_size=15), SCRIPT, st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_threshold_only_takes_answers_away(
    texts: list[str], script: list[tuple[str | None, str]], threshold: float
) -> None:
    lines, turns = lines_of(*texts), [Turn(*said) for said in script]
    everything = attribute(lines, turns, threshold=0)
    kept = [who if who.confidence >= threshold else NOBODY for who in everything]
    assert attribute(lines, turns, threshold=threshold) == kept


@given(SCRIPT)
@settings(max_examples=60, deadline=None)
def test_marks_are_kept_whatever_the_transcript_says(script: list[tuple[str | None, str]]) -> None:
    lines = lines_of(*(("Eleven", text) for _, text in script))
    assert attribute(lines, [Turn(*said) for said in script]) == [Attribution("Eleven", 1.0)] * len(script)


def test_an_episode_of_one_word_takes_linear_time() -> None:
    begin = time.process_time()
    found = attribute(lines_of(*["No."] * 1500), [Turn("Mike", "No, no!")] * 3000)
    assert len(found) == 1500
    assert time.process_time() - begin < 8

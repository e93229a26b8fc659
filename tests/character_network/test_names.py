from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from character_network.names import NameMatcher
from utils.series import CastMember, SeriesProfile, fold_name, load_series

PROFILE = SeriesProfile(
    title="Test",
    cast=(
        CastMember(name="Eleven", aliases=("El", "Jane")),
        CastMember(name="Kali", aliases=("Eight",)),
        CastMember(name="Will", aliases=("Will Byers", "William"), surname="Byers"),
        CastMember(name="Joyce", aliases=("Mrs. Byers",), surname="Byers"),
        CastMember(name="Mike", surname="Wheeler"),
        CastMember(name="Nancy", surname="Wheeler"),
        CastMember(name="Steve", surname="Harrington"),
        CastMember(name="Hopper", aliases=("Hop", "Jim", "Jim Hopper", "Chief")),
        CastMember(name="Powell", aliases=("Officer Powell", "Calvin Powell")),
        CastMember(name="June"),
        CastMember(name="Max"),
        CastMember(name="Ray", surname="Carroll"),
        CastMember(name="Dottie", aliases=("Dot",)),
        CastMember(name="Dart", aliases=("D'Artagnan",)),
        CastMember(name="O'Bannon", aliases=("Trooper O'Bannon",)),
    ),
)
MATCHER = NameMatcher.from_series(PROFILE)


def names(text: str) -> list[str]:
    return [hit.character for hit in MATCHER.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Will?",
        "Will, put that down.",
        "Put that down, Will.",
        "Nobody has seen Will since noon.",
        "Will's boots are wet.",
        "Will’s boots are wet.",
        "Will is asleep.",
        "Will always draws doors.",
        "Will and the others are late.",
        "I brought soup for Will",
        "W-Will?",
        "WILL!",
        "WHERE IS WILL?",
        "TELL WILL TO RUN!",
        "Not Will, a will!",
        "He said: Will, come in.",
        "Will the Brave is back.",
        "Will, will you sit down?",
    ],
)
def test_will_is_the_boy(text: str) -> None:
    assert names(text) == ["Will"]


@pytest.mark.parametrize(
    "text",
    [
        "Will you help me?",
        "Will someone answer that?",
        "Will the others come?",
        "Will this hold?",
        "Will do.",
        "Fine. Will you sit?",
        "I will go.",
        "WILL YOU STOP?",
        "I WILL FIND YOU!",
        "You said I WILL!",
        "Will they be cross?",
        "It has a will of its own.",
    ],
)
def test_will_is_the_verb(text: str) -> None:
    assert names(text) == []


def test_will_before_another_name_in_a_question_is_the_verb() -> None:
    assert names("Will Mike come?") == ["Mike"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Eleven!", ["Eleven"]),
        ("It was Eleven.", ["Eleven"]),
        ("Eleven knows the way.", ["Eleven"]),
        ("Take Eleven to the cabin.", ["Eleven"]),
        ("El? EL!", ["Eleven", "Eleven"]),
        ("It struck eleven.", []),
        ("Eleven o'clock.", []),
        ("Eleven minutes, no more.", []),
        ("Eleven-year-olds!", []),
        ("Ten. Eleven. Twelve.", []),
        ("Eight double-A batteries.", []),
        ("Nine feet. Eight. Stop.", []),
        ("Eight-thirty, then.", []),
        ("Eight, come home.", ["Kali"]),
        ("WE MEET AT ELEVEN", []),
        ("Open Channel Eleven.", []),
    ],
)
def test_numbers(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Morning, Chief.", ["Hopper"]),
        ("Ask the chief about it.", ["Hopper"]),
        ("He wants to be chief.", []),
        ("The chief of police is out.", []),
        ("Chief Miller runs the next county.", []),
        ("Chief Jim Hopper speaking.", ["Hopper"]),
        ("Hop on, we are late.", []),
        ("Hop, we are late.", ["Hopper"]),
        ("Last June it snowed.", []),
        ("June fourth, then.", []),
        ("June, are you there?", ["June"]),
        ("It was June.", ["June"]),
        ("to the max", []),
        ("Max out the card.", []),
        ("Is Max in?", ["Max"]),
        ("Dot, dash, dot.", []),
        ("Get him, Dot!", ["Dottie"]),
        ("Ray of light.", []),
        ("An X-Ray helps.", []),
        ("That man is Ray Caroll.", ["Ray"]),
        ("I name him d’Artagnan.", ["Dart"]),
    ],
)
def test_names_that_are_words(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("You are late, Wheeler.", []),
        ("Bye, Mrs. Byers.", ["Joyce"]),
        ("Bye, Mrs Byers.", ["Joyce"]),
        ("Will Byers is home.", ["Will"]),
        ("Mike Wheeler here.", ["Mike"]),
        ("Nice car, Harrington.", ["Steve"]),
        ("Nice car, Mr. Harrington.", []),
        ("Good evening, Mrs. Powell.", []),
        ("That is Mr. Powell.", ["Powell"]),
        ("ask officer powell", ["Powell"]),
        ("We saw Dennis Hopper twice.", []),
        ("Trooper David O'Bannon found it.", ["O'Bannon"]),
        ("He looks like Mike Tyson.", []),
        ("Tell Mike I'm out.", ["Mike"]),
    ],
)
def test_surnames_titles_and_other_people(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_spans_point_at_the_surface() -> None:
    text = "No, Mrs.  Byers, it's Will’s."
    for hit in MATCHER.find(text):
        assert text[hit.begin : hit.finish] == hit.surface
    assert [hit.surface for hit in MATCHER.find(text)] == ["Mrs.  Byers", "Will"]


def test_no_cast_finds_nobody() -> None:
    assert NameMatcher.from_series(SeriesProfile(title="Empty")).find("Mike? Nobody.") == []


def test_extended_names_do_not_displace_the_cast() -> None:
    wider = MATCHER.extended({"Cynthia": "Cynthia", "MIKE": "Somebody"})
    assert [hit.character for hit in wider.find("Mike met Cynthia")] == ["Mike", "Cynthia"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_ordered_spans_within_it(text: str) -> None:
    hits = MATCHER.find(text)
    assert all(text[hit.begin : hit.finish] == hit.surface for hit in hits)
    assert all(one.finish <= other.begin for one, other in itertools.pairwise(hits))


@given(
    st.sampled_from([n for person in PROFILE.cast for n in (person.name, *person.aliases)]),
    st.sampled_from(["{}!", "Hey, {}!", "I saw {}."]),
)
def test_every_name_of_the_profile_is_found_as_it_is_written(name: str, frame: str) -> None:
    assert names(frame.format(name)) == [PROFILE.canonical(name)]


def test_the_shipped_cast_compiles_and_is_unambiguous() -> None:
    matcher = NameMatcher.from_series(load_series())
    assert re.compile(matcher.pattern.pattern)
    assert matcher.owners[fold_name("Jane Hopper")] == "Eleven"
    assert fold_name("Wheeler") not in matcher.owners


@pytest.mark.parametrize(
    ("name", "text", "surface"),
    [
        ("T.J.", "Wait, T.J., come!", "T.J"),
        ("TJ", "I saw T.J. there.", "T.J"),
        ("St. James", "Hello, St. James!", "St. James"),
        ("St James", "Hello, St. James!", "St. James"),
        ("Dr Owens", "Ask Dr. Owens.", "Dr. Owens"),
        ("O'Dell", "Ask O’Dell.", "O’Dell"),
    ],
)
def test_dots_and_apostrophes_are_free(name: str, text: str, surface: str) -> None:
    matcher = NameMatcher.from_series(SeriesProfile(title="T", cast=(CastMember(name=name),)))
    assert [(hit.character, hit.surface) for hit in matcher.find(text)] == [(name, surface)]

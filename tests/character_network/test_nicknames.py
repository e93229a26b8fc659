from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from character_network.drawn_out import drawn_out
from character_network.lines import Line
from character_network.names import NameMatcher
from character_network.nicknames import learnt_names
from utils.series import CastMember, SeriesProfile

MATCHER = NameMatcher.from_series(
    SeriesProfile(
        title="T",
        cast=tuple(CastMember(name=name) for name in ("Bob", "Mike", "Eleven", "Billy", "Will")),
    )
)


def learnt(*said: tuple[str, str]) -> dict[str, str]:
    return learnt_names([Line(1, 1, n, 0, who, text) for n, (who, text) in enumerate(said)], MATCHER)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("You can call me Bobby Sox.", {"Bobby Sox": "Bob"}),
        ("They called me Bob the Brain.", {"Bob the Brain": "Bob"}),
        ("Don't call me Brainy!", {"Brainy": "Bob"}),
        ("My name is Robert Newman.", {"Robert Newman": "Bob"}),
        ("The name's Newman.", {"Newman": "Bob"}),
        ("Call me later.", {}),
        ("Call me Friday.", {}),
        ("He called me Mike.", {}),
        ("Call me crazy, but it works.", {}),
        ("Everybody calls me Chief.", {}),
    ],
)
def test_what_people_call_themselves(text: str, names: dict[str, str]) -> None:
    assert learnt(("Bob", text)) == names


def test_an_unknown_speaker_teaches_nothing() -> None:
    assert learnt(("", "Call me Brainy.")) == {}


@pytest.mark.parametrize(
    "text",
    [
        "Ellie is short for Eleven.",
        "Ellie, short for Eleven.",
        "Eleven. Ellie for short.",
        "Eleven, but we call her Ellie for short.",
    ],
)
def test_short_forms_need_no_speaker(text: str) -> None:
    assert learnt(("", text)) == {"Ellie": "Eleven"}


def test_a_name_that_two_claim_is_nobodys() -> None:
    assert learnt(("Bob", "Call me Brainy."), ("Mike", "Call me Brainy.")) == {}


def cried(text: str) -> list[tuple[str, str]]:
    return [(name, text[begin:finish]) for name, begin, finish in drawn_out(text, MATCHER.owners)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Miiike!", ["mike"]),
        ("MIIIIKE!", ["mike"]),
        ("Wi-ill?", ["will"]),
        ("Willll!", ["will"]),
        ("Wiiilll!", ["will"]),
        ("Billlyyy!", ["billy"]),
        ("El-even.", ["eleven"]),
        ("miiike", []),
        ("Nooo! Heyyy!", []),
        ("A Mike-like voice.", []),
        ("Mike!", []),
    ],
)
def test_cried_and_broken_names(text: str, names: list[str]) -> None:
    assert [name for name, _ in cried(text)] == names


def test_the_longer_reading_wins_but_a_stammer_is_left_out() -> None:
    spans = [hit.surface for hit in MATCHER.find("El-even? M-Mike? Miiike!")]
    assert spans == ["El-even", "Mike", "Miiike"]


def test_a_cried_verb_is_still_a_verb() -> None:
    assert MATCHER.find("Willll you come?") == []


@given(st.lists(st.integers(min_value=1, max_value=5), min_size=4, max_size=4).filter(lambda n: max(n) >= 3))
def test_any_lengthening_of_a_name_is_found(times: list[int]) -> None:
    word = "".join(letter * count for letter, count in zip("Mike", times, strict=True))
    assert [name for name, _ in cried(f"{word[0]}{word[1:].lower()}!")] == ["mike"]
    assert all(one[1] for one in itertools.chain(cried(word)))

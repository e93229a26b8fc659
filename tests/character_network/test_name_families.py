from __future__ import annotations

import pytest

from character_network.families import family_hits
from character_network.lines import Line
from character_network.names import NameMatcher
from utils.series import CastMember, SeriesProfile

MATCHER = NameMatcher.from_series(
    SeriesProfile(
        title="T",
        cast=(
            CastMember(name="Mike", surname="Wheeler"),
            CastMember(name="Nancy", surname="Wheeler"),
            CastMember(name="Karen", aliases=("Mrs. Wheeler",), surname="Wheeler"),
            CastMember(name="Lucas", surname="Sinclair"),
            CastMember(name="Erica", surname="Sinclair"),
            CastMember(name="Steve"),
        ),
    )
)


def meant(*said: tuple[str, str], scenes: tuple[int, ...] = ()) -> list[tuple[int, str]]:
    """The resolved surnames of an episode as line and person."""
    scenes = scenes or (0,) * len(said)
    lines = [Line(1, 1, n, scenes[n], speaker, text) for n, (speaker, text) in enumerate(said)]
    found = [MATCHER.find(line.text) for line in lines]
    return [(n, hit.character) for n, hits in enumerate(family_hits(lines, found, MATCHER)) for hit in hits]


def test_a_call_means_the_relative_who_speaks() -> None:
    assert meant(("Steve", "You are dead, Wheeler!"), ("Mike", "Make me.")) == [(0, "Mike")]
    assert meant(("Steve", "You are dead, Wheeler!"), ("Nancy", "Make me.")) == [(0, "Nancy")]


def test_a_call_to_two_relatives_stays_open() -> None:
    assert meant(("Nancy", "Stop."), ("Steve", "You are dead, Wheeler!"), ("Mike", "Make me.")) == []


def test_the_own_surname_is_oneself() -> None:
    assert meant(("Mike", "Go home."), ("Nancy", "Wheeler, on watch.")) == [(1, "Nancy")]


def test_somebody_absent_is_whoever_is_named_nearby() -> None:
    said = (("Steve", "I asked Nancy."), ("Lucas", "I can see Wheeler from here."))
    assert meant(*said) == [(1, "Nancy")]


def test_the_only_relative_of_the_episode_will_do() -> None:
    said = (("Erica", "Hello."), ("Steve", "Sinclair was late again."))
    assert meant(*said, scenes=(0, 3)) == [(1, "Erica")]


def test_without_any_sign_it_stays_open() -> None:
    assert meant(("Steve", "Wheeler was late again.")) == []


@pytest.mark.parametrize(
    "text",
    [
        "The Wheeler house is dark.",
        "We met Dennis Wheeler.",
        "It is on Wheeler Road.",
        "A Wheeler-Smith echo.",
        "wheeler",
    ],
)
def test_what_is_no_person(text: str) -> None:
    assert meant(("Steve", text), ("Mike", "Yes.")) == []


def test_titles() -> None:
    assert meant(("Steve", "Sit down, Mr. Sinclair!"), ("Lucas", "Yes.")) == [(0, "Lucas")]
    assert meant(("Steve", "I saw Mr. Sinclair."), ("Lucas", "Yes.")) == []
    assert meant(("Steve", "Sit down, Mrs. Sinclair!"), ("Lucas", "Yes.")) == []


def test_a_title_may_end_the_line_before() -> None:
    assert meant(("Steve", "Good evening, Mrs."), ("Steve", "Wheeler, is Mike in?")) == [(1, "Karen")]

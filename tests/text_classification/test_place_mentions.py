from __future__ import annotations

import string

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classification import LocationPrediction, find_places, places_table
from text_classification.mentions import PlaceMatcher
from utils.errors import InputError
from utils.series import SeriesProfile, load_series
from utils.tables import PLACES

SERIES = load_series()
MATCHER = PlaceMatcher(SERIES)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Run back to the cabin!", ["Hopper's cabin"]),
        ("It's at Hopper’s Cabin.", ["Hopper's cabin"]),
        ("THE CABIN IS EMPTY", ["Hopper's cabin"]),
        ("The lab'll have it.", ["Hawkins Lab"]),
        ("We drove from Hawkins Lab to Hawkins Middle.", ["Hawkins Lab", "Hawkins Middle School"]),
        ("Hawkins, Indiana. Hawkins!", ["Hawkins"]),
        ("In Hawkins I slept well.", ["Hawkins"]),
        ("Somebody took Castle Byers down.", ["Castle Byers"]),
        ("He is in the Upside Down.", ["The Upside Down"]),
        ("Turn it upside down.", []),
        ("Take the station wagon.", []),
        ("Meet me on the quarry road.", []),
        ("I want a card from the library card drawer.", []),
        ("They live in Kerley County.", []),
        ("The Hawkins Post wrote about it.", []),
        ("the cabinet and the laboratories", []),
        ("He cabined there.", []),
    ],
)
def test_names_of_places(text: str, places: list[str]) -> None:
    assert MATCHER.places_in(text) == places


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("He was at the Wheelers' all day.", ["Wheeler house"]),
        ("Over at the Byers house.", ["Byers house"]),
        ("The Byers, their family, they moved.", []),
        ("Give it to the Byers boy.", []),
        ("She came to Benny's five nights ago.", ["Benny's Burgers"]),
        ("There is food in Benny's kitchen.", ["Benny's Burgers"]),
        ("Benny's gone.", []),
    ],
)
def test_a_family_counts_as_a_place_only_where_the_line_speaks_of_one(text: str, places: list[str]) -> None:
    assert MATCHER.places_in(text) == places


@pytest.mark.parametrize("place", SERIES.places, ids=lambda place: place.name)
def test_every_place_is_found_by_its_name(place) -> None:
    assert MATCHER.places_in(f"We were at {place.name}.") == [place.name]


@given(st.text(alphabet=string.ascii_letters + " '’.,!", max_size=80))
def test_any_text_is_read_and_the_same_line_names_a_place_once(text: str) -> None:
    found = MATCHER.places_in(text)
    assert len(found) == len(set(found))
    assert set(found) <= {place.name for place in SERIES.places}


def test_descriptions_do_not_give_the_class_away() -> None:
    giveaways = ("safe", "haven", "danger", "zone", "action", "hub", "minor")
    for place in SERIES.places:
        assert 25 <= len(place.description.split()) <= 50, place.name
        assert not [word for word in giveaways if word in place.description.casefold()], place.name


def dialogue(*lines: tuple[int, int, int, str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["season", "episode", "line", "text"])


SPOKEN = dialogue(
    (1, 2, 0, "Back to the arcade."),
    (1, 2, 1, "Then home."),
    (1, 1, 1, "Meet me at the lab, the lab, hear?"),
    (1, 1, 0, "Hello?"),
    (1, 1, 2, "Fine."),
    (1, 2, 2, "No, to the lab."),
)


def test_places_are_counted_by_line_and_dated_by_the_first() -> None:
    table = find_places(SPOKEN, SERIES)
    assert table[["name", "lines", "season", "episode"]].values.tolist() == [
        ["Hawkins Lab", 2, 1, 1],
        ["Palace Arcade", 1, 1, 2],
    ]


def test_a_sample_holds_the_lines_around_a_mention_and_stays_in_its_episode() -> None:
    table = find_places(SPOKEN, SERIES).set_index("name")
    assert table.loc["Palace Arcade", "sample"] == "Back to the arcade.\nThen home."
    assert table.loc["Hawkins Lab", "sample"].splitlines() == [
        "Hello?",
        "Meet me at the lab, the lab, hear?",
        "Fine.",
        "Then home.",
        "No, to the lab.",
    ]


def test_a_sample_has_eight_lines_at_most_from_the_whole_series() -> None:
    table = find_places(dialogue(*((1, 1 + n, 0, f"The arcade, number {n}.") for n in range(40))), SERIES)
    lines = table.loc[0, "sample"].splitlines()
    assert (table.loc[0, "lines"], len(lines), lines[0]) == (40, 8, "The arcade, number 0.")
    assert lines[-1] == "The arcade, number 35."


def test_missing_columns_and_missing_texts() -> None:
    with pytest.raises(InputError, match="dialogue table lacks the column"):
        find_places(SPOKEN.drop(columns="episode"), SERIES)
    assert find_places(SPOKEN.assign(text=pd.NA), SERIES).empty


class Echo:
    """Classifies by the text's first word."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def classify_many(self, texts, *, progress=None):
        self.texts += texts
        return [LocationPrediction(label=text.split()[0], probability=0.5, probabilities={}) for text in texts]


def test_a_description_is_classified_or_else_what_is_said_around_the_place() -> None:
    profile = SeriesProfile.model_validate(
        {
            "title": "Test",
            "places": [
                {"name": "The lab", "description": "White rooms."},
                {"name": "The arcade"},
                {"name": "The moon"},
            ],
        }
    )
    table = places_table(SPOKEN, profile, Echo())
    assert list(table.columns) == [*PLACES, "lines", "season", "episode"]
    assert table["kind"].tolist() == ["White", "Back"]
    assert table["text"].tolist() == ["White rooms.", "Back to the arcade.\nThen home."]
    assert table["lines"].dtype == "int64"


@pytest.mark.parametrize("profile", [SERIES, SeriesProfile(title="Nowhere")])
def test_no_place_is_named(profile: SeriesProfile) -> None:
    table = places_table(dialogue((1, 1, 0, "Hello.")), profile, Echo())
    assert table.empty
    assert list(table.columns) == [*PLACES, "lines", "season", "episode"]
    assert table["probability"].dtype == "float64"

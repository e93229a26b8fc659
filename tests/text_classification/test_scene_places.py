from __future__ import annotations

import pandas as pd
import pytest

from text_classification import LocationPrediction, scene_places
from text_classification.mentions import PlaceMatcher
from utils.errors import InputError
from utils.series import SeriesProfile
from utils.tables import SCENE_PLACES

SERIES = SeriesProfile.model_validate(
    {
        "title": "Test",
        "cast": [{"name": name} for name in ("Ann", "Bob", "Cid", "Dot")],
        "places": [
            {"name": "Marsh house", "aliases": ["the Marshes"], "description": "Ann and Bob live here."},
            {"name": "The pit", "aliases": ["the pit"], "description": "Cid was lost here."},
            {"name": "The mill", "description": "Bob and Cid were seen here."},
            {"name": "The moon"},
        ],
    }
)
KINDS = {"Ann": ("Safe", 0.99), "Cid": ("Danger", 0.99), "Bob": ("Minor", 0.6)}


class ByPerson:
    """Knows the kinds by the first name in a description; of the mill it is not sure."""

    def classify_many(self, texts, *, progress=None):
        return [self._one(*KINDS[text.split()[0]]) for text in texts]

    def _one(self, label: str, probability: float) -> LocationPrediction:
        rest = dict.fromkeys(("Safe", "Danger", "Minor"), (1 - probability) / 2)
        return LocationPrediction(
            label=label, probability=probability, probabilities=rest | {label: probability}, sure=probability > 0.9
        )


def dialogue(*scenes: list[tuple[str | None, str]]) -> pd.DataFrame:
    rows = [
        (1, 1, scene, 10 * scene + line, speaker, text)
        for scene, lines in enumerate(scenes)
        for line, (speaker, text) in enumerate(lines)
    ]
    columns = ["season", "episode", "scene", "line", "speaker", "text"]
    return pd.DataFrame(rows, columns=columns).astype({"speaker": "string"})


def places(*scenes: list[tuple[str | None, str]], **headings: str) -> list[dict[str, object]]:
    named = {(1, 1, int(scene.removeprefix("scene"))): heading for scene, heading in headings.items()}
    found = scene_places(dialogue(*scenes), SERIES, ByPerson(), headings=named)
    assert list(found.columns) == list(SCENE_PLACES)
    return found.astype(object).where(found.notna(), None).to_dict("records")


def test_people_are_met_where_they_live() -> None:
    home, _ = places([("Ann", "Soup?"), ("Ann", "Bread?")], [("Dot", "Hm.")])
    assert (home["kind"], home["likeliest"], home["place"]) == ("Safe", "Safe", "Marsh house")
    assert home["evidence"] == "speaking: Ann"
    assert 0.8 < home["probability"] < 0.95  # there is always some place that the profile does not know


@pytest.mark.parametrize("speaker", [None, "Dot"])
def test_without_evidence_nothing_is_said(speaker: str | None) -> None:
    (scene,) = places([(speaker, "Hello.")])
    assert [scene[name] for name in ("kind", "probability", "likeliest", "place", "evidence")] == [None] * 4 + [""]


def test_conflicting_evidence_is_withheld() -> None:
    (scene,) = places([("Ann", "Hello."), ("Cid", "Hello.")])
    assert scene["kind"] is None
    assert scene["likeliest"] in {"Safe", "Danger"}
    assert scene["probability"] < 0.8


def test_a_name_that_falls_tips_the_scale() -> None:
    without, named = places([("Cid", "Down."), ("Bob", "Down.")], [("Cid", "The pit!"), ("Bob", "Into the pit!")])
    assert named["place"] == "The pit"
    assert "named: The pit" in str(named["evidence"])
    assert without["place"] != "The pit"


def test_a_heading_decides_alone() -> None:
    pit, house, mill, moon = places(
        *[[("Ann", "Hello.")]] * 4,
        scene0="EXT. THE PIT - NIGHT",
        scene1="INT. MARSH HOUSE, CELLAR - DAY",
        scene2="INT. THE MILL - DAY",
        scene3="INT. SPACESHIP - LATER",
    )
    assert (pit["kind"], pit["probability"], pit["place"]) == ("Danger", 0.99, "The pit")
    assert (house["kind"], house["place"]) == ("Safe", "Marsh house")
    assert (mill["kind"], mill["likeliest"], mill["probability"]) == (None, "Minor", 0.6)
    assert (moon["kind"], moon["likeliest"], moon["place"]) == (None, None, None)
    assert moon["evidence"] == "heading: INT. SPACESHIP - LATER"


@pytest.mark.parametrize(
    ("heading", "place"),
    [
        ("INT. MARSH HOUSE - NIGHT", "Marsh house"),
        ("INT. MARSH KITCHEN - MORNING", "Marsh house"),
        ("EXT. PIT - DAY", "The pit"),
        ("INT./EXT. THE PIT", "The pit"),
        ("EXT. PIT ROAD - DAY", None),
        ("INT. MARSH FACTORY - DAY", None),
        ("EXT. HOUSE - DAY", None),
        ("", None),
    ],
)
def test_headings_name_places_and_their_rooms(heading: str, place: str | None) -> None:
    assert PlaceMatcher(SERIES).place_of_heading(heading) == place


def test_without_a_classifier_the_table_is_empty() -> None:
    table = scene_places(dialogue([("Ann", "Hello.")]), SERIES, None)
    assert table.empty
    assert list(table.columns) == list(SCENE_PLACES)
    with pytest.raises(InputError, match=r"dialogue table lacks .* speaker"):
        scene_places(dialogue([("Ann", "Hello.")]).drop(columns="speaker"), SERIES, None)


def test_a_series_without_places_knows_nothing() -> None:
    table = scene_places(dialogue([("Ann", "Hello.")]), SeriesProfile(title="Empty"), ByPerson())
    assert table["kind"].isna().all()

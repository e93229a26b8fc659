"""Turns of speakers, what each speaks about, what changed, and the lines behind numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theme_classifier import (
    ThemeClassifier,
    average_themes,
    character_themes,
    episode_lines,
    evidence_lines,
    raw_scenes,
    relative_themes,
    scene_curves,
    theme_changes,
)
from theme_classifier.changes import CHANGES
from theme_classifier.evidence import LINES
from theme_classifier.turns import TURNS, speaking_turns, turn_labels
from utils.errors import InputError


def spoken(*lines: tuple[str | None, str], scene: int = 0, episode: int = 1) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=["speaker", "text"]).astype({"speaker": "string"})
    numbers = np.arange(len(table))
    return table.assign(
        season=1, episode=episode, scene=scene, line=numbers, start=60.0 * numbers, end=60.0 * numbers + 30
    )


def turns(*rows: tuple[str | None, int, float], episode: int = 1, theme: str = "Danger") -> pd.DataFrame:
    """Turns of so many words, with a score."""
    table = pd.DataFrame(rows, columns=["speaker", "words", theme])
    numbers = np.arange(len(table))
    return table.assign(
        season=1,
        episode=episode,
        scene=numbers,
        line=numbers,
        last=numbers,
        start=numbers * 2.0,
        text=[f"words {number}" for number in numbers],
        **{f"raw_{theme}": 0.4 + table[theme] / 10},
    ).astype({"speaker": "string"})


def test_a_turn_ends_where_the_speaker_changes() -> None:
    table = speaking_turns(
        spoken(
            ("Mike", "We have to find him,"),
            ("Mike", "before it is too late for all of us."),
            ("Lucas", "No."),
            (None, "Who is there?"),
            (None, "Hello?"),
            ("Mike", "Run!"),
        )
    )
    assert table.columns.tolist() == list(TURNS)
    assert table[["line", "last", "words", "start"]].to_numpy().tolist() == [
        [0, 1, 14, 0.0],
        [2, 2, 1, 120.0],
        [3, 4, 4, 180.0],
        [5, 5, 1, 300.0],
    ]
    assert table["speaker"].fillna("?").tolist() == ["Mike", "Lucas", "?", "Mike"]
    assert table["text"][2] == "Who is there? Hello?"


def test_a_turn_ends_with_its_scene() -> None:
    both = pd.concat([spoken(("Mike", "Run!")), spoken(("Mike", "Run!"), scene=1).assign(line=1)], ignore_index=True)
    assert speaking_turns(both)["scene"].tolist() == [0, 1]


@given(st.lists(st.sampled_from(["Ada", "Ben", None]), min_size=1, max_size=12))
def test_turns_cut_the_lines_into_runs_without_loss(speakers: list[str | None]) -> None:
    lines = spoken(*((speaker, f"so many words {number}") for number, speaker in enumerate(speakers)))
    table = speaking_turns(lines)
    rows = [row for one, last in zip(table["line"], table["last"], strict=True) for row in range(one, last + 1)]
    assert rows == list(range(len(lines)))
    assert " ".join(table["text"]) == " ".join(lines["text"])
    for turn in table.to_dict("records"):
        within = lines.loc[turn["line"] : turn["last"], "speaker"].fillna("?")
        assert len(set(within)) == 1


def test_reading_scores_scenes_and_turns_alike(tiny_encoder: Path) -> None:
    lines = spoken(("Mike", "Run, it is here!"), ("Lucas", "I trust you."), (None, "The coffee is on the table."))
    classifier = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder)
    themes, table = classifier.read(lines)
    pd.testing.assert_frame_equal(themes, classifier.score_scenes(lines))
    assert table.columns.tolist() == [*TURNS, "Danger", "Trust", "raw_Danger", "raw_Trust"]
    for raw, prefix in ((False, ""), (True, "raw_")):
        alone = classifier.score(table["text"].tolist(), raw=raw)
        np.testing.assert_allclose(table[[prefix + "Danger", prefix + "Trust"]], alone, atol=0.02)


def test_raw_scenes_weigh_what_is_said_by_its_words() -> None:
    table = turns(("Ada", 30, 0.0), ("Ben", 10, 1.0)).assign(scene=0)
    themes = pd.DataFrame({"season": [1], "episode": [1], "scene": [0], "Danger": [0.9], "evidence_Danger": [1]})
    found = raw_scenes(themes, table)
    assert found["Danger"].tolist() == [pytest.approx(0.425)]
    assert found.drop(columns="Danger").equals(themes.drop(columns="Danger"))
    with pytest.raises(InputError, match="lacks scenes"):
        raw_scenes(themes.assign(scene=7), table)


def test_scenes_stand_at_their_minutes() -> None:
    lines = spoken(("Ada", "One."), ("Ada", "Two."))
    themes = pd.DataFrame({"season": [1], "episode": [1], "scene": [0], "Danger": [0.9], "evidence_Danger": [1]})
    assert scene_curves(themes, lines).to_dict("records") == [
        {"season": 1, "episode": 1, "scene": 0, "begin": 0.0, "finish": 1.5, "lines": 2, "Danger": 0.9}
    ]
    assert scene_curves(themes, lines.assign(start=np.nan, end=np.nan))[["begin", "finish"]].isna().all(axis=None)


def test_who_says_three_lines_does_not_lead() -> None:
    talker = [("Ada", 10, 0.3)] * 300
    others = [("Ben", 10, 0.1)] * 300
    people = character_themes(turns(*talker, *others, *[("Cameo", 6, 1.0)] * 3))
    assert people["character"].tolist() == ["Ada", "Ben", "Cameo"]
    assert people.loc[people["Danger"].idxmax(), "character"] == "Ada"
    assert people[["lines", "words"]].to_numpy().tolist() == [[300, 3000], [300, 3000], [3, 18]]


def test_a_character_is_drawn_to_the_mean_of_everybody() -> None:
    table = turns(("Ada", 1000, 0.5), ("Ben", 3000, 0.1), (None, 5000, 1.0))
    mean = average_themes(table)["Danger"]
    assert mean == pytest.approx(0.2)  # whoever is unknown does not count
    people = character_themes(table).set_index("character")["Danger"]
    assert people["Ada"] == pytest.approx((1000 * 0.5 + 1500 * mean) / 2500)
    assert relative_themes(table).loc["Ada", "Danger"] == pytest.approx(people["Ada"] / mean)
    assert character_themes(table, raw=True).set_index("character").loc["Ben", "Danger"] > 0.4


def test_characters_by_episode_are_counted_apart() -> None:
    both = pd.concat([turns(("Ada", 10, 0.5), ("Ben", 90, 0.1)), turns(("Ada", 20, 0.5), episode=2)], ignore_index=True)
    found = character_themes(both, by_episode=True)
    assert found.columns.tolist() == ["character", "season", "episode", "lines", "words", "Danger"]
    assert found[["character", "episode", "words"]].to_numpy().tolist() == [
        ["Ada", 1, 10],
        ["Ada", 2, 20],
        ["Ben", 1, 90],
    ]


def test_a_theme_that_nobody_shows_sets_nobody_apart() -> None:
    assert relative_themes(turns(("Ada", 10, 0.0), ("Ben", 10, 0.0)))["Danger"].tolist() == [1.0, 1.0]


def test_without_speakers_the_remedy_is_named() -> None:
    with pytest.raises(InputError, match=r"No speaker is known .*--transcripts DIR"):
        character_themes(turns((None, 10, 0.5)))


def test_turn_labels_need_their_raw_columns() -> None:
    assert turn_labels(turns(("Ada", 10, 0.5))) == ["Danger"]
    with pytest.raises(InputError, match="raw_<label>"):
        turn_labels(turns(("Ada", 10, 0.5)).drop(columns="raw_Danger"))


def test_evidence_is_the_strongest_of_the_place_asked_for() -> None:
    table = turns(("Ada", 9, 0.9), ("Ben", 9, 0.8), ("Ada", 9, 0.6), ("Ada", 9, 0.01))
    wanted = pd.DataFrame({"theme": ["Danger", "Danger"], "speaker": ["Ben", "Ada"]})
    found = evidence_lines(table, wanted, most=3)
    assert found.columns.tolist() == [*LINES, "of"]
    # The last line of Ada's is far weaker than her first.
    assert found[["of", "rank", "line"]].to_numpy().tolist() == [[0, 1, 1], [1, 1, 0], [1, 2, 2]]
    everywhere = evidence_lines(table, wanted[["theme"]].head(1), most=1)
    assert everywhere[["score", "speaker"]].to_numpy().tolist() == [[0.9, "Ada"]]


def test_what_is_said_twice_is_quoted_once() -> None:
    table = turns(("Ada", 1, 0.9), ("Ben", 1, 0.8)).assign(text=["Run!", "RUN!"])
    assert len(evidence_lines(table, pd.DataFrame({"theme": ["Danger"]}))) == 1


def test_evidence_refuses_what_does_not_fit() -> None:
    table, wanted = turns(("Ada", 9, 0.9)), pd.DataFrame({"theme": ["Danger"]})
    with pytest.raises(InputError, match="at least one"):
        evidence_lines(table, wanted, most=0)
    with pytest.raises(InputError, match=r"lacks the column.*Hope"):
        evidence_lines(table, pd.DataFrame({"theme": ["Hope"]}))
    assert evidence_lines(table, wanted.head(0)).empty


def test_an_episode_is_shown_by_its_strongest_scenes() -> None:
    # The loudest lines are both of the scene that is weak as a whole.
    table = turns(("Ada", 9, 0.9), ("Ben", 9, 0.8), ("Cy", 9, 0.5), ("Di", 9, 0.4)).assign(scene=[0, 0, 1, 2])
    themes = pd.DataFrame({"scene": [0, 1, 2], "Danger": [0.1, 0.7, 0.9], "season": 1, "episode": 1})
    wanted = pd.DataFrame({"theme": ["Danger"], "season": [1], "episode": [1]})
    found = episode_lines(themes, table, wanted)
    assert found[["of", "rank", "speaker"]].to_numpy().tolist() == [[0, 1, "Di"], [0, 2, "Cy"]]
    assert episode_lines(themes, table, wanted.assign(episode=9)).empty


def _episode(episode: int, *scores: float) -> pd.DataFrame:
    table = pd.DataFrame({"Danger": scores})
    return table.assign(
        season=1, episode=episode, scene=range(len(table)), Hope=0.5, evidence_Danger=0, evidence_Hope=0
    )


def test_changes_are_differences_of_means_with_their_error() -> None:
    changes = theme_changes(pd.concat([_episode(1, 0.1, 0.3), _episode(2, 0.6, 0.8), _episode(3, 0.2)]))
    assert changes.columns.tolist() == list(CHANGES)
    first = changes.iloc[0]
    assert (first["theme"], first["episode_before"], first["episode"]) == ("Danger", 1, 2)
    assert first["change"] == pytest.approx(0.5)
    # Two scenes 0.2 apart: deviation 0.1414, standard error 0.1; of both episodes together 0.1414.
    assert first["error"] == pytest.approx(np.hypot(0.1, 0.1))
    last = changes.iloc[-1]
    assert (last["theme"], last["episode"]) == ("Danger", 3)
    assert last["change"] < 0
    assert np.isnan(last["error"])
    assert theme_changes(_episode(1, 0.1)).empty

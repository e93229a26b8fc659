from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from theme_classifier import ThemeClassifier, episode_curves, peaks, theme_labels
from theme_classifier.curves import PEAKS
from theme_classifier.passages import passages
from theme_classifier.scenes import relative_scores, strengths, strongest
from utils.errors import InputError


def dialogue(*scenes: list[str], season: int = 1, episode: int = 1) -> pd.DataFrame:
    rows = [(number, text) for number, scene in enumerate(scenes) for text in scene]
    table = pd.DataFrame(rows, columns=["scene", "text"])
    lines = np.arange(len(rows))
    return table.assign(season=season, episode=episode, line=lines, start=lines * 2.0, speaker="Ada")


SAMPLE = pd.concat(
    [
        dialogue(["Run!", "It is here, run, run!", "Where is the door?"], ["Yes.", "The coffee is on the table."]),
        dialogue(["I trust you, and I always trust you."], ["I am alone here.", "All alone."], episode=2),
    ],
    ignore_index=True,
)


def test_short_lines_are_joined_and_long_ones_stand_alone() -> None:
    joined = passages(
        dialogue(
            [
                "Yeah.",
                "He went down to the old mill,",
                "alone.",
                "And nobody has seen him since that day, Joyce.",
                "Oh.",
            ]
        )
    )
    assert joined["text"].tolist() == [
        "Yeah. He went down to the old mill, alone.",
        "And nobody has seen him since that day, Joyce. Oh.",
    ]
    assert joined[["first", "last", "words"]].to_numpy().tolist() == [[0, 2, 9], [3, 4, 10]]


LINES = st.lists(
    st.sampled_from(["Oh.", "", "well,", "I do not know what to say about that.", "so " * 40]), min_size=1, max_size=12
)


@given(st.lists(LINES, min_size=1, max_size=5))
def test_passages_cut_scenes_into_runs_without_loss(scenes: list[list[str]]) -> None:
    table = dialogue(*scenes)
    joined = passages(table)
    rows = [row for first, last in zip(joined["first"], joined["last"], strict=True) for row in range(first, last + 1)]
    assert rows == list(range(len(table)))
    assert (table["scene"].to_numpy()[joined["first"]] == table["scene"].to_numpy()[joined["last"]]).all()
    assert joined["scene_number"].nunique() == len(scenes)
    assert (joined["words"] > 0).all()


def test_no_lines_make_no_passages() -> None:
    assert passages(SAMPLE.head(0)).empty


def test_small_talk_does_not_wash_out_a_confession() -> None:
    evidence, words = np.array([[6.0], [0.0], [0.0]]), np.array([20, 20, 20])
    assert strengths(evidence, words, np.zeros(3, dtype=np.int64))[0, 0] == pytest.approx(6.0)
    # The strongest third of 60 words: these 10 and 10 of the others.
    assert strengths(evidence, np.array([10, 20, 30]), np.zeros(3, dtype=np.int64))[0, 0] == pytest.approx(3.0)


EVIDENCE = hnp.arrays(np.float64, (6, 2), elements=st.floats(-10, 10))


@given(EVIDENCE, hnp.arrays(np.int64, 6, elements=st.integers(1, 30)), st.permutations(range(6)))
def test_strength_is_a_mean_that_ignores_order_and_length(
    evidence: np.ndarray, words: np.ndarray, order: list[int]
) -> None:
    scene = np.array([0, 0, 1, 1, 1, 1])
    once = strengths(evidence, words, scene)
    assert (once <= [evidence[scene == s].max(axis=0) + 1e-9 for s in (0, 1)]).all()
    assert (once >= [np.average(evidence[scene == s], axis=0, weights=words[scene == s]) - 1e-9 for s in (0, 1)]).all()
    np.testing.assert_allclose(strengths(evidence[order], words[order], scene[order]), once, atol=1e-9)
    twice = strengths(np.tile(evidence, (2, 1)), np.tile(words, 2), np.tile(scene, 2))
    np.testing.assert_allclose(twice, once, atol=1e-9)
    np.testing.assert_allclose(strengths(evidence + 2, words, scene), once + 2, atol=1e-9)


@given(EVIDENCE)
def test_strongest_row_of_each_group(evidence: np.ndarray) -> None:
    group = np.array([1, 0, 1, 0, 2, 2])
    for number, rows in enumerate(strongest(evidence, group)):
        assert (group[rows] == number).all()
        assert (evidence[rows, [0, 1]] == evidence[group == number].max(axis=0)).all()


def test_a_theme_that_is_high_everywhere_is_first_nowhere() -> None:
    rng = np.random.default_rng(0)
    strength = rng.normal(loc=[4.0, 0.0], size=(300, 2))
    first = relative_scores(strength, np.full(300, 80.0)).argmax(axis=1)
    assert 0.4 < first.mean() < 0.6


def test_a_single_scene_is_still_compared_with_everyday_speech() -> None:
    scores = relative_scores(np.array([[5.0, 1.0, -1.0]]), np.array([100.0]))[0]
    assert scores[0] > 0.9
    assert scores[1] < 0.25
    assert scores[2] < scores[1]


def test_few_words_count_less() -> None:
    strength = np.array([[4.0], [4.0], *[[1.0]] * 40])
    scores = relative_scores(strength, np.array([200.0, 8.0, *[80.0] * 40]))[:, 0]
    assert scores[0] > scores[1] > scores[2]


@pytest.fixture(scope="module")
def themes(tiny_encoder: Path) -> pd.DataFrame:
    return ThemeClassifier(["Danger", "Trust"], model=tiny_encoder).score_scenes(SAMPLE)


def test_scene_table_has_its_columns_and_evidence_inside_the_scene(themes: pd.DataFrame) -> None:
    assert themes.columns.tolist() == [
        *("season", "episode", "scene", "Danger", "Trust", "evidence_Danger", "evidence_Trust"),
    ]
    assert themes[["season", "episode", "scene"]].to_numpy().tolist() == [[1, 1, 0], [1, 1, 1], [1, 2, 0], [1, 2, 1]]
    assert themes[["evidence_Danger", "evidence_Trust"]].dtypes.eq("int64").all()
    assert themes[["Danger", "Trust"]].apply(lambda scores: scores.between(0, 1)).all(axis=None)
    for row in themes.itertuples():
        scene = SAMPLE[(SAMPLE["episode"] == row.episode) & (SAMPLE["scene"] == row.scene)]
        assert {row.evidence_Danger, row.evidence_Trust} <= set(scene["line"])


def test_rows_may_come_in_any_order(themes: pd.DataFrame, tiny_encoder: Path) -> None:
    shuffled = SAMPLE.sample(frac=1, random_state=3)
    again = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder).score_scenes(shuffled)
    pd.testing.assert_frame_equal(again, themes)


def test_scoring_needs_lines_and_columns(tiny_encoder: Path) -> None:
    classifier = ThemeClassifier(["Danger"], model=tiny_encoder)
    with pytest.raises(InputError, match="no lines"):
        classifier.score_scenes(SAMPLE.head(0))
    with pytest.raises(InputError, match=r"lacks the column.*scene"):
        classifier.score_scenes(SAMPLE.drop(columns="scene"))


def test_episode_curves_average_scenes(themes: pd.DataFrame) -> None:
    curves = episode_curves(themes)
    assert curves.columns.tolist() == ["season", "episode", "Danger", "Trust"]
    assert curves.loc[0, "Trust"] == pytest.approx(themes["Trust"].head(2).mean())
    assert len(curves) == 2
    with pytest.raises(InputError, match="evidence_<label>"):
        theme_labels(themes[["season", "episode", "scene", "Danger"]])


def test_peaks_say_where_when_and_what(themes: pd.DataFrame) -> None:
    found = peaks(themes, SAMPLE, most=2)
    assert found.columns.tolist() == list(PEAKS)
    assert found.groupby("theme")["rank"].apply(list).to_dict() == {"Danger": [1, 2], "Trust": [1, 2]}
    best = found.iloc[0]
    scene = themes.loc[themes["Danger"].idxmax()]
    assert (best["episode"], best["scene"], best["line"]) == (
        scene["episode"],
        scene["scene"],
        scene["evidence_Danger"],
    )
    assert best["score"] == scene["Danger"]
    said = SAMPLE[(SAMPLE["episode"] == best["episode"]) & (SAMPLE["line"] == best["line"])].iloc[0]
    assert said["text"] in best["text"]
    assert best["start"] == said["start"]
    assert len(peaks(themes, SAMPLE, most=50)) == 2 * len(themes)


def test_peaks_refuse_what_does_not_fit(themes: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="at least one"):
        peaks(themes, SAMPLE, most=0)
    with pytest.raises(InputError, match="lines that the dialogue table lacks"):
        peaks(themes, SAMPLE.head(1))

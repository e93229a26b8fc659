from __future__ import annotations

import csv
import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from theme_classifier import ThemeClassifier
from theme_classifier.heads import HEADS_FILE, NO_HEADS, heads_for
from theme_classifier.labels import ThemeQuery
from theme_classifier.quick import QuickTier, theme_directions
from utils.artifacts import file_digest
from utils.embeddings import SentenceEncoder
from utils.models import find_weights
from utils.series import SeriesProfile, Theme

ROOT = Path(__file__).resolve().parents[2]
THEMES = ["Hope", "Despair", "Trust", "Isolation", "Rebellion", "Danger", "Love", "Guilt"]
WITH_HEAD = {"Hope", "Despair", "Trust", "Isolation", "Danger", "Guilt"}


@pytest.fixture
def own_heads(tmp_path: Path, tiny_encoder: Path) -> Path:
    """Heads for the tiny encoder: one for Hope, 0.7 in every dimension."""
    file = tmp_path / "heads.safetensors"
    rows = {
        "weights": np.full((1, 32), 0.7, dtype=np.float32),
        "intercepts": np.array([-2.5], dtype=np.float32),
        "spoken": np.linspace(-1, 1, 32, dtype=np.float32),
    }
    about = {"encoder": file_digest(tiny_encoder / "model.safetensors"), "labels": json.dumps(["Hope"]), "prior": "0.1"}
    save_file(rows, file, metadata=about)
    return file


def query(label: str, **options: bool) -> ThemeQuery:
    return ThemeQuery(label=label, hypothesis="", phrases=((label.lower(), "all alone here"),), **options)


def test_heads_serve_only_the_encoder_that_they_were_trained_on(
    own_heads: Path, tiny_encoder: Path, tiny_nli: Path, tmp_path: Path
) -> None:
    assert set(heads_for(tiny_encoder, own_heads).by_label) == {"hope"}
    assert heads_for(tiny_nli, own_heads) == NO_HEADS
    assert heads_for(tiny_encoder) == NO_HEADS
    assert heads_for(tmp_path / "nowhere", own_heads) == NO_HEADS


def test_a_heads_score_is_the_probability_that_it_gives(own_heads: Path, tiny_encoder: Path) -> None:
    from theme_classifier.calibration import calibrated

    encoder = SentenceEncoder(tiny_encoder)
    heads = heads_for(tiny_encoder, own_heads)
    found = theme_directions([query("hope"), query("Danger")], encoder, heads)
    vectors = encoder.encode(["run", "i trust you", "coffee is on the table"]).astype(float)
    evidence = vectors @ found.weights.T + found.intercepts
    odds = vectors.sum(axis=1) * 0.7 - 2.5
    np.testing.assert_allclose(calibrated(evidence, found.curve)[:, 0], 1 / (1 + np.exp(-odds)), rtol=1e-4)
    even = calibrated(evidence, found.curve, even_from=0.1)[:, 0]
    np.testing.assert_allclose(even, 1 / (1 + np.exp(-odds - np.log(9))), rtol=1e-4)


def test_a_head_yields_to_the_series_own_meaning(own_heads: Path, tiny_encoder: Path) -> None:
    heads = heads_for(tiny_encoder, own_heads)
    assert heads.answering(query("HOPE")) is not None
    assert heads.answering(query("HOPE", trained_head=False)) is None
    assert heads.answering(query("Danger")) is None


def test_what_feelings_have_in_common_counts_only_for_bare_labels(own_heads: Path, tiny_encoder: Path) -> None:
    encoder, heads = SentenceEncoder(tiny_encoder), heads_for(tiny_encoder, own_heads)

    def weights(described: bool, *, learned: bool) -> np.ndarray:
        queries = [query("Danger", described=described)]
        return theme_directions(queries, encoder, heads if learned else NO_HEADS).weights

    np.testing.assert_array_equal(weights(True, learned=True), weights(True, learned=False))
    assert not np.allclose(weights(False, learned=True), weights(False, learned=False))


def test_the_classifier_says_how_each_label_is_answered(tiny_encoder: Path, tiny_nli: Path) -> None:
    assert ThemeClassifier(["Hope", "Envy"], model=tiny_encoder).answers() == {
        "Hope": "similarity",
        "Envy": "similarity",
    }
    assert ThemeClassifier(["Hope"], model=tiny_nli).answers() == {"Hope": "zero-shot entailment"}


def test_the_shipped_file_holds_rows_of_numbers_and_names_its_sources() -> None:
    tensors = load_file(HEADS_FILE)
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "weights": (6, 384),
        "intercepts": (6,),
        "spoken": (384,),
    }
    assert HEADS_FILE.stat().st_size < 16_000
    about = HEADS_FILE.with_suffix(".md").read_text(encoding="utf-8")
    for needed in ("EDOS", "Welivita", "CC BY 4.0", "GoEmotions", "Apache-2.0", "Changes"):
        assert needed in about
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["setuptools"]["package-data"]["theme_classifier"] == ["theme_heads.*"]


def marked_lines() -> list[dict[str, str]]:
    with (ROOT / "tests" / "data" / "theme_lines.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_marked_lines_are_lines_of_our_own_sample() -> None:
    rows = marked_lines()
    assert len({(row["episode"], row["line"]) for row in rows}) == len(rows) == 200
    assert {theme for row in rows for theme in row["themes"].split(";") if theme} <= set(THEMES)
    folder = ROOT / "series" / "stranger_things" / "sample" / "screenplay"
    plain = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt")))
    plain = " ".join(re.sub(r"\W+", " ", plain).split())
    assert all(" ".join(re.sub(r"\W+", " ", row["text"]).split()) in plain for row in rows)


@pytest.mark.slow
def test_heads_answer_six_built_in_themes_with_the_embedded_weights() -> None:
    classifier = ThemeClassifier([*THEMES, "Jealousy"])
    assert {label for label, answer in classifier.answers().items() if answer == "trained head"} == WITH_HEAD
    other = SeriesProfile(
        title="Other",
        themes=(Theme(label="Hope", hypothesis="This is about hope.", prototypes=("a ship",), trained_head=False),),
    )
    assert ThemeClassifier(["Hope", "Guilt"], series=other).answers() == {
        "Hope": "similarity",
        "Guilt": "trained head",
    }


@pytest.mark.slow
def test_neutral_speech_is_the_yardstick_of_heads_too() -> None:
    from theme_classifier.background import NEUTRAL_LINES
    from theme_classifier.labels import theme_queries
    from utils.progress import silent
    from utils.series import load_series

    tier = QuickTier(find_weights("themes").path, theme_queries(THEMES, load_series("stranger_things")))
    evidence = tier.measure(NEUTRAL_LINES, progress=silent).evidence
    np.testing.assert_allclose(evidence.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(evidence.std(axis=0), 1, atol=0.02)


@pytest.mark.slow
def test_marked_lines_of_the_sample_are_told_apart_as_well_as_measured() -> None:
    from sklearn.metrics import roc_auc_score

    rows = marked_lines()
    scores = ThemeClassifier(THEMES).score([row["text"] for row in rows])
    # Love is missing on purpose: at 0.51 it is no better than chance on these lines (benchmarks/README.md).
    for theme, floor in {"Guilt": 0.78, "Isolation": 0.8, "Trust": 0.65, "Rebellion": 0.59}.items():
        marks = [theme in row["themes"].split(";") for row in rows]
        assert roc_auc_score(marks, scores[theme]) > floor, theme

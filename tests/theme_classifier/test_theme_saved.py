from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from theme_classifier import ThemeClassifier
from utils.errors import InputError

CUE = "{number}\n00:00:{at:02d},000 --> 00:00:{end:02d},000\n{text}\n\n"


def write_episode(folder: Path, name: str, lines: list[str]) -> None:
    cues = [CUE.format(number=n + 1, at=n * 3, end=n * 3 + 2, text=text) for n, text in enumerate(lines)]
    (folder / f"Tiny.{name}.srt").write_text("".join(cues), encoding="utf-8")


@pytest.fixture
def season(tmp_path: Path) -> Path:
    folder = tmp_path / "subtitles"
    folder.mkdir()
    write_episode(folder, "S01E01", ["Run, it is here!", "Where is the door?", "NA", "I am sorry."])
    write_episode(folder, "S01E02", ["I trust you.", "The coffee is on the table.", "Please, never run."])
    return folder


def test_one_row_an_episode_with_script_and_themes(season: Path, tiny_encoder: Path) -> None:
    table = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder).get_themes(season)
    assert table.columns.tolist() == ["season", "episode", "script", "Danger", "Trust"]
    assert table["episode"].tolist() == [1, 2]
    assert table.loc[1, "script"].splitlines()[0] == "I trust you."
    assert table["Danger"].between(0, 1).all()


def test_a_saved_result_comes_back_equal_without_computing(season: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    target = tmp_path / "themes.csv"
    first = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder).get_themes(season, target)
    again = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder)
    pd.testing.assert_frame_equal(again.get_themes(season, str(target)), first, check_exact=True)
    assert "tier" not in vars(again)  # the model was never opened
    assert sorted(file.name for file in tmp_path.iterdir()) == ["subtitles", "themes.csv", "themes.csv.json"]


def test_other_lines_labels_or_model_compute_anew(
    season: Path, tiny_encoder: Path, tiny_nli: Path, tmp_path: Path
) -> None:
    target = tmp_path / "themes.csv"
    first = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder).get_themes(season, target)
    labels = ThemeClassifier(["Danger", "Love"], model=tiny_encoder).get_themes(season, target)
    assert labels.columns.tolist()[-2:] == ["Danger", "Love"]
    model = ThemeClassifier(["Danger", "Trust"], model=tiny_nli).get_themes(season, target)
    assert not model.equals(first)
    write_episode(season, "S01E02", ["I love you.", "I love the coffee."])
    lines = ThemeClassifier(["Danger", "Trust"], model=tiny_encoder).get_themes(season, target)
    assert lines.loc[1, "script"] == "I love you.\nI love the coffee."
    assert pd.read_csv(target).columns.tolist() == lines.columns.tolist()


def test_an_altered_result_is_not_believed(season: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    target = tmp_path / "themes.csv"
    classifier = ThemeClassifier(["Danger"], model=tiny_encoder)
    first = classifier.get_themes(season, target)
    target.write_text("season,episode,script,Danger\n1,1,forged,1.0\n")
    pd.testing.assert_frame_equal(classifier.get_themes(season, target), first)
    target.unlink()
    pd.testing.assert_frame_equal(classifier.get_themes(season, target), first)


def test_what_is_not_ours_is_left_alone(season: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    classifier = ThemeClassifier(["Danger"], model=tiny_encoder)
    notes = tmp_path / "notes.csv"
    notes.write_text("mine")
    for target, said in [
        (notes, "was not written by get_themes"),
        (tmp_path, "is a folder"),
        (tmp_path / "absent" / "themes.csv", "does not exist"),
    ]:
        with pytest.raises(InputError, match=said):
            classifier.get_themes(season, target)
    assert notes.read_text() == "mine"


@pytest.mark.parametrize("record", ["not json", "[]", "\x00"])
def test_a_record_that_cannot_be_read_is_named(season: Path, tiny_encoder: Path, tmp_path: Path, record: str) -> None:
    target = tmp_path / "themes.csv"
    classifier = ThemeClassifier(["Danger"], model=tiny_encoder)
    classifier.get_themes(season, target)
    kept = target.read_text()
    (tmp_path / "themes.csv.json").write_text(record)
    with pytest.raises(InputError, match=r"no readable themes\.csv\.json beside it\); remove it"):
        classifier.get_themes(season, target)
    assert target.read_text() == kept


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_saved_result_without_rights_is_named(season: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    target = tmp_path / "themes.csv"
    classifier = ThemeClassifier(["Danger"], model=tiny_encoder)
    classifier.get_themes(season, target)
    target.chmod(0)
    with pytest.raises(InputError, match="Cannot read"):
        classifier.get_themes(season, target)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_named(season: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(InputError, match="Cannot write"):
        ThemeClassifier(["Danger"], model=tiny_encoder).get_themes(season, locked / "themes.csv")


def test_identity_is_json_and_names_what_decides(tiny_encoder: Path) -> None:
    identity = ThemeClassifier(["Hope", "Dread"], model=tiny_encoder).identity()
    assert json.dumps(identity)
    assert "model.safetensors" in identity["model"]
    assert [theme["label"] for theme in identity["themes"]] == ["Hope", "Dread"]
    assert ThemeClassifier(["Hope", "Dread"], model=tiny_encoder).identity() == identity
    assert ThemeClassifier(["Dread", "Hope"], model=tiny_encoder).identity() != identity

"""Themes by episode, scene and character: tables, files, pictures, and what is refused before anything is written."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from analysis.results import Results
from analysis.theme_files import FORMATS, require_formats, theme_text, write_themes
from analysis.theme_pictures import theme_picture
from analysis.theme_terminal import theme_summary
from analysis.theme_views import VIEWS, ThemeReading, read_themes, require_view, split_labels
from analysis.voice_facts import voices
from utils.errors import InputError

SRT = "1\n00:00:01,000 --> 00:00:03,000\nRun, it is here!\n\n2\n00:00:04,000 --> 00:00:06,000\nI trust you.\n\n"


def reading_of(results: Results) -> ThemeReading:
    return ThemeReading(
        title="Small", weights="tiny", dialogue=results.dialogue, themes=results.themes, turns=results.theme_turns
    )


@pytest.fixture(scope="module")
def reading(results: Results) -> ThemeReading:
    return reading_of(results)


@pytest.mark.parametrize("by", VIEWS)
def test_tables_hold_both_numbers(reading: ThemeReading, by: str) -> None:
    first = next(iter(VIEWS[by].tables(reading).values()))
    for label in ("Hope", "Danger", "Trust"):
        assert {label, f"raw_{label}"} <= set(first.columns)
        assert not first[label].equals(first[f"raw_{label}"])


def test_every_change_names_a_line_of_the_stronger_episode(reading: ThemeReading) -> None:
    changes = VIEWS["episode"].tables(reading)["theme-changes"]
    assert len(changes) == 3
    for row in changes.to_dict("records"):
        assert row["said_episode"] == (row["episode"] if row["change"] > 0 else row["episode_before"])
        assert row["said_text"]


def test_every_peak_has_lines_of_its_scene(reading: ThemeReading) -> None:
    peaks = VIEWS["scene"].tables(reading)["theme-peaks"]
    assert set(peaks["theme"]) == {"Hope", "Danger", "Trust"}
    scenes = reading.dialogue.set_index(["season", "episode", "line"])["scene"]
    assert [scenes[key] for key in peaks[["season", "episode", "line"]].itertuples(index=False)] == list(peaks["scene"])
    assert peaks.groupby(["theme", "peak"]).size().max() > 1


def test_files_are_what_they_say(reading: ThemeReading, tmp_path: Path) -> None:
    for by in VIEWS:
        written = write_themes(reading, by, tmp_path / by, formats=list(FORMATS))
        assert sorted(path.name for path in (tmp_path / by).iterdir()) == sorted(path.name for path in written)
    curves = pd.read_csv(tmp_path / "episode" / "themes-by-episode.csv")
    assert curves["episode"].tolist() == [1, 2]
    told = json.loads((tmp_path / "character" / "themes-by-character.json").read_text(encoding="utf-8"))
    assert {row["character"] for row in told["themes-by-character"]} == {"Mike", "Eleven", "Dustin", "Hopper"}
    page = (tmp_path / "scene" / "themes-by-scene.html").read_text(encoding="utf-8")
    assert "http" not in page[: page.index("<script>")].replace("http-equiv", "")


@pytest.mark.parametrize("by", VIEWS)
def test_pictures_differ_between_raw_and_calibrated(reading: ThemeReading, by: str) -> None:
    one, other = (theme_picture(reading, by, raw=raw) for raw in (False, True))
    assert one != other
    assert min(Image.open(io.BytesIO(one)).size) > 300


def test_a_label_is_no_formula(make_results: Callable[..., Results]) -> None:
    assert theme_picture(reading_of(make_results(labels=("Cash $x$ $", "Hope"))), "episode")


@pytest.mark.parametrize("by", VIEWS)
def test_the_terminal_shows_brackets_as_they_are(make_results: Callable[..., Results], by: str) -> None:
    names = ("[red]Mike", "Eleven", "Dustin", "Hopper")
    odd = reading_of(make_results(labels=("[b]Hope", "Trust"), names=names, saying="[dim]Line"))
    console = Console(file=io.StringIO(), width=200)
    for part in theme_summary(odd, by):
        console.print(part)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[b]Hope" in shown
    assert "[dim]Line" in shown or by == "character"


def test_a_single_episode_has_no_table_of_changes(reading: ThemeReading) -> None:
    first = reading.themes[reading.themes["episode"] == 1]
    turns = reading.turns[reading.turns["episode"] == 1]
    alone = list(theme_summary(replace(reading, themes=first, turns=turns), "episode"))
    assert len(alone) == len(list(theme_summary(reading, "episode"))) - 1


def test_voices_leave_out_what_does_not_stand_out(results: Results) -> None:
    for voice in voices(results.theme_turns):
        assert all(theme.times >= 1.1 for theme in voice.themes)
        assert [theme.times for theme in voice.themes] == sorted((theme.times for theme in voice.themes), reverse=True)
    (alone,) = voices(results.theme_turns, character="Eleven")
    assert alone.character == "Eleven"


def test_text_for_programs(reading: ThemeReading) -> None:
    assert pd.read_csv(io.StringIO(theme_text(reading, "episode", "csv")))["Hope"].between(0, 1).all()
    assert json.loads(theme_text(reading, "scene", "json"))["by"] == "scene"


def test_unknown_names_are_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"episode, scene or character.* Did you mean character\?"):
        require_view("charcter")
    with pytest.raises(InputError, match=r"'jpg'; choose among csv, html, json, png"):
        require_formats(["csv", "jpg"], to_files=True)


def test_what_cannot_be_printed_needs_a_folder() -> None:
    for formats in (["png"], ["html"], ["csv", "json"]):
        with pytest.raises(InputError, match="--out FOLDER"):
            require_formats(formats, to_files=False)
        require_formats(formats, to_files=True)


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("Hope, jealousy,\nFriendship", ["Hope", "jealousy", "Friendship"]),
        ("Hope,", ["Hope"]),
        ("Hope,,Trust", ["Hope", "", "Trust"]),
        ("  ", []),
    ],
)
def test_labels_are_read_as_written(written: str, labels: list[str]) -> None:
    assert split_labels(written) == labels


@pytest.mark.parametrize(
    ("labels", "said"),
    [([], "No themes were given"), (["Hope", ""], "blank"), (["Hope", "hope"], "given twice"), (["raw_x"], "a column")],
)
def test_labels_are_checked_before_anything_is_read(labels: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read_themes(tmp_path / "absent", labels=labels)


def test_characters_without_speakers_are_refused_before_scoring(tmp_path: Path) -> None:
    (tmp_path / "S01E01.srt").write_text(SRT, encoding="utf-8")
    with pytest.raises(InputError, match=r"No speaker is known .* --transcripts DIR"):
        read_themes(tmp_path, by="character", model=tmp_path)

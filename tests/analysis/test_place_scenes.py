"""Where scenes are set: on the timeline, in files, on the terminal, and from which headings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from analysis.place_charts import place_kinds, scene_places_figure
from analysis.place_scenes import ScenePlaces, read_scene_places, write_scene_places
from analysis.place_terminal import scene_places_summary
from analysis.report import report_html
from analysis.results import Results
from utils.data_loader import load_dialogue
from utils.errors import InputError
from utils.reading.settings import Reading
from utils.scene_headings import scene_headings
from utils.series import load_series

HOSTILE = "<img src=x onerror=alert(1)> $x$ [red]"


@pytest.fixture
def reading(results: Results) -> ScenePlaces:
    return ScenePlaces(title=results.series.title, scenes=results.scene_places, dialogue=results.dialogue)


def test_the_figure_shows_kinds_and_doubt_where_the_scenes_run(results: Results) -> None:
    figure = scene_places_figure(results.scene_places, results.dialogue)
    kinds = place_kinds(results.scene_places)
    assert kinds == ["Danger Zone", "Safe Haven"]
    grid = figure.data[0]
    shown = {value for row in grid.z for value in row if value is not None}
    assert shown == {0, 1}
    texts = {text.split("<br>")[0] for row in grid.text for text in row if text}
    assert texts == {"<b>Danger Zone, 0.90</b>", "<b>in doubt; Safe Haven would have 0.40</b>", "<b>no evidence</b>"}
    assert [trace.name for trace in figure.data[1:]] == ["in doubt", *kinds]
    for drawn, said in zip(grid.z, grid.text, strict=True):
        assert [value == 1 for value in drawn] == [bool(text) and "Danger Zone, " in text for text in said]


def test_names_of_places_are_text(make_results: Callable[..., Results], tmp_path: Path) -> None:
    results = make_results(place=HOSTILE)
    figure = scene_places_figure(results.scene_places, results.dialogue)
    assert "<img" not in "".join(text for row in figure.data[0].text for text in row if text)
    reading = ScenePlaces(title=HOSTILE, scenes=results.scene_places, dialogue=results.dialogue)
    assert write_scene_places(reading, tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    console = Console(width=200, record=True, file=(tmp_path / "out").open("w"))
    for part in scene_places_summary(reading):
        console.print(part)
    assert HOSTILE in console.export_text()


def test_the_report_has_the_timeline_where_there_is_one(results: Results, make_results: Callable[..., Results]) -> None:
    assert 'data-figure="figure-places"' in report_html(results)
    without = make_results(scene_places=results.scene_places.head(0))
    assert 'data-figure="figure-places"' not in report_html(without)


def test_files_hold_what_was_found(reading: ScenePlaces, tmp_path: Path) -> None:
    table = pd.read_csv(write_scene_places(reading, tmp_path / "new" / "p.csv"))
    assert list(table.columns) == list(reading.scenes.columns)
    assert table["kind"].isna().tolist() == reading.scenes["kind"].isna().tolist()
    told = json.loads(write_scene_places(reading, tmp_path / "p.json").read_text("utf-8"))
    assert told["series"] == reading.title
    assert told["scenes"][1]["kind"] is None
    assert told["scenes"][1]["probability"] == 0.4


def test_doubt_is_told_on_the_terminal(reading: ScenePlaces) -> None:
    *tables, last = scene_places_summary(reading)
    assert [table.title for table in tables] == ["S01E01", "S01E02"]  # type: ignore[union-attr]
    sure = reading.scenes["kind"].notna().sum()
    assert str(last).startswith(f"{sure} of {len(reading.scenes)} scenes have a kind")


def test_bad_wishes_are_refused_before_anything_is_read(tmp_path: Path, reading: ScenePlaces) -> None:
    with pytest.raises(InputError, match=r"must end in \.csv, \.json, \.png"):
        read_scene_places(tmp_path / "nowhere", out=tmp_path / "p.txt")
    with pytest.raises(InputError, match=r"must end in \.csv, \.json, \.png"):
        write_scene_places(reading, tmp_path / "p")
    empty = ScenePlaces(title="X", scenes=reading.scenes.head(0), dialogue=reading.dialogue)
    with pytest.raises(InputError, match="nothing to draw"):
        write_scene_places(empty, tmp_path / "p.png")
    assert list(tmp_path.iterdir()) == []


def test_headings_of_a_screenplay_reach_the_scenes() -> None:
    sample = load_series().sample
    reading = Reading(transcripts=sample / "screenplay" / "S01E01.txt")
    subtitles = sample / "subtitles" / "S01E01.srt"
    dialogue = load_dialogue(subtitles, transcripts=reading.transcripts)
    headings = scene_headings(subtitles, reading, dialogue)
    assert list(headings) == list(dialogue[["season", "episode", "scene"]].drop_duplicates().itertuples(index=False))
    assert headings[1, 1, 0] == "INT. HOPPER'S CABIN - NIGHT"
    assert scene_headings(subtitles, Reading(), dialogue) == {}
    table = Reading(transcripts=sample / "transcripts" / "S01E01.csv")
    assert scene_headings(subtitles, table, dialogue) == {}

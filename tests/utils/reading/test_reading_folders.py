"""Folders: reports, patterns, cache, the Parquet file, dialogue csvs and headings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import hawkins
from utils.artifacts import read_provenance, read_table
from utils.data_loader import load_dialogue
from utils.dialogue_file import write_dialogue
from utils.errors import InputError
from utils.reading.cache import LARGEST, ReadingCache
from utils.reading.inspection import as_json, in_lines, inspect_files
from utils.reading.report import FileReport
from utils.reading.settings import Reading
from utils.series import CastMember, SeriesProfile

CAST = SeriesProfile(title="Test", cast=(CastMember(name="Mike"), CastMember(name="Eleven", aliases=("El",))))


def write(path: Path, *texts: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cues = (f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},500\n{text}\n" for n, text in enumerate(texts, 1))
    path.write_text("\n".join(cues), encoding=encoding)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "subs" / "S01E01.srt", "[El] One.", "Two.")
    write(tmp_path / "subs" / "S01E02.srt", "Three.", "<i></i>")
    return tmp_path / "subs"


def test_a_guessed_encoding_is_said_and_a_given_one_is_not(tmp_path: Path) -> None:
    path = write(tmp_path / "S01E01.srt", "Dvořák", encoding="cp1250")
    with pytest.warns(UserWarning, match=r"S01E01\.srt is neither UTF-8 nor UTF-16 and was read as cp1252"):
        load_dialogue(path, series=CAST)
    assert load_dialogue(path, series=CAST, encoding="cp1250")["text"].tolist() == ["Dvořák"]


def test_words_that_are_left_out_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "S01E01.srt", "One.")
    path.write_text(path.read_text() + "\n2\n00:00:02,000 --> soon\nTwo.\n")
    with pytest.warns(UserWarning, match=r"S01E01\.srt: 1 left out, first at line 6"):
        load_dialogue(path, series=CAST)
    reports: list[FileReport] = []
    load_dialogue(path, series=CAST, on_report=reports.append)
    assert [(report.episode, report.read, len(report.refused)) for report in reports] == [("S01E01", 1, 1)]


@pytest.mark.parametrize("pattern", [r"(?P<season>\d+)-(?P<episode>\d+)", r"(\d+)-(\d+)", r"-(?P<episode>\d+)"])
def test_a_pattern_reads_names_of_other_forms(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "show 1-02.srt", "One.")
    table = load_dialogue(tmp_path, series=CAST, pattern=pattern)
    assert table[["season", "episode"]].to_numpy().tolist() == [[1, 2]]


def test_a_pattern_may_look_at_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "Season 3" / "07.srt", "One.")
    table = load_dialogue(tmp_path, series=CAST, pattern=r"season (?P<season>\d+)/(?P<episode>\d+)")
    assert table[["season", "episode"]].to_numpy().tolist() == [[3, 7]]


@pytest.mark.parametrize("pattern", ["(", "no groups", r"(?P<season>\d+)"])
def test_a_pattern_that_cannot_be_used_is_named(folder: Path, pattern: str) -> None:
    with pytest.raises(InputError, match="--pattern"):
        load_dialogue(folder, series=CAST, pattern=pattern)


def test_unchanged_files_are_not_read_again_and_changed_ones_are(folder: Path, tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "out" / "d.parquet"
    first = write_dialogue(folder, out, Reading(series=CAST, cache=cache))
    assert (first.episodes, first.lines, first.named, first.unchanged) == (2, 3, 1, 0)
    table = load_dialogue(folder, series=CAST)
    pd.testing.assert_frame_equal(pd.read_parquet(out), table)
    assert write_dialogue(folder, out, Reading(series=CAST, cache=cache)).unchanged == 2
    pd.testing.assert_frame_equal(load_dialogue(folder, series=CAST, cache=cache), table)
    write(folder / "S01E02.srt", "Changed.")
    assert write_dialogue(folder, out, Reading(series=CAST, cache=cache)).unchanged == 1
    assert pd.read_parquet(out)["text"].tolist() == ["One.", "Two.", "Changed."]
    assert write_dialogue(folder, out, Reading(series=SeriesProfile(title="Nobody"), cache=cache)).unchanged == 0


def test_a_folder_that_moved_is_known_and_reported_where_it_lies(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load_dialogue(folder, series=CAST, cache=cache)
    moved = folder.rename(tmp_path / "elsewhere")
    reports: list[FileReport] = []
    pd.testing.assert_frame_equal(load_dialogue(moved, series=CAST, cache=cache, on_report=reports.append), first)
    assert write_dialogue(moved, tmp_path / "d.parquet", Reading(series=CAST, cache=cache)).unchanged == 2
    assert [report.path for report in reports] == [str(moved / "S01E01.srt"), str(moved / "S01E02.srt")]


def test_what_was_not_used_for_longest_leaves_a_cache_that_is_full(tmp_path: Path) -> None:
    for number, key in enumerate("abc"):
        ReadingCache(tmp_path).put(key, [key] * 9)
        os.utime(tmp_path / f"{key}.json.gz", (number, number))
    cache = ReadingCache(tmp_path, largest=sum((tmp_path / f"{key}.json.gz").stat().st_size for key in "ac"))
    assert cache.get("a") == ["a"] * 9
    (tmp_path / "notes.txt").write_text("x" * 999)
    cache.prune()
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]
    assert (tmp_path / "notes.txt").exists()
    ReadingCache(tmp_path / "none").prune()


def test_reading_keeps_its_cache_within_bounds(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    old = cache / "old.json.gz"
    with old.open("wb") as stream:
        stream.truncate(LARGEST + 1)
    os.utime(old, (0, 0))
    load_dialogue(folder, series=CAST, cache=cache)
    assert not old.exists()
    assert len(list(cache.iterdir())) == 2


def test_the_file_knows_what_it_was_made_from(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.parquet"

    def key(reading: Reading) -> str:
        write_dialogue(folder, out, reading)
        made = read_provenance(out)
        assert made is not None
        assert (made["series"], made["encoding"], made["scenes"]["longest"]) == ("Test", reading.encoding, 60)
        return str(made["key"])

    first = key(Reading(series=CAST))
    table = read_table(out, key=first)
    assert table is not None
    pd.testing.assert_frame_equal(table, load_dialogue(folder, series=CAST))
    assert read_table(out, key="another") is None
    assert key(Reading(series=CAST, cache=tmp_path / "cache")) == first
    assert key(Reading(series=CAST, encoding="cp1250")) != first
    write(folder / "S01E02.srt", "Changed.")
    assert key(Reading(series=CAST)) != first


def test_damaged_readings_are_made_again(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    table = load_dialogue(folder, series=CAST, cache=cache)
    for number, file in enumerate(sorted(cache.iterdir())):
        file.write_bytes(b"" if number else file.read_bytes()[:-9])
    pd.testing.assert_frame_equal(load_dialogue(folder, series=CAST, cache=cache), table)


def test_a_file_that_cannot_be_written_leaves_the_old_one(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.parquet"
    write_dialogue(folder, out, Reading(series=CAST))
    before = out.read_bytes()
    (folder / "S01E02.srt").write_text("nothing")
    with pytest.raises(InputError, match=r"S01E02\.srt is not a subtitle file"):
        write_dialogue(folder, out, Reading(series=CAST))
    assert out.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["d.parquet", "subs"]
    with pytest.raises(InputError, match=r"does not end in \.parquet"):
        write_dialogue(folder, tmp_path / "d.csv", Reading(series=CAST))


TABLE = """season,episode,line,raw_text,stage_direction,dialogue,start_time,end_time
1,2,1,"-It's half-done. -[El] Oh.",,its halfdone,00:00:07,00:00:09
1,1,1,Hello.,,,00:00:01,
1,1,2,Lost.,,,soon,00:00:09
x,1,2,Lost.,,,00:00:01,00:00:09
1,1,3,,,,00:00:01,00:00:09
"""


def test_a_dialogue_csv_holds_several_episodes(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(TABLE)
    reports: list[FileReport] = []
    table = load_dialogue(path, series=CAST, on_report=reports.append)
    assert table[["episode", "text"]].to_numpy().tolist() == [[1, "Hello."], [2, "It's half-done."], [2, "Oh."]]
    assert table["end"].tolist()[0] == 2.0
    assert [finding.line for finding in reports[0].refused] == [5, 4, 6]
    assert reports[0].repaired[0].kind == "missing end"
    write(tmp_path / "S01E02.srt", "Subtitles come first.")
    both = load_dialogue(tmp_path, series=CAST, on_report=reports.append)
    assert both["text"].tolist() == ["Hello.", "Subtitles come first."]


def test_a_csv_whose_episodes_all_have_subtitles_says_so_once(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(TABLE)
    write(tmp_path / "S01E01.srt", "One.")
    write(tmp_path / "S01E02.srt", "Two.")
    reports: list[FileReport] = []
    table = load_dialogue(tmp_path, series=CAST, on_report=reports.append)
    assert table["text"].tolist() == ["One.", "Two."]
    assert [report.path == str(path) for report in reports] == [True, False, False]
    with pytest.warns(UserWarning) as caught:
        load_dialogue(tmp_path, series=CAST)
    passed, lost = [str(each.message) for each in caught]
    assert f"{path}: S01E01 to S01E02 are read from subtitle files of their own, such as" in passed
    assert "all.csv: 2 left out, first at line 5" in lost


def test_a_quotation_mark_that_is_never_closed_loses_no_row(tmp_path: Path) -> None:
    write(tmp_path / "subs" / "S01E01.srt", "One two three.", "Four five six.", "Seven eight.")
    script = tmp_path / "S01E01.csv"
    script.write_text('name,line\nMike,One two three.\nMike,"Four five six.\nEl,Seven eight.\n')
    table = load_dialogue(tmp_path / "subs", transcripts=script, series=CAST)
    assert table["speaker"].tolist() == ["Mike", "Mike", "Eleven"]


def test_scenes_follow_the_headings_of_a_screenplay(tmp_path: Path) -> None:
    write(tmp_path / "subs" / "S01E01.srt", "One two three.", "Four five six.", "Seven eight nine.", "Ten eleven.")
    script = tmp_path / "S01E01.txt"
    script.write_text(
        "## INT. A - DAY\n\nMIKE: One two three. Four five six.\n\n## INT. B - DAY\n\nEL: Nobody says it.\n\n"
        "## EXT. C - DAY\n\nEL:\nSeven eight nine.\nMIKE: Ten eleven.\n"
    )
    table = load_dialogue(tmp_path / "subs", transcripts=script, series=CAST)
    assert table["scene"].tolist() == [0, 0, 1, 1]
    assert table["speaker"].tolist() == ["Mike", "Mike", "Eleven", "Mike"]


def test_inspection_goes_on_behind_broken_files(folder: Path, tmp_path: Path) -> None:
    (folder / "S01E03.srt").write_text("nothing")
    write(folder / "pilot.srt", "Four.")
    write(folder / "more" / "1x01.srt", "Five.")
    script = tmp_path / "words" / "S01E01.csv"
    script.parent.mkdir()
    script.write_text("name,line\nMike,One.\nshort\n")
    reports = list(inspect_files(folder, Reading(transcripts=script.parent, series=CAST)))
    names = [(Path(report.path).name, report.read, report.error is None) for report in reports]
    assert names == [
        ("S01E01.srt", 2, True),
        ("S01E02.srt", 1, True),
        ("S01E03.srt", 0, False),
        ("1x01.srt", 1, False),
        ("pilot.srt", 1, False),
        ("S01E01.csv", 1, True),
    ]
    assert json.loads(as_json(reports))["total"] == {"files": 6, "unusable": 3, "read": 4, "repaired": 0, "refused": 2}
    assert list(in_lines(reports))[-1] == "6 files: 4 cues and turns read, 0 repairs, 2 refusals, 3 not used."
    assert any("not used" in line and "S01E03.srt is not" in line for line in in_lines(reports))


def test_inspection_says_which_of_two_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text(TABLE)
    write(tmp_path / "S01E02.srt", "Two.")
    for episode in ("S01E02", "S01E03"):
        (tmp_path / f"{episode}.txt").write_text("MIKE: Hello.\n")
    reports = list(inspect_files(tmp_path, Reading(transcripts=tmp_path / "S01E03.txt", series=CAST)))
    assert [(report.episode, report.error) for report in reports] == [
        ("S01E02", None),
        ("S01E01", None),
        ("S01E02", f"S01E02 is read from {tmp_path / 'S01E02.srt'}."),
        ("S01E03", "There are no subtitles of S01E03."),
    ]


def test_the_commands_of_the_door(folder: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    shown = runner.invoke(hawkins.app, ["inspect", str(folder), "--json"])
    assert json.loads(shown.stdout)["total"]["read"] == 3
    assert "refused: line 6" in runner.invoke(hawkins.app, ["inspect", str(folder)]).stdout
    options = ["--out", str(tmp_path / "d.parquet"), "--cache", str(tmp_path / "cache")]
    assert "2 episodes (0 unchanged), 3 lines" in runner.invoke(hawkins.app, ["parse", str(folder), *options]).stdout
    assert "2 episodes (2 unchanged), 3 lines" in runner.invoke(hawkins.app, ["parse", str(folder), *options]).stdout


def test_a_door_says_what_was_left_out_in_one_line_each(folder: Path, tmp_path: Path) -> None:
    with (folder / "S01E02.srt").open("a") as stream:
        stream.write("\n3\n00:00:05,000 --> \x1b[31m\nLost.\n")
    options = ["--out", str(tmp_path / "d.parquet"), "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(hawkins.app, ["parse", str(folder), *options])
    warned = [line for line in done.stderr.splitlines() if "warning" in line.lower()]
    assert warned == [
        f"warning: {folder / 'S01E02.srt'}: 1 left out, first at line 10 ('00:00:05,000 --> \ufffd[31m' is no pair of "
        "times); `hawkins inspect` lists them all."
    ]
    assert "\x1b" not in CliRunner().invoke(hawkins.app, ["inspect", str(folder)]).stdout

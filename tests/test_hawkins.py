"""The command line as a person meets it: a good run, and every kind of bad input as one line and exit code 2."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "series" / "stranger_things" / "sample"

SRT = """1
00:00:01,000 --> 00:00:03,000
MIKE: Lucas, we have to find Will before it gets dark.

2
00:00:03,500 --> 00:00:05,000
LUCAS: He is alone in the woods, Mike, and it is all my fault.

3
00:00:30,000 --> 00:00:33,000
JOYCE: I trust you, Hopper. I know that he is alive.
"""


def hawkins(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "hawkins.py"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2, one line that holds the words, no traceback."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in lines[0], lines[0]


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    folder = tmp_path / "subtitles"
    folder.mkdir()
    (folder / "Show.S01E01.srt").write_text(SRT, encoding="utf-8")
    return folder


def test_a_missing_folder(tmp_path: Path) -> None:
    refused(hawkins("analyze", tmp_path / "absent", "--out", tmp_path / "out"), "absent", "does not exist")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_subtitles(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    refused(hawkins("analyze", tmp_path, "--out", tmp_path / "out"), ".srt")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"not subtitles at all\n", bytes(range(256)) * 20])
def test_a_file_that_is_not_subtitles(subtitles: Path, tmp_path: Path, content: bytes) -> None:
    (subtitles / "Show.S01E02.srt").write_bytes(content)
    refused(hawkins("analyze", subtitles, "--out", tmp_path / "out"), "Show.S01E02.srt")
    assert not (tmp_path / "out").exists()


def test_a_name_without_season_and_episode(subtitles: Path, tmp_path: Path) -> None:
    (subtitles / "pilot.srt").write_text(SRT)
    refused(hawkins("analyze", subtitles, "--out", tmp_path / "out"), "pilot.srt", "S01E02")


def test_transcripts_that_are_not_there(subtitles: Path, tmp_path: Path) -> None:
    done = hawkins("analyze", subtitles, "--transcripts", tmp_path / "none", "--out", tmp_path / "out")
    refused(done, "none")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--labels", ""), ("No themes were given",)),
        (("--labels", "Hope,,Trust"), ("blank",)),
        (("--labels", "Hope,hope"), ("given twice",)),
        (("--by", "speaker"), ("episode, scene or character",)),
        (("--format", "pdf"), ("csv, html, json, png",)),
        (("--format", "png"), ("--out FOLDER",)),
    ],
)
def test_themes_that_cannot_be_shown(subtitles: Path, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    refused(hawkins("themes", subtitles, *options), *words)


def test_themes_of_characters_nobody_names(subtitles: Path, tmp_path: Path) -> None:
    (subtitles / "Show.S01E01.srt").write_text(SRT.replace("MIKE: ", "").replace("LUCAS: ", "").replace("JOYCE: ", ""))
    done = hawkins("themes", subtitles, "--by", "character", "--out", tmp_path / "out")
    refused(done, "No speaker is known", "--transcripts DIR")
    assert not (tmp_path / "out").exists()


def test_themes_say_which_files_were_guessed(subtitles: Path) -> None:
    spoken = SRT.replace("MIKE: ", "").replace("LUCAS: ", "").replace("JOYCE: ", "")
    text = f"{spoken}9\n00:01:00,000 --> 00:01:02,000\nCafé\n"
    (subtitles / "Show.S01E01.srt").write_bytes(text.encode("latin-1"))
    warned = hawkins("themes", subtitles, "--by", "character").stderr.splitlines()[0]
    assert warned.startswith("warning: ")
    assert "cp1252" in warned
    told = hawkins("themes", subtitles, "--by", "character", "--encoding", "latin-1")
    refused(told, "No speaker is known")


def test_an_unknown_character() -> None:
    refused(hawkins("chat", "Elevn", "Hello"), "Elevn", "Did you mean Eleven")


def test_a_character_without_a_card() -> None:
    refused(hawkins("chat", "Flo", "Hello"), "Flo has no card")


@pytest.mark.parametrize(("dial", "word"), [("S09E99", "S01E01 to S01E04"), ("episode three", "S01E03")])
def test_an_unknown_dial(dial: str, word: str) -> None:
    refused(hawkins("chat", "Eleven", "--until", dial, "Hello"), dial, word)


def test_an_empty_message() -> None:
    refused(hawkins("chat", "Eleven", "   "), "empty")


def test_an_unknown_series(subtitles: Path) -> None:
    refused(hawkins("analyze", subtitles, "--series", "stranger_thinks"), "Did you mean stranger_things")


def test_a_profile_key_that_cannot_be_read(subtitles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "profile.yaml").write_text("title: Mine\nthems: []\n")
    refused(hawkins("analyze", subtitles, "--series", folder), "profile.yaml", "thems", "Did you mean themes")


def test_an_out_that_is_a_file(subtitles: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    refused(hawkins("analyze", subtitles, "--out", tmp_path / "out"), "is not a folder")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_out_that_cannot_be_made(subtitles: Path) -> None:
    refused(hawkins("analyze", subtitles, "--out", "/proc/hawkins"), "/proc/hawkins", "--out")


def test_results_that_are_not_there(tmp_path: Path) -> None:
    refused(hawkins("chat", "Eleven", "Hi", "--results", tmp_path), "holds no finished analysis", "hawkins analyze")


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(hawkins("app", "--port", str(port)), str(port), "--port")


def test_an_unknown_task() -> None:
    refused(hawkins("models", "pull", "theme"), "Did you mean themes")


def test_an_unknown_option_is_refused_by_name() -> None:
    done = hawkins("analyze", "x", "--outt", "y")
    assert done.returncode == 2
    assert "--outt" in done.stderr


def test_a_network_from_subtitles_and_its_refusals(subtitles: Path, tmp_path: Path) -> None:
    done = hawkins("network", subtitles, "--kind", "speaks_to", "--format", "csv", "--out", tmp_path / "n.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("n.csv: 4 people, 3 ties (speaks_to).")
    refused(hawkins("network", subtitles, "--kind", "speaksto"), "speaksto", "Did you mean speaks_to")
    refused(hawkins("network", subtitles, "--format", "gefx"), "gefx", "Did you mean gexf")


@pytest.mark.slow
def test_doctor_names_tasks_and_remedies() -> None:
    done = hawkins("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("weights: chat", "SmolLM2", "hawkins models pull themes", 'pip install -e ".[scale]"'):
        assert word in done.stdout


@pytest.mark.slow
def test_analyze_writes_everything_and_reads_it_again(subtitles: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = hawkins("analyze", subtitles, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Themes by episode" in done.stdout
    for name in ("dialogue", "themes", "mentions", "edges", "places", "scene_places"):
        table = pd.read_parquet(out / f"{name}.parquet")
        assert list(pd.read_csv(out / f"{name}.csv").columns) == list(table.columns)
    assert set(pd.read_parquet(out / "dialogue.parquet")["speaker"]) == {"Mike", "Lucas", "Joyce"}
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    written = {path.name: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    assert hawkins("analyze", subtitles, "--out", out).returncode == 0
    assert written == {path.name: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    (subtitles / "Show.S01E01.srt").write_text(
        SRT.replace("woods", "quarry") + "\n4\n00:00:40,000 --> later\nLost.\n", encoding="utf-8"
    )
    again = hawkins("analyze", subtitles, "--out", out)
    assert again.returncode == 0
    assert [line for line in again.stderr.splitlines() if "S01E01" in line] == [
        f"warning: {subtitles / 'Show.S01E01.srt'}: 1 left out, first at line 14 ('00:00:40,000 --> later' is no pair "
        "of times); `hawkins inspect` lists them all."
    ]
    assert "UserWarning" not in again.stderr
    assert pd.read_parquet(out / "dialogue.parquet")["text"].str.contains("quarry").any()
    assert not list(out.glob(".*"))


@pytest.mark.slow
def test_places_of_scenes_and_of_a_crawl(subtitles: Path, tmp_path: Path) -> None:
    out = tmp_path / "scenes.csv"
    done = hawkins("places", subtitles, "--out", out)
    assert done.returncode == 0, done.stderr
    assert set(pd.read_csv(out)["episode"]) == {1}
    (tmp_path / "crawled.jsonl").write_text(
        '{"location_name": "The Elms", "location_type": "Residence", "location_description": "A home ."}\n',
        encoding="utf-8",
    )
    files = ("--out", tmp_path / "labelled.jsonl", "--review", tmp_path / "review.csv")
    done = hawkins("places", "label", tmp_path / "crawled.jsonl", *files)
    assert done.returncode == 0, done.stderr
    assert "1 rows; Safe Haven 1" in done.stdout
    refused(hawkins("places", subtitles, "--out", tmp_path / "x.txt"), ".csv, .json, .png")
    refused(
        hawkins("places", "train", "--data", tmp_path / "labelled.jsonl", "--label-column", "kind"),
        "two classes at least",
    )
    assert hawkins("places", "--help").returncode == 0


@pytest.mark.slow
def test_themes_go_to_a_folder_or_to_a_program(subtitles: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = hawkins("themes", subtitles, "--labels", "Hope,Friendship", "--by", "character", "--out", out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "character-lines.csv",
        "themes-by-character-and-episode.csv",
        "themes-by-character.csv",
        "themes-by-character.png",
    ]
    done = hawkins("themes", subtitles, "--labels", "Hope,Friendship", "--format", "csv")
    assert done.stdout.splitlines()[0] == "season,episode,Hope,Friendship,raw_Hope,raw_Friendship"


def test_an_interrupted_analysis_says_so_and_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "hawkins.py"), "analyze", str(SAMPLE / "subtitles"), "--out", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "dialogue.parquet").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    while process.poll() is None and time.monotonic() < deadline:
        # Python forgets an interrupt that falls into a callback of its importer; people press again.
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.rstrip().endswith("Interrupted.")
    assert "Traceback" not in errors
    assert not list(tmp_path.glob(".*"))
    refused(hawkins("chat", "Eleven", "Hi", "--results", tmp_path), "holds no finished analysis", "is not there")

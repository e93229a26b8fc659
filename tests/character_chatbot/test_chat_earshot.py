"""Who heard what: on scenes made here, and on lines of the sample season that were read by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from character_chatbot.earshot import Listener, SceneLine, scenes_of
from utils.errors import InputError
from utils.series import load_series
from utils.world import World

LABELS = Path(__file__).resolve().parent.parent / "data" / "witnessed.csv"
SERIES = load_series()


def _scene(*rows: tuple[str | None, str] | tuple[str | None, str, str]) -> list[SceneLine]:
    return [
        SceneLine(number, row[0], 1.0, row[1], row[2] if len(row) > 2 else "", number * 3.0)
        for number, row in enumerate(rows)
    ]


def _heard(who: str, *rows: tuple[str | None, str] | tuple[str | None, str, str]) -> list[tuple[int, int]]:
    return Listener(SERIES, who).heard(_scene(*rows))


def _talk(count: int) -> list[tuple[str, str]]:
    return [("Lucas" if number % 2 else "Dustin", f"Words {number}.") for number in range(count)]


def test_a_speaker_hears_from_a_little_before_its_first_part_to_a_little_after_its_last() -> None:
    assert _heard("Mike", *_talk(9), ("Mike", "Wait."), *_talk(9)) == [(6, 13)]


def test_who_comes_through_a_door_heard_nothing_before() -> None:
    assert _heard("Max", *_talk(9), ("Max", "Hi.", "footsteps on stairs"), *_talk(1)) == [(9, 11)]


def test_who_leaves_through_a_door_hears_nothing_after() -> None:
    assert _heard("Max", ("Max", "Bye."), ("Lucas", "Nice, Mike.", "door slamming"), *_talk(4)) == [(0, 1)]


def test_a_voice_on_the_radio_hears_what_is_said_to_it() -> None:
    heard = _heard("Eleven", *_talk(6), ("Mike", "El?"), ("Eleven", "Just me.", "over radio"), *_talk(6))
    assert heard == [(6, 9)]


def test_to_be_spoken_about_is_not_to_be_there() -> None:
    assert _heard("Max", ("Lucas", "And Max wasn't invited."), ("Dustin", "I saw Max, Lucas and Will.")) == []


def test_to_be_called_is_to_be_there_unless_over_a_radio() -> None:
    assert _heard("Eleven", ("Dustin", "Eleven, can you see the tower?")) == [(0, 1)]
    assert _heard("Eleven", ("Dustin", "Eleven, can you see the tower?", "static")) == []
    assert _heard("Lucas", ("Mike", "Lucas, come in!")) == []
    assert _heard("Steve", ("Dustin", "Steve! Lucas! Down here!")) == []


@pytest.mark.parametrize(
    ("direction", "there"),
    [
        ("Will gasps", True),
        ("WILL SCREAMING", True),
        ("to Will", True),
        ("wind will rise", False),
        ("Will's radio", False),
        ("photo of Will", False),
        ("imitating Will", False),
    ],
)
def test_directions_say_who_is_there(direction: str, there: bool) -> None:
    assert bool(_heard("Will", ("Mike", "Look at that.", direction))) == there


def test_a_recording_hears_nothing() -> None:
    assert _heard("Brenner", ("Brenner", "Day nine.", "on tape"), *_talk(3)) == []


def test_a_lone_line_that_may_be_somebody_elses_puts_nobody_into_a_scene() -> None:
    scene = _scene(*_talk(3))
    unsure = SceneLine(3, "Mike", 0.4, "Hm.", "", 9.0)
    assert Listener(SERIES, "Mike").heard([*scene, unsure]) == []


def test_a_table_without_the_columns_is_refused() -> None:
    with pytest.raises(InputError, match="dialogue table lacks"):
        list(scenes_of(pd.DataFrame({"text": ["Hi."]})))


def test_lines_of_the_sample_read_by_hand() -> None:
    scenes = list(scenes_of(World.sample().dialogue))
    with LABELS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrongly_heard, missed, absent = [], [], []
    for row in rows:
        listener = Listener(SERIES, row["character"])
        found = [
            any(begin <= at < end for begin, end in listener.heard(scene))
            for (season, episode, _), scene in scenes
            for at, line in enumerate(scene)
            if f"S{season:02d}E{episode:02d}" == row["episode"] and row["text"] in line.text
        ]
        told = f"{row['character']} {row['episode']} {row['text']}"
        if len(found) != 1:
            absent.append(told)
        elif found[0] and row["heard"] == "0":
            wrongly_heard.append(told)
        elif not found[0] and row["heard"] == "1":
            missed.append(told)
    assert not absent
    # To know too much is worse than to have missed a line.
    assert not wrongly_heard
    assert len(missed) <= 3, missed

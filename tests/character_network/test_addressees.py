from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from character_network import NamedEntityRecognizer, line_shares
from character_network.addressees import addressees
from character_network.presence import Presence
from utils.data_loader import load_dialogue
from utils.series import load_series

LABELLED = Path(__file__).resolve().parent.parent / "data" / "addressees.csv"


def scene(*lines: tuple[str, str] | str) -> list[Presence]:
    """Lines of a speaker (empty for unknown), each perhaps with the people that it calls, split by commas."""
    given = [(line, "") if isinstance(line, str) else line for line in lines]
    calls = [tuple(name for name in called.split(",") if name) for _, called in given]
    return [
        Presence((1, 1, 1), number, who, called, called, "")
        for number, ((who, _), called) in enumerate(zip(given, calls, strict=True))
    ]


def heard(*lines: tuple[str, str] | str, window: int = 10) -> list[list[str]]:
    return [people for _, people in addressees(scene(*lines), window=window)]


def test_a_call_counts_for_the_whole_turn() -> None:
    assert heard("Cy", ("Ada", "Bob"), "Ada", "Dee")[1:3] == [["Bob"], ["Bob"]]
    assert heard("Cy", "Ada", ("Ada", "Bob"), "Dee")[1:3] == [["Bob"], ["Bob"]]


def test_the_nearest_call_before_wins_inside_a_turn() -> None:
    assert heard(("Ada", "Bob"), "Ada", ("Ada", "Cy"), "Ada") == [["Bob"], ["Bob"], ["Cy"], ["Cy"]]


def test_somebody_between_ends_a_turn() -> None:
    assert heard("Cy", ("Ada", "Bob"), "", "Ada", "Dee")[2] == ["Cy", "Dee"]


def test_who_was_called_answers_the_caller() -> None:
    assert heard(("Ada", "Bob"), "Bob", "Cy")[1] == ["Ada"]
    assert heard("Ada", "Bob", ("Cy", "Bob"))[1] == ["Cy"]
    assert heard(("Ada", "Bob"), "Bob", ("Cy", "Bob"))[1] == ["Ada", "Cy"]


def test_distance_counts_from_the_turn_not_from_its_first_line() -> None:
    assert heard("Ada", "", "Bob", "Bob", "Bob", window=2) == [["Bob"], ["Ada"], [], []]


def test_nobody_speaks_to_oneself() -> None:
    assert heard(("Ada", "Ada"), "Ada") == [[], []]


@pytest.mark.slow
def test_hand_labelled_lines_of_the_sample() -> None:
    series = load_series()
    dialogue = load_dialogue(series.sample / "subtitles", transcripts=series.sample / "transcripts", series=series)
    shares = line_shares(dialogue, NamedEntityRecognizer(series=series).find(dialogue))
    spoken = shares[shares["kind"] == "speaks_to"].merge(dialogue[["season", "episode", "line", "text"]])
    labels = pd.read_csv(LABELLED)[["season", "episode", "text", "addressees"]]
    judged = spoken.merge(labels, on=["season", "episode", "text"])
    assert len(judged["text"].unique()) >= 100
    right = [who in names.split("; ") for who, names in zip(judged["target"], judged["addressees"], strict=True)]
    assert judged.loc[right, "weight"].sum() / judged["weight"].sum() >= 0.85

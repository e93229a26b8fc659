"""Lines merged into speeches, scene by scene."""

from __future__ import annotations

import pandas as pd
import pytest

from utils.errors import InputError
from utils.speeches import spoken_scenes


def _table(*rows: tuple[int, int, str | None, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["scene", "line", "speaker", "speaker_confidence", "text"])
    return table.assign(season=1, episode=1).astype({"speaker": "string"})


def test_neighbouring_lines_of_a_speaker_are_one_speech() -> None:
    (scene,) = spoken_scenes(_table((0, 0, "Ann", 1, "Come"), (0, 1, "Ann", 1, "here."), (0, 2, "Bo", 1, "No.")))
    assert [(speech.speaker, speech.text) for speech in scene.speeches] == [("Ann", "Come here."), ("Bo", "No.")]
    assert scene.speeches[1].lines[0].line == 2


def test_a_speech_ends_with_its_scene() -> None:
    scenes = list(spoken_scenes(_table((0, 0, "Ann", 1, "Come"), (1, 1, "Ann", 1, "here."))))
    assert [scene.speeches[0].text for scene in scenes] == ["Come", "here."]


def test_lines_of_nobody_are_not_joined() -> None:
    (scene,) = spoken_scenes(_table((0, 0, None, 0, "Who?"), (0, 1, "Ann", 0.79, "You."), (0, 2, "Ann", 0.8, "Yes.")))
    assert [speech.speaker for speech in scene.speeches] == [None, None, "Ann"]


def test_lines_come_in_order_with_white_space_made_plain_and_empty_ones_gone() -> None:
    (scene,) = spoken_scenes(_table((0, 2, "Ann", 1, "two\n three"), (0, 1, "Ann", 1, " one "), (0, 3, "Bo", 1, " ")))
    assert [speech.text for speech in scene.speeches] == ["one two three"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="speaker_confidence"):
        list(spoken_scenes(_table((0, 0, "Ann", 1, "Hi")).drop(columns="speaker_confidence")))

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import InputError
from utils.scenes import mark_scenes
from utils.series import SceneSettings

FREE = SceneSettings(silence=12, soft_silence=5, shortest=1, longest=60)


def episode(
    gaps: list[float],
    speakers: list[str | None] | None = None,
    directions: dict[int, str] | None = None,
    number: int = 1,
) -> pd.DataFrame:
    """Lines of one second, with so much silence before each."""
    start = np.cumsum(np.array(gaps) + 1.0)
    table = pd.DataFrame({"season": 1, "episode": number, "start": start, "end": start + 1.0})
    table["speaker"] = pd.array(speakers or [None] * len(gaps), dtype="string")
    table["direction"] = [(directions or {}).get(line, "") for line in range(len(gaps))]
    return table


def scenes(table: pd.DataFrame, chosen: SceneSettings = FREE) -> list[int]:
    return mark_scenes(table, chosen)["scene"].tolist()


def test_a_long_silence_ends_a_scene() -> None:
    assert scenes(episode([99, 1, 12, 1, 11, 1])) == [0, 0, 1, 1, 1, 1]


def test_a_shorter_silence_needs_a_sound_or_other_people() -> None:
    gaps = [0.0, 0, 6, 0]
    assert scenes(episode(gaps)) == [0, 0, 0, 0]
    assert scenes(episode(gaps, directions={2: "door"})) == [0, 0, 1, 1]
    assert scenes(episode(gaps, ["A", "B", "C", "D"])) == [0, 0, 1, 1]
    assert scenes(episode(gaps, ["A", "B", "C", "A"])) == [0, 0, 0, 0]
    assert scenes(episode(gaps, ["A", "B", None, None])) == [0, 0, 0, 0]


def test_an_overlapping_line_makes_no_silence() -> None:
    table = episode([0, 0, 0])
    table.loc[0, "end"] = 100.0
    table.loc[2, "start"] = 90.0
    assert scenes(table) == [0, 0, 0]


def test_short_scenes_join_across_the_shorter_silence() -> None:
    chosen = SceneSettings(shortest=3)
    assert scenes(episode([0, 0, 0, 20, 0, 30, 0, 0]), chosen) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert scenes(episode([0, 0, 0, 30, 0, 20, 0, 0]), chosen) == [0, 0, 0, 1, 1, 1, 1, 1]
    assert scenes(episode([0, 20, 0, 0, 20, 0]), chosen) == [0, 0, 0, 0, 0, 0]
    assert scenes(episode([0, 20]), chosen) == [0, 0]


def test_long_scenes_are_cut_at_their_longest_silence() -> None:
    gaps = [0.0] * 30
    gaps[13] = 3.0
    assert scenes(episode(gaps), SceneSettings(longest=20)) == [0] * 13 + [1] * 17


def test_episodes_are_numbered_apart() -> None:
    table = pd.concat([episode([0, 20, 0]), episode([0, 0, 20], number=2)], ignore_index=True)
    assert scenes(table) == [0, 1, 1, 0, 0, 1]


def test_without_times_lines_and_speakers_decide() -> None:
    table = episode([0.0] * 30, ["A"] * 7 + ["B"] * 23)
    table[["start", "end"]] = np.nan
    assert scenes(table, SceneSettings(longest=10)) == [0] * 7 + [1] * 10 + [2] * 10 + [3] * 3


def test_the_input_stays_and_a_missing_column_is_named() -> None:
    table = episode([0, 20])
    assert mark_scenes(table, FREE)["scene"].dtype == np.int64
    assert "scene" not in table.columns
    with pytest.raises(InputError, match="direction"):
        mark_scenes(table.drop(columns="direction"), FREE)
    assert mark_scenes(table.iloc[:0], FREE).empty


@given(
    st.lists(st.floats(0, 40), min_size=1, max_size=150),
    st.integers(1, 8),
    st.integers(16, 60),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_scenes_rise_by_one_and_keep_their_lengths(gaps: list[float], shortest: int, longest: int, timed: bool) -> None:
    table = episode(gaps, [["A", "B", None][n % 3] for n in range(len(gaps))])
    if not timed:
        table[["start", "end"]] = np.nan
    found = scenes(table, SceneSettings(shortest=shortest, longest=longest))
    assert found[0] == 0
    assert all(after - before in (0, 1) for before, after in itertools.pairwise(found))
    lengths = [len(list(group)) for _, group in itertools.groupby(found)]
    assert max(lengths) <= longest
    if timed and len(lengths) > 1:
        assert min(lengths) >= shortest

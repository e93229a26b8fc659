"""A small world whose dialogue is written as (episode, scene, speaker, text)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from utils.series import load_series
from utils.world import World

Row = tuple[int, int, str | None, str]


@pytest.fixture(scope="session")
def make_world() -> Callable[[Sequence[Row]], World]:
    """Build a world of one season."""
    series = load_series()

    def make(rows: Sequence[Row]) -> World:
        table = pd.DataFrame(rows, columns=["episode", "scene", "speaker", "text"])
        table = table.assign(season=1, start=0.0, end=1.0, direction="", source="made.srt")
        table["line"] = table.groupby("episode").cumcount()
        table["speaker_confidence"] = table["speaker"].notna().astype(float)
        dialogue = table.astype({"speaker": "string", "text": "string", "direction": "string"})
        return World(series=series, dialogue=dialogue, timeline="sample")

    return make

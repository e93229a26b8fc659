"""What changed from episode to episode, and how much of it chance would explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theme_classifier.curves import theme_labels
from utils.tables import EPISODE_KEYS, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHANGES", "theme_changes"]

CHANGES: Final = (
    "season_before",
    "episode_before",
    "season",
    "episode",
    "theme",
    "before",
    "after",
    "change",
    "error",
)
"""Columns of what `theme_changes` returns."""


def theme_changes(themes: pd.DataFrame) -> pd.DataFrame:
    """Compare each episode with the one before it, theme by theme.

    Args:
        themes: From `ThemeClassifier.score_scenes`.

    Returns:
        The columns `CHANGES`, by episode, the largest rise first and the largest fall last: mean scores ``before`` and
        ``after`` (0-1), their difference ``change``, and ``error``, the standard error of that difference as scenes
        vary within both episodes (NaN where an episode has a single scene). A change below twice its error may be
        chance. Empty for a single episode.

    Raises:
        InputError: If a column is missing.
    """
    import numpy as np

    require_columns(themes, SCENE_KEYS, name="themes")
    long = themes[[*EPISODE_KEYS, *theme_labels(themes)]].melt(list(EPISODE_KEYS), var_name="theme")
    after = long.groupby([*EPISODE_KEYS, "theme"], as_index=False).agg(after=("value", "mean"), spread=("value", "sem"))
    # Sorted by episode within a theme, so that the row before is the episode before.
    after = after.sort_values(["theme", *EPISODE_KEYS], ignore_index=True)
    before = after.groupby("theme")[[*EPISODE_KEYS, "after", "spread"]].shift()
    table = after.assign(
        season_before=before["season"],
        episode_before=before["episode"],
        before=before["after"],
        change=after["after"] - before["after"],
        error=np.hypot(after["spread"], before["spread"]),
    ).dropna(subset="season_before")
    table = table.astype({"season_before": "int64", "episode_before": "int64"})
    by = [*EPISODE_KEYS, "change"]
    return table.sort_values(by, ascending=[True, True, False], ignore_index=True)[list(CHANGES)]

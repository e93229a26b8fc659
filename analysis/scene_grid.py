"""Scenes laid out over the time of their episodes, so that episodes of different length stand under each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from theme_classifier.labels import EVIDENCE
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SceneGrid", "evidence_texts", "scene_grid"]

_SECONDS: Final = 30
_LINES: Final = 10
_LONGEST_TEXT: Final = 90


@dataclass(frozen=True)
class SceneGrid:
    """Which scene each step of each episode shows.

    Attributes:
        episodes: The rows, in order.
        positions: The columns: minutes (steps of half a minute) or line numbers (steps of ten).
        unit: What ``positions`` are, for people.
        scenes: Row of the themes table at each place; None before the first scene and after the last.
    """

    episodes: list[Episode]
    positions: list[float]
    unit: str
    scenes: list[list[int | None]]

    def over_time(self, values: Iterable[Any]) -> list[list[Any]]:
        """Spread one value a scene (a row of the themes table) over the grid."""
        each = list(values)
        return [[None if scene is None else each[scene] for scene in row] for row in self.scenes]


def scene_grid(themes: pd.DataFrame, dialogue: pd.DataFrame) -> SceneGrid:
    """Lay out the scenes.

    Args:
        themes: The themes table; needs ``season``, ``episode``, ``scene``.
        dialogue: The table that it was made from; needs these and ``line``, ``start``, ``end``.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(themes, SCENE_KEYS, name="themes")
    require_columns(dialogue, (*SCENE_KEYS, "line", "start", "end"), name="dialogue")
    timed = bool(dialogue[["start", "end"]].notna().all(axis=None))
    first, last, step = ("start", "end", _SECONDS) if timed else ("line", "line", _LINES)
    spans = dialogue.groupby(list(SCENE_KEYS), as_index=False).agg(begin=(first, "min"), finish=(last, "max"))
    placed = themes[list(SCENE_KEYS)].reset_index(drop=True).merge(spans, on=list(SCENE_KEYS), how="left")
    steps = int(placed["finish"].max() // step) + 1
    episodes, rows = [], []
    for key, scenes in placed.groupby(list(EPISODE_KEYS)):
        episodes.append(Episode(*(int(str(part)) for part in key)))
        rows.append(_row(scenes.sort_values("begin"), steps, step))
    per_unit = 60 if timed else 1
    return SceneGrid(episodes, [place * step / per_unit for place in range(steps)], "minute" if timed else "line", rows)


def _row(scenes: pd.DataFrame, steps: int, step: int) -> list[int | None]:
    """The scene that runs in the middle of each step: a scene lasts until the next begins."""
    import numpy as np

    middles = (np.arange(steps) + 0.5) * step
    running = np.searchsorted(scenes["begin"].to_numpy(), middles, side="right") - 1
    over = middles > scenes["finish"].max() + step
    numbers = scenes.index.to_list()
    return [
        None if place < 0 or ended else numbers[place]
        for place, ended in zip(running.tolist(), over.tolist(), strict=True)
    ]


def evidence_texts(themes: pd.DataFrame, dialogue: pd.DataFrame, label: str) -> Sequence[str]:
    """Return, one a row of ``themes``, the line that shows a theme most, cut to a readable length.

    Raises:
        InputError: If a column is missing.
    """
    column = EVIDENCE + label
    require_columns(themes, (*EPISODE_KEYS, column), name="themes")
    require_columns(dialogue, (*EPISODE_KEYS, "line", "text"), name="dialogue")
    lines = themes[[*EPISODE_KEYS, column]].set_axis([*EPISODE_KEYS, "line"], axis=1)
    spoken = dialogue[[*EPISODE_KEYS, "line", "text"]]
    texts = lines.merge(spoken, on=[*EPISODE_KEYS, "line"], how="left")["text"].fillna("")
    return [text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…" for text in texts]

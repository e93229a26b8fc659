"""The tables in which features meet, and the check that a table has what a function needs.

Column meanings are in ``docs/tables.md``; types are what the writers produce.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from utils.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DIALOGUE",
    "EDGES",
    "EPISODES",
    "EPISODE_KEYS",
    "MENTIONS",
    "PLACES",
    "SCENE_KEYS",
    "SCENE_PLACES",
    "require_columns",
]

EPISODE_KEYS: Final = ("season", "episode")
SCENE_KEYS: Final = ("season", "episode", "scene")
DIALOGUE: Final = (
    "season",
    "episode",
    "line",
    "scene",
    "start",
    "end",
    "speaker",
    "speaker_confidence",
    "text",
    "direction",
    "source",
)
EPISODES: Final = ("season", "episode", "script")
MENTIONS: Final = ("season", "episode", "line", "character", "surface", "begin", "finish")
EDGES: Final = ("source", "target", "kind", "season", "episode", "weight")
PLACES: Final = ("name", "kind", "probability", "text")
SCENE_PLACES: Final = ("season", "episode", "scene", "kind", "probability", "likeliest", "place", "evidence")


def require_columns(table: pd.DataFrame, columns: Iterable[str], *, name: str) -> None:
    """Fail at once, by name, when a table lacks a column.

    Args:
        table: The table handed in.
        columns: What the caller is going to use.
        name: What to call the table in the message, such as ``dialogue``.

    Raises:
        InputError: Naming the missing columns and those present.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        present = ", ".join(map(str, table.columns)) or "none"
        raise InputError(f"The {name} table lacks the column(s) {', '.join(missing)}; it has: {present}.")

"""The places of scenes as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.place_scenes import ScenePlaces
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["scene_places_summary"]


def scene_places_summary(reading: ScenePlaces) -> Iterator[RenderableType]:
    """Yield a table an episode, for ``rich.console.Console.print``, and how many scenes are in doubt."""
    for key, scenes in reading.scenes.groupby(list(EPISODE_KEYS)):
        yield _episode(Episode(*(int(str(part)) for part in key)), scenes)
    sure, rows = int(reading.scenes["kind"].notna().sum()), len(reading.scenes)
    yield f"{sure} of {rows} scenes have a kind; of the others too little is known (docs/places.md)."


def _episode(episode: Episode, scenes: pd.DataFrame) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=str(episode), title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("scene", justify="right")
    for column in ("kind", "probability", "place", "evidence"):
        table.add_column(column)
    for row in scenes.fillna({"kind": "", "likeliest": "", "place": "", "evidence": ""}).to_dict("records"):
        doubted = f"[dim]{escape(row['likeliest'])}?[/dim]" if row["likeliest"] else "[dim]-[/dim]"
        probability = f"{row['probability']:.2f}" if row["likeliest"] else ""
        cells = (escape(row["kind"]) or doubted, probability, escape(row["place"]), escape(row["evidence"]))
        table.add_row(str(row["scene"] + 1), *cells)
    return table

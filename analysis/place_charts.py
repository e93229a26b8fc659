"""Where scenes are set, over the time of the episodes: for the report and the app (Plotly) and as PNG (Matplotlib)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from analysis.chart_style import PALETTE, empty_figure, plain
from analysis.scene_grid import scene_grid
from utils.tables import SCENE_PLACES, require_columns

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["place_kinds", "scene_places_figure", "scene_places_picture"]

_DOTS: Final = 150  # an inch
_DOUBT: Final = "rgba(128,134,145,0.14)"
# Colours that suit the kinds of the shipped series in their alphabetical order, and any others.
_COLOURS: Final = (PALETTE[0], PALETTE[5], PALETTE[1], PALETTE[2], PALETTE[7], *PALETTE)


def place_kinds(scenes: pd.DataFrame) -> list[str]:
    """Return the kinds that a scene_places table names, sorted."""
    require_columns(scenes, SCENE_PLACES, name="scene_places")
    return sorted({*scenes["kind"].dropna(), *scenes["likeliest"].dropna()})


def _numbers(scenes: pd.DataFrame, kinds: list[str]) -> list[int]:
    """The number of each scene's kind, from 1; 0 in doubt."""
    return [0 if kind is None else kinds.index(kind) + 1 for kind in _plain_values(scenes["kind"])]


def _plain_values(column: pd.Series) -> list[Any]:
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return values


def _hover(scenes: pd.DataFrame) -> Iterable[str]:
    columns = [_plain_values(scenes[name]) for name in ("kind", "likeliest", "probability", "place", "evidence")]
    for kind, likeliest, probability, place, evidence in zip(*columns, strict=True):
        if likeliest is None:
            said = "no evidence"
        else:
            said = f"{likeliest}, {probability:.2f}" if kind else f"in doubt; {likeliest} would have {probability:.2f}"
        parts = [f"<b>{plain(said)}</b>", plain(place or ""), plain(evidence or "")]
        yield "<br>".join(part for part in parts if part)


def scene_places_figure(scenes: pd.DataFrame, dialogue: pd.DataFrame) -> go.Figure:
    """Draw the kind of place of each moment of each episode; where it is in doubt, nothing but grey.

    Args:
        scenes: The scene_places table, with one row at least.
        dialogue: The table that it was made from.

    Raises:
        InputError: If a column is missing.
    """
    kinds, grid = place_kinds(scenes), scene_grid(scenes, dialogue)
    colours = [_DOUBT, *(_COLOURS[number % len(_COLOURS)] for number in range(len(kinds)))]
    edges = [number / len(colours) for number in range(len(colours) + 1)]
    scale = [(edge, colour) for colour, pair in zip(colours, pairwise(edges), strict=True) for edge in pair]
    figure = empty_figure(24 * len(grid.episodes) + 130, margin={"l": 68, "r": 16, "t": 16, "b": 84})
    figure.add_heatmap(
        x=grid.positions,
        y=[str(episode) for episode in grid.episodes],
        z=grid.over_time(_numbers(scenes, kinds)),
        text=grid.over_time(_hover(scenes)),
        zmin=-0.5,
        zmax=len(kinds) + 0.5,
        colorscale=scale,
        showscale=False,
        ygap=2,
        hovertemplate=f"%{{y}}, {grid.unit} %{{x}}: %{{text}}<extra></extra>",
    )
    for name, colour in zip(["in doubt", *kinds], colours, strict=True):
        marker = {"symbol": "square", "size": 11, "color": colour}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=plain(name))
    figure.update_layout(legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0})
    figure.update_xaxes(title=grid.unit, showgrid=False, zeroline=False)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return figure


def scene_places_picture(scenes: pd.DataFrame, dialogue: pd.DataFrame, *, title: str) -> bytes:
    """Draw the same as a PNG; Plotly would need a browser for that.

    Args:
        scenes: The scene_places table, with one row at least.
        dialogue: The table that it was made from.
        title: Of the series.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    kinds, grid = place_kinds(scenes), scene_grid(scenes, dialogue)
    colours = ["0.9", *(_COLOURS[number % len(_COLOURS)] for number in range(len(kinds)))]
    values = np.array(grid.over_time(_numbers(scenes, kinds)), dtype=np.float64)
    step = grid.positions[1] - grid.positions[0] if len(grid.positions) > 1 else 1.0
    reach = (0.0, grid.positions[-1] + step, len(grid.episodes) - 0.5, -0.5)
    figure = Figure(figsize=(9, 0.24 * len(grid.episodes) + 1.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        values,
        aspect="auto",
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(kinds) + 0.5,
        extent=reach,
        interpolation="nearest",
    )
    axes.set_yticks(range(len(grid.episodes)), [str(episode) for episode in grid.episodes], fontsize=8)
    axes.set_xlabel(grid.unit)
    axes.set_title(f"{title}: where scenes are set", loc="left", fontsize=11)
    patches = [Patch(color=colour, label=name) for name, colour in zip(["in doubt", *kinds], colours, strict=True)]
    axes.legend(handles=patches, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    # Names are the user's: a dollar sign in one is no formula.
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, dpi=_DOTS, format="png", facecolor="white")
    return buffer.getvalue()

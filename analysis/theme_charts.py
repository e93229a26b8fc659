"""Figures of themes over episodes and scenes, drawn with Plotly; the report and the web app show the same ones.

Every figure takes ``raw``: the model's own numbers instead of the calibrated ones. The text at the pointer gives both.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from analysis.chart_style import FAINT, HEAT, INK, MARKS, PALETTE, empty_figure, plain
from analysis.quotations import Line, quotations
from analysis.scene_grid import evidence_texts, scene_grid
from theme_classifier import episode_curves, raw_scenes, scene_curves, theme_labels
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS, SCENE_KEYS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["add_curve", "episode_axis", "hover_lines", "scene_figure", "scene_heatmap", "theme_figure"]

_WIDE: Final = 56  # characters of a line at the pointer
_SHOWN: Final = 3
_LEGEND: Final = {"orientation": "h", "y": -0.14, "x": 0, "yanchor": "top"}


def hover_lines(lines: Iterable[Line]) -> str:
    """Return quoted lines as they stand at the pointer: escaped, and broken where they are long."""
    return "<br>".join(
        "<br>".join(map(plain, textwrap.wrap(textwrap.shorten(str(line), 3 * _WIDE, placeholder=" …"), _WIDE)))
        for line in lines
    )


def add_curve(figure: go.Figure, number: int, label: str, **trace: Any) -> None:
    """Add one theme's curve in its colour and mark.

    Args:
        figure: To which.
        number: The theme's, from 0.
        label: Its name.
        trace: The rest, by Plotly's names.
    """
    figure.add_scatter(
        name=plain(label),
        mode="lines+markers",
        line={"color": PALETTE[number % len(PALETTE)], "width": 2.5},
        marker={"symbol": MARKS[number % len(MARKS)], "size": 9},
        **trace,
    )


def episode_axis(figure: go.Figure, episodes: Sequence[Episode], title: str) -> None:
    """Let a figure's columns be episodes, with a line between seasons.

    Args:
        figure: With one point an episode.
        episodes: In order.
        title: Of the other axis.
    """
    for position, (one, other) in enumerate(pairwise(episodes)):
        if one.season != other.season:
            figure.add_vline(x=position + 0.5, line={"color": INK, "dash": "dot", "width": 1})
    figure.update_xaxes(type="category", showgrid=False, linecolor=FAINT)
    figure.update_yaxes(title=title, gridcolor=FAINT, zeroline=False)


def theme_figure(themes: pd.DataFrame, turns: pd.DataFrame, *, raw: bool = False) -> go.Figure:
    """Draw each theme's mean over the scenes of each episode.

    Args:
        themes: The themes table.
        turns: The ``theme_turns`` table of the same reading.
        raw: Draw the model's own numbers.

    Raises:
        InputError: If a column is missing.
    """
    curves = [episode_curves(themes), episode_curves(raw_scenes(themes, turns))]
    keys = curves[0][list(EPISODE_KEYS)]
    episodes = [Episode(*pair) for pair in keys.itertuples(index=False, name=None)]
    figure = empty_figure(460, hovermode="closest", legend=_LEGEND)
    for number, label in enumerate(theme_labels(themes)):
        both = [table[label].round(4).tolist() for table in curves]
        said = [hover_lines(lines) for lines in quotations(turns, keys.assign(theme=label), themes=themes)]
        add_curve(
            figure,
            number,
            label,
            x=[str(episode) for episode in episodes],
            y=both[raw],
            customdata=list(zip(*both, said, strict=True)),
            hovertemplate="<b>%{fullData.name}, %{x}</b>: %{customdata[0]:.2f} (raw %{customdata[1]:.2f})"
            "<br>%{customdata[2]}<extra></extra>",
        )
    episode_axis(figure, episodes, "mean raw score" if raw else "mean score of its scenes")
    return figure


def scene_figure(
    themes: pd.DataFrame, turns: pd.DataFrame, dialogue: pd.DataFrame, episode: Episode, *, raw: bool = False
) -> go.Figure:
    """Draw the scenes of one episode over its time; the themes that vary least wait in the legend.

    Args:
        themes: The themes table.
        turns: The ``theme_turns`` table of the same reading.
        dialogue: The table that both were made from.
        episode: Which.
        raw: Draw the model's own numbers.

    Raises:
        InputError: If a column is missing.
    """
    own = raw_scenes(themes, turns)
    curves = [scene_curves(table, dialogue) for table in (themes, own)]
    here = (curves[0]["season"] == episode.season) & (curves[0]["episode"] == episode.episode)
    curves = [table[here].reset_index(drop=True) for table in curves]
    places = curves[0]
    timed = bool(places[["begin", "finish"]].notna().all(axis=None))
    middle = ((places["begin"] + places["finish"]) / 2).round(2) if timed else places["scene"]
    labels = theme_labels(themes)
    shown = places[labels].std().nlargest(_SHOWN).index
    figure = empty_figure(460, hovermode="closest", legend=_LEGEND | {"y": -0.2})
    for number, label in enumerate(labels):
        both = [table[label].round(4).tolist() for table in curves]
        said = quotations(turns, places[list(SCENE_KEYS)].assign(theme=label), most=2)
        add_curve(
            figure,
            number,
            label,
            x=middle.tolist(),
            y=both[raw],
            visible=True if label in shown else "legendonly",
            customdata=list(zip(*both, map(hover_lines, said), places["scene"] + 1, strict=True)),
            hovertemplate="<b>%{fullData.name}, scene %{customdata[3]}</b>: %{customdata[0]:.2f} "
            "(raw %{customdata[1]:.2f})<br>%{customdata[2]}<extra></extra>",
        )
    figure.update_xaxes(title="minute" if timed else "scene", showgrid=False, zeroline=False, linecolor=FAINT)
    figure.update_yaxes(title="raw score" if raw else "score of the scene", gridcolor=FAINT, zeroline=False)
    return figure


def scene_heatmap(themes: pd.DataFrame, turns: pd.DataFrame, dialogue: pd.DataFrame, *, raw: bool = False) -> go.Figure:
    """Draw, one panel a theme, how strongly each moment of each episode shows it.

    Args:
        themes: The themes table.
        turns: The ``theme_turns`` table of the same reading.
        dialogue: The table that both were made from.
        raw: Draw the model's own numbers.

    Returns:
        Panels of episodes (rows) by time (columns; by line number where times are unknown).

    Raises:
        InputError: If a column is missing.
    """
    from plotly.subplots import make_subplots

    grid, labels = scene_grid(themes, dialogue), theme_labels(themes)
    both = (themes, raw_scenes(themes, turns))
    columns = min(2, len(labels))
    rows = math.ceil(len(labels) / columns)
    height = 24 * len(grid.episodes) + 52
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[plain(label) for label in labels],
        horizontal_spacing=0.04,
        vertical_spacing=min(0.3, 36 / (rows * height)),
        figure=empty_figure(rows * height + 76, margin={"l": 68, "r": 16, "t": 32, "b": 40}),
    )
    for number, label in enumerate(labels):
        texts = [
            f"<b>{score:.2f}</b> (raw {own:.2f})<br>{plain(text)}"
            for score, own, text in zip(
                both[0][label], both[1][label], evidence_texts(themes, dialogue, label), strict=True
            )
        ]
        figure.add_heatmap(
            x=grid.positions,
            y=[str(episode) for episode in grid.episodes],
            z=grid.over_time(both[raw][label].round(3)),
            text=grid.over_time(texts),
            name=plain(label),
            ygap=2,
            coloraxis="coloraxis",
            hovertemplate=f"%{{y}}, {grid.unit} %{{x}}: %{{text}}",
            row=number // columns + 1,
            col=number % columns + 1,
        )
    bar = {"title": "raw" if raw else "score", "thickness": 12, "len": 0.5}
    figure.update_layout(coloraxis={"colorscale": HEAT, "cmin": 0, "cmax": 1, "colorbar": bar})
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title=grid.unit, row=rows)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_annotations(font={"size": 14, "color": INK})
    return figure

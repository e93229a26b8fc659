"""Figures of an analysis, drawn with Plotly; the report and the web app show the same ones.

Plotly reads a small HTML in its texts (https://plotly.com/chart-studio-help/adding-HTML-and-links-to-charts/), so that
everything that came from a file enters escaped. Backgrounds are transparent: the page decides between light and dark.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Final

from analysis.scene_grid import evidence_texts, scene_grid
from character_network.picture import COLOURS
from theme_classifier.curves import episode_curves, theme_labels
from utils.episodes import Episode

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["centrality_figure", "scene_heatmap", "theme_figure"]

# Of middling lightness, so that each can be read on white and on black; told apart by marks as well.
_PALETTE: Final = (
    "#d0941a",
    "#5b7bd5",
    "#2a9d8f",
    "#858b95",
    "#e4703f",
    "#c8324a",
    "#d070b4",
    "#8c62c7",
    "#6a9f2a",
    "#3a9fcc",
)
_MARKS: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "x", "star", "cross")
_INK: Final = "#7b828e"
_FAINT: Final = "rgba(128,134,145,0.25)"
# From nothing to full: the page, light or dark, shows through where a theme is weak.
_HEAT: Final = ((0.0, "rgba(224,122,60,0.04)"), (0.4, "rgba(222,92,52,0.38)"), (1.0, "rgba(196,18,52,1)"))
_MOST_PEOPLE: Final = 15
_LONGEST_NAME: Final = 24


def _plain(text: str) -> str:
    """Escape what Plotly would read as markup."""
    return html.escape(text, quote=False)


def _figure(height: int, **layout: object) -> go.Figure:
    """An empty figure in the style that all share."""
    import plotly.graph_objects as go

    return go.Figure(
        layout={
            "template": "none",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, sans-serif", "size": 13, "color": _INK},
            "margin": {"l": 68, "r": 16, "t": 16, "b": 40},
            "height": height,
            "dragmode": False,
            "hoverlabel": {"bgcolor": "#1f252e", "bordercolor": "#1f252e", "font": {"color": "#f2f4f7"}},
        }
        | layout
    )


def theme_figure(themes: pd.DataFrame) -> go.Figure:
    """Draw each theme's mean over the scenes of each episode.

    Args:
        themes: The themes table.

    Raises:
        InputError: If a column is missing.
    """
    curves = episode_curves(themes)
    names = [str(Episode(*pair)) for pair in zip(curves["season"], curves["episode"], strict=True)]
    figure = _figure(440, hovermode="x unified", legend={"orientation": "h", "y": -0.12, "x": 0})
    for number, label in enumerate(theme_labels(themes)):
        figure.add_scatter(
            x=names,
            y=curves[label].round(4).tolist(),
            name=_plain(label),
            mode="lines+markers",
            line={"color": _PALETTE[number % len(_PALETTE)], "width": 2.5},
            marker={"symbol": _MARKS[number % len(_MARKS)], "size": 9},
            hovertemplate="%{y:.2f}",
        )
    for position in curves.index[curves["season"].diff() > 0]:
        figure.add_vline(x=position - 0.5, line={"color": _INK, "dash": "dot", "width": 1})
    figure.update_xaxes(type="category", showgrid=False, linecolor=_FAINT, spikecolor=_INK, spikethickness=1)
    figure.update_yaxes(title="mean score of its scenes", gridcolor=_FAINT, zeroline=False)
    return figure


def scene_heatmap(themes: pd.DataFrame, dialogue: pd.DataFrame) -> go.Figure:
    """Draw, one panel a theme, how strongly each moment of each episode shows it.

    Args:
        themes: The themes table.
        dialogue: The table that it was made from.

    Returns:
        Panels of episodes (rows) by time (columns; by line number where times are unknown).

    Raises:
        InputError: If a column is missing.
    """
    from plotly.subplots import make_subplots

    grid, labels = scene_grid(themes, dialogue), theme_labels(themes)
    columns = min(2, len(labels))
    rows = math.ceil(len(labels) / columns)
    height = 24 * len(grid.episodes) + 52
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[_plain(label) for label in labels],
        horizontal_spacing=0.04,
        vertical_spacing=min(0.3, 36 / (rows * height)),
        figure=_figure(rows * height + 76, margin={"l": 68, "r": 16, "t": 32, "b": 40}),
    )
    for number, label in enumerate(labels):
        figure.add_heatmap(
            x=grid.positions,
            y=[str(episode) for episode in grid.episodes],
            z=grid.over_time(themes[label].round(3)),
            text=grid.over_time([_plain(text) for text in evidence_texts(themes, dialogue, label)]),
            name=_plain(label),
            ygap=2,
            coloraxis="coloraxis",
            hovertemplate=f"%{{y}}, {grid.unit} %{{x}}: <b>%{{z:.2f}}</b><br>%{{text}}",
            row=number // columns + 1,
            col=number % columns + 1,
        )
    figure.update_layout(
        coloraxis={
            "colorscale": _HEAT,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": "score", "thickness": 12, "len": 0.5},
        }
    )
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title=grid.unit, row=rows)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_annotations(font={"size": 14, "color": _INK})
    return figure


def centrality_figure(people: pd.DataFrame) -> go.Figure:
    """Draw the weighted degrees of the most central people, in the colours of their communities.

    Args:
        people: From `character_network.centrality`.
    """
    shown = people.head(_MOST_PEOPLE)
    names = [
        _plain(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…") for name in shown["character"]
    ]
    figure = _figure(24 * len(shown) + 70)
    figure.add_bar(
        x=shown["weighted_degree"].tolist(),
        y=list(range(len(shown))),
        orientation="h",
        marker={"color": [COLOURS[number % len(COLOURS)] for number in shown["community"]], "line": {"color": _INK}},
        customdata=list(zip(names, shown["betweenness"], strict=True)),
        hovertemplate="%{customdata[0]}: %{x:,.0f}, betweenness %{customdata[1]:.2f}<extra></extra>",
    )
    # Positions, not names, are the axis: two long names may be cut to the same text.
    figure.update_yaxes(autorange="reversed", tickvals=list(range(len(shown))), ticktext=names, automargin=True)
    figure.update_xaxes(title="weighted degree", gridcolor=_FAINT, zeroline=False)
    return figure

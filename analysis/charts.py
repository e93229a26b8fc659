"""Figures of people, drawn with Plotly; the report and the web app show the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analysis.chart_style import FAINT, INK, empty_figure, plain
from character_network.picture_style import COLOURS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["centrality_figure"]

_MOST_PEOPLE: Final = 15
_LONGEST_NAME: Final = 24


def centrality_figure(people: pd.DataFrame) -> go.Figure:
    """Draw the weighted degrees of the most central people, in the colours of their communities.

    Args:
        people: From `character_network.centrality`.
    """
    shown = people.head(_MOST_PEOPLE)
    names = [
        plain(name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…") for name in shown["character"]
    ]
    figure = empty_figure(24 * len(shown) + 70)
    figure.add_bar(
        x=shown["weighted_degree"].tolist(),
        y=list(range(len(shown))),
        orientation="h",
        marker={"color": [COLOURS[number % len(COLOURS)] for number in shown["community"]], "line": {"color": INK}},
        customdata=list(zip(names, shown["betweenness"], strict=True)),
        hovertemplate="%{customdata[0]}: %{x:,.0f}, betweenness %{customdata[1]:.2f}<extra></extra>",
    )
    # Positions, not names, are the axis: two long names may be cut to the same text.
    figure.update_yaxes(autorange="reversed", tickvals=list(range(len(shown))), ticktext=names, automargin=True)
    figure.update_xaxes(title="weighted degree", gridcolor=FAINT, zeroline=False)
    return figure

"""Figures of what each character speaks about, drawn with Plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analysis.chart_style import empty_figure, plain
from analysis.quotations import quotations
from analysis.theme_charts import add_curve, episode_axis, hover_lines
from theme_classifier import character_themes, relative_themes
from theme_classifier.turns import turn_labels
from utils.episodes import Episode
from utils.errors import InputError, did_you_mean
from utils.tables import EPISODE_KEYS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["MOST_CHARACTERS", "character_figure", "characters_figure"]

MOST_CHARACTERS: Final = 16
_LEAST_REACH: Final = 0.4  # of the colours, in natural logarithms: small differences stay pale
_LEGEND: Final = {"orientation": "h", "y": -0.14, "x": 0, "yanchor": "top"}
# Less than others, as others, more than others: the page shows through where there is no difference.
_LESS_MORE: Final = ((0.0, "rgba(70,110,200,0.65)"), (0.5, "rgba(128,134,145,0.06)"), (1.0, "rgba(210,50,50,0.7)"))


def characters_figure(turns: pd.DataFrame, *, raw: bool = False) -> go.Figure:
    """Draw, for those who speak most, of what they speak more or less than others.

    Args:
        turns: The ``theme_turns`` table.
        raw: Compare the model's own numbers.

    Raises:
        InputError: If a column is missing or no speaker is known.
    """
    import numpy as np

    people = character_themes(turns, raw=raw).head(MOST_CHARACTERS)
    times = relative_themes(turns, raw=raw).head(MOST_CHARACTERS)
    labels, values = list(times.columns), times.to_numpy(dtype=np.float64)
    reach = max(_LEAST_REACH, float(np.abs(np.log(values)).max()))
    asked = people[["character"]].rename(columns={"character": "speaker"})
    behind = [
        [(f"{score:.3f}", hover_lines(lines)) for score, lines in zip(people[label], said, strict=True)]
        for label in labels
        for said in [quotations(turns, asked.assign(theme=label), most=2)]
    ]
    figure = empty_figure(30 * len(people) + 90, margin={"l": 68, "r": 16, "t": 34, "b": 16})
    figure.add_heatmap(
        x=[plain(label) for label in labels],
        y=[
            f"{plain(name)} ({lines:,} lines)" for name, lines in zip(people["character"], people["lines"], strict=True)
        ],
        z=np.log(values).round(3).tolist(),
        text=[[f"{value:.1f}×" for value in row] for row in values],
        customdata=[list(row) for row in zip(*behind, strict=True)],
        texttemplate="%{text}",
        hovertemplate="<b>%{y}, %{x}</b>: %{text} the mean of everybody, score %{customdata[0]}"
        "<br>%{customdata[1]}<extra></extra>",
        colorscale=_LESS_MORE,
        zmid=0,
        zmin=-reach,
        zmax=reach,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(side="top", automargin=True, showgrid=False, ticks="", tickfont={"size": 12})
    return figure


def character_figure(turns: pd.DataFrame, character: str, *, raw: bool = False) -> go.Figure:
    """Draw what one character speaks about in each episode.

    Args:
        turns: The ``theme_turns`` table.
        character: Who.
        raw: Draw the model's own numbers.

    Raises:
        InputError: If a column is missing, or nobody of that name speaks.
    """
    tables = [character_themes(turns, by_episode=True, raw=own) for own in (False, True)]
    own = [table[table["character"] == character] for table in tables]
    if own[0].empty:
        hint = did_you_mean(character, tables[0]["character"].unique())
        raise InputError(f"Nobody called '{character}' speaks in these lines.{hint}")
    keys = own[0][list(EPISODE_KEYS)]
    episodes = [Episode(*pair) for pair in keys.itertuples(index=False, name=None)]
    figure = empty_figure(460, hovermode="closest", legend=_LEGEND)
    for number, label in enumerate(turn_labels(turns)):
        both = [table[label].round(4).tolist() for table in own]
        said = quotations(turns, keys.assign(theme=label, speaker=character), most=2)
        add_curve(
            figure,
            number,
            label,
            x=[str(episode) for episode in episodes],
            y=both[raw],
            customdata=list(zip(*both, map(hover_lines, said), own[0]["lines"], strict=True)),
            hovertemplate="<b>%{fullData.name}, %{x}</b>: %{customdata[0]:.3f} (raw %{customdata[1]:.2f}), "
            "%{customdata[3]} lines<br>%{customdata[2]}<extra></extra>",
        )
    episode_axis(figure, episodes, "mean raw score" if raw else "mean score of what is said")
    return figure

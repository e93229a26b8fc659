"""Pictures of themes as PNG, drawn with Matplotlib: Plotly would need a browser for that."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from analysis.chart_style import PALETTE
from analysis.scene_grid import scene_grid
from analysis.voice_charts import MOST_CHARACTERS
from theme_classifier import character_themes, episode_curves, raw_scenes, relative_themes, theme_labels
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.theme_views import ThemeReading

__all__ = ["theme_picture"]

_DOTS: Final = 150  # an inch
_MARKS: Final = "os^Dv<>P"


def theme_picture(reading: ThemeReading, by: str, *, raw: bool = False) -> bytes:
    """Draw a view.

    Args:
        reading: What to draw.
        by: Name of the view, of `analysis.theme_views.VIEWS`.
        raw: Draw the model's own numbers.

    Returns:
        A PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    figure = _DRAWN[by](reading, raw)
    # Labels are the user's: a dollar sign in one is no formula.
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, dpi=_DOTS, format="png", bbox_inches="tight", facecolor="white")
    return buffer.getvalue()


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _title(reading: ThemeReading, what: str, raw: bool) -> str:
    return f"{reading.title}: {what}" + (", raw scores" if raw else "")


def _episodes(reading: ThemeReading, raw: bool) -> Figure:
    from matplotlib.figure import Figure

    curves = episode_curves(raw_scenes(reading.themes, reading.turns) if raw else reading.themes)
    names = [str(Episode(*pair)) for pair in curves[list(EPISODE_KEYS)].itertuples(index=False, name=None)]
    figure = Figure(figsize=(max(7.0, 0.6 * len(names) + 3), 4.6))
    axes = figure.subplots()
    for number, label in enumerate(theme_labels(reading.themes)):
        colour, mark = PALETTE[number % len(PALETTE)], _MARKS[number % len(_MARKS)]
        axes.plot(range(len(names)), curves[label], color=colour, marker=mark, linewidth=1.8, label=label)
    axes.set_xticks(range(len(names)), names, rotation=60 if len(names) > 8 else 0, fontsize=9)
    for position in curves.index[curves["season"].diff() > 0]:
        axes.axvline(position - 0.5, color="0.6", linestyle=":", linewidth=1)
    axes.grid(axis="y", color="0.9")
    _plain(axes, _title(reading, "themes by episode", raw))
    axes.set_ylabel("mean score of the scenes")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    return figure


def _scenes(reading: ThemeReading, raw: bool) -> Figure:
    import numpy as np
    from matplotlib.figure import Figure

    themes = raw_scenes(reading.themes, reading.turns) if raw else reading.themes
    grid, labels = scene_grid(themes, reading.dialogue), theme_labels(themes)
    columns = min(2, len(labels))
    rows = math.ceil(len(labels) / columns)
    figure = Figure(figsize=(6.2 * columns, rows * (0.17 * len(grid.episodes) + 0.9)), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    step = grid.positions[1] - grid.positions[0] if len(grid.positions) > 1 else 1.0
    reach = (0.0, grid.positions[-1] + step, len(grid.episodes) - 0.5, -0.5)
    for label, axes in zip(labels, panels, strict=False):
        values = np.array(grid.over_time(themes[label]), dtype=np.float64)
        drawn = axes.imshow(values, aspect="auto", cmap="OrRd", vmin=0, vmax=1, extent=reach, interpolation="nearest")
        axes.set_yticks(range(len(grid.episodes)), [str(episode) for episode in grid.episodes], fontsize=7)
        _plain(axes, label)
    for axes in panels[len(labels) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(labels) - columns) : len(labels)]:
        axes.set_xlabel(grid.unit)
        axes.tick_params(labelbottom=True)
    figure.suptitle(_title(reading, "themes scene by scene", raw), x=0.01, ha="left", fontsize=12)
    figure.colorbar(drawn, ax=panels.tolist(), label="raw score" if raw else "score", shrink=0.5, pad=0.01)
    return figure


def _characters(reading: ThemeReading, raw: bool) -> Figure:
    import numpy as np
    from matplotlib.figure import Figure

    people = character_themes(reading.turns, raw=raw).head(MOST_CHARACTERS)
    relative = relative_themes(reading.turns, raw=raw).head(MOST_CHARACTERS)
    times = relative.to_numpy(dtype=np.float64)
    reach = max(0.4, float(np.abs(np.log(times)).max()))
    figure = Figure(figsize=(2.2 + 1.0 * len(relative.columns), 1.0 + 0.34 * len(people)))
    axes = figure.subplots()
    axes.imshow(np.log(times), aspect="auto", cmap="RdBu_r", vmin=-reach, vmax=reach)
    for (row, column), value in np.ndenumerate(times):
        dark = abs(np.log(value)) > 0.6 * reach
        axes.text(column, row, f"{value:.1f}×", ha="center", va="center", fontsize=8, color="white" if dark else "0.15")
    names = [f"{name} ({lines:,} lines)" for name, lines in zip(people["character"], people["lines"], strict=True)]
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_xticks(range(len(relative.columns)), list(relative.columns), fontsize=9)
    axes.tick_params(length=0)
    _plain(axes, _title(reading, "themes of each character's words, times the mean of everybody", raw))
    return figure


_DRAWN: Final[dict[str, Callable[[Any, bool], Figure]]] = {
    "episode": _episodes,
    "scene": _scenes,
    "character": _characters,
}

"""The network as an image: the same people, places, colours and sizes as on its page."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_network.graph import graph_from_edges, weighted_ties
from character_network.picture import Picture, picture_of, readable
from character_network.picture_style import TITLES, UNITS, colour, disc, label, width
from utils.episodes import Episode

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["network_image"]

_INCHES: Final = 14.0
_DOTS: Final = 120
_INK: Final = "#1c2430"
_SOFT: Final = "#566072"
_PAPER: Final = "#fbfcfe"


def network_image(
    edges: pd.DataFrame,
    path: Path,
    *,
    kind: str = "together",
    until: Episode | str | None = None,
    title: str | None = None,
) -> None:
    """Draw the network into a PNG file.

    Args:
        edges: An edges table.
        path: The file; its folder must exist.
        kind: One of `character_network.ties.KINDS`.
        until: The last episode that counts; None for all.
        title: Heading; None for one that tells kind and episode.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
    """
    from matplotlib.figure import Figure

    graph_from_edges(edges, kind=kind, until=until)
    picture = picture_of(edges)
    graph = graph_from_edges(picture.edges, kind=kind, until=until)
    people = _people_at(picture, kind, until)
    left, right, top, bottom = _frame(picture)
    figure = Figure(figsize=(_INCHES, _INCHES * (bottom - top) / (right - left)), dpi=_DOTS, facecolor=_PAPER)
    axes = figure.add_axes((0, 0, 1, 1), frameon=False)
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    points = _INCHES * 72 / (right - left)
    ties = readable(weighted_ties(graph), people["character"].tolist())
    _draw_ties(axes, picture, people, ties, points=points, directed=graph.is_directed())
    _draw_people(axes, picture, people, points=points)
    last = until if until is not None else picture.episodes[-1]
    heading = (
        f"{TITLES[kind]}, up to {Episode.parse(last) if isinstance(last, str) else last}" if title is None else title
    )
    note = f"Size and width: {UNITS[kind]}. Colour: community. {len(people)} of {picture.everybody} people are shown."
    _write(figure, 0.985, heading, size=19, color=_INK)
    _write(figure, 0.955, note, size=11, color=_SOFT)
    with warnings.catch_warnings():
        # A name in letters that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        # Without the software's version the same ties give the same bytes.
        figure.savefig(path, format="png", metadata={"Software": None})


def _write(figure: Any, height: float, text: str, **style: Any) -> None:
    # parse_math: a name with dollar signs is a name and no formula.
    figure.text(0.015, height, text, va="top", parse_math=False, **style)


def _people_at(picture: Picture, kind: str, until: Episode | str | None) -> pd.DataFrame:
    """The measures of those shown, at the last episode that is not later."""
    history = picture.until[kind]
    last = Episode.parse(until) if isinstance(until, str) else until
    places = list(zip(history["season"], history["episode"], strict=True))
    latest = max(place for place in places if last is None or place <= last)
    now = history[[place == latest for place in places]]
    return now[now["character"].isin(picture.people)]


def _frame(picture: Picture) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of the drawing, with room for names and heading."""
    across = [x for x, _ in picture.spots.values()]
    down = [y for _, y in picture.spots.values()]
    return min(across) - 130, max(across) + 130, min(down) - 160, max(down) + 100


def _draw_ties(
    axes: Axes,
    picture: Picture,
    people: pd.DataFrame,
    ties: list[tuple[str, str, float]],
    *,
    points: float,
    directed: bool,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    community = dict(zip(people["character"], people["community"], strict=True))
    greatest = max(weight for _, _, weight in ties)
    for one, other, weight in reversed(ties):
        arrow = FancyArrowPatch(
            picture.spots[one],
            picture.spots[other],
            arrowstyle="-|>" if directed else "-",
            connectionstyle="arc3,rad=0.12" if directed else "arc3,rad=0.05",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=8 if directed else 0,
            linewidth=max(0.4, width(weight / greatest) * points),
            color=colour(community[one]),
            alpha=0.4,
            zorder=1,
        )
        axes.add_patch(arrow)


def _draw_people(axes: Axes, picture: Picture, people: pd.DataFrame, *, points: float) -> None:
    from matplotlib.patheffects import AbstractPathEffect, withStroke

    most = people["weighted_degree"].max()
    outline: list[AbstractPathEffect] = [withStroke(linewidth=2.5, foreground=_PAPER)]
    for name, degree, community in zip(
        people["character"], people["weighted_degree"], people["community"], strict=True
    ):
        (x, y), share = picture.spots[name], degree / most
        axes.plot(x, y, "o", markersize=2 * disc(share) * points, color=colour(community), mew=0, zorder=2)
        text = axes.annotate(
            name,
            (x, y + disc(share) + 4),
            ha="center",
            va="top",
            fontsize=label(share) * points,
            color=_INK,
            zorder=3,
            parse_math=False,
        )
        text.set_path_effects(outline)

"""Where people stand in the picture: near those they are tied to, and with every name readable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from character_network.graph import weighted_ties

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np

__all__ = ["place"]

_WIDTH: Final = 1400.0
_HEIGHT: Final = 1100.0
_ROUNDS: Final = 400


def place(graph: nx.Graph[str], boxes: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Compute positions: a seeded spring layout, its crowded middle opened, then boxes pushed apart until none overlap.

    Args:
        graph: Ties with a ``weight``.
        boxes: Width and height that each person's disc and label take, in the units of the picture.

    Returns:
        Centres x and y (about 1400 by 1100 units); the same for the same graph.
    """
    import networkx as nx
    import numpy as np

    # Damped weights, so that the strongest ties do not pull everybody into one point.
    damped: nx.Graph[str] = nx.Graph()
    damped.add_nodes_from(sorted(graph))
    damped.add_weighted_edges_from((one, other, math.log1p(weight)) for one, other, weight in weighted_ties(graph))
    spots = nx.spring_layout(damped, weight="weight", k=2.5 / math.sqrt(len(damped)), iterations=200, seed=4)
    people = list(damped)
    points = _opened(np.array([spots[person] for person in people])) * (_WIDTH / 2, _HEIGHT / 2)
    points = _pushed_apart(points, np.array([boxes[person] for person in people]))
    return {person: (float(x), float(y)) for person, (x, y) in zip(people, points, strict=True)}


def _opened(points: np.ndarray) -> np.ndarray:
    """Spread radii towards an even density (area grows with rank), keeping directions."""
    import numpy as np

    centred = points - np.median(points, axis=0)
    radii = np.linalg.norm(centred, axis=1)
    even = np.sqrt((radii.argsort().argsort() + 0.5) / len(radii))
    wanted = 0.4 * radii / max(radii.max(), 1e-9) + 0.6 * even
    spread: np.ndarray = centred / np.maximum(radii, 1e-9)[:, None] * wanted[:, None]
    return spread


def _pushed_apart(points: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Move overlapping boxes apart along the axis of the smaller overlap, each by half of it, until none is left."""
    import numpy as np

    points = points.copy()
    needed = (sizes[:, None, :] + sizes[None, :, :]) / 2
    for _ in range(_ROUNDS):
        apart = points[:, None, :] - points[None, :, :]
        overlap = needed - np.abs(apart)
        clash = (overlap > 0).all(axis=2)
        np.fill_diagonal(clash, val=False)
        if not clash.any():
            break
        smaller = np.eye(2)[overlap.argmin(axis=2)]
        # Equal coordinates would push nowhere: the order of the rows decides then.
        order = np.sign(np.arange(len(points))[:, None] - np.arange(len(points))[None, :])[..., None]
        direction = np.where(apart == 0, order, np.sign(apart))
        points += (clash[..., None] * smaller * direction * overlap * 0.3).sum(axis=1)
    return points

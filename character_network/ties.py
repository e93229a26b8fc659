"""Who speaks to whom, who names whom, who is together: the dialogue and its mentions as weighted ties.

Every line has its shares in ties; a tie of a scene or an episode is the sum of its lines' shares. The kinds:

``speaks_to`` (directed)
    Each line with a known speaker hands out 1, in equal parts, to those whom it is said to (see
    `character_network.addressees`). The weight of a pair is thus a number of lines.
``mentions`` (directed)
    How often the speaker names somebody else.
``together`` (undirected, ``source < target``)
    A person occurs in a line by speaking it or by being named in it. In each scene an occurrence of A counts by its
    distance d, in lines, to the nearest occurrence of B: k(d) = max(0, 1 - d / window). The weight is half the sum over
    A's occurrences plus half the sum over B's: about the number of lines that the two share, and symmetric.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Final

from character_network.addressees import addressees
from character_network.presence import Presence, people_in_lines
from utils.errors import InputError
from utils.tables import EDGES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["DEFAULT_WINDOW", "KINDS", "SHARES", "build_edges", "edges_from_shares", "line_shares"]

KINDS: Final = ("speaks_to", "mentions", "together")
"""The kinds of tie; the first two are directed."""
DEFAULT_WINDOW: Final = 10
"""Lines within which two people belong together, unless told otherwise."""
SHARES: Final = ("source", "target", "kind", "season", "episode", "scene", "line", "weight")
"""Columns of the table of shares."""

_Share = tuple[str, str, int, float]


def build_edges(
    dialogue: pd.DataFrame, mentions: pd.DataFrame, *, window: int = DEFAULT_WINDOW, by_scene: bool = False
) -> pd.DataFrame:
    """Return the ties of every episode, or of every scene.

    Args:
        dialogue: At least ``season``, ``episode``, ``line``, ``scene``, ``speaker``, ``text``. Where no speaker is
            known, ``together`` comes from names alone and the directed kinds stay empty.
        mentions: Who is named in those lines.
        window: Lines within which two people belong together.
        by_scene: Keep scenes apart, in a column ``scene``, with the numbers of the lines behind each tie in ``lines``.

    Returns:
        An edges table, sorted by episode (and scene), kind and falling weight.

    Raises:
        InputError: If a column is missing or the window is below 1.
    """
    return edges_from_shares(line_shares(dialogue, mentions, window=window), by_scene=by_scene)


def edges_from_shares(shares: pd.DataFrame, *, by_scene: bool = False) -> pd.DataFrame:
    """Return `build_edges`'s table from what `line_shares` returned."""
    places = ["season", "episode", *(["scene"] if by_scene else [])]
    keys = ["source", "target", "kind", *places]
    found = {"weight": ("weight", "sum")} | ({"lines": ("line", _sorted_lines)} if by_scene else {})
    edges = shares.groupby(keys, as_index=False, sort=False).agg(**found)
    order = [*places, "kind", "weight", "source", "target"]
    ascending = [name != "weight" for name in order]
    columns = [*EDGES[:-1], *places[2:], "weight", *list(found)[1:]]
    return edges.sort_values(order, ascending=ascending, ignore_index=True)[columns]


def _sorted_lines(lines: pd.Series[int]) -> list[int]:
    return sorted(set(lines.tolist()))


def line_shares(dialogue: pd.DataFrame, mentions: pd.DataFrame, *, window: int = DEFAULT_WINDOW) -> pd.DataFrame:
    """Return what each line adds to each tie.

    Args:
        dialogue: As for `build_edges`.
        mentions: As for `build_edges`.
        window: As for `build_edges`.

    Returns:
        ``source``, ``target``, ``kind``, ``season``, ``episode``, ``scene``, ``line``, ``weight``: one row a line and
        tie, in the order of the scenes.

    Raises:
        InputError: If a column is missing or the window is below 1.
    """
    import pandas as pd

    if window < 1:
        raise InputError(f"The window is {window} lines; it must be at least 1.")
    rows = []
    for place, group in groupby(people_in_lines(dialogue, mentions), key=lambda line: line.scene):
        scene = list(group)
        for kind, shares in zip(KINDS, (_spoken(scene, window), _named(scene), _together(scene, window)), strict=True):
            rows += [(source, target, kind, *place, number, share) for source, target, number, share in shares]
    numbers = dict.fromkeys(("season", "episode", "scene", "line"), "int64")
    texts = dict.fromkeys(("source", "target", "kind"), "str")
    return pd.DataFrame(rows, columns=list(SHARES)).astype({**texts, **numbers, "weight": "float64"})


def _spoken(scene: Sequence[Presence], window: int) -> Iterator[_Share]:
    for line, people in addressees(scene, window=window):
        yield from ((line.who, person, line.number, 1 / len(people)) for person in people)


def _named(scene: Sequence[Presence]) -> Iterator[_Share]:
    for line in scene:
        if line.who:
            yield from ((line.who, person, line.number, 1.0) for person in line.named if person != line.who)


def _together(scene: Sequence[Presence], window: int) -> Iterator[_Share]:
    import numpy as np

    occurrences: dict[str, list[int]] = {}
    for line in scene:
        for person in {line.who, *line.named} - {""}:
            occurrences.setdefault(person, []).append(line.number)
    places = {person: np.array(numbers) for person, numbers in sorted(occurrences.items())}
    for one, other in combinations(places, 2):
        for here, there in ((places[one], places[other]), (places[other], places[one])):
            halves = _closeness(here, there, window) / 2
            yield from (
                (one, other, int(line), float(half)) for line, half in zip(here, halves, strict=True) if half > 0
            )


def _closeness(lines: np.ndarray, others: np.ndarray, window: int) -> np.ndarray:
    """Return max(0, 1 - d / window) for each of ``lines``, d from the nearest of ``others`` (both sorted)."""
    import numpy as np

    place = np.searchsorted(others, lines)
    left = np.abs(lines - others[np.maximum(place - 1, 0)])
    right = np.abs(others[np.minimum(place, len(others) - 1)] - lines)
    closeness: np.ndarray = np.maximum(0, 1 - np.minimum(left, right) / window)
    return closeness

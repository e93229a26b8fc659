"""What a picture of the network shows: who, where, and which ties. Page and image share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from character_network.graph import episodes_of, graph_from_edges, prune
from character_network.layout import place
from character_network.measures import history
from character_network.picture_style import KIND_NAMES, disc, label

if TYPE_CHECKING:
    import pandas as pd

    from utils.episodes import Episode

__all__ = ["Picture", "picture_of", "readable"]

MOST_PEOPLE: Final = 60
"""People shown at the end, of each kind of tie: the most central; besides, `EACH_EPISODE` of every episode."""
EACH_EPISODE: Final = 6
TIES_EACH: Final = 4
"""Each person's strongest ties are shown, whatever else is left out."""
MOST_TIES: Final = 150
"""Ties shown at most, apart from `TIES_EACH`."""
_MEASURED: Final = 300
"""People who are measured for a picture at most."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The network over the episodes.

    Attributes:
        edges: An edges table, pruned to what can be measured.
        episodes: In order.
        kinds: Kinds of tie that are there.
        people: Who is shown.
        spots: Where each of them stands, x to the right and y down; the same at all times and for all kinds.
        until: For each kind, `character_network.measures.history` of all ties up to each episode.
        alone: For each kind, that of each episode alone.
        everybody: How many people there are in all.
        note: What was left out before measuring, in words.
    """

    edges: pd.DataFrame
    episodes: list[Episode]
    kinds: list[str]
    people: list[str]
    spots: dict[str, tuple[float, float]]
    until: dict[str, pd.DataFrame]
    alone: dict[str, pd.DataFrame]
    everybody: int
    note: str


def picture_of(edges: pd.DataFrame) -> Picture:
    """Decide what a picture of these ties shows.

    Args:
        edges: An edges table.

    Raises:
        InputError: If a column is missing or there is no tie.
    """
    graph_from_edges(edges, kind=_first_kind(edges))
    kept, note = prune(edges, most=_MEASURED)
    kinds = [kind for kind in KIND_NAMES if (kept["kind"] == kind).any()]
    until = {kind: history(kept, kind=kind) for kind in kinds}
    alone = {kind: history(kept, kind=kind, only=True) for kind in kinds}
    people = _shown([*until.values()], [*alone.values()])
    return Picture(
        edges=kept,
        episodes=episodes_of(kept),
        kinds=kinds,
        people=people,
        spots=_spots(kept, people, [*until.values()]),
        until=until,
        alone=alone,
        everybody=len({*edges["source"], *edges["target"]}),
        note=note,
    )


def _first_kind(edges: pd.DataFrame) -> str:
    """A kind that is there; ``together``, whose absence is said best, if there is none."""
    held = set(edges["kind"]) if "kind" in edges.columns else set()
    return next((kind for kind in KIND_NAMES if kind in held), "together")


def _shown(until: Sequence[pd.DataFrame], alone: Sequence[pd.DataFrame]) -> list[str]:
    """The most central at the end, and those at the centre of any episode, the most central first."""
    chosen: dict[str, None] = {}
    for table in until:
        last = table.drop_duplicates("character", keep="last").sort_values(
            ["weighted_degree", "character"], ascending=[False, True]
        )
        chosen |= dict.fromkeys(last["character"].head(MOST_PEOPLE))
    for table in alone:
        chosen |= dict.fromkeys(table.loc[table["rank"] <= EACH_EPISODE, "character"])
    return list(chosen)


def _spots(
    edges: pd.DataFrame, people: Sequence[str], histories: Sequence[pd.DataFrame]
) -> dict[str, tuple[float, float]]:
    """Place everybody by all ties together, with room for the largest that each disc ever gets."""
    import networkx as nx

    inside = edges[edges["source"].isin(people) & edges["target"].isin(people)]
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(people)
    for one, other, weight in zip(inside["source"], inside["target"], inside["weight"], strict=True):
        known = graph.get_edge_data(one, other, {"weight": 0.0})["weight"]
        graph.add_edge(one, other, weight=known + weight)
    largest = dict.fromkeys(people, 0.0)
    for table in histories:
        most = table.groupby(["season", "episode"])["weighted_degree"].transform("max")
        shares = (table["weighted_degree"] / most).groupby(table["character"]).max()
        largest |= {person: max(largest[person], float(shares.get(person, 0.0))) for person in people}
    spots = place(graph, {person: _box(person, largest[person]) for person in people})
    return {person: (round(x), round(y)) for person, (x, y) in spots.items()}


def _box(person: str, share: float) -> tuple[float, float]:
    """Estimate the width and height of a disc with its label below, with a margin."""
    wide, font = 2 * disc(share), label(share)
    return max(wide, 0.56 * font * len(person)) + 14, wide + 1.9 * font + 10


def readable(ties: Iterable[tuple[str, str, float]], people: Sequence[str]) -> list[tuple[str, str, float]]:
    """Keep, of the ties among the given people, the strongest `MOST_TIES` and everybody's strongest `TIES_EACH`.

    Returns:
        The strongest first.
    """
    inside = set(people)
    strongest = sorted((tie for tie in ties if inside.issuperset(tie[:2])), key=lambda tie: (-tie[2], tie[0], tie[1]))
    counted = dict.fromkeys(people, 0)
    kept = []
    for number, (one, other, weight) in enumerate(strongest):
        if number < MOST_TIES or min(counted[one], counted[other]) < TIES_EACH:
            kept.append((one, other, weight))
        counted[one] += 1
        counted[other] += 1
    return kept

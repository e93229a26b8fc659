"""Who belongs together: communities that keep their numbers from episode to episode, so that colours do not jump."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Final

from character_network.graph import episodes_of, graph_from_edges, of_kind, weighted_ties
from utils.episodes import Episode

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["communities", "communities_by_episode", "renumbered"]

_SEED: Final = 0


def communities(graph: nx.Graph[str]) -> dict[str, int]:
    """Return each person's community, numbered from 0 by falling total weight.

    Louvain's method (Blondel et al. 2008, https://arxiv.org/abs/0803.0476) on the undirected weights, with a fixed
    seed.
    """
    import networkx as nx

    undirected = _undirected(graph)
    found = nx.community.louvain_communities(undirected, weight="weight", seed=_SEED)
    weight = dict(undirected.degree(weight="weight"))
    found.sort(key=lambda members: (-sum(weight[person] for person in members), min(members)))
    return {person: number for number, members in enumerate(found) for person in members}


def communities_by_episode(edges: pd.DataFrame, *, kind: str = "together") -> dict[Episode, dict[str, int]]:
    """Return the communities of all ties up to each episode, with numbers that last.

    The last episode is numbered by falling weight; every earlier one takes the numbers of the one behind it, by the
    greatest overlap (see `renumbered`). Other kinds take the last numbers of ``together``, so that a group has one
    number in all of them.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.

    Raises:
        InputError: If a column is missing, the kind is unknown, or there is no such tie.
    """
    known: Mapping[str, int] = {}
    if kind != "together" and (edges["kind"] == "together").any():
        known = communities(graph_from_edges(edges))
    found = {}
    for episode in reversed(episodes_of(of_kind(edges, kind))):
        graph = graph_from_edges(edges, kind=kind, until=episode)
        known = found[episode] = renumbered(communities(graph), known, weight=dict(graph.degree(weight="weight")))
    return found


def renumbered(fresh: Mapping[str, int], known: Mapping[str, int], *, weight: Mapping[str, float]) -> dict[str, int]:
    """Give communities the numbers of those that they overlap most, by weight; the others get numbers of their own.

    Args:
        fresh: Each person's community.
        known: Communities whose numbers are to last.
        weight: How much each person counts.
    """
    overlap: defaultdict[tuple[int, int], float] = defaultdict(float)
    for person, number in fresh.items():
        if person in known:
            overlap[number, known[person]] += weight[person]
    taken: dict[int, int] = {}
    for own, other in sorted(overlap, key=lambda pair: (-overlap[pair], pair)):
        if own not in taken and other not in taken.values():
            taken[own] = other
    used = {*taken.values(), *known.values()}
    free = (number for number in count() if number not in used)
    for own in sorted(set(fresh.values()) - set(taken)):
        taken[own] = next(free)
    return {person: taken[number] for person, number in fresh.items()}


def _undirected(graph: nx.Graph[str]) -> nx.Graph[str]:
    """Sum the two directions; nodes in alphabetical order, so that equal ties give equal communities."""
    import networkx as nx

    undirected: nx.Graph[str] = nx.Graph()
    undirected.add_nodes_from(sorted(graph))
    for source, target, weight in weighted_ties(graph):
        known = undirected.get_edge_data(source, target, {"weight": 0.0})["weight"]
        undirected.add_edge(source, target, weight=known + weight)
    return undirected

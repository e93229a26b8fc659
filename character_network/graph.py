"""Ties as networkx graphs, and how central each person is."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from character_network.ties import KINDS
from utils.episodes import Episode
from utils.errors import InputError, did_you_mean
from utils.tables import EDGES, require_columns

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["centrality", "communities", "graph_from_edges", "measures", "weighted_ties"]

_NO_NAMES = (
    "No names were found, so there is no network: check that the lines name people of the cast in the series' "
    "profile.yaml, or choose another --series."
)
_NO_SPEAKERS = (
    "There are no ties of the kind '{kind}', which needs known speakers: give the episodes' --transcripts, "
    "or choose the kind together."
)
_EXACT = 300
"""Up to how many people betweenness is exact; above, it is estimated from as many seeds."""
_SEED = 0


def graph_from_edges(
    edges: pd.DataFrame, *, kind: str = "together", until: Episode | str | None = None
) -> nx.Graph[str] | nx.DiGraph[str]:
    """Return a graph whose edges carry the summed ``weight`` of one kind of tie.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`; ``together`` gives an undirected graph, the others a directed one.
        until: The last episode that counts; None for all.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
    """
    import networkx as nx

    ties = _until(_of_kind(edges, kind), until)
    summed = ties.groupby(["source", "target"], as_index=False)["weight"].sum()
    graph: nx.Graph[str] = nx.Graph() if kind == "together" else nx.DiGraph()
    graph.add_weighted_edges_from(summed.itertuples(index=False, name=None))
    return graph


def _of_kind(edges: pd.DataFrame, kind: str) -> pd.DataFrame:
    require_columns(edges, EDGES, name="edges")
    if kind not in KINDS:
        raise InputError(f"No kind of tie '{kind}'; there are: {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")
    ties = edges[edges["kind"] == kind]
    if ties.empty:
        raise InputError(_NO_NAMES if edges.empty or kind == "together" else _NO_SPEAKERS.format(kind=kind))
    return ties


def _until(ties: pd.DataFrame, until: Episode | str | None) -> pd.DataFrame:
    if until is None:
        return ties
    last = Episode.parse(until) if isinstance(until, str) else until
    numbers = zip(ties["season"], ties["episode"], strict=True)
    kept = ties[[Episode(*number) <= last for number in numbers]]
    if kept.empty:
        first = Episode(*min(zip(ties["season"], ties["episode"], strict=True)))
        raise InputError(f"There are no ties up to {last}: the first episode here is {first}.")
    return kept


def weighted_ties(graph: nx.Graph[str]) -> list[tuple[str, str, float]]:
    """Return source, target and weight of every tie."""
    return [(one, other, float(tie["weight"])) for one, other, tie in graph.edges(data=True)]


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


def _undirected(graph: nx.Graph[str]) -> nx.Graph[str]:
    """Sum the two directions; nodes in alphabetical order, so that equal ties give equal communities."""
    import networkx as nx

    undirected: nx.Graph[str] = nx.Graph()
    undirected.add_nodes_from(sorted(graph))
    for source, target, weight in weighted_ties(graph):
        known = undirected.get_edge_data(source, target, {"weight": 0.0})["weight"]
        undirected.add_edge(source, target, weight=known + weight)
    return undirected


def centrality(edges: pd.DataFrame, *, kind: str = "together", until: Episode | str | None = None) -> pd.DataFrame:
    """Return how central each person is.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.
        until: The last episode that counts; None for all.

    Returns:
        ``character``, ``weighted_degree`` (sum of the weights of a person's ties, both directions), ``betweenness``
        (share of shortest paths through the person, 0-1, where a tie is as long as 1 / weight; Brandes 2001) and
        ``community`` (see `communities`), sorted by falling weighted degree.

    Raises:
        InputError: As `graph_from_edges`.
    """
    return measures(graph_from_edges(edges, kind=kind, until=until))


def measures(graph: nx.Graph[str]) -> pd.DataFrame:
    """Return `centrality`'s table for a graph with weights."""
    import networkx as nx
    import pandas as pd

    degree: dict[Hashable, float] = dict(graph.degree(weight="weight"))
    distant = graph.copy()
    for _, _, tie in distant.edges(data=True):
        tie["distance"] = 1 / tie["weight"]
    seeds = _EXACT if len(graph) > _EXACT else None
    between = nx.betweenness_centrality(distant, k=seeds, weight="distance", seed=_SEED)
    groups = communities(graph)
    rows = [(person, degree[person], between[person], groups[person]) for person in graph]
    table = pd.DataFrame(rows, columns=["character", "weighted_degree", "betweenness", "community"])
    return table.sort_values(["weighted_degree", "character"], ascending=[False, True], ignore_index=True)

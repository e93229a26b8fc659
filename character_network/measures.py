"""How central each person is, at one moment and over the episodes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Final

from character_network.communities import communities, communities_by_episode, renumbered
from character_network.graph import graph_from_edges
from utils.episodes import Episode

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["centrality", "history"]

_EXACT: Final = 300
"""Up to how many people betweenness is exact; above, it is estimated from as many seeds."""
_SEED: Final = 0


def centrality(edges: pd.DataFrame, *, kind: str = "together", until: Episode | str | None = None) -> pd.DataFrame:
    """Return how central each person is.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.
        until: The last episode that counts; None for all.

    Returns:
        ``character``, ``weighted_degree`` (sum of the weights of a person's ties, both directions), ``betweenness``
        (share of shortest paths through the person, 0-1, where a tie is as long as 1 / weight; Brandes 2001) and
        ``community`` (see `character_network.communities`), sorted by falling weighted degree.

    Raises:
        InputError: As `graph_from_edges`.
    """
    graph = graph_from_edges(edges, kind=kind, until=until)
    groups = communities_by_episode(edges, kind=kind)
    last = max(groups) if until is None else Episode.parse(until) if isinstance(until, str) else until
    return _measured(graph, groups[max(episode for episode in groups if episode <= last)])


def history(edges: pd.DataFrame, *, kind: str = "together", only: bool = False) -> pd.DataFrame:
    """Return how central each person was in every episode.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.
        only: Count each episode by itself; otherwise all ties up to it.

    Returns:
        ``season``, ``episode``, ``rank`` (from 1) and `centrality`'s columns; episodes without ties of the kind are
        left out. A community keeps its number as long as most of it stays together.

    Raises:
        InputError: As `graph_from_edges`.
    """
    import pandas as pd

    parts = []
    for episode, groups in sorted(communities_by_episode(edges, kind=kind).items()):
        graph = graph_from_edges(edges, kind=kind, until=episode, only=only)
        if only:
            groups = renumbered(communities(graph), groups, weight=dict(graph.degree(weight="weight")))
        people = _measured(graph, groups)
        numbers = {"season": episode.season, "episode": episode.episode, "rank": range(1, len(people) + 1)}
        parts.append(pd.concat([pd.DataFrame(numbers, index=people.index), people], axis=1))
    return pd.concat(parts, ignore_index=True)


def _measured(graph: nx.Graph[str], groups: Mapping[str, int]) -> pd.DataFrame:
    import networkx as nx
    import pandas as pd

    degree: dict[Hashable, float] = dict(graph.degree(weight="weight"))
    distant = graph.copy()
    for _, _, tie in distant.edges(data=True):
        tie["distance"] = 1 / tie["weight"]
    seeds = _EXACT if len(graph) > _EXACT else None
    between = nx.betweenness_centrality(distant, k=seeds, weight="distance", seed=_SEED)
    rows = [(person, degree[person], between[person], groups[person]) for person in graph]
    table = pd.DataFrame(rows, columns=["character", "weighted_degree", "betweenness", "community"])
    return table.sort_values(["weighted_degree", "character"], ascending=[False, True], ignore_index=True)

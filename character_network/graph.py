"""Ties as networkx graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from character_network.ties import KINDS
from utils.episodes import Episode
from utils.errors import InputError, did_you_mean
from utils.tables import EDGES, require_columns

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = [
    "MOST_PEOPLE",
    "NO_NAMES",
    "Pruned",
    "check_kind",
    "episodes_of",
    "graph_from_edges",
    "of_kind",
    "prune",
    "up_to",
    "weighted_ties",
]

MOST_PEOPLE: Final = 5_000
"""People that a network keeps; programs that draw graphs crawl above it."""

NO_NAMES: Final = (
    "No names were found in these lines, so there is no network: choose the series that they come from, or have its "
    "profile.yaml proposed from them (hawkins series suggest DIR)."
)
"""What every door says of lines without ties."""
_NO_SPEAKERS = (
    "There are no ties of the kind '{kind}', which needs known speakers: give the episodes' --transcripts, "
    "or choose the kind together."
)


class Pruned(NamedTuple):
    """An edges table that is small enough, and what was done to it.

    Attributes:
        edges: The ties that are kept.
        note: A sentence for people; empty if nothing was left out.
    """

    edges: pd.DataFrame
    note: str


def graph_from_edges(
    edges: pd.DataFrame, *, kind: str = "together", until: Episode | str | None = None, only: bool = False
) -> nx.Graph[str] | nx.DiGraph[str]:
    """Return a graph whose edges carry the summed ``weight`` of one kind of tie.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`; ``together`` gives an undirected graph, the others a directed one.
        until: The last episode that counts; None for all.
        only: Count no episode but ``until``.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
    """
    import networkx as nx

    ties = up_to(of_kind(edges, kind), until, only=only)
    summed = ties.groupby(["source", "target"], as_index=False)["weight"].sum()
    graph: nx.Graph[str] = nx.Graph() if kind == "together" else nx.DiGraph()
    graph.add_weighted_edges_from(summed.itertuples(index=False, name=None))
    return graph


def check_kind(kind: str) -> str:
    """Return a kind of tie that exists.

    Raises:
        InputError: If it does not, with those that do.
    """
    if kind not in KINDS:
        raise InputError(f"No kind of tie '{kind}'; there are: {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")
    return kind


def of_kind(edges: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the ties of one kind.

    Raises:
        InputError: If a column is missing, the kind is unknown, or there is no such tie.
    """
    require_columns(edges, EDGES, name="edges")
    ties = edges[edges["kind"] == check_kind(kind)]
    if ties.empty:
        raise InputError(NO_NAMES if edges.empty or kind == "together" else _NO_SPEAKERS.format(kind=kind))
    return ties


def up_to(ties: pd.DataFrame, until: Episode | str | None, *, only: bool = False) -> pd.DataFrame:
    """Return the ties up to an episode, or in it alone.

    Raises:
        InputError: If the episode cannot be read, or there is no tie.
    """
    if until is None:
        return ties
    last = Episode.parse(until) if isinstance(until, str) else until
    numbers = [Episode(*pair) for pair in zip(ties["season"], ties["episode"], strict=True)]
    kept = ties[[number == last if only else number <= last for number in numbers]]
    if kept.empty and only:
        raise InputError(f"There are no ties in {last}; the episodes here are {min(numbers)} to {max(numbers)}.")
    if kept.empty and numbers:
        raise InputError(f"There are no ties up to {last}: the first episode here is {min(numbers)}.")
    return kept


def episodes_of(ties: pd.DataFrame) -> list[Episode]:
    """Return the episodes in which there are ties, in order."""
    return sorted(
        {Episode(int(season), int(episode)) for season, episode in zip(ties.season, ties.episode, strict=True)}
    )


def prune(edges: pd.DataFrame, *, most: int = MOST_PEOPLE) -> Pruned:
    """Keep the people with the highest weighted degree over all kinds and episodes, and the ties among them.

    Args:
        edges: An edges table.
        most: People to keep.

    Raises:
        InputError: If a column is missing.
    """
    import pandas as pd

    require_columns(edges, EDGES, name="edges")
    ends = [edges[["weight"]].assign(person=edges[end]) for end in ("source", "target")]
    degree = pd.concat(ends).groupby("person")["weight"].sum().sort_values(ascending=False, kind="stable")
    if len(degree) <= most:
        return Pruned(edges, "")
    kept = degree.index[:most]
    inside = edges[edges["source"].isin(kept) & edges["target"].isin(kept)].reset_index(drop=True)
    return Pruned(
        inside, f"Of {len(degree):,} people the {most:,} with the highest weighted degree are kept, with their ties."
    )


def weighted_ties(graph: nx.Graph[str]) -> list[tuple[str, str, float]]:
    """Return source, target and weight of every tie."""
    return [(one, other, float(tie["weight"])) for one, other, tie in graph.edges(data=True)]

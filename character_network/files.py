"""The network as files for other programs: GEXF with a timeline, GraphML, JSON and CSV, beside page and image."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from character_network.gexf import for_xml, write_gexf
from character_network.graph import episodes_of, graph_from_edges, of_kind, prune, up_to
from character_network.image import network_image
from character_network.measures import centrality
from character_network.page import network_html
from utils.artifacts import atomic_write, prepare_folder
from utils.episodes import Episode
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["FORMATS", "SavedNetwork", "check_format", "save_network"]


@dataclass(frozen=True, kw_only=True)
class SavedNetwork:
    """What was written.

    Attributes:
        path: The file.
        people: How many people the network has.
        ties: How many ties of the kind.
        note: What was left out, in a sentence; empty if nothing was.
    """

    path: Path
    people: int
    ties: int
    note: str


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    edges: pd.DataFrame
    kind: str
    until: Episode | None
    title: str | None
    lines: pd.DataFrame | None


def save_network(
    edges: pd.DataFrame,
    path: Path,
    *,
    file_format: str | None = None,
    kind: str = "together",
    until: Episode | str | None = None,
    title: str | None = None,
    lines: pd.DataFrame | None = None,
) -> SavedNetwork:
    """Write the network as a file.

    Args:
        edges: An edges table.
        path: The file; its folder is made if need be.
        file_format: One of `FORMATS`; None for what the file's name ends in.
        kind: One of `character_network.ties.KINDS`. A page holds all kinds and opens with this one.
        until: The last episode that counts; None for all. A page holds all episodes and opens at this one.
        title: Heading of a page or image.
        lines: The lines behind the ties, for a page.

    Returns:
        What was written; above 5,000 people the most central are kept, and the note says so.

    Raises:
        InputError: If the edges, the kind, the episode, the format or the path cannot be used.
    """
    chosen = check_format(file_format if file_format is not None else path.suffix.removeprefix(".") or "html")
    kept, note = prune(edges)
    last = Episode.parse(until) if isinstance(until, str) else until
    graph = graph_from_edges(kept, kind=kind, until=last)
    wanted = _Wanted(edges=kept, kind=kind, until=last, title=title, lines=lines)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file with --out.")
    prepare_folder(path.parent)
    atomic_write(path, lambda temporary: FORMATS[chosen](wanted, temporary))
    return SavedNetwork(path=path, people=len(graph), ties=graph.number_of_edges(), note=note)


def check_format(name: str) -> str:
    """Return a format that exists.

    Raises:
        InputError: If it does not, with those that do.
    """
    if name not in FORMATS:
        raise InputError(f"No format '{name}'; there are: {', '.join(FORMATS)}.{did_you_mean(name, FORMATS)}")
    return name


def _page(wanted: _Wanted, path: Path) -> None:
    page = network_html(wanted.edges, kind=wanted.kind, until=wanted.until, title=wanted.title, lines=wanted.lines)
    path.write_text(page, encoding="utf-8")


def _image(wanted: _Wanted, path: Path) -> None:
    network_image(wanted.edges, path, kind=wanted.kind, until=wanted.until, title=wanted.title)


def _measured_graph(wanted: _Wanted) -> nx.Graph[str]:
    """The graph with its measures on people, and kind and weight on ties."""
    graph = graph_from_edges(wanted.edges, kind=wanted.kind, until=wanted.until)
    people = centrality(wanted.edges, kind=wanted.kind, until=wanted.until).set_index("character", drop=False)
    people = people.rename(columns={"character": "label"})
    for name, measures in people.to_dict("index").items():
        graph.nodes[str(name)].update({str(measure): value for measure, value in measures.items()})
    for _, _, tie in graph.edges(data=True):
        tie["kind"] = wanted.kind
    return graph


def _gexf(wanted: _Wanted, path: Path) -> None:
    ties = up_to(of_kind(wanted.edges, wanted.kind), wanted.until)
    write_gexf(_measured_graph(wanted), ties, path, episodes=episodes_of(wanted.edges))


def _graphml(wanted: _Wanted, path: Path) -> None:
    import networkx as nx

    nx.write_graphml(for_xml(_measured_graph(wanted)), path)


def _json(wanted: _Wanted, path: Path) -> None:
    import networkx as nx

    graph = _measured_graph(wanted)
    until = wanted.until or episodes_of(wanted.edges)[-1]
    graph.graph.update(kind=wanted.kind, until=str(until))
    data = nx.node_link_data(graph, edges="links")
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


def _csv(wanted: _Wanted, path: Path) -> None:
    """One row a pair and episode, as in the edges table."""
    up_to(of_kind(wanted.edges, wanted.kind), wanted.until).to_csv(path, index=False)


FORMATS: Final[dict[str, Callable[[_Wanted, Path], None]]] = {
    "html": _page,
    "png": _image,
    "gexf": _gexf,
    "graphml": _graphml,
    "json": _json,
    "csv": _csv,
}
"""How each format is written."""

"""The network as files for other programs: GEXF with a timeline, GraphML, JSON and CSV, beside page and image."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_network.graph import episodes_of, graph_from_edges, of_kind, prune, up_to
from character_network.image import network_image
from character_network.measures import centrality
from character_network.page import network_html
from character_network.picture import colour
from utils.artifacts import atomic_write, prepare_folder
from utils.episodes import Episode
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["FORMATS", "SavedNetwork", "check_format", "save_network"]

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets)."""


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
    """Write GEXF 1.2 (https://gexf.net/schema.html) in which people and ties come and go by episode.

    Time counts episodes: the first lies between 1 and 2. A tie has its whole weight, which the layouts of Gephi use,
    and ``episode_weight``, which changes along the timeline.
    """
    import networkx as nx

    graph = _measured_graph(wanted)
    ties = up_to(of_kind(wanted.edges, wanted.kind), wanted.until)
    step = {episode: number for number, episode in enumerate(episodes_of(wanted.edges), start=1)}
    graph.graph["mode"] = "dynamic"
    present: dict[str, set[int]] = {}
    weights: dict[tuple[str, str], dict[int, float]] = {}
    for source, target, season, episode, weight in zip(
        ties["source"], ties["target"], ties["season"], ties["episode"], ties["weight"], strict=True
    ):
        number = step[Episode(season, episode)]
        weights.setdefault((source, target), {})[number] = float(weight)
        present.setdefault(source, set()).add(number)
        present.setdefault(target, set()).add(number)
    for name, person in graph.nodes(data=True):
        person.update(spells=_spells(present[name]), viz=_look(person))
    for (source, target), by_episode in weights.items():
        changing = [(weight, float(number), number + 1.0) for number, weight in sorted(by_episode.items())]
        graph.edges[source, target].update(spells=_spells(by_episode), episode_weight=changing)
    nx.write_gexf(_for_xml(graph), path, version="1.2draft")


def _spells(numbers: Iterable[int]) -> list[tuple[float, float]]:
    """Join neighbouring episodes: 1, 2, 4 are the spells from 1 to 3 and from 4 to 5.

    As fractions, because networkx names whole numbers' format ``long``, which GEXF does not know.
    """
    spells: list[tuple[float, float]] = []
    for number in sorted(numbers):
        begin = spells.pop()[0] if spells and spells[-1][1] == number else float(number)
        spells.append((begin, number + 1.0))
    return spells


def _look(person: dict[str, Any]) -> dict[str, Any]:
    code = colour(person["community"])
    red, green, blue = (int(code[place : place + 2], 16) for place in (1, 3, 5))
    return {"color": {"r": red, "g": green, "b": blue, "a": 1.0}}


def _graphml(wanted: _Wanted, path: Path) -> None:
    import networkx as nx

    nx.write_graphml(_for_xml(_measured_graph(wanted)), path)


def _for_xml(graph: nx.Graph[str]) -> nx.Graph[str]:
    """Take out of the names what XML cannot hold; names that become the same by that stay apart."""
    import networkx as nx

    names: dict[str, str] = {}
    for name, person in graph.nodes(data=True):
        person["label"] = _NOT_XML.sub("", name)
        names[name] = person["label"] if person["label"] not in names.values() else f"{person['label']} {len(names)}"
    return nx.relabel_nodes(graph, names)


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

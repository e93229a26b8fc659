"""The network as a page of its own or a part of one: PyVis's data, drawn by the vis-network library inside pyvis.

PyVis's own template fetches libraries from the web; here everything is in the page, and names enter it only escaped.
"""

from __future__ import annotations

import html
import json
import math
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_network.graph import graph_from_edges, measures, weighted_ties
from character_network.layout import place
from character_network.page_assets import SCRIPT, STYLE
from utils.episodes import Episode
from utils.errors import MissingDependencyError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["network_fragment", "network_html", "network_library"]

MOST_PEOPLE: Final = 60
"""People shown at most: the most central ones."""
TIES_EACH: Final = 4
"""Each person's strongest ties are shown, whatever else is left out."""
MOST_TIES: Final = 150
"""Ties shown at most, apart from `TIES_EACH`."""

# Paul Tol's "muted" scheme, distinct for colour-blind readers (https://sronpersonalpages.nl/~pault/); the last is for
# small communities.
COLOURS: Final = ("#332288", "#cc6677", "#117733", "#ddaa33", "#66aadd", "#882255", "#44aa99", "#999933", "#aa4499")
_OTHERS = "#8a8f98"
_TITLES: Final = {
    "together": "Who is together",
    "speaks_to": "Who speaks to whom",
    "mentions": "Who names whom",
}
_UNITS: Final = {"together": "shared lines", "speaks_to": "lines", "mentions": "times named"}


@dataclass(frozen=True, kw_only=True)
class _Picture:
    """What is drawn: the part of the graph that stays readable, and its measures."""

    graph: nx.Graph[str]
    whole: nx.Graph[str]
    people: pd.DataFrame
    kind: str
    until: str


def network_html(
    edges: pd.DataFrame, *, kind: str = "together", until: Episode | str | None = None, title: str | None = None
) -> str:
    """Return a page that opens from disk with no network.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.
        until: The last episode that counts; None for all.
        title: Heading; None for one that tells kind and episode.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
    """
    figure = network_fragment(edges, kind=kind, until=until)
    heading = html.escape(title if title is not None else _TITLES.get(kind, kind) + _up_to(until))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n{network_library()}\n</head>\n"
        f'<body class="hawkins-page">\n<h1>{heading}</h1>\n{figure}\n</body>\n</html>\n'
    )


def network_library() -> str:
    """Return the style and scripts that fragments need; a page includes them once, before its fragments.

    Raises:
        MissingDependencyError: If pyvis is not installed.
    """
    spec = find_spec("pyvis")
    if spec is None or spec.origin is None:
        raise MissingDependencyError("The network's page needs pyvis; run: pip install -r requirements.txt")
    library = Path(spec.origin).parent / "lib" / "vis-9.1.2" / "vis-network.min.js"
    source = library.read_text(encoding="utf-8")
    return f"<style>{STYLE}</style>\n<script>{source}</script>\n<script>{SCRIPT}</script>"


def network_fragment(
    edges: pd.DataFrame, *, kind: str = "together", until: Episode | str | None = None, height: str = "78vh"
) -> str:
    """Return a figure (drawing, legend, note) to stand in a page that holds `network_library`.

    Args:
        edges: An edges table.
        kind: One of `character_network.ties.KINDS`.
        until: The last episode that counts; None for all.
        height: CSS height of the drawing.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
    """
    picture = _picture(edges, kind=kind, until=until)
    data = _script_json(_vis_data(picture))
    name = f"network-{sha256(data.encode()).hexdigest()[:12]}"
    return (
        f'<figure class="hawkins-network">\n<div id="{name}" class="canvas" style="height:{html.escape(height)}" '
        f'role="img" aria-label="{html.escape(_spoken_summary(picture))}"></div>\n'
        f"<figcaption>{_legend(picture)}<p>{html.escape(_note(picture))}</p></figcaption>\n"
        f'<script>hawkinsNetwork("{name}", {data});</script>\n</figure>'
    )


def _up_to(until: Episode | str | None) -> str:
    return "" if until is None else f", up to {Episode.parse(until) if isinstance(until, str) else until}"


def _picture(edges: pd.DataFrame, *, kind: str, until: Episode | str | None) -> _Picture:
    whole = graph_from_edges(edges, kind=kind, until=until)
    people = measures(whole).head(MOST_PEOPLE)
    return _Picture(
        graph=_readable(whole, people["character"].tolist()), whole=whole, people=people, kind=kind, until=_up_to(until)
    )


def _readable(whole: nx.Graph[str], people: list[str]) -> nx.Graph[str]:
    """Keep the given people, the strongest `MOST_TIES` ties among them, and everybody's strongest `TIES_EACH`."""
    ties = sorted(weighted_ties(whole.subgraph(people)), key=lambda tie: (-tie[2], tie[0], tie[1]))
    kept = set(ties[:MOST_TIES])
    for person in people:
        kept.update([tie for tie in ties if person in tie[:2]][:TIES_EACH])
    graph = whole.__class__()
    graph.add_nodes_from(people)
    graph.add_weighted_edges_from(tie for tie in ties if tie in kept)
    return graph


def _vis_data(picture: _Picture) -> dict[str, Any]:
    """Return vis-network's nodes and edges, built with PyVis."""
    from pyvis.network import Network

    network = Network(directed=picture.graph.is_directed())
    nodes = _nodes(picture)
    spots = place(picture.graph, {node["label"]: _box(node) for node in nodes})
    for node in nodes:
        x, y = spots[node["label"]]
        network.add_node(node["label"], x=round(x), y=round(y), **node)
    unit, arrow = _UNITS[picture.kind], "→" if picture.graph.is_directed() else "–"
    strongest = max(weight for _, _, weight in weighted_ties(picture.graph))
    for one, other, weight in weighted_ties(picture.graph):
        width = 0.6 + 9 * math.sqrt(weight / strongest)
        network.add_edge(one, other, title=f"{one} {arrow} {other}\n{weight:,.1f} {unit}", width=round(width, 2))
    return {"nodes": network.nodes, "edges": network.edges, "directed": picture.graph.is_directed()}


def _nodes(picture: _Picture) -> list[dict[str, Any]]:
    """Return label, tooltip, colour and sizes of each person; the disc's area grows with the weighted degree."""
    most, unit = picture.people["weighted_degree"].max(), _UNITS[picture.kind]
    nodes = []
    for rank, (person, degree, between, community) in enumerate(
        picture.people.itertuples(index=False, name=None), start=1
    ):
        share = math.sqrt(degree / most)
        nodes.append(
            {
                "label": person,
                "title": f"{person}\n{degree:,.0f} {unit} in all, number {rank}\nbetweenness {between:.2f}",
                "color": _colour(community),
                "size": round(6 + 28 * share, 1),
                "font": {"size": round(17 + 13 * share)},
            }
        )
    return nodes


def _box(node: dict[str, Any]) -> tuple[float, float]:
    """Estimate the width and height of a disc with its label below, with a margin."""
    letters, font, disc = len(node["label"]), node["font"]["size"], 2 * node["size"]
    return max(disc, 0.56 * font * letters) + 14, disc + 1.9 * font + 10


def _colour(community: int) -> str:
    return COLOURS[community] if community < len(COLOURS) else _OTHERS


def _script_json(data: dict[str, Any]) -> str:
    """Write JSON that cannot end its script element, whatever the names hold."""
    text = json.dumps(data, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _legend(picture: _Picture) -> str:
    """One entry a community: its colour and its most central people."""
    entries = []
    for community in sorted(set(picture.people["community"])):
        members = picture.people[picture.people["community"] == community]
        names = ", ".join(members["character"].head(4)) + (" …" if len(members) > 4 else "")
        entries.append(f'<li><i style="background:{_colour(community)}"></i>{html.escape(names)}</li>')
    return f"<ul>{''.join(entries)}</ul>"


def _note(picture: _Picture) -> str:
    shown, whole = picture.graph, picture.whole
    parts = [
        f"Size: {_UNITS[picture.kind]} in all. Width: {_UNITS[picture.kind]} of the pair. Colour: community (Louvain)."
    ]
    if len(shown) < len(whole) or shown.number_of_edges() < whole.number_of_edges():
        parts.append(
            f"Shown are the {len(shown)} most central of {len(whole)} people and {shown.number_of_edges()} of "
            f"{whole.number_of_edges()} ties; the weakest are left out so that the rest can be read."
        )
    return " ".join(parts)


def _spoken_summary(picture: _Picture) -> str:
    centre = ", ".join(picture.people["character"].head(5))
    return f"{_TITLES[picture.kind]}{picture.until}: {len(picture.graph)} people; at the centre {centre}."

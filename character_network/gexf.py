"""The network for Gephi, with its timeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_network.picture_style import colour
from utils.episodes import Episode

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

__all__ = ["for_xml", "write_gexf"]

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets)."""


def write_gexf(graph: nx.Graph[str], ties: pd.DataFrame, path: Path, *, episodes: Sequence[Episode]) -> None:
    """Write GEXF 1.2 (https://gexf.net/schema.html) in which people and ties come and go by episode.

    Time counts episodes: the first lies between 1 and 2. A tie has its whole weight, which the layouts of Gephi use,
    and ``episode_weight``, which changes along the timeline.

    Args:
        graph: People with their ``community``, ties with their ``weight``; it is changed.
        ties: The rows of an edges table that it was made from.
        path: The file.
        episodes: All episodes, in order.
    """
    import networkx as nx

    step = {episode: number for number, episode in enumerate(episodes, start=1)}
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
        person.update(spells=_spells(present[name]), viz=_look(int(person["community"])))
    for (source, target), by_episode in weights.items():
        changing = [(weight, float(number), number + 1.0) for number, weight in sorted(by_episode.items())]
        graph.edges[source, target].update(spells=_spells(by_episode), episode_weight=changing)
    nx.write_gexf(for_xml(graph), path, version="1.2draft")


def _spells(numbers: Iterable[int]) -> list[tuple[float, float]]:
    """Join neighbouring episodes: 1, 2, 4 are the spells from 1 to 3 and from 4 to 5.

    As fractions, because networkx names whole numbers' format ``long``, which GEXF does not know.
    """
    spells: list[tuple[float, float]] = []
    for number in sorted(numbers):
        begin = spells.pop()[0] if spells and spells[-1][1] == number else float(number)
        spells.append((begin, number + 1.0))
    return spells


def _look(community: int) -> dict[str, Any]:
    code = colour(community)
    red, green, blue = (int(code[place : place + 2], 16) for place in (1, 3, 5))
    return {"color": {"r": red, "g": green, "b": blue, "a": 1.0}}


def for_xml(graph: nx.Graph[str]) -> nx.Graph[str]:
    """Take out of the names what XML cannot hold; names that become the same by that stay apart."""
    import networkx as nx

    names: dict[str, str] = {}
    for name, person in graph.nodes(data=True):
        person["label"] = _NOT_XML.sub("", name)
        names[name] = person["label"] if person["label"] not in names.values() else f"{person['label']} {len(names)}"
    return nx.relabel_nodes(graph, names)

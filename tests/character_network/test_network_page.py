from __future__ import annotations

import html
import itertools
import json
import re
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from character_network import network_fragment, network_html, network_library
from character_network.evidence import TIE_LINES
from character_network.layout import place
from character_network.page_data import MOST_LINES
from character_network.picture import MOST_PEOPLE, MOST_TIES, TIES_EACH, picture_of, readable
from utils.errors import InputError
from utils.tables import EDGES

HOSTILE = '</script><img src=x onerror="document.title=1">'


def edges(*pairs: tuple[str, str, float], kind: str = "together", episode: int = 1) -> pd.DataFrame:
    rows = [(one, other, kind, 1, episode, weight) for one, other, weight in pairs]
    return pd.DataFrame(rows, columns=list(EDGES))


SMALL = edges(("Ada", "Bob", 4), ("Bob", "Cy", 2), ("Ada", "Cy", 1))
SEASON = pd.concat(
    [
        SMALL,
        edges(("Ada", "Dee", 7), ("Ada", "Bob", 1), episode=2),
        edges(("Bob", "Ada", 3), ("Ada", "Bob", 2), kind="speaks_to", episode=2),
    ],
    ignore_index=True,
)


def said(*rows: tuple[str, str, int, int, str]) -> pd.DataFrame:
    """Lines behind ties: source, target, episode, line, text."""
    whole = [(*pair, "together", 1, episode, 0, line, 61.0, pair[0], text, 1.0) for *pair, episode, line, text in rows]
    return pd.DataFrame(whole, columns=list(TIE_LINES)).astype({"speaker": "string"})


def drawn(page: str) -> dict[str, Any]:
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, flags=re.S)[1])


def test_the_page_stands_alone() -> None:
    page = network_html(SMALL, title="Ties")
    own = page.replace(network_library(), "") + re.sub(
        r"<script>.*?</script>", "", network_library(), count=1, flags=re.S
    )
    assert "vis.Network" in own
    assert not re.search(r"https?:", own)
    assert not re.search(r"<(script|img)[^>]+(src|href)", page)
    assert re.findall(r'<link[^>]+href="([^"]*)"', page) == ["data:,"]
    assert page.count("</script>") == 4


def test_the_fragment_needs_the_library_once() -> None:
    fragment = network_fragment(SMALL)
    assert len(fragment) < 5_000
    assert network_fragment(SMALL) == fragment


def test_fragments_have_names_of_their_own() -> None:
    both = network_fragment(SEASON) + network_fragment(SEASON, kind="speaks_to")
    assert len(set(re.findall(r'<figure class="hawkins-network" id="([^"]+)"', both))) == 2


def test_all_kinds_and_episodes_travel_in_the_page() -> None:
    data = drawn(network_html(SEASON))
    assert data["episodes"] == ["S01E01", "S01E02"]
    assert list(data["kinds"]) == ["together", "speaks_to"]
    names = [person["name"] for person in data["people"]]
    ties = {(names[one], names[other]): weights for one, other, weights in data["kinds"]["together"]["ties"]}
    assert ties["Ada", "Bob"] == [0, 4, 1, 1]
    spoken = {(names[one], names[other]) for one, other, _ in data["kinds"]["speaks_to"]["ties"]}
    assert spoken == {("Ada", "Bob"), ("Bob", "Ada")}
    assert data["kinds"]["speaks_to"]["until"][0] == []


def test_measures_of_every_moment_are_in_the_page() -> None:
    data = drawn(network_html(SEASON))
    names = [person["name"] for person in data["people"]]
    until, alone = (
        {names[row[0]]: row[1:3] for row in data["kinds"]["together"][view][1]} for view in ("until", "alone")
    )
    assert until == {"Ada": [1, 13], "Bob": [2, 7], "Dee": [3, 7], "Cy": [4, 3]}
    assert alone == {"Ada": [1, 8], "Dee": [2, 7], "Bob": [3, 1]}
    changes = data["kinds"]["together"]["changes"][1]
    assert [[names[one], names[other]] for one, other in changes["new"]] == [["Ada", "Dee"]]


def test_lines_stand_behind_their_ties_once() -> None:
    lines = said(("Ada", "Bob", 1, 3, "Hello."), ("Ada", "Cy", 1, 3, "Hello."), ("Ada", "Dee", 2, 9, "Later."))
    data = drawn(network_html(SEASON, lines=lines))
    assert data["lines"] == [[0, "0:01:01", "Ada", "Hello."], [1, "0:01:01", "Ada", "Later."]]
    names = [person["name"] for person in data["people"]]
    behind = data["kinds"]["together"]["lines"]
    assert behind[f"{names.index('Ada')}-{names.index('Cy')}"] == [0]


def test_lines_without_times_tell_their_number() -> None:
    lines = said(("Ada", "Bob", 1, 3, "Hello.")).assign(start=float("nan"), speaker=pd.NA)
    assert drawn(network_html(SMALL, lines=lines))["lines"] == [[0, "line 3", "", "Hello."]]


def test_lines_are_bounded_and_each_tie_keeps_its_strongest() -> None:
    many = [("Ada", "Bob", 1, number, f"line {number}") for number in range(MOST_LINES + 50)]
    data = drawn(network_html(SMALL, lines=said(*many, ("Ada", "Cy", 1, 99_999, "the only one"))))
    assert sum(len(places) for places in data["kinds"]["together"]["lines"].values()) == MOST_LINES
    assert [0, "0:01:01", "Ada", "the only one"] in data["lines"]
    assert [0, "0:01:01", "Ada", "line 0"] in data["lines"]


def test_names_and_lines_enter_only_as_text() -> None:
    lines = said((HOSTILE, "Bob", 1, 1, HOSTILE))
    page = network_html(edges((HOSTILE, "Bob", 2), ("Bob", "Cy", 1)), title=HOSTILE, lines=lines)
    assert "<img" not in page
    assert html.escape(HOSTILE) in page
    assert page.count("</script>") == network_html(SMALL).count("</script>")
    assert drawn(page)["lines"][0][2:] == [HOSTILE, HOSTILE]


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda name: name != "Bob"))
def test_no_name_breaks_the_page(name: str) -> None:
    fragment = network_fragment(edges((name, "Bob", 2)))
    assert fragment.count("<script") == fragment.count("</script>") == 2
    assert name in {person["name"] for person in drawn(fragment)["people"]}


def test_crowded_networks_show_the_most_central() -> None:
    people = [f"P{number:03}" for number in range(80)]
    pairs = [(one, other, 1 + (int(one[1:]) * int(other[1:])) % 17) for one, other in itertools.combinations(people, 2)]
    data = drawn(network_fragment(edges(*pairs)))
    assert len(data["people"]) == MOST_PEOPLE
    assert data["everybody"] == 80


def test_those_at_the_centre_of_an_episode_are_shown() -> None:
    crowd = [(f"P{number:03}", "Hub", 50.0) for number in range(70)]
    once = pd.concat([edges(*crowd), edges(("Guest", "Visitor", 2.0), episode=2)], ignore_index=True)
    assert {"Guest", "Visitor"} <= set(picture_of(once).people)


def test_very_large_networks_are_pruned_and_say_so() -> None:
    many = edges(*[(f"P{number:04}", "Hub", 1.0 + number) for number in range(400)])
    assert "Of 401 people the 300 with the highest weighted degree are kept" in network_fragment(many)
    assert "are kept" not in network_fragment(SMALL)


def test_readable_keeps_the_strongest_and_some_of_everybody() -> None:
    strong = [(f"A{one}", f"A{other}", 9.0) for one, other in itertools.combinations(range(20), 2)]
    weak = [("Zed", f"A{number}", 1.0) for number in range(10)]
    people = sorted({name for tie in strong + weak for name in tie[:2]})
    kept = readable(strong + weak, people)
    assert len([tie for tie in kept if "Zed" in tie]) == TIES_EACH
    assert len(kept) >= MOST_TIES
    assert kept == sorted(kept, key=lambda tie: -tie[2])


def test_errors_reach_the_caller() -> None:
    with pytest.raises(InputError, match="Did you mean together"):
        network_html(SMALL, kind="togther")
    with pytest.raises(InputError, match="No names"):
        network_fragment(SMALL.iloc[:0])
    with pytest.raises(InputError, match="--transcripts"):
        network_html(SMALL, kind="speaks_to")


def test_the_heading_tells_the_episode() -> None:
    assert "<h1 data-follows>Who is together, up to S01E01</h1>" in network_html(SEASON, until="s1e1")
    assert 'data-kind="speaks_to" data-step="1"' in network_html(SEASON, kind="speaks_to")


def test_boxes_do_not_overlap_and_places_repeat() -> None:
    graph = nx.barabasi_albert_graph(50, 3, seed=1)
    graph = nx.relabel_nodes(graph, {node: f"P{node:02}" for node in graph})
    nx.set_edge_attributes(graph, 2.0, "weight")
    boxes = dict.fromkeys(graph, (90.0, 60.0))
    spots = place(graph, boxes)
    for one, other in itertools.combinations(spots, 2):
        (x, y), (u, v) = spots[one], spots[other]
        assert abs(x - u) > 85 or abs(y - v) > 55
    assert place(graph, boxes) == spots


def test_assets_are_package_data() -> None:
    import tomllib

    root = Path(__file__).resolve().parents[2]
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    for package, pattern in (("character_network", "assets/*"), ("web", "frame.js")):
        assert pattern in data[package]
        assert list((root / package).glob(pattern))

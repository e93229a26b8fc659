from __future__ import annotations

import html
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from character_network import network_fragment, network_html, network_library
from character_network.layout import place
from character_network.page import MOST_PEOPLE
from utils.errors import InputError
from utils.tables import EDGES

HOSTILE = '</script><img src=x onerror="document.title=1">'
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


def edges(*pairs: tuple[str, str, float], kind: str = "together") -> pd.DataFrame:
    return pd.DataFrame([(one, other, kind, 1, 1, weight) for one, other, weight in pairs], columns=list(EDGES))


SMALL = edges(("Ada", "Bob", 4), ("Bob", "Cy", 2), ("Ada", "Cy", 1))


def drawn(fragment: str) -> dict[str, list[dict[str, object]]]:
    return json.loads(re.search(r'hawkinsNetwork\("[\w-]+", (.*)\);</script>', fragment)[1])


def test_the_page_stands_alone() -> None:
    page = network_html(SMALL, title="Ties")
    own = page.replace(network_library(), "") + re.sub(
        r"<script>.*?</script>", "", network_library(), count=1, flags=re.S
    )
    assert "vis.Network" in own
    assert not re.search(r"https?:", own)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)", page)
    assert page.count("</script>") == 3


def test_the_fragment_needs_the_library_once() -> None:
    fragment = network_fragment(SMALL)
    assert fragment in network_html(SMALL)
    assert len(fragment) < 5_000
    assert network_fragment(SMALL) == fragment


def test_two_fragments_have_two_names() -> None:
    both = network_fragment(SMALL) + network_fragment(SMALL.assign(kind="speaks_to"), kind="speaks_to")
    identifiers = re.findall(r'id="([^"]+)"', both)
    assert len(set(identifiers)) == 2


def test_size_and_width_follow_the_weights() -> None:
    data = drawn(network_fragment(SMALL))
    sizes = {node["label"]: node["size"] for node in data["nodes"]}
    assert sizes["Bob"] > sizes["Ada"] > sizes["Cy"]
    widest = max(data["edges"], key=lambda edge: edge["width"])
    assert {widest["from"], widest["to"]} == {"Ada", "Bob"}
    assert "6 shared lines in all, number 1" in data["nodes"][0]["title"]


def test_directed_kinds_keep_both_ways() -> None:
    data = drawn(network_fragment(edges(("Ada", "Bob", 2), ("Bob", "Ada", 1), kind="mentions"), kind="mentions"))
    assert data["directed"] is True
    assert {edge["title"] for edge in data["edges"]} == {"Ada → Bob\n2.0 times named", "Bob → Ada\n1.0 times named"}


def test_names_enter_only_escaped() -> None:
    page = network_html(edges((HOSTILE, "Bob", 2), ("Bob", "Cy", 1)), title=HOSTILE)
    assert "<img" not in page
    assert html.escape(HOSTILE) in page
    fragment = network_fragment(edges((HOSTILE, "Bob", 2)))
    assert fragment.count("</script>") == 1
    assert HOSTILE in {node["label"] for node in drawn(fragment)["nodes"]}


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda name: name != "Bob"))
def test_no_name_breaks_the_page(name: str) -> None:
    fragment = network_fragment(edges((name, "Bob", 2)))
    assert fragment.count("<script>") == fragment.count("</script>") == 1
    assert name in {node["label"] for node in drawn(fragment)["nodes"]}


def test_large_networks_are_pruned_and_say_so() -> None:
    people = [f"P{number:03}" for number in range(90)]
    pairs = [(one, other, 1 + (hash_of(one) * hash_of(other)) % 17) for one, other in itertools.combinations(people, 2)]
    fragment = network_fragment(edges(*pairs))
    data = drawn(fragment)
    assert len(data["nodes"]) == MOST_PEOPLE
    assert len(data["edges"]) < 400
    tied = {edge["from"] for edge in data["edges"]} | {edge["to"] for edge in data["edges"]}
    assert len(tied) == MOST_PEOPLE
    assert "60 most central of 90 people" in fragment
    assert "left out" not in network_fragment(SMALL)


def hash_of(person: str) -> int:
    return int(person[1:])


def test_errors_reach_the_caller() -> None:
    with pytest.raises(InputError, match="Did you mean together"):
        network_html(SMALL, kind="togther")
    with pytest.raises(InputError, match="No names"):
        network_fragment(SMALL.iloc[:0])


def test_the_heading_tells_the_episode() -> None:
    assert "<h1>Who is together, up to S01E02</h1>" in network_html(SMALL, until="s1e2")


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


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_a_browser_draws_it_from_disk_and_runs_no_name(tmp_path: Path) -> None:
    page = tmp_path / "network.html"
    page.write_text(network_html(edges((HOSTILE, "Bob", 2), ("Bob", "Cy", 1)), title="Ties"), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=3000",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    shown = subprocess.run(
        [BROWSER, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    assert "<canvas" in shown.stdout
    assert "<title>Ties</title>" in shown.stdout
    assert "<img" not in re.sub(r"<script>.*?</script>", "", shown.stdout, flags=re.S)

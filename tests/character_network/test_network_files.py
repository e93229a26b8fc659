from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from character_network import FORMATS, save_network
from utils.errors import InputError
from utils.tables import EDGES

ROWS = [
    ("Ada", "Bob", "together", 1, 1, 5.0),
    ("Ada", "Bob", "together", 1, 2, 3.0),
    ("Ada", "Bob", "together", 2, 2, 2.0),
    ("Bob", "Cy", "together", 1, 2, 1.0),
    ("Bob", "Ada", "speaks_to", 1, 1, 2.0),
    ("Ada", "Bob", "speaks_to", 2, 1, 4.0),
]
TABLE = pd.DataFrame(ROWS, columns=list(EDGES))
GEXF = "{http://www.gexf.net/1.2draft}"


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_is_written(file_format: str, tmp_path: Path) -> None:
    saved = save_network(TABLE, tmp_path / "new" / f"file.{file_format}")
    assert (saved.people, saved.ties, saved.note) == (3, 2, "")
    assert saved.path.stat().st_size > 100
    assert [path.name for path in saved.path.parent.iterdir()] == [f"file.{file_format}"]


def test_gexf_has_a_timeline(tmp_path: Path) -> None:
    path = save_network(TABLE, tmp_path / "n.gexf").path
    graph = nx.read_gexf(path)
    assert not graph.is_directed()
    tie = graph["Ada"]["Bob"]
    # Episodes 1 and 2 follow each other, S02E01 (the third) has no such tie, S02E02 is the fourth.
    assert tie["spells"] == [(1.0, 3.0), (4.0, 5.0)]
    assert tie["episode_weight"] == [(5.0, 1.0, 2.0), (3.0, 2.0, 3.0), (2.0, 4.0, 5.0)]
    assert tie["weight"] == 10
    assert graph.nodes["Cy"]["spells"] == [(2.0, 3.0)]
    assert graph.nodes["Bob"]["weighted_degree"] == 11


def test_gexf_has_the_structure_of_its_schema(tmp_path: Path) -> None:
    root = ET.parse(save_network(TABLE, tmp_path / "n.gexf", kind="speaks_to").path).getroot()  # noqa: S314 - ours
    graph = root.find(f"{GEXF}graph")
    assert root.tag == f"{GEXF}gexf"
    assert root.get("version") == "1.2"
    assert graph.get("mode") == "dynamic"
    assert graph.get("timeformat") in {"integer", "double", "date", "dateTime"}
    assert graph.get("defaultedgetype") == "directed"
    declared = {a.get("id"): block.get("class") for block in graph.iter(f"{GEXF}attributes") for a in block}
    people = {node.get("id") for node in graph.iter(f"{GEXF}node")}
    for edge in graph.iter(f"{GEXF}edge"):
        assert {edge.get("source"), edge.get("target")} <= people
        assert all(float(spell.get("start")) < float(spell.get("end")) for spell in edge.iter(f"{GEXF}spell"))
        assert all(declared[value.get("for")] == "edge" for value in edge.iter(f"{GEXF}attvalue"))


def test_graphml_and_json_hold_measures(tmp_path: Path) -> None:
    graphs = [nx.read_graphml(save_network(TABLE, tmp_path / "n.graphml", until="S01E02").path)]
    data = json.loads(save_network(TABLE, tmp_path / "n.json", until="S01E02").path.read_text(encoding="utf-8"))
    assert data["graph"] == {"kind": "together", "until": "S01E02"}
    graphs.append(nx.node_link_graph(data, edges="links"))
    for graph in graphs:
        assert graph["Ada"]["Bob"]["weight"] == 8
        assert graph.nodes["Bob"]["weighted_degree"] == 9
        assert graph.nodes["Bob"]["betweenness"] == 1
        assert "community" in graph.nodes["Cy"]


def test_csv_holds_the_edges_up_to_the_episode(tmp_path: Path) -> None:
    table = pd.read_csv(save_network(TABLE, tmp_path / "n.csv", until="S01E02").path)
    pd.testing.assert_frame_equal(table, TABLE.iloc[[0, 1, 3]].reset_index(drop=True), check_dtype=False)


def test_the_image_repeats_and_follows_the_episode(tmp_path: Path) -> None:
    one, same, other = (
        save_network(TABLE, tmp_path / f"{name}.png", until=until).path.read_bytes()
        for name, until in (("a", None), ("b", None), ("c", "S01E01"))
    )
    assert one.startswith(b"\x89PNG")
    assert one == same != other


@pytest.mark.parametrize("name", ["$x_", "</node>&\"'", "\x0b\x00Bell", "[b]", "♪"])
@pytest.mark.parametrize("file_format", FORMATS)
def test_no_name_breaks_a_file(name: str, file_format: str, tmp_path: Path) -> None:
    table = pd.DataFrame([(name, "Bob", "together", 1, 1, 2.0), *ROWS[3:4]], columns=list(EDGES))
    path = save_network(table, tmp_path / f"n.{file_format}").path
    if file_format in {"gexf", "graphml"}:
        graph = {"gexf": nx.read_gexf, "graphml": nx.read_graphml}[file_format](path)
        assert len(graph) == 3


def test_names_that_xml_makes_equal_stay_apart(tmp_path: Path) -> None:
    table = pd.DataFrame([("Bo\x00b", "Bob", "together", 1, 1, 2.0)], columns=list(EDGES))
    assert len(nx.read_graphml(save_network(table, tmp_path / "n.graphml").path)) == 2


def test_thousands_are_pruned_and_it_is_said(tmp_path: Path) -> None:
    rows = [(f"P{number}", f"P{number + 1}", "together", 1, 1, 1.0 + number) for number in range(6000)]
    saved = save_network(pd.DataFrame(rows, columns=list(EDGES)), tmp_path / "n.csv")
    assert saved.people == 5000
    assert saved.note == "Of 6,001 people the 5,000 with the highest weighted degree are kept, with their ties."


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No format 'gefx'; there are: html, png.*Did you mean gexf"):
        save_network(TABLE, tmp_path / "n", file_format="gefx")
    with pytest.raises(InputError, match="is a folder; give a file"):
        save_network(TABLE, tmp_path, file_format="csv")
    with pytest.raises(InputError, match="--transcripts"):
        save_network(TABLE, tmp_path / "n.csv", kind="mentions")
    assert not list(tmp_path.iterdir())

from __future__ import annotations

import pandas as pd
import pytest

from character_network import CharacterNetworkGenerator, centrality, graph_from_edges
from character_network.communities import communities
from utils.episodes import Episode
from utils.errors import InputError
from utils.tables import EDGES

ROWS = [
    ("Ada", "Bob", "together", 1, 1, 5.0),
    ("Ada", "Bob", "together", 1, 2, 3.0),
    ("Bob", "Cy", "together", 1, 2, 1.0),
    ("Cy", "Dee", "together", 2, 1, 6.0),
    ("Bob", "Ada", "speaks_to", 1, 1, 2.0),
    ("Ada", "Bob", "speaks_to", 1, 2, 4.0),
]
TABLE = pd.DataFrame(ROWS, columns=list(EDGES))


def test_weights_are_summed() -> None:
    graph = graph_from_edges(TABLE)
    assert not graph.is_directed()
    assert graph["Ada"]["Bob"]["weight"] == 8
    directed = graph_from_edges(TABLE, kind="speaks_to")
    assert directed.is_directed()
    assert directed["Bob"]["Ada"]["weight"] == 2


@pytest.mark.parametrize("until", ["S01E02", Episode(1, 2)])
def test_until_counts_that_episode_and_no_later_one(until: str | Episode) -> None:
    assert sorted(graph_from_edges(TABLE, until=until)) == ["Ada", "Bob", "Cy"]


def test_until_before_the_first_episode_says_so() -> None:
    later = TABLE[TABLE["season"] == 2]
    with pytest.raises(InputError, match=r"up to S01E09: the first episode here is S02E01"):
        graph_from_edges(later, until="S01E09")


def test_unknown_kind_suggests() -> None:
    with pytest.raises(InputError, match=r"'speaks'.*Did you mean speaks_to"):
        graph_from_edges(TABLE, kind="speaks")


def test_missing_speakers_point_to_transcripts() -> None:
    with pytest.raises(InputError, match=r"--transcripts"):
        graph_from_edges(TABLE[TABLE["kind"] == "together"], kind="speaks_to")


def test_no_names_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"No names were found.*profile\.yaml"):
        centrality(TABLE.iloc[:0])


def test_missing_column_is_named() -> None:
    with pytest.raises(InputError, match=r"edges table lacks the column.*weight"):
        centrality(TABLE.drop(columns="weight"))


def test_centrality_is_sorted_by_weighted_degree() -> None:
    table = centrality(TABLE)
    assert list(table.columns) == ["character", "weighted_degree", "betweenness", "community"]
    assert table["character"].tolist() == ["Bob", "Ada", "Cy", "Dee"]
    assert table["weighted_degree"].tolist() == [9, 8, 7, 6]
    assert table.set_index("character")["betweenness"].to_dict() == pytest.approx(
        {"Bob": 2 / 3, "Cy": 2 / 3, "Ada": 0, "Dee": 0}
    )


def test_strong_ties_are_short() -> None:
    rows = [("A", "B", "together", 1, 1, 10.0), ("B", "C", "together", 1, 1, 10.0), ("A", "C", "together", 1, 1, 1.0)]
    table = centrality(pd.DataFrame(rows, columns=list(EDGES))).set_index("character")
    assert table.loc["B", "betweenness"] == 1


def test_communities_are_numbered_by_weight_whatever_the_order_of_rows() -> None:
    expected = {"Ada": 0, "Bob": 0, "Cy": 1, "Dee": 1}
    assert communities(graph_from_edges(TABLE)) == expected
    assert communities(graph_from_edges(TABLE.sample(frac=1, random_state=1))) == expected


def ners(*episodes: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame({"ners": pd.Series(list(episodes), dtype=object)})


def test_the_guides_network_counts_sentences_within_the_window() -> None:
    frame = ners([["Ada"], ["Bob"], [], ["Ada", "Cy"]], [["Bob", "Ada"]])
    pairs = CharacterNetworkGenerator(window=3).generate_character_network(frame)
    assert pairs.values.tolist() == [["Ada", "Bob", 3], ["Ada", "Cy", 1], ["Bob", "Cy", 1]]
    narrow = CharacterNetworkGenerator(window=1).generate_character_network(frame)
    assert narrow.values.tolist() == [["Ada", "Bob", 1], ["Ada", "Cy", 1]]


def test_the_guides_network_reads_a_saved_column() -> None:
    frame = pd.DataFrame({"ners": ['[["Ada"], ["Bob"]]']})
    assert CharacterNetworkGenerator().generate_character_network(frame).values.tolist() == [["Ada", "Bob", 1]]


@pytest.mark.parametrize("cell", ["Ada", "[", 3, ["Ada", "Bob"], '["Ada"]'])
def test_what_is_no_list_of_names_is_refused(cell: object) -> None:
    with pytest.raises(InputError, match="Row 0 of the ners table"):
        CharacterNetworkGenerator().generate_character_network(pd.DataFrame({"ners": [cell]}, dtype=object))


def test_a_window_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        CharacterNetworkGenerator(window=0)


def test_draw_takes_both_frames() -> None:
    generator = CharacterNetworkGenerator()
    guide = generator.draw_network_graph(pd.DataFrame({"source": ["Ada"], "target": ["Bob"], "value": [3]}))
    assert '"name":"Ada"' in guide
    assert "Who speaks to whom" in generator.draw_network_graph(TABLE, kind="speaks_to")
    with pytest.raises(InputError, match="lacks the column"):
        generator.draw_network_graph(pd.DataFrame({"source": ["Ada"]}))
    with pytest.raises(InputError, match="No names were found"):
        generator.draw_network_graph(generator.generate_character_network(ners([[]])))

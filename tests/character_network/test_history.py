from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from character_network import centrality, change_sentences, history, rank_changes, tie_changes
from character_network.communities import communities_by_episode, renumbered
from character_network.graph import prune
from utils.episodes import Episode
from utils.errors import InputError
from utils.tables import EDGES


def season(*episodes: dict[str, float], kind: str = "together") -> pd.DataFrame:
    """One dictionary an episode: ``"Ada Bob": weight``."""
    rows = [
        (*pair.split(), kind, 1, number, weight)
        for number, ties in enumerate(episodes, 1)
        for pair, weight in ties.items()
    ]
    return pd.DataFrame(rows, columns=list(EDGES))


TWO_GROUPS = {"Ada Bob": 9, "Bob Cy": 9, "Ada Cy": 9, "Dee Eve": 5, "Eve Fay": 5, "Dee Fay": 5}
GROWING = season({"Dee Eve": 20, "Dee Fay": 20}, TWO_GROUPS, {"Ada Bob": 9, "Cy Dee": 1, "Bob Ned": 6})


def test_communities_keep_their_numbers() -> None:
    found = communities_by_episode(GROWING)
    last = found[Episode(1, 3)]
    assert len(set(last.values())) == 2
    for groups in found.values():
        assert groups["Dee"] == last["Dee"]
        assert all(groups.get(person, last["Ada"]) == last["Ada"] for person in ("Ada", "Bob", "Cy"))


def test_other_kinds_take_the_numbers_of_together() -> None:
    both = pd.concat([GROWING, season({"Eve Dee": 30, "Fay Dee": 20}, {"Ada Bob": 2, "Cy Bob": 2}, kind="speaks_to")])
    together, spoken = (centrality(both, kind=kind).set_index("character") for kind in ("together", "speaks_to"))
    assert spoken.loc["Dee", "community"] == together.loc["Dee", "community"]
    assert spoken.loc["Ada", "community"] == together.loc["Ada", "community"]


groups = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1)


@given(groups, groups)
def test_renumbering_keeps_the_groups(fresh: dict[str, int], known: dict[str, int]) -> None:
    new = renumbered(fresh, known, weight=dict.fromkeys(fresh, 1.0))
    assert new.keys() == fresh.keys()
    for one in fresh:
        for other in fresh:
            assert (fresh[one] == fresh[other]) == (new[one] == new[other])
    assert renumbered(fresh, fresh, weight=dict.fromkeys(fresh, 1.0)) == fresh


def test_history_ends_in_centrality() -> None:
    table = history(GROWING)
    last = table[table["episode"] == 3]
    assert last["rank"].tolist() == list(range(1, len(last) + 1))
    columns = ["character", "weighted_degree", "betweenness", "community"]
    pd.testing.assert_frame_equal(last[columns].reset_index(drop=True), centrality(GROWING))
    assert centrality(GROWING, until="S01E01")["character"].tolist() == ["Dee", "Eve", "Fay"]


def test_alone_counts_each_episode_by_itself() -> None:
    table = history(GROWING, only=True).set_index(["episode", "character"])
    assert table.loc[(3, "Bob"), "weighted_degree"] == 15
    assert table.loc[(3, "Bob"), "rank"] == 1
    assert (3, "Eve") not in table.index


def test_changes_are_new_gone_and_thick_enough() -> None:
    changes = tie_changes(GROWING)
    third = changes[changes["episode"] == 3]
    found = {(row.change, row.source, row.target): row.weight for row in third.itertuples()}
    # Ada and Bob were together before, Cy and Dee hardly are, Bob and Ned are new.
    assert found[("new", "Bob", "Ned")] == 6
    assert ("new", "Cy", "Dee") not in found
    assert ("gone", "Bob", "Cy") in found
    assert not any("Ada" in key and "Bob" in key for key in found)
    assert changes["episode"].min() == 2


def test_a_tie_that_comes_back_is_not_new() -> None:
    changes = tie_changes(season({"Ada Bob": 5}, {"Bob Cy": 5}, {"Ada Bob": 5}))
    assert changes[changes["episode"] == 3]["change"].tolist() == ["gone"]


def test_ranks_stand_beside_those_of_the_episode_before() -> None:
    ranks = rank_changes(GROWING).set_index(["episode", "character"])
    assert ranks.loc[(3, "Bob"), ["rank", "before"]].tolist() == [1, 2]
    assert ranks.loc[(2, "Dee"), "before"] == 1
    assert pd.isna(ranks.loc[(3, "Ned"), "before"])


def test_one_sentence_tells_an_episode() -> None:
    sentences = change_sentences(GROWING)
    assert list(sentences) == [Episode(1, 2), Episode(1, 3)]
    assert sentences[Episode(1, 3)].startswith("New: Bob and Ned; gone: ")
    assert "Ned (rank 3, not there before)" in sentences[Episode(1, 3)]
    assert change_sentences(season({"Ada Bob": 1})) == {}
    assert tie_changes(season({"Ada Bob": 1})).empty


def test_pruning_keeps_the_heaviest_and_says_so() -> None:
    wide = season({f"P{number} Hub": number for number in range(1, 21)})
    edges, note = prune(wide, most=5)
    assert set(edges["source"]) == {"P17", "P18", "P19", "P20"}
    assert note == "Of 21 people the 5 with the highest weighted degree are kept, with their ties."
    assert prune(wide).note == ""
    assert prune(wide).edges is wide


def test_history_needs_ties() -> None:
    with pytest.raises(InputError, match="No names were found"):
        history(GROWING.iloc[:0])
    with pytest.raises(InputError, match="--transcripts"):
        tie_changes(GROWING, kind="speaks_to")

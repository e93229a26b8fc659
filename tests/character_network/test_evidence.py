from __future__ import annotations

import pandas as pd
import pytest

from character_network import KINDS, NamedEntityRecognizer, build_edges, line_shares, page_lines, tie_lines
from utils.errors import InputError
from utils.series import CastMember, SeriesProfile

RECOGNISER = NamedEntityRecognizer(
    series=SeriesProfile(title="T", cast=tuple(CastMember(name=name) for name in ("Ada", "Bob", "Cy")))
)


def talk() -> pd.DataFrame:
    said = [
        (1, 0, "Ada", "Bob, come here."),
        (1, 0, "Bob", "No."),
        (1, 0, "Ada", "Bob! Bob! There is something behind the door, and it breathes."),
        (1, 1, "Bob", "Cy was there."),
        (1, 1, "Cy", "I was, Bob."),
        (2, 0, "Ada", "Bob, again."),
        (2, 0, "Bob", "Yes, Ada."),
    ]
    rows = [
        (1, episode, scene, line, 10.0 * line, speaker, text)
        for line, (episode, scene, speaker, text) in enumerate(said)
    ]
    columns = ["season", "episode", "scene", "line", "start", "speaker", "text"]
    return pd.DataFrame(rows, columns=columns).astype({"speaker": "string", "text": "string"})


TALK = talk()
NAMED = RECOGNISER.find(TALK)


def test_scenes_sum_to_episodes() -> None:
    episodes, scenes = build_edges(TALK, NAMED), build_edges(TALK, NAMED, by_scene=True)
    keys = ["source", "target", "kind", "season", "episode"]
    summed = scenes.groupby(keys)["weight"].sum()
    assert summed.to_dict() == pytest.approx(episodes.set_index(keys)["weight"].to_dict())
    assert set(scenes["kind"]) == set(KINDS)


def test_a_scene_names_the_lines_behind_its_ties() -> None:
    scenes = build_edges(TALK, NAMED, by_scene=True).set_index(["source", "target", "kind", "episode", "scene"])
    assert scenes.loc[("Ada", "Bob", "mentions", 1, 0), "lines"] == [0, 2]
    assert scenes.loc[("Bob", "Ada", "speaks_to", 1, 0), "lines"] == [1]
    assert scenes.loc[("Ada", "Bob", "together", 1, 0), "lines"] == [0, 1, 2]


def test_no_lines_make_no_scenes() -> None:
    scenes = build_edges(TALK.iloc[:0], NAMED, by_scene=True)
    assert scenes.empty
    assert {"scene", "lines", "weight"} <= set(scenes.columns)


def test_shares_sum_to_ties() -> None:
    shares = line_shares(TALK, NAMED)
    keys = ["source", "target", "kind", "season", "episode"]
    expected = build_edges(TALK, NAMED).set_index(keys)["weight"].to_dict()
    assert shares.groupby(keys)["weight"].sum().to_dict() == pytest.approx(expected)


def test_lines_behind_a_tie_come_strongest_first_with_their_times() -> None:
    found = tie_lines(TALK, NAMED, between=("Bob", "Ada"), kind="mentions")
    first = found.iloc[0]
    # Bob is called twice in line 2.
    assert (first["source"], first["target"], first["line"], first["weight"], first["start"]) == (
        "Ada",
        "Bob",
        2,
        2,
        20,
    )
    assert first["speaker"] == "Ada"
    assert found["line"].tolist() == [2, 0, 5, 6]
    assert not found.duplicated(["source", "target", "kind", "season", "episode", "line"]).any()


def test_lines_are_bounded_a_tie_and_on_a_page_a_tie_and_episode() -> None:
    ties = ["source", "target", "kind"]
    assert tie_lines(TALK, NAMED, each=1).groupby(ties).size().max() == 1
    paged = page_lines(TALK, NAMED, each=1)
    assert paged.groupby([*ties, "episode"]).size().max() == 1
    assert paged.groupby(ties).size().max() == 2


def test_until_leaves_later_lines_out() -> None:
    assert tie_lines(TALK, NAMED, until="S01E01")["episode"].unique().tolist() == [1]


def test_what_cannot_be_asked_is_said() -> None:
    with pytest.raises(InputError, match=r"'Bobb' has no ties.*Did you mean Bob"):
        tie_lines(TALK, NAMED, between=("Ada", "Bobb"))
    with pytest.raises(InputError, match="Did you mean mentions"):
        tie_lines(TALK, NAMED, kind="mention")
    with pytest.raises(InputError, match=r"lacks the column.*start"):
        tie_lines(TALK.drop(columns="start"), NAMED)

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from character_network import KINDS, NamedEntityRecognizer, build_edges
from utils.errors import InputError
from utils.series import CastMember, SeriesProfile
from utils.tables import EDGES, MENTIONS

RECOGNISER = NamedEntityRecognizer(
    series=SeriesProfile(title="T", cast=tuple(CastMember(name=name) for name in ("Ada", "Bob", "Cy", "Dee")))
)
COLUMNS = ["season", "episode", "scene", "line", "speaker", "text"]


def talk(*lines: tuple[str | None, str] | tuple[str | None, str, int], episode: int = 1) -> pd.DataFrame:
    rows = [(1, episode, (*line, 0)[2], number, line[0], line[1]) for number, line in enumerate(lines)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"speaker": "string", "text": "string"})


def weights(dialogue: pd.DataFrame, kind: str, *, window: int = 10) -> dict[tuple[str, str], float]:
    edges = build_edges(dialogue, RECOGNISER.find(dialogue), window=window)
    chosen = edges[edges["kind"] == kind]
    return {(s, t): w for s, t, w in zip(chosen["source"], chosen["target"], chosen["weight"], strict=True)}


def test_columns_and_types() -> None:
    edges = build_edges(talk(("Ada", "Hi, Bob."), ("Bob", "hello")), RECOGNISER.find(talk(("Ada", "Hi, Bob."))))
    assert list(edges.columns) == list(EDGES)
    assert edges["weight"].dtype == "float64"
    assert set(edges["kind"]) == set(KINDS)


def test_a_call_by_name_takes_the_whole_line() -> None:
    spoken = weights(talk(("Cy", "well"), ("Ada", "Bob, sit!"), ("Dee", "fine")), "speaks_to")
    assert spoken["Ada", "Bob"] == 1
    assert ("Ada", "Dee") not in spoken


def test_two_called_share_the_line() -> None:
    spoken = weights(talk(("Ada", "Bob, Cy, sit!")), "speaks_to")
    assert spoken == {("Ada", "Bob"): 0.5, ("Ada", "Cy"): 0.5}


def test_turns_are_addressed_to_the_neighbours() -> None:
    spoken = weights(talk(("Ada", "one"), ("Bob", "two"), ("Cy", "three")), "speaks_to")
    assert spoken == {("Ada", "Bob"): 1, ("Bob", "Ada"): 0.5, ("Bob", "Cy"): 0.5, ("Cy", "Bob"): 1}


def test_every_answered_line_hands_out_one() -> None:
    lines = [("Ada", "one"), ("Bob", "two"), ("Ada", "three"), (None, "four"), ("Bob", "five")]
    assert sum(weights(talk(*lines), "speaks_to").values()) == 4


def test_scenes_and_the_window_part_people() -> None:
    apart = talk(("Ada", "one", 0), ("Bob", "two", 1))
    assert weights(apart, "speaks_to") == weights(apart, "together") == {}
    far = talk(("Ada", "one"), *[(None, "noise")] * 9, ("Bob", "two"))
    assert weights(far, "speaks_to", window=9) == {}
    assert weights(far, "speaks_to", window=10) == {("Ada", "Bob"): 1, ("Bob", "Ada"): 1}


def test_naming_counts_but_not_oneself() -> None:
    named = weights(
        talk(("Ada", "I met Bob and Bob met Cy."), ("Bob", "It's Bob."), (None, "Where is Cy?")), "mentions"
    )
    assert named == {("Ada", "Bob"): 2, ("Ada", "Cy"): 1}


def test_together_follows_its_formula() -> None:
    close = weights(talk(("Ada", "one"), ("Bob", "two"), (None, "noise"), ("Ada", "four")), "together")
    # Ada's lines lie 1 and 2 from Bob's, Bob's lies 1 from Ada's: ((0.9 + 0.8) + 0.9) / 2.
    assert close == {("Ada", "Bob"): pytest.approx(1.3)}


def test_in_one_line_together_is_one() -> None:
    assert weights(talk((None, "Bob saw Ada.")), "together") == {("Ada", "Bob"): 1}


def test_without_speakers_only_together_is_left() -> None:
    dialogue = talk((None, "Bob is here."), (None, "So is Ada."))
    edges = build_edges(dialogue, RECOGNISER.find(dialogue))
    assert edges["kind"].unique().tolist() == ["together"]


def test_crowds_are_nobody() -> None:
    dialogue = talk(("Man 2", "Run, Bob!"), ("Nurse", "This way."), ("Man on radio", "over"), ("Bob", "okay"))
    assert weights(dialogue, "speaks_to") == {}


def test_episodes_are_kept_apart() -> None:
    dialogue = pd.concat([talk(("Ada", "one"), ("Bob", "two"), episode=number) for number in (2, 1)])
    edges = build_edges(dialogue, RECOGNISER.find(dialogue))
    assert edges.loc[edges["kind"] == "together", "episode"].tolist() == [1, 2]


def test_no_lines_give_an_empty_table() -> None:
    edges = build_edges(talk().iloc[:0], RECOGNISER.find(talk()))
    assert edges.empty
    assert list(edges.columns) == list(EDGES)


def test_bad_input_is_named() -> None:
    dialogue = talk(("Ada", "one"))
    mentions = pd.DataFrame(columns=list(MENTIONS))
    with pytest.raises(InputError, match=r"lacks the column.*scene"):
        build_edges(dialogue.drop(columns="scene"), mentions)
    with pytest.raises(InputError, match="at least 1"):
        build_edges(dialogue, mentions, window=0)


people = st.one_of(st.none(), st.sampled_from(["Ada", "Bob", "Cy"]))
texts = st.sampled_from(["hm", "Bob, go!", "I saw Dee.", "Ada and Cy."])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(people, texts, st.integers(0, 1)), max_size=12), st.integers(1, 6))
def test_together_equals_the_plain_reading_of_its_formula(
    lines: list[tuple[str | None, str, int]], window: int
) -> None:
    lines = sorted(lines, key=lambda line: line[2])
    dialogue = talk(*lines)
    occurs: dict[tuple[int, str], list[int]] = {}
    named = RECOGNISER.find(dialogue)
    for number, (who, _, scene) in enumerate(lines):
        present = set(named.loc[named["line"] == number, "character"]) | ({who} if who else set())
        for person in present:
            occurs.setdefault((scene, person), []).append(number)
    expected: dict[tuple[str, str], float] = {}
    for (scene, one), here in occurs.items():
        for (other_scene, other), there in occurs.items():
            if scene == other_scene and one < other:
                both = [max(0.0, 1 - min(abs(a - b) for b in there) / window) for a in here]
                both += [max(0.0, 1 - min(abs(a - b) for a in here) / window) for b in there]
                if sum(both) > 0:
                    expected[one, other] = expected.get((one, other), 0) + sum(both) / 2
    assert weights(dialogue, "together", window=window) == pytest.approx(expected)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.episodes import Episode
from utils.errors import InputError

episodes = st.builds(Episode, st.integers(0, 999), st.integers(0, 9999))


@given(episodes)
def test_a_label_reads_back(episode: Episode) -> None:
    assert Episode.parse(str(episode)) == episode


@given(episodes, episodes)
def test_order_is_that_of_broadcast(one: Episode, other: Episode) -> None:
    assert (one < other) == (one.season * 10_000 + one.episode < other.season * 10_000 + other.episode)


@pytest.mark.parametrize("label", ["S01E03", "s1e3", "S1E03", " S01E03\n", "s001 e0003"])
def test_labels_as_people_write_them(label: str) -> None:
    assert Episode.parse(label) == Episode(1, 3)


@pytest.mark.parametrize("label", ["", "1x03", "S01", "E03", "S01E", "S01E03E04", "S-1E3", "the S01E03", "S1000E1"])
def test_other_labels_are_shown_an_example(label: str) -> None:
    with pytest.raises(InputError, match=rf"^'{label}' is not an episode; write it as S01E03"):
        Episode.parse(label)


def test_text_form_has_two_digits_and_more_where_needed() -> None:
    assert [str(Episode(1, 3)), str(Episode(12, 345))] == ["S01E03", "S12E345"]

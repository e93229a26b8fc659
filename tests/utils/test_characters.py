from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from utils.characters import (
    CharacterCard,
    Dated,
    Exchange,
    Fact,
    card_names,
    known,
    load_card,
    load_voice,
    system_prompt,
)
from utils.episodes import Episode
from utils.errors import InputError
from utils.series import SeriesProfile, Timeline, load_series

SERIES = SeriesProfile(
    title="Test", timelines={"show": Timeline(title="Show"), "sample": Timeline(title="Sample", after="show")}
)
CARD = CharacterCard(name="Ann", age=12, description="A girl.", greeting="Hi.", style=("Be short.", "Be kind."))
PROFILE = """
title: Test
cast: [{name: Ann, aliases: [Annie]}, {name: Mr. Bo Li}, {name: Cyd}]
"""
BO = 'name: Mr. Bo Li\nage: 50\ndescription: A man.\ngreeting: Yes?\nexamples: [{user: "Who?", reply: Bo.}]\n'

episodes = st.builds(Episode, st.integers(1, 3), st.integers(1, 9))
facts = st.lists(
    st.builds(
        Fact,
        text=st.text(min_size=1),
        learned=st.none() | episodes.map(str),
        timeline=st.sampled_from(["show", "sample"]),
    )
)


@pytest.fixture
def series(tmp_path: Path) -> SeriesProfile:
    for folder in ("characters", "voices"):
        (tmp_path / folder).mkdir()
    (tmp_path / "profile.yaml").write_text(PROFILE)
    (tmp_path / "characters" / "mr_bo_li.yaml").write_text(BO)
    return load_series(tmp_path)


def write_voice(series: SeriesProfile, *rows: object) -> Path:
    path = series.voices / "mr_bo_li.jsonl"
    texts = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


@given(facts)
def test_the_show_is_past_when_the_sample_plays(things: list[Fact]) -> None:
    shown = known(things, SERIES, timeline="sample", until=Episode(1, 1))
    assert [thing for thing in shown if thing.timeline == "show"] == [t for t in things if t.timeline == "show"]


@given(facts, st.none() | episodes)
def test_the_show_knows_nothing_of_the_sample(things: list[Fact], until: Episode | None) -> None:
    shown = known(things, SERIES, timeline="show", until=until)
    assert all(thing.timeline == "show" for thing in shown if thing.since is not None)


@given(facts, st.sampled_from(["show", "sample"]), episodes)
def test_nothing_is_known_before_it_is_learned(things: list[Fact], timeline: str, until: Episode) -> None:
    shown = known(things, SERIES, timeline=timeline, until=until)
    own = [thing for thing in things if thing.timeline == timeline and thing.since is not None]
    assert [thing for thing in shown if thing in own] == [thing for thing in own if thing.since <= until]


@given(facts, st.sampled_from(["show", "sample"]), episodes, episodes)
def test_knowledge_grows_and_keeps_its_order(things: list[Fact], timeline: str, one: Episode, other: Episode) -> None:
    early, late = (known(things, SERIES, timeline=timeline, until=until) for until in sorted((one, other)))
    everything = known(things, SERIES, timeline=timeline)
    for less, more in ((early, late), (late, everything), (everything, things)):
        rest = iter(more)
        assert all(thing in rest for thing in less)
    assert [thing for thing in things if thing.since is None] == [thing for thing in early if thing.since is None]


def test_the_bound_is_included() -> None:
    fact = Fact(text="You moved.", learned="S02E01")
    assert known([fact], SERIES, until=Episode(2, 1)) == [fact]
    assert known([fact], SERIES, until=Episode(1, 9)) == []
    assert known([fact], SERIES) == [fact]


def test_a_date_that_is_no_episode_is_refused() -> None:
    with pytest.raises(ValidationError, match="'season 2' is not an episode; write it as S01E03"):
        Dated(learned="season 2")


def test_a_card_is_found_by_name_and_alias(series: SeriesProfile) -> None:
    assert load_card("MR. BO LI", series).age == 50
    (series.characters / "ann.yaml").write_text("name: Ann\nage: 12\ndescription: A girl.\ngreeting: Hi.\n")
    assert load_card(" annie ", series).name == "Ann"
    assert card_names(series) == ["Ann", "Mr. Bo Li"]


def test_a_missing_card_says_which_file_to_write(series: SeriesProfile) -> None:
    with pytest.raises(InputError, match=r"^Cyd has no card yet; write .*cyd\.yaml .*Cards exist for: Mr\. Bo Li\.$"):
        load_card("cyd", series)


def test_an_unknown_person_gets_the_nearest_name(series: SeriesProfile) -> None:
    with pytest.raises(InputError, match=r"No character 'Anne' in Test\. Did you mean Ann\?"):
        load_card("Anne", series)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{BO}facts: [{{text: You live., learnt: S01E01}}]", r"unknown key 'facts\.0\.learnt'\. Did you mean learned"),
        (f"{BO}stile: [a]", r"unknown key 'stile'\. Did you mean style"),
        (f"{BO}facts: [{{text: You live., learned: S1}}]", r"key 'facts\.0': .*'S1' is not an episode"),
        (f"{BO}sampling: {{temperature: 3}}", r"key 'sampling\.temperature'"),
        (BO.replace("50", "-1"), "key 'age'"),
    ],
)
def test_an_unreadable_card_names_file_and_key(text: str, message: str, series: SeriesProfile) -> None:
    (series.characters / "mr_bo_li.yaml").write_text(text)
    with pytest.raises(InputError, match=rf"mr_bo_li\.yaml: {message}"):
        load_card("Mr. Bo Li", series)


def test_a_voice_is_the_card_and_then_the_file(series: SeriesProfile) -> None:
    card = load_card("Mr. Bo Li", series)
    assert load_voice(card, series) == [Exchange(user="Who?", reply="Bo.")]
    write_voice(series, {"user": "When?", "reply": "Später.", "learned": "S01E02", "topic": "time"})
    late = Exchange(user="When?", reply="Später.", learned="S01E02", topic="time")
    assert load_voice(card, series) == [Exchange(user="Who?", reply="Bo."), late]


@pytest.mark.parametrize(
    ("row", "trouble"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ({"user": "Hi"}, "reply"),
        ({"user": "", "reply": "a"}, "user"),
        ({"user": "Hi", "reply": "a", "mood": "b"}, "mood"),
        ({"user": "Hi", "reply": "a", "learned": "later"}, "is not an episode"),
    ],
)
def test_a_bad_row_names_file_and_line(row: object, trouble: str, series: SeriesProfile) -> None:
    write_voice(series, {"user": "Hi", "reply": "a"}, {"user": "Ho", "reply": "b"}, row)
    with pytest.raises(InputError, match=rf"mr_bo_li\.jsonl, line 3: .*{trouble}"):
        load_voice(load_card("Mr. Bo Li", series), series)


def test_a_voice_in_another_encoding_is_an_input_error(series: SeriesProfile) -> None:
    write_voice(series).write_bytes('{"user": "Café?", "reply": "No."}\n'.encode("latin-1"))
    with pytest.raises(InputError, match=r"mr_bo_li\.jsonl"):
        load_voice(load_card("Mr. Bo Li", series), series)


@pytest.mark.parametrize("separator", ["\u2028", "\x85"])
def test_a_row_ends_at_its_newline_alone(separator: str, series: SeriesProfile) -> None:
    write_voice(series, {"user": "Hi", "reply": f"One.{separator}Two."})
    assert load_voice(load_card("Mr. Bo Li", series), series)[-1].reply == f"One.{separator}Two."


def test_the_prompt_holds_who_and_what() -> None:
    prompt = system_prompt(CARD, [Fact(text="You live here."), Fact(text="You can swim.")])
    assert prompt.startswith("You are Ann, 12 years old. A girl.\nBe short. Be kind.\n")
    assert "You live here. You can swim." in prompt
    assert "Answer only as Ann" in prompt.splitlines()[-1]


def test_a_prompt_without_facts_or_style_has_no_empty_parts() -> None:
    prompt = system_prompt(CARD.model_copy(update={"style": ()}), [])
    assert "What you know" not in prompt
    assert len(prompt.splitlines()) == 2


def test_a_card_says_by_itself_nothing_that_it_may_not_know() -> None:
    hawkins = load_series()
    for name in card_names(hawkins):
        card = load_card(name, hawkins)
        assert {fact.timeline for fact in known(card.facts, hawkins, timeline="show")} <= {"show"}
        early = known(card.facts, hawkins, timeline="show", until=Episode(1, 1))
        assert all(fact.since is None or fact.since <= Episode(1, 1) for fact in early)

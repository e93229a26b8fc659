"""Out, in and out again: nothing of a card is lost, known or unknown."""

from __future__ import annotations

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from character_chatbot.cards import export_card, import_card
from character_chatbot.cards.spec import validate_card
from character_chatbot.cards.versions import completed, to_v2, to_v3
from utils.errors import InputError
from utils.world import World

# Without shrinking, which takes minutes for objects of this size.
QUICKLY = settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.text(st.characters(categories=["Ll", "Lu"]), min_size=1, max_size=8)
NUMBER = st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
ANY = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
# Keys that no version of the format has.
UNKNOWN = st.dictionaries(TEXT.map("x_{}".format), ANY, max_size=2)
EXTENSIONS = st.dictionaries(TEXT.map("x_{}".format), ANY, max_size=2)


def fields(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda known, unknown: {**unknown, **known}, known, UNKNOWN)


def cards(version: int) -> st.SearchStrategy[dict[str, Any]]:
    flag, texts, v3 = st.booleans(), st.lists(TEXT, max_size=2), version == 3
    entry = fields(
        {"keys": texts, "content": TEXT | st.just("@@depth 4\nlore"), "extensions": EXTENSIONS, "enabled": flag}
        | {"insertion_order": NUMBER, **({"use_regex": flag} if v3 else {})},
        {"id": NUMBER | TEXT if v3 else NUMBER, "constant": flag, "position": st.just("after_char"), "comment": TEXT},
    )
    book = fields({"extensions": EXTENSIONS, "entries": st.lists(entry, max_size=2)}, {"token_budget": NUMBER})
    names = ("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt")
    texts_of = dict.fromkeys((*names, "post_history_instructions", "creator", "character_version"), TEXT)
    asset = st.fixed_dictionaries({"type": TEXT, "uri": TEXT, "name": TEXT, "ext": TEXT})
    newer = {"nickname": TEXT, "assets": st.lists(asset, max_size=1), "source": texts, "creation_date": NUMBER}
    data = fields(
        {**texts_of, "name": NAME, "tags": texts, "alternate_greetings": texts, "extensions": EXTENSIONS}
        | ({"group_only_greetings": texts} if v3 else {}),
        {"character_book": book, **(newer if v3 else {})},
    )
    return fields(
        {"spec": st.just(f"chara_card_v{version}"), "spec_version": st.just(f"{version}.0"), "data": data}, {}
    )


def through(card: dict[str, Any], folder: Path, suffix: str = "json") -> Path:
    """Import a card and export it again."""
    (folder / "in.json").write_text(json.dumps(card), encoding="utf-8")
    return again(folder / "in.json", folder, suffix)


def again(file: Path, folder: Path, suffix: str) -> Path:
    done = import_card(file, series=folder / "series", age=None if "out" in file.name else 40, force=True)
    return export_card(done.card.name, world=World.of(str(done.series)), out=folder / f"out.{suffix}")


@QUICKLY
@given(card=cards(2) | cards(3))
def test_import_and_export_lose_nothing(card: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = json.loads(through(card, Path(folder)).read_text(encoding="utf-8"))
    assert found["data"]["extensions"].pop("hawkins") == {"age": 40}
    assert found == card


@QUICKLY
@given(card=cards(3))
def test_v2_holds_all_of_v3(card: dict[str, Any]) -> None:
    before = deepcopy(card)
    earlier = to_v2(card)
    assert card == before
    validate_card(earlier, source="the card")
    assert to_v3(earlier) == card


@QUICKLY
@given(card=cards(2))
def test_v3_holds_all_of_v2(card: dict[str, Any]) -> None:
    later = to_v3(card)
    validate_card(later, source="the card")
    # V3 has regular expressions and decorators: what looked like one was text, and is out of reach for V2 programs.
    assert _without_lore(to_v2(later)) == _without_lore(card)


def _without_lore(card: dict[str, Any]) -> dict[str, Any]:
    return {**card, "data": {key: value for key, value in card["data"].items() if key != "character_book"}}


@pytest.mark.parametrize("suffix", ["json", "png"])
@pytest.mark.parametrize("version", ["v2", "v3"])
def test_our_own_cards_come_back_byte_by_byte(tmp_path: Path, suffix: str, version: str) -> None:
    file = tmp_path / f"out-first.{suffix}"
    export_card("Eleven", world=World.sample(), until="S01E02", version=version, out=file, now=1_000)
    assert again(file, tmp_path, suffix).read_bytes() == file.read_bytes()


def test_our_own_cards_come_back_with_facts_and_voice(tmp_path: Path) -> None:
    world = World.sample()
    file = export_card("Eleven", world=world, until="S01E02", out=tmp_path / "el.png")
    card = import_card(file, series=tmp_path / "series").card
    assert card.age == 13
    assert card.description.startswith("A girl who grew up in a laboratory")
    assert "What" not in card.description
    assert "You live with Hopper in a cabin in the woods." in [fact.text for fact in card.facts]
    assert len(card.examples) == 16
    assert card.sampling.max_tokens == 32


def test_v1_keeps_its_own_keys(tmp_path: Path) -> None:
    v1 = {"name": "Ann", "description": "A baker.", "avatar": "none", "talkativeness": "0.5", "spec": None}
    found = json.loads(through(v1, tmp_path).read_text(encoding="utf-8"))
    assert found["spec"] == "chara_card_v2"
    assert (found["avatar"], found["talkativeness"]) == ("none", "0.5")
    assert found["data"]["description"] == "A baker."


def test_what_was_edited_is_exported_and_the_rest_stays(tmp_path: Path) -> None:
    card = completed({"name": "Ann", "description": "{{char}} bakes.", "first_mes": "Hi {{user}}"}, source="x")
    card = to_v3(card)
    card["data"] |= {"creation_date": 5, "modification_date": 5, "scenario": "Dawn."}
    through(card, tmp_path)
    file = tmp_path / "series" / "characters" / "ann.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Ann bakes.", "Ann sings."), encoding="utf-8")
    out = export_card("Ann", world=World.of(str(tmp_path / "series")), out=tmp_path / "new.json", now=9)
    data = json.loads(out.read_text(encoding="utf-8"))["data"]
    assert data["description"] == "Ann sings."
    assert (data["first_mes"], data["scenario"]) == ("Hi {{user}}", "Dawn.")
    assert (data["creation_date"], data["modification_date"]) == (5, 9)


def test_lore_of_ours_is_made_anew_and_that_of_others_stays(tmp_path: Path, world: World) -> None:
    file = export_card("Eleven", world=world, out=tmp_path / "late.json", now=1)
    card = json.loads(file.read_text(encoding="utf-8"))
    theirs = {**card["data"]["character_book"]["entries"][0], "id": 7, "content": "by hand", "extensions": {}}
    card["data"]["character_book"]["entries"].append(theirs)
    (tmp_path / "in.json").write_text(json.dumps(card), encoding="utf-8")
    series = tmp_path / "series"
    import_card(tmp_path / "in.json", series=series)
    profile = world.series.model_copy(update={"folder": series})
    mine = World(series=profile, dialogue=world.dialogue, timeline="sample")
    out = export_card("Eleven", world=mine, until="S01E01", out=tmp_path / "early.json")
    told = json.loads(out.read_text(encoding="utf-8"))["data"]["character_book"]["entries"]
    assert told[0] == theirs
    assert len({entry["id"] for entry in told}) == len(told)
    assert "nine waffles" in json.dumps(told)
    assert "tower" not in json.dumps(told)


def test_a_damaged_kept_card_is_named(tmp_path: Path) -> None:
    through({"name": "Ann", "description": "A baker."}, tmp_path)
    kept = tmp_path / "series" / "characters" / "ann.card.json"
    for content in ("{", '{"card": {}}', '{"card": {"name": "x"}, "made": {"name": "Ann"}}'):
        kept.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=r"ann\.card\.json"):
            export_card("Ann", world=World.of(str(tmp_path / "series")), out=tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()

from __future__ import annotations

import re
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

import hawkins
from character_network import suggest_cast, suggest_series
from character_network.grouping import grouped, is_somebody
from character_network.suggest_file import suggestion_yaml
from utils.errors import InputError
from utils.series import load_series


def finder(*names: str) -> Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": name} for name in names])
    return nlp


KNOWN = finder("Agnes Moor", "Agnes", "Aggie", "Beth", "Rook", "Easter")
LINES = [
    "you may ask or tell or see or come.",
    "I saw Agnes Moor at the lamp.",
    "Tell Agnes to come.",
    "Where is Agnes?",
    "Wait, Aggie!",
    "Ask Captain Rook about it.",
    "I met Rook there.",
    "Is Beth with you, Zorro?",
    "Come here, Zorro!",
    "We live in Portby.",
    "Back in Portby it rains.",
    "He came from Portby, in Portby they say.",
    "The Elmo is burning, the Elmo!",
    "Nooo! Heyyy!",
]


def people(*texts: str, speakers: tuple[str, ...] = (), model: Language = KNOWN) -> dict[str, set[str]]:
    found = suggest_cast(texts, speakers=speakers, model=model)
    return {member.name: set(member.aliases) for member in found.profile("T").cast}


def test_names_are_grouped_into_people() -> None:
    found = people(*LINES)
    assert found["Agnes"] == {"Agnes Moor"}
    assert found["Rook"] == {"Captain Rook"}
    assert set(found) == {"Agnes", "Aggie", "Beth", "Rook", "Zorro"}


def test_places_things_and_cries_are_no_people() -> None:
    assert not {"Portby", "Elmo", "Nooo", "Heyyy"} & set(people(*LINES))


def test_what_the_finder_does_not_know_counts_if_it_is_called() -> None:
    assert "Zorro" in people(*LINES, model=finder("Agnes", "Beth"))


def test_what_was_left_out_is_counted() -> None:
    assert suggest_cast(LINES, model=KNOWN).rejected["Portby"] == 4


def test_speakers_give_the_names() -> None:
    found = people(*LINES, speakers=("Agnes Moor", "Agnes Moor", "Beth Moor", "Man 2", "The Keeper"))
    assert found["Agnes Moor"] >= {"Agnes"}
    assert found["Beth Moor"] == {"Beth"}
    assert not {"Man 2", "The Keeper"} & set(found)


def test_the_profile_knows_surnames() -> None:
    cast = suggest_cast(LINES, speakers=("Agnes Moor",), model=KNOWN).profile("T").cast
    assert next(member.surname for member in cast if member.name == "Agnes Moor") == "Moor"


def test_seldom_ones_can_be_left_out() -> None:
    found = suggest_cast(LINES, fewest=2, model=KNOWN)
    assert "Beth" not in [person.name for person in found.people]


def test_nobody_is_one_clear_sentence() -> None:
    with pytest.raises(InputError, match="Nobody is named in these lines; give more"):
        suggest_cast(["so quiet here", "yes, it is"], model=KNOWN)


@pytest.mark.parametrize(
    ("counts", "joined"),
    [
        ({"Barbara": 5, "Barb": 9}, {"Barbara", "Barb"}),
        ({"Nancy": 5, "Nance": 2}, {"Nancy", "Nance"}),
        ({"Dustin": 5, "Dusty": 2}, {"Dustin", "Dusty"}),
        ({"Max": 9, "Mad Max": 2}, {"Max", "Mad Max"}),
        ({"Powell": 3, "Officer Powell": 2}, {"Powell", "Officer Powell"}),
        ({"Jim": 4, "Jim Hopper": 2, "Hopper": 9}, {"Jim", "Jim Hopper", "Hopper"}),
    ],
)
def test_forms_of_one_person(counts: dict[str, int], joined: set[str]) -> None:
    assert [set(person.forms) for person in grouped(counts, {})] == [joined]


@pytest.mark.parametrize(
    "counts",
    [
        {"Carol": 5, "Carla": 4},
        {"Dan": 5, "Dana": 4, "Danielle": 3},
        {"Barbara Holland": 2, "Barbara": 9, "Mrs. Holland": 3},
        {"Ed": 3, "Edith": 3},
    ],
)
def test_different_people_stay_apart(counts: dict[str, int]) -> None:
    found = [set(person.forms) for person in grouped(counts, {})]
    assert len(found) > 1
    assert set().union(*found) == set(counts)


def test_a_surname_of_a_family_is_nobodys_form() -> None:
    found = grouped({"Mike Wheeler": 2, "Mike": 9, "Nancy Wheeler": 2, "Nancy": 9, "Wheeler": 3}, {})
    assert {person.name: person.surname for person in found} == {"Mike": "Wheeler", "Nancy": "Wheeler"}
    assert all("Wheeler" not in person.forms for person in found)


def test_labels_of_somebody() -> None:
    common = {"man", "the", "fake"}
    somebody = ["Mike", "Dr. Voss", "Nancy Wheeler"]
    nobody = ["Man", "Man 2", "The Director", "Fake Nancy", "#ALL#", "unknown", ""]
    assert [label for label in (*somebody, *nobody) if is_somebody(label, common=common)] == somebody


def test_the_file_is_a_profile_and_is_never_overwritten(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(LINES), encoding="utf-8")
    file, found = suggest_series(lines, out=tmp_path / "Harbour: Lights", model=KNOWN)
    profile = load_series(file.parent)
    assert profile.title == "Harbour: Lights"
    assert [member.name for member in profile.cast] == [person.name for person in found.people]
    with pytest.raises(InputError, match="exists and is not overwritten; give another --out"):
        suggest_series(lines, out=file.parent, model=KNOWN)


def test_counts_stand_behind_each_person() -> None:
    text = suggestion_yaml(suggest_cast(LINES, speakers=("Beth", "Beth"), model=KNOWN), "T")
    assert re.search(r"name: Beth\b.*# named 1, speaks 2$", text, re.MULTILINE)
    assert "Portby (4)" in text


def test_names_that_yaml_reads_as_something_else(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("I saw No, yes.\nCome here, Null!\nGo away, Null!\n", encoding="utf-8")
    file, _ = suggest_series(lines, out=tmp_path / "1984", model=finder("Null"))
    assert load_series(file.parent).cast[0].name == "Null"
    assert load_series(file.parent).title == "1984"


@pytest.mark.slow
def test_the_command_writes_a_profile_of_the_sample(tmp_path: Path) -> None:
    sample = load_series().sample
    command = ["series", "suggest", str(sample / "subtitles"), "--transcripts", str(sample / "transcripts")]
    done = CliRunner().invoke(hawkins.app, [*command, "--out", str(tmp_path / "mine"), "--title", "Mine"])
    assert done.exit_code == 0, done.output
    assert "Correct it by hand" in done.output
    found = {person.name for person in load_series(tmp_path / "mine").cast}
    assert found >= {"Dustin", "Hopper", "Lucas", "Max", "Mike", "Steve", "Will", "June", "Mr. Clarke", "Powell"}


def test_labels_and_surfaces_that_differ_in_dots_are_one_person() -> None:
    texts = ["I saw Dr. Owens.", "Ask Dr. Owens.", "Where is Dr Owens?", "Hello, Dr. Owens!"]
    found = suggest_cast(texts, speakers=["Dr Owens", "Dr. Owens"], model=finder("Dr. Owens", "Dr Owens"))
    assert [member.name for member in found.profile("T").cast] == ["Dr Owens"]

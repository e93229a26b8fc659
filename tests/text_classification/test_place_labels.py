from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from text_classification import PlaceRules, label_file, label_locations, mask_evidence, read_rules
from utils.errors import InputError
from utils.series import load_series

RULES = {
    "kinds": {"Warm": "where it is warm", "Cold": "where it is cold"},
    "rules": [
        {"because": "no place", "when": {"type": ["newspaper"]}},
        {"label": "Cold", "because": "a haunted home", "when": {"type": ["house"], "text": ["ghost*"]}},
        {"label": "Warm", "because": "a home", "when": {"type": ["house"]}},
        {"label": "Cold", "because": "by its name", "when": {"name": ["pit", "city"]}},
        {"label": "Warm", "because": "by its words", "when": {"first_sentence": ["a bakery"]}},
    ],
}


def rules() -> PlaceRules:
    return PlaceRules.model_validate(RULES)


def table(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["location_name", "location_type", "location_description"])


@pytest.mark.parametrize(
    ("row", "kind", "rule"),
    [
        (("Elm 4", "House", "It is old."), "Warm", "a home"),
        (("Elm 4", "HOUSES", "It is old."), "Warm", "a home"),
        (("Elm 4", "House", "Ghostly steps are heard."), "Cold", "a haunted home"),
        (("Elm 4", "Greenhouse", "It is old."), "", ""),
        (("Elm 4", "ShopHouse", "It is old."), "Warm", "a home"),
        (("The Pit", "", "It is old."), "Cold", "by its name"),
        (("Two Cities", "", "It is old."), "Cold", "by its name"),
        (("The Pitch", "", "It is old."), "", ""),
        (("Rye's", "", "It was a bakery. Now it is shut."), "Warm", "by its words"),
        (("Rye's", "", "It is shut. It was a bakery."), "", ""),
        (("Rye's", "Newspaper", "It was a bakery."), "", "no place"),
        (("The Pit", "House", ""), "", ""),
    ],
)
def test_the_first_rule_that_fires_decides(row: tuple[str, str, str], kind: str, rule: str) -> None:
    labelled = label_locations(table(row), rules())
    assert labelled[["kind", "rule"]].values.tolist() == [[kind, rule]]


def test_descriptions_are_cleaned_and_missing_values_are_no_evidence() -> None:
    raw = pd.DataFrame(
        {
            "location_name": [None, "A"],
            "location_type": ["House", None],
            "location_description": ["A mill [ 1 ] burned .", None],
        }
    )
    labelled = label_locations(raw, rules())
    assert labelled["location_description"].tolist() == ["A mill burned.", ""]
    assert labelled["kind"].tolist() == ["Warm", ""]
    with pytest.raises(InputError, match=r"locations table lacks .* location_type"):
        label_locations(raw.drop(columns="location_type"), rules())


def test_masking_hides_what_labels_and_nothing_else() -> None:
    texts = ["A house with ghostly cities near the pit; a bakery and a newspaper."]
    assert mask_evidence(texts, rules()) == ["A place with place place near the place; place and a newspaper."]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rules": [{"label": "Hot", "because": "x", "when": {"type": ["a"]}}]}, r"rule 1 has the label 'Hot'.*Warm"),
        ({"rules": [{"because": "x", "when": {}}]}, "needs an entry under type, name"),
        ({"rules": [{"because": "x", "when": {"typ": ["a"]}}]}, "unknown key 'rules.0.when.typ'"),
        ({"kinds": {"Warm": "x"}}, "key 'kinds'"),
    ],
)
def test_bad_rules_are_one_sentence(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "place_kinds.yaml"
    path.write_text(yaml.safe_dump(RULES | change), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_rules(path)
    assert "\n" not in str(caught.value)


def test_the_shipped_rules_know_the_kinds_of_the_sample() -> None:
    series = load_series()
    rows = [json.loads(line) for line in (series.sample / "locations.jsonl").read_text("utf-8").splitlines()]
    assert set(read_rules(series.place_kinds).kinds) == {row["location_type"] for row in rows}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("Anna's home", "Residence", "A red house."), "Safe Haven"),
        (("The Wall", "Gate", "It glows."), "Danger Zone"),
        (("Elm 4", "House", "A family was murdered here."), "Danger Zone"),
        (("North School", "School", "It has two floors."), "Action Hub"),
        (("Film palace", "Home movie rental", "It has tapes."), "Action Hub"),
        (("Bean's", "", "Bean's was a restaurant."), "Minor Location"),
        (("Quilt", "", "It is soft."), ""),
    ],
)
def test_the_shipped_rules(row: tuple[str, str, str], kind: str) -> None:
    assert label_locations(table(row), read_rules(load_series().place_kinds))["kind"].tolist() == [kind]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES), encoding="utf-8")
    rows = table(("Elm 4", "House", "It is old."), ("Moor", "", "It is wide."), ("", "", ""))
    rows.to_json(tmp_path / "data.jsonl", orient="records", lines=True)
    return {
        "data": tmp_path / "data.jsonl",
        "rules": tmp_path / "rules.yaml",
        "out": tmp_path / "out" / "labelled.jsonl",
        "review": tmp_path / "review.csv",
    }


def review(files: dict[str, Path]) -> list[dict[str, str]]:
    with files["review"].open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def edit(files: dict[str, Path], **words: str) -> None:
    rows = [row | {"your_label": words.get(row["name"], row["your_label"])} for row in review(files)]
    pd.DataFrame(rows).to_csv(files["review"], index=False)


def kinds(files: dict[str, Path]) -> list[tuple[str, str]]:
    rows = map(json.loads, files["out"].read_text("utf-8").splitlines())
    return [(row["kind"], row["decided_by"]) for row in rows]


def test_a_person_has_the_last_word_and_keeps_it(files: dict[str, Path]) -> None:
    done = label_file(**files)
    assert (done.rows, done.kinds, done.by_person, done.unlabelled) == (3, {"Warm": 1, "Cold": 0}, 0, 2)
    assert [(row["name"], row["proposed"], row["rule"]) for row in review(files)] == [
        ("Moor", "", ""),
        ("Elm 4", "Warm", "a home"),
    ]
    edit(files, **{"Moor": " cold", "Elm 4": "-"})
    assert label_file(**files).by_person == 2
    assert kinds(files) == [("", "person"), ("Cold", "person"), ("", "")]
    written = files["review"].read_text("utf-8")
    label_file(**files)
    assert files["review"].read_text("utf-8") == written


def test_words_about_rows_that_are_gone_are_kept(files: dict[str, Path]) -> None:
    label_file(**files)
    edit(files, Moor="Cold")
    everything = files["data"].read_text("utf-8")
    files["data"].write_text(everything.splitlines()[0] + "\n", encoding="utf-8")
    label_file(**files)
    assert [(row["name"], row["your_label"]) for row in review(files)] == [("Elm 4", ""), ("Moor", "Cold")]
    files["data"].write_text(everything, encoding="utf-8")
    label_file(**files)
    assert kinds(files)[1] == ("Cold", "person")


def test_an_unknown_word_names_its_line_and_changes_nothing(files: dict[str, Path]) -> None:
    label_file(**files)
    edit(files, Moor="Cool")
    before = {name: path.read_bytes() for name, path in files.items()}
    with pytest.raises(InputError, match=r"review\.csv, line 2: there is no label 'Cool'.*Cold"):
        label_file(**files)
    assert {name: path.read_bytes() for name, path in files.items()} == before


def test_files_that_cannot_be_used(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"written as \.jsonl"):
        label_file(**files | {"out": tmp_path / "x.csv"})
    with pytest.raises(InputError, match="three different files"):
        label_file(**files | {"out": files["data"]})
    with pytest.raises(InputError, match="does not exist"):
        label_file(**files | {"data": tmp_path / "none.jsonl"})
    files["review"].write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no review file: it lacks the column key"):
        label_file(**files)
    assert not files["out"].exists()

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import spacy
from spacy.language import Language

from character_network import NamedEntityRecognizer
from character_network.candidates import FEWEST, find_candidates, load_name_finder, promising
from character_network.names import NameMatcher
from utils.errors import InputError, WeightsError
from utils.series import CastMember, Place, SeriesProfile
from utils.tables import MENTIONS

PROFILE = SeriesProfile(
    title="T",
    cast=(
        CastMember(name="Mike", surname="Wheeler"),
        CastMember(name="Will"),
        CastMember(name="Nancy", surname="Wheeler"),
    ),
    places=(Place(name="Henshaw"),),
    not_people=("Gandalf",),
)
MATCHER = NameMatcher.from_series(PROFILE)
STRANGER = ["I met Cynthia today.", "Ask Cynthia about it.", "Was it Cynthia?"]


def finder(*names: str) -> Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": name} for name in names])
    return nlp


def dialogue(*texts: str | None) -> pd.DataFrame:
    rows = [(1, 2, line, text) for line, text in enumerate(texts)]
    return pd.DataFrame(rows, columns=["season", "episode", "line", "text"]).astype({"text": "string"})


def test_constructor_loads_nothing() -> None:
    NamedEntityRecognizer(series="no such series", model="no/such/model")


def test_find_gives_the_mentions_table() -> None:
    found = NamedEntityRecognizer(series=PROFILE).find(dialogue("Hi, Mike.", None, "Will you? Will!"))
    assert list(found.columns) == list(MENTIONS)
    assert found[["line", "character", "surface", "begin", "finish"]].values.tolist() == [
        [0, "Mike", "Mike", 4, 8],
        [2, "Will", "Will", 10, 14],
    ]
    assert found["begin"].dtype == "int64"


def test_no_names_is_an_empty_table_with_types() -> None:
    found = NamedEntityRecognizer(series=PROFILE).find(dialogue("so quiet here"))
    assert found.empty
    assert list(found.columns) == list(MENTIONS)
    assert found["line"].dtype == "int64"


def test_missing_column_is_named() -> None:
    with pytest.raises(InputError, match=r"dialogue table lacks the column.*text"):
        NamedEntityRecognizer(series=PROFILE).find(dialogue("Mike").drop(columns="text"))


def test_strangers_that_recur_are_found() -> None:
    recogniser = NamedEntityRecognizer(series=PROFILE, model=finder("Cynthia"))
    found = recogniser.find(dialogue(*STRANGER, "Cynthia!"))
    assert found["character"].tolist() == ["Cynthia"] * 4


def test_the_model_is_not_needed_where_nobody_is_strange() -> None:
    recogniser = NamedEntityRecognizer(series=PROFILE, model="no/such/model")
    assert len(recogniser.find(dialogue(*["I saw Mike."] * 5))) == 5
    with pytest.raises(InputError, match="does not exist"):
        recogniser.find(dialogue(*STRANGER))


def test_only_promising_lines_are_read() -> None:
    lines = promising([*STRANGER, "I saw Mike.", "Nothing at all.", "I met Ada."], matcher=MATCHER)
    assert lines == STRANGER


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("Gandalf", "Call it {} then."),
        ("Henshaw", "Ask at {} first."),
        ("Wheeler", "You know {} here."),
        ("Screw", "{} you and me."),
        ("Mom", "Ask your {} now."),
    ],
)
def test_what_is_no_person_is_refused(name: str, frame: str) -> None:
    recogniser = NamedEntityRecognizer(series=PROFILE, model=finder(name))
    texts = [frame.format(name)] * (FEWEST + 1)
    refused = {"gandalf", "henshaw"}
    assert find_candidates(texts, finder=finder(name), matcher=MATCHER, refused=refused) == {}
    assert recogniser.find(dialogue(*texts)).empty


def test_a_name_found_too_seldom_is_refused() -> None:
    assert find_candidates(STRANGER[:2], finder=finder("Cynthia"), matcher=MATCHER) == {}


def test_a_word_rarely_taken_for_a_person_is_refused() -> None:
    nlp = finder("Easter came early")
    texts = ["Maybe Easter came early."] * 3 + ["Until Easter then."] * 9
    assert find_candidates(texts, finder=nlp, matcher=MATCHER) == {}


def test_a_folder_without_a_pipeline_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a spaCy pipeline"):
        load_name_finder(tmp_path)


def test_a_pipeline_loads_with_its_name_finder_alone(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("ner").add_label("PERSON")
    nlp.initialize()
    nlp.to_disk(tmp_path)
    assert load_name_finder(tmp_path).pipe_names == ["ner"]


def test_progress_counts_the_episodes() -> None:
    seen: dict[str, int | None] = {}

    def progress(items, *, description, total=None):  # type: ignore[no-untyped-def]
        seen[description] = total
        return items

    NamedEntityRecognizer(series=PROFILE).find(dialogue("Mike", "Will"), progress=progress)
    assert seen == {"Names": 1}


EPISODES = pd.DataFrame(
    {"season": [1, 1], "episode": [1, 2], "script": ["Mike and Will.\nNobody.\nNancy, Mike!", "Will?"]}
).astype({"script": "string"})


def test_add_names_gives_sorted_names_a_line() -> None:
    table = NamedEntityRecognizer(series=PROFILE).add_names(EPISODES)
    assert list(table.columns) == ["season", "episode", "script", "ners"]
    assert table["ners"].tolist() == [[["Mike", "Will"], [], ["Mike", "Nancy"]], [["Will"]]]


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    folder = tmp_path / "subtitles"
    folder.mkdir()
    cue = "1\n00:00:01,000 --> 00:00:02,000\nMike, wait!\n\n2\n00:00:03,000 --> 00:00:04,000\nI saw Nancy.\n"
    (folder / "T.S01E01.srt").write_text(cue, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_get_ners_keeps_and_reuses_its_csv(subtitles: Path, tmp_path: Path) -> None:
    recogniser = NamedEntityRecognizer(series=PROFILE)
    kept = tmp_path / "new" / "ners.csv"
    first = recogniser.get_ners(subtitles, kept)
    assert [list(names) for names in first["ners"][0]] == [["Mike"], ["Nancy"]]
    written = kept.stat().st_mtime_ns
    again = recogniser.get_ners(subtitles, kept)
    pd.testing.assert_frame_equal(first, again)
    assert kept.stat().st_mtime_ns == written
    assert recogniser.get_ners(subtitles).equals(first)


@pytest.mark.slow
def test_get_ners_makes_anew_what_does_not_agree(subtitles: Path, tmp_path: Path) -> None:
    kept = tmp_path / "ners.csv"
    NamedEntityRecognizer(series=PROFILE).get_ners(subtitles, kept)
    altered = pd.read_csv(kept).assign(ners=json.dumps([["Somebody"], []]))
    altered.to_csv(kept, index=False)
    repaired = NamedEntityRecognizer(series=PROFILE).get_ners(subtitles, kept)
    assert repaired["ners"][0] == [["Mike"], ["Nancy"]]
    other = SeriesProfile(title="T", cast=(CastMember(name="Michael", aliases=("Mike",)),))
    assert NamedEntityRecognizer(series=other).get_ners(subtitles, kept)["ners"][0] == [["Michael"], []]


@pytest.mark.slow
def test_the_embedded_model_adds_people() -> None:
    lines = [
        "I talked to Margaret about the storm.",
        "Margaret told me that she was scared.",
        "Have you seen Margaret today?",
    ]
    assert NamedEntityRecognizer(series=PROFILE).find(dialogue(*lines))["character"].tolist() == ["Margaret"] * 3

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from utils.characters import Exchange, card_names, known, load_card, load_voice
from utils.data_loader import load_dialogue
from utils.episodes import Episode
from utils.series import load_series

ROOT = Path(__file__).parents[1]
SERIES = load_series()
SAMPLE = SERIES.sample
SCREENPLAYS = sorted((SAMPLE / "screenplay").glob("*.txt"))
EPISODES = {Episode.parse(path.stem) for path in SCREENPLAYS}
LEADS = ("Eleven", "Mike", "Dustin")
# Words of a reply, from the style of each card.
LIMITS = {"Eleven": (4, 11), "Mike": (8, 16), "Dustin": (8, 20)}
KINDS = ("Action Hub", "Danger Zone", "Minor Location", "Safe Haven")

each_screenplay = pytest.mark.parametrize("screenplay", SCREENPLAYS, ids=lambda path: path.stem)
each_lead = pytest.mark.parametrize("name", LEADS)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The tool, imported from where it lies."""
    spec = importlib.util.spec_from_file_location("make_sample", ROOT / "tools" / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "make_sample", module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def spoken(maker: ModuleType) -> dict[Episode, list[tuple[str, str]]]:
    """Speaker and words of every speech, from the screenplays."""
    return {
        Episode.parse(path.stem): [
            (name, text)
            for kind, name, text in maker.read_script(path.read_text(encoding="utf-8")).parts
            if kind == "spoken"
        ]
        for path in SCREENPLAYS
    }


@pytest.fixture(scope="module")
def dialogue() -> pd.DataFrame:
    return load_dialogue(SAMPLE / "subtitles", transcripts=SAMPLE / "transcripts")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", re.sub(r"\([^)]*\)", "", text).casefold())


@each_screenplay
def test_the_files_are_what_the_tool_makes(screenplay: Path, maker: ModuleType) -> None:
    made = maker.build(screenplay)
    assert sorted(made) == [f"subtitles/{screenplay.stem}.srt", f"transcripts/{screenplay.stem}.csv"]
    for name, text in made.items():
        assert (SAMPLE / name).read_bytes().decode() == text, f"{name} is stale; run make sample"


def test_no_file_is_left_over() -> None:
    names = {path.stem for path in SCREENPLAYS}
    assert {path.stem for folder in ("subtitles", "transcripts") for path in (SAMPLE / folder).iterdir()} == names


def test_the_season_is_long_enough(spoken: dict[Episode, list[tuple[str, str]]]) -> None:
    assert len(spoken) >= 4
    assert min(len(speeches) for speeches in spoken.values()) >= 220


def test_the_leads_speak_enough_and_everybody_is_cast(spoken: dict[Episode, list[tuple[str, str]]]) -> None:
    lines = Counter(name for speeches in spoken.values() for name, _ in speeches)
    assert [name for name in lines if SERIES.canonical(name) != name] == []
    assert {name: lines[name] for name in LEADS if lines[name] < 120} == {}


@each_screenplay
def test_transcripts_are_rough(screenplay: Path) -> None:
    turns = pd.read_csv(SAMPLE / "transcripts" / f"{screenplay.stem}.csv")
    assert turns.columns.tolist() == ["name", "line"]
    assert 0 < (turns["name"] == "Unknown").mean() < 0.2


def truth(speeches: list[tuple[str, str]], lines: pd.DataFrame) -> list[set[str]]:
    """Who speaks the words of each line: both texts are the same words in the same order."""
    written = [(word, name) for name, text in speeches for word in words(text)]
    lengths = [len(words(text)) for text in lines["text"]]
    assert [word for text in lines["text"] for word in words(text)] == [word for word, _ in written]
    ends = pd.Series(lengths).cumsum()
    return [{name for _, name in written[end - size : end]} for end, size in zip(ends, lengths, strict=True)]


def test_speakers_are_recovered(dialogue: pd.DataFrame, spoken: dict[Episode, list[tuple[str, str]]]) -> None:
    true = [
        who
        for (season, episode), lines in dialogue.groupby(["season", "episode"])
        for who in truth(spoken[Episode(season, episode)], lines)
    ]
    answered = dialogue["speaker"].notna().tolist()
    right = [{name} == who for name, who in zip(dialogue["speaker"], true, strict=True)]
    assert sum(answered) >= 0.9 * len(dialogue)
    assert sum(right) >= 0.97 * sum(answered)


def test_every_line_has_one_speaker(dialogue: pd.DataFrame, spoken: dict[Episode, list[tuple[str, str]]]) -> None:
    for (season, episode), lines in dialogue.groupby(["season", "episode"]):
        assert {len(who) for who in truth(spoken[Episode(season, episode)], lines)} == {1}


def test_places_are_many_unique_and_of_four_classes() -> None:
    rows = [json.loads(row) for row in (SAMPLE / "locations.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 60
    assert {tuple(row) for row in rows} == {("location_name", "location_type", "location_description")}
    for column in ("location_name", "location_description"):
        assert len({row[column].casefold() for row in rows}) == len(rows)
    kinds = Counter(row["location_type"] for row in rows)
    assert sorted(kinds) == list(KINDS)
    assert min(kinds.values()) >= 10


def test_descriptions_of_places_do_not_give_the_class_away() -> None:
    labels = re.compile(rf"\b({'|'.join(' '.join(KINDS).split())})", re.IGNORECASE)
    for row in (SAMPLE / "locations.jsonl").read_text(encoding="utf-8").splitlines():
        assert labels.findall(json.loads(row)["location_description"]) == []


def test_cards_load_and_their_dates_exist() -> None:
    names = card_names(SERIES)
    assert len(names) >= 10
    assert set(LEADS) <= set(names)
    for name in names:
        card = load_card(name, SERIES)
        assert card.name == name
        for thing in (*card.facts, *load_voice(card, SERIES)):
            assert thing.timeline in SERIES.timelines
            assert thing.timeline != "sample" or thing.since in EPISODES


def test_every_card_file_belongs_to_somebody() -> None:
    for folder in (SERIES.characters, SERIES.voices):
        files = {path.stem for path in folder.iterdir()}
        assert files <= {name.casefold().replace(" ", "_").replace(".", "") for name in card_names(SERIES)}


def voice_file(name: str) -> list[Exchange]:
    card = load_card(name, SERIES)
    return load_voice(card, SERIES)[len(card.examples) :]


@each_lead
def test_voices_are_large_and_ask_everything_once(name: str) -> None:
    exchanges = voice_file(name)
    assert len(exchanges) >= 300
    repeated = Counter(" ".join(exchange.user.casefold().split()) for exchange in exchanges)
    assert [question for question, count in repeated.items() if count > 1] == []


@each_lead
def test_replies_keep_the_limits_of_the_card(name: str) -> None:
    shortest, longest = LIMITS[name]
    broken = [e.reply for e in voice_file(name) if not shortest <= len(e.reply.split()) <= longest]
    assert broken == []


@each_lead
def test_the_sample_teaches_the_leads_something_each_episode(name: str) -> None:
    facts = load_card(name, SERIES).facts
    counts = [len(known(facts, SERIES, timeline="sample", until=episode)) for episode in sorted(EPISODES)]
    assert counts == sorted(set(counts))

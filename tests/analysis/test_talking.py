"""Opening a conversation: names or message, which one, in which world; the door that does it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis.talking import conversation_weights, open_talk, speaking_weights, split_words
from character_chatbot.care import DISCLOSURE
from character_chatbot.conversations import open_store
from utils.episodes import Episode
from utils.errors import InputError
from utils.series import load_series
from utils.world import World

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "kept.sqlite"


@pytest.mark.parametrize(
    ("words", "names", "message"),
    [
        (["Eleven"], ["Eleven"], None),
        (["El", "mike"], ["El", "mike"], None),
        (["Eleven", "Who are you?"], ["Eleven"], "Who are you?"),
        (["Eleven", "Mike", "Max?"], ["Eleven", "Mike"], "Max?"),
        (["Eleven", "Will"], ["Eleven", "Will"], None),
        (["Eleven", "   "], ["Eleven"], "   "),
        (["Elevn"], ["Elevn"], None),
        ([], [], None),
    ],
)
def test_names_are_told_from_messages(words: list[str], names: list[str], message: str | None) -> None:
    assert split_words(words, load_series()) == (names, message)


def test_a_message_given_as_such_may_be_a_name_and_a_session_needs_no_name() -> None:
    series = load_series()
    assert split_words(["Eleven"], series, message="Will") == (["Eleven"], "Will")
    assert split_words(["Hello!"], series, named=True) == ([], "Hello!")
    with pytest.raises(InputError, match="Write the name as Mike, or use --message Mik"):
        split_words(["Eleven", "Mik"], series)


def test_weights_are_those_of_the_network_up_to_the_dial() -> None:
    rows = [
        ("Mike", "Eleven", "speaks_to", 1, 1, 2.0),
        ("Mike", "Eleven", "speaks_to", 1, 3, 5.0),
        ("Mike", "Eleven", "together", 1, 1, 9.0),
    ]
    edges = pd.DataFrame(rows, columns=["source", "target", "kind", "season", "episode", "weight"])
    assert speaking_weights(edges) == {("Mike", "Eleven"): 7.0}
    assert speaking_weights(edges, until=Episode(1, 2)) == {("Mike", "Eleven"): 2.0}


def test_without_results_the_weights_come_from_the_dialogue() -> None:
    weights = conversation_weights(World.sample())
    early, all_of_it = weights("S01E01"), weights(None)
    assert all_of_it["Mike", "Dustin"] > 0
    assert sum(early.values()) < sum(all_of_it.values())


def test_a_session_begins_goes_on_and_keeps_to_its_people(database: Path) -> None:
    talk, said = open_talk(["Eleven"], session="tower", until="S01E02", database=database)
    assert (said, talk.conversation) == (None, None)
    open_store(database).create(["Eleven"], series="stranger_things", timeline="sample", name="tower", until="S01E02")
    again, said = open_talk(["Hello?"], session="tower", database=database)
    assert (again.characters, again.until, said) == (("Eleven",), "S01E02", "Hello?")
    moved, _ = open_talk([], session="tower", until="S01E01", database=database)
    assert moved.until == open_store(database).find("tower").until == "S01E01"
    with pytest.raises(InputError, match=r"'tower' is with Eleven; leave the names out"):
        open_talk(["Mike"], session="tower", database=database)
    with pytest.raises(InputError, match=r"no conversation 'towr'\. Did you mean tower"):
        open_talk([], session="towr", database=database)


def test_one_message_and_pipes_touch_no_database(database: Path) -> None:
    open_talk(["Eleven", "Hello there."], database=database)
    open_talk(["Eleven"], lasting=False, database=database)
    assert not database.exists()
    open_talk(["Eleven"], database=database)
    assert database.exists()


def hawkins(*arguments: str | Path, said: str = "", database: Path | str = "unused.sqlite") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "hawkins.py"), *map(str, arguments)],
        cwd=ROOT,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT), "DATABASE_URL": str(database)},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("chat",), "Nobody was named"),
        (("chat", "Eleven", "Mik"), "--message Mik"),
        (("chat", "Eleven", "Dustn", "Hello!"), "Did you mean Dustin"),
        (("chat", "Eleven", "--session", ""), "1 to 80 printable"),
        (("chat", "Eleven", "--session", "x" * 81), "1 to 80 printable"),
        (("chat", "--session", "none such"), "no conversation 'none such'"),
        (("chat", "Eleven", "Hi.", "--endpoint", "nonsense"), "is no address of a server"),
        (("conversations", "show", "none such"), "no conversation 'none such'"),
        (("conversations", "list", "--database", "mysql://host/name"), "SQLite or PostgreSQL"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], says: str, database: Path) -> None:
    code, _, errors = hawkins(*arguments, database=database)
    assert code == 2
    assert len(errors.splitlines()) == 1, errors
    assert says in errors


def test_another_programs_file_is_refused_at_the_door(tmp_path: Path) -> None:
    path = tmp_path / "recipes.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute("create table recipes (name text)")
    code, _, errors = hawkins("conversations", "list", database=path)
    assert (code, len(errors.splitlines())) == (2, 1)
    assert "belongs to another program" in errors


def test_conversations_are_listed_shown_renamed_exported_and_deleted(database: Path, tmp_path: Path) -> None:
    assert "No conversation is kept yet" in hawkins("conversations", "list", database=database)[1]
    store = open_store(database)
    store.ask(store.create(["Eleven"], series="stranger_things", timeline="sample", name="tower").id, "Hello?")
    assert "tower" in hawkins("conversations", "list", database=database)[1]
    assert "**You:** Hello?" in hawkins("conversations", "show", "tower", database=database)[1]
    assert hawkins("conversations", "rename", "tower", "The tower", database=database)[0] == 0
    out = tmp_path / "tower.json"
    assert hawkins("conversations", "export", "The tower", "--out", out, database=database)[0] == 0
    assert json.loads(out.read_text())["name"] == "The tower"
    assert hawkins("conversations", "delete", "The tower", said="n\n", database=database)[0] == 1
    assert len(store.all()) == 1
    assert hawkins("conversations", "delete", "The tower", "--yes", database=database)[0] == 0
    assert store.all() == []


@pytest.mark.slow
def test_no_server_keeps_the_message_of_a_session(database: Path) -> None:
    arguments = ("chat", "Eleven", "Hello?", "--session", "tower", "--endpoint", "http://127.0.0.1:9/v1")
    code, _, errors = hawkins(*arguments, database=database)
    assert (code, len(errors.splitlines())) == (2, 2), errors
    assert errors.startswith(DISCLOSURE)
    assert "No chat server answers" in errors
    store = open_store(database)
    assert [one.text for one in store.utterances(store.find("tower").id) if one.text] == ["Hello?"]


@pytest.mark.slow
def test_lines_of_a_pipe_are_answered_one_by_one(database: Path) -> None:
    code, out, _ = hawkins("chat", "Eleven", said="Who are you?\n\nDo you like waffles?\n", database=database)
    assert code == 0
    assert len(out.splitlines()) == 2
    assert "You:" not in out
    assert not database.exists()

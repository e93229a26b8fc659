"""Conversations outlive the program: in a file, for one owner each, through crashes, other writers and versions."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from character_chatbot import Passage
from character_chatbot.conversations import (
    ConversationStore,
    default_database,
    export_conversation,
    open_store,
    write_conversation,
)
from character_chatbot.conversations.schema import MIGRATIONS, migrate
from character_chatbot.memory import SpokenLine
from character_chatbot.turn import Reply
from utils.episodes import Episode
from utils.errors import HawkinsError, InputError, MissingDependencyError

ROOT = Path(__file__).resolve().parent.parent.parent
SCENE = Passage(Episode(1, 2), 3, 190.0, (SpokenLine(7, "Mike", "El, run!"), SpokenLine(8, None, "Static.")))
UNTIMED = Passage(Episode(1, 1), 0, float("nan"), (SpokenLine(1, "Eleven", "Hello."),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "kept.sqlite"


@pytest.fixture
def store(path: Path) -> ConversationStore:
    return open_store(path)


def _begin(store: ConversationStore, name: str | None = None, *characters: str) -> int:
    return store.create(characters or ("Eleven",), series="stranger_things", timeline="sample", name=name).id


def _reply(text: str) -> Reply:
    return Reply(text, (SCENE, UNTIMED), 0.5, unsupported=("I flew.",))


def test_everything_of_a_reply_comes_back_after_a_restart(store: ConversationStore, path: Path) -> None:
    number = _begin(store, "first")
    store.ask(number, "What did Mike say?", until="S01E02")
    store.finish(store.begin(number, "Eleven", until="S01E02"), _reply("Run. I flew."))
    asked, answered = open_store(path).utterances(number)
    assert (asked.role, asked.character, asked.text, asked.until) == ("user", None, "What did Mike say?", "S01E02")
    assert (answered.role, answered.character, answered.state) == ("assistant", "Eleven", "complete")
    assert answered.sources[0] == SCENE
    assert answered.sources[1].label == UNTIMED.label
    assert (answered.support, answered.unsupported) == (0.5, ("I flew.",))
    assert answered.time >= asked.time


def test_a_process_killed_in_a_reply_leaves_the_message_and_what_was_said(path: Path) -> None:
    code = (
        "import os, sys; from character_chatbot.conversations import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "number = store.create(['Eleven'], series='s', timeline='t', name='cut').id\n"
        "store.ask(number, 'Where are you?'); store.progress(store.begin(number, 'Eleven'), 'In the')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False, timeout=60)
    assert killed.returncode == -9
    store = open_store(path)
    said = store.utterances(store.find("cut").id)
    assert [(one.text, one.state) for one in said] == [("Where are you?", "complete"), ("In the", "partial")]


def test_two_processes_that_write_at_once_lose_nothing(store: ConversationStore, path: Path) -> None:
    number = _begin(store, "shared")
    code = (
        "import sys; from character_chatbot.conversations import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "for count in range(60): store.ask(int(sys.argv[2]), f'{sys.argv[3]}{count}')\n"
    )
    command = [sys.executable, "-c", code, str(path), str(number)]
    writers = [subprocess.Popen([*command, who], cwd=ROOT) for who in "ab"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    said = [one.text for one in store.utterances(number)]
    for who in "ab":
        assert [text for text in said if text.startswith(who)] == [f"{who}{count}" for count in range(60)]


def test_names_are_given_found_changed_and_taken_once(store: ConversationStore) -> None:
    for _ in range(2):
        _begin(store)
    _begin(store, None, "Eleven", "Mike")
    assert {one.name for one in store.all()} == {"eleven-1", "eleven-2", "eleven-mike-1"}
    store.rename("eleven-1", "  The   tower ")
    assert store.find("The tower").characters == ("Eleven",)
    with pytest.raises(InputError, match=r"no conversation 'eleven-3'\. Did you mean eleven-2"):
        store.find("eleven-3")
    with pytest.raises(InputError, match="already"):
        store.rename("eleven-2", "The tower")
    with pytest.raises(InputError, match="already"):
        _begin(store, "The tower")
    for bad in ("", "  ", "a\x1bb", "x" * 81):
        with pytest.raises(InputError, match="printable"):
            store.rename("eleven-2", bad)


def test_owners_neither_see_nor_change_each_other(store: ConversationStore) -> None:
    number = _begin(store, "mine")
    message = store.ask(number, "A secret.")
    other = store.owned_by("web:other")
    assert other.all() == []
    assert other.utterances(number) == []
    assert other.get(number) is None
    with pytest.raises(InputError, match="no conversation"):
        other.delete("mine")
    with pytest.raises(InputError, match="was deleted"):
        other.ask(number, "Me too.")
    other.progress(message, "changed")
    other.forget(number)
    assert [one.text for one in store.utterances(number)] == ["A secret."]
    assert _begin(other, "mine")  # the same name is free for others


def test_deleting_takes_all_messages_and_only_those(store: ConversationStore, path: Path) -> None:
    gone, stays = _begin(store, "gone"), _begin(store, "stays")
    store.ask(gone, "one")
    store.ask(stays, "two")
    store.delete("gone")
    assert [one.name for one in store.all()] == ["stays"]
    with sqlite3.connect(path) as raw:
        assert raw.execute("select text from hawkins_messages").fetchall() == [("two",)]
    with pytest.raises(InputError, match="was deleted"):
        store.ask(gone, "three")


def test_what_is_forgotten_or_drawn_anew_stays_in_the_database(store: ConversationStore) -> None:
    number = _begin(store)
    store.ask(number, "Hi.")
    reply = store.begin(number, "Eleven")
    store.replace([reply])
    store.forget(number)
    assert [one.state for one in store.utterances(number)] == ["complete", "replaced"]
    found = store.get(number)
    assert found is not None
    assert found.remembered_from == reply


@pytest.mark.parametrize("content", [b"not a database, but some text\n" * 9, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_one_sentence_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.sqlite.*DATABASE_URL") as caught:
        open_store(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute("create table recipes (name text)")
    before = path.read_bytes()
    with pytest.raises(InputError, match="belongs to another program"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_file_damaged_while_in_use_is_one_sentence(store: ConversationStore, path: Path) -> None:
    number = _begin(store)
    for beside in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        beside.unlink(missing_ok=True)
    path.write_bytes(b"x" * 9000)
    store._engine.dispose()  # the next connection meets the damage
    with pytest.raises(HawkinsError, match="cannot be used"):
        store.utterances(number)


def test_a_newer_version_is_refused_and_an_older_one_brought_up(path: Path, store: ConversationStore) -> None:
    from sqlalchemy import create_engine, text

    number = _begin(store, "old")
    engine = create_engine(f"sqlite:///{path}")
    steps = (*MIGRATIONS, lambda c: c.execute(text("alter table hawkins_conversations add column mood text")))
    with engine.begin() as connection:
        migrate(connection, steps=steps)
        migrate(connection, steps=steps)  # the second time there is nothing to do
    with sqlite3.connect(path) as raw:
        assert raw.execute("select version from hawkins_schema").fetchall() == [(len(steps),)]
        assert raw.execute("select id, mood from hawkins_conversations").fetchall() == [(number, None)]
    with pytest.raises(InputError, match="newer version"):
        open_store(path)


def test_a_migration_that_fails_leaves_the_old_version(path: Path, store: ConversationStore) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError

    _begin(store, "old")
    engine = store._engine

    def half(connection: object) -> None:
        connection.execute(text("create table hawkins_new (x int)"))  # type: ignore[attr-defined]
        connection.execute(text("no such thing"))  # type: ignore[attr-defined]

    with pytest.raises(OperationalError), engine.begin() as connection:
        migrate(connection, steps=(*MIGRATIONS, half))
    with sqlite3.connect(path) as raw:
        assert not raw.execute("select name from sqlite_master where name = 'hawkins_new'").fetchall()
    assert [one.name for one in open_store(path).all()] == ["old"]


def test_only_its_user_may_read_the_file(store: ConversationStore, path: Path) -> None:
    _begin(store)
    assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as raw:
        assert raw.execute("pragma journal_mode").fetchone() == ("wal",)


def test_places_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="SQLite or PostgreSQL, not in mysql"):
        open_store("mysql://somebody@host/name")
    with pytest.raises(InputError, match="no database URL") as caught:
        open_store("postgresql://me:secret@host:port/name")
    assert "secret" not in str(caught.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot make the folder"):
        open_store(tmp_path / "file" / "below.sqlite")
    with pytest.raises(InputError, match="Cannot"):
        open_store(tmp_path)


def test_a_server_that_is_not_there_is_one_sentence_without_the_password() -> None:
    with pytest.raises((InputError, MissingDependencyError)) as caught:
        open_store("postgresql://me:secret@127.0.0.1:9/name")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_environment_goes_before_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert default_database().endswith("conversations.sqlite")
    (tmp_path / ".env").write_text("DATABASE_URL=from-file.sqlite\n")
    assert default_database() == "from-file.sqlite"
    monkeypatch.setenv("DATABASE_URL", "from-environment.sqlite")
    assert default_database() == "from-environment.sqlite"


def test_a_conversation_is_exported_whole(store: ConversationStore, tmp_path: Path) -> None:
    number = _begin(store, "to *keep*")
    store.ask(number, "Say <b>*something*</b>\n# big")
    store.finish(store.begin(number, "Eleven"), _reply("Run."))
    store.forget(number)
    store.ask(number, "And?")
    store.begin(number, "Eleven")
    conversation, said = store.find("to *keep*"), store.utterances(number)
    record = json.loads(write_conversation(tmp_path / "talk.json", conversation, said).read_text(encoding="utf-8"))
    assert [row["text"] for row in record["messages"]] == ["Say <b>*something*</b>\n# big", "Run.", "And?", ""]
    assert [row["forgotten"] for row in record["messages"]] == [True, True, False, False]
    assert record["messages"][1]["sources"][0]["lines"] == [[7, "Mike", "El, run!"], [8, None, "Static."]]
    assert record["messages"][3]["state"] == "partial"
    text = write_conversation(tmp_path / "talk.md", conversation, said).read_text(encoding="utf-8")
    assert "**You:** Say \\<b\\>\\*something\\*\\</b\\> \\# big" in text
    assert "remembers S01E02 00:03:10" in text
    assert "*(broken off)*" in text


def test_files_are_not_overwritten_and_formats_are_suggested(store: ConversationStore, tmp_path: Path) -> None:
    _begin(store, "named")
    conversation = store.find("named")
    (tmp_path / "talk.md").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_conversation(tmp_path / "talk.md", conversation, [])
    assert (tmp_path / "talk.md").read_text() == "mine"
    with pytest.raises(InputError, match=r"no format 'txt'.*\.json or \.md"):
        write_conversation(tmp_path / "talk.txt", conversation, [])
    with pytest.raises(InputError, match="Cannot write"):
        write_conversation(tmp_path / "absent" / "talk.md", conversation, [])
    assert export_conversation(conversation, [], file_format="md").startswith("# ")

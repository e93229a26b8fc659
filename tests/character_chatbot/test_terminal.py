"""The terminal as a person and as a pipe meets it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from character_chatbot import ChatEngine
from character_chatbot.commands import COMMANDS, is_command
from character_chatbot.company import Company
from character_chatbot.conversations import ConversationStore, open_store
from character_chatbot.speaking import Speaking
from character_chatbot.talk import Talk
from character_chatbot.terminal import answer, completions, converse, hear, pipe, prompting
from utils.errors import HawkinsError
from utils.world import World


@pytest.fixture
def store() -> ConversationStore:
    return open_store("sqlite://")


@pytest.fixture
def talk(world: World, engine: ChatEngine, encoder: Any, store: ConversationStore) -> Talk:
    return Talk(Company(world, engine=engine, encoder=encoder), store, characters=["Eleven"])


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=300, force_terminal=False)


def _text(console: Console) -> str:
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


@pytest.fixture
def session(talk: Talk, console: Console) -> Callable[..., str]:
    """Type lines, and read what came."""

    def run(*lines: str, talk: Talk = talk) -> str:
        typed: Iterator[str] = iter(lines)
        converse(talk, console, lambda: next(typed, None), label="a scripted server")
        return _text(console)

    return run


def test_a_conversation_greets_answers_and_says_how_to_go_on(session: Callable[..., str]) -> None:
    shown = session("Who ate nine waffles?", "", "/quit", "never reached")
    assert "Eleven is a fictional character played by a scripted server." in shown
    assert "Eleven: Waffles are good." in shown
    assert "remembers S01E01" in shown
    assert 'hawkins chat --session "eleven-1"' in shown
    assert "never reached" not in shown


def test_leaving_without_a_word_keeps_nothing(session: Callable[..., str], store: ConversationStore) -> None:
    assert "Kept" not in session("/quit")
    assert store.all() == []


def test_commands(session: Callable[..., str], talk: Talk, tmp_path: Path) -> None:
    shown = session(
        "/until S01E02",
        "Who ate nine waffles?",
        "/sources",
        "/character Mike, Dustin",
        "/until",
        "/until all",
        f"/save {tmp_path}/talk.json",
        "/rename The waffles",
        "/forget",
        "/help",
    )
    assert "Remembered: up to S01E02." in shown
    assert "Eleven: S01E01 00:00:0" in shown
    assert "support 50%" in shown
    assert "Eleven: I am here. I ate nine waffles." in shown
    assert "Here: Mike, Dustin." in shown
    assert "Remembered: everything." in shown
    assert len(json.loads((tmp_path / "talk.json").read_text())["messages"]) == 2
    assert "called 'The waffles'" in shown
    assert "Forgotten" in shown
    assert all(command.usage in shown for command in COMMANDS.values())
    assert talk.conversation is not None
    assert talk.conversation.name == "The waffles"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/untill S01E02", "There is no command /untill. Did you mean /until?"),
        ("/dance", "There is no command /dance. See /help."),
        ("/until S09E99", "There is no episode S09E99 here"),
        ("/until soon", "'soon' is not an episode"),
        ("/character Dustn", "Did you mean Dustin"),
        ("/save talk.md", "Nothing was said yet"),
        ("/retry", "There is no message to answer anew"),
    ],
)
def test_commands_that_cannot_be_done_are_one_line(session: Callable[..., str], line: str, says: str) -> None:
    assert says in session(line)


def test_a_path_or_a_smile_is_no_command() -> None:
    assert is_command("/until")
    assert is_command("  /help")
    assert not is_command("/ what")
    assert not is_command("1/2")
    assert not is_command("//")


def test_what_was_saved_is_not_overwritten(session: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "talk.md").write_text("mine")
    assert "is there already" in session("Hi.", f"/save {tmp_path}/talk.md", "/save", "/save talk.txt")
    assert (tmp_path / "talk.md").read_text() == "mine"


def test_a_server_that_fails_is_one_line_and_the_conversation_goes_on(
    session: Callable[..., str], server: Any, talk: Talk
) -> None:
    server.status = 500
    shown = session("First.", "/sources")
    assert "What was said is kept; /retry asks again." in shown
    assert "No scene was recalled yet." in shown
    server.status = 200
    assert "Eleven: Waffles are good." in session("/retry")
    assert [one.text for one in talk.utterances() if one.state == "complete"] == ["First.", "Waffles are good."]


def test_an_interrupt_stops_the_reply_and_keeps_what_was_said(talk: Talk, console: Console, server: Any) -> None:
    server.reply = "I am here. I am cold."

    class Interrupted(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            super().print(*objects, **options)
            if objects and "I am here." in str(objects[0]):
                raise KeyboardInterrupt

    impatient = Interrupted(file=console.file, width=300)
    hear(talk, talk.say("Are you there?"), impatient)
    assert "(stopped; /retry" in _text(console)
    assert [(one.text.strip(), one.state) for one in talk.utterances()][1] == ("I am here.", "partial")


def test_a_conversation_that_broke_off_says_so_when_it_goes_on(
    talk: Talk, session: Callable[..., str], store: ConversationStore, server: Any
) -> None:
    server.status = 500
    with pytest.raises(HawkinsError):
        for speaking in talk.say("Are you there?"):
            list(speaking)
    again = Talk(talk.company, store, conversation=store.all()[0])
    shown = session("/quit", talk=again)
    assert "You: Are you there?" in shown
    assert "The last reply broke off" in shown


def test_what_steers_a_terminal_is_not_passed_on(talk: Talk, console: Console, server: Any) -> None:
    server.reply = "I am \x1b[2Jhere [bold]now[/bold]."
    answer(talk, "Where?", console)
    assert "\x1b" not in _text(console)
    assert "[bold]now[/bold]" in _text(console)


def test_a_pipe_gets_one_plain_line_a_message(talk: Talk, console: Console) -> None:
    wrong: list[str] = []
    failed = pipe(talk, ["How many waffles?\n", "\n", "And now?\n"], console, complain=wrong.append)
    assert _text(console) == "Waffles are good.\nWaffles are good.\n"
    assert (failed, wrong) == (0, [])


def test_a_pipe_passes_over_what_cannot_be_said_and_counts_it(talk: Talk, console: Console) -> None:
    wrong: list[str] = []
    lines = ["x" * 100_000, "/bogus", "Hi.", "/quit", "Not read."]
    assert pipe(talk, lines, console, complain=wrong.append) == 2
    assert _text(console) == "Waffles are good.\n"
    assert wrong[0].startswith("line 1: The message has 100,000 characters")
    assert wrong[1].startswith("line 2: There is no command /bogus")


def test_a_pipe_to_several_names_the_speakers(talk: Talk, console: Console) -> None:
    talk.switch(["Mike", "Dustin"])
    pipe(talk, ["What do you two see?"], console, complain=print)
    assert [line.partition(": ")[0] for line in _text(console).splitlines()] == ["Mike", "Dustin"]


def test_the_prompt_edits_lines_and_ends(talk: Talk) -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        ask = prompting(talk)
        keys.send_text("hello\x7f\x7fp!\nmore\n\x03")
        assert ask() == "help!"
        assert ask() == "more"
        assert ask() is None


def test_tab_completes_commands_episodes_and_names(talk: Talk) -> None:
    assert completions(talk, "/un") == ["/until"]
    assert completions(talk, "/until s01e0") == ["S01E01", "S01E02", "S01E03"]
    assert completions(talk, "/character Mike d") == ["Dustin"]
    assert completions(talk, "/save t") == []
    assert completions(talk, "hello /un") == []


def test_notes_are_said_by_nobody(talk: Talk, console: Console) -> None:
    from character_chatbot.turn import Turn

    number = talk.store.create(["Eleven"], series="s", timeline="t").id
    talk.store.ask(number, "Something bad.")
    note = Turn.instead("This is a note.", kind="self_harm")
    speaking = Speaking("Eleven", note, store=talk.store, number=talk.store.begin(number, "Eleven"))
    hear(talk, [speaking], console)
    assert _text(console) == "This is a note.\n"
    assert talk.store.utterances(number)[-1].care == "self_harm"


def test_names_of_files_that_cannot_be_are_one_line(session: Callable[..., str], tmp_path: Path) -> None:
    names = [f"{tmp_path}/{'x' * 300}.md", "~nobodyatall/talk.md", f"{tmp_path}/a\x00b.md"]
    shown = session("Hello?", *(f"/save {name}" for name in names), "Still there?")
    assert "Cannot write" in shown
    assert "~nobodyatall/talk.md begins with no home folder" in shown
    assert "no name of a file" in shown
    assert shown.count("Eleven: Waffles are good.") == 2
    assert not list(tmp_path.iterdir())


def test_a_command_that_fails_is_one_line_and_the_conversation_goes_on(
    session: Callable[..., str], talk: Talk, store: ConversationStore
) -> None:
    class Broken(ConversationStore):
        def set_until(self, conversation: int, until: str | None) -> None:
            raise HawkinsError("The database of conversations cannot be used: disk I/O error.")

    talk.store = Broken(store._engine)
    assert session("Hello?", "/until S01E02", "And now?").count("Waffles are good.") == 2

"""What can be asked for in the middle of a conversation: lines that begin with a slash."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from character_chatbot.conversations.export import write_conversation
from character_chatbot.conversations.records import Utterance
from character_chatbot.talk import Talk
from utils.artifacts import user_path
from utils.door import one_line
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["COMMANDS", "Command", "Leave", "is_command", "obey"]

_ALL: Final = ("all", "everything", "end")


class Leave(Exception):  # noqa: N818 - no error: somebody goes
    """The person leaves."""


@dataclass(frozen=True)
class Command:
    """One of them.

    Attributes:
        usage: How it is written.
        purpose: What it does.
        run: Given the talk, what stands behind the command, and where to write.
    """

    usage: str
    purpose: str
    run: Callable[[Talk, str, Console], None]


def is_command(line: str) -> bool:
    """Whether a line is a command and not a message."""
    return re.match(r"\s*/[a-zA-Z?]", line) is not None


def obey(talk: Talk, line: str, console: Console) -> None:
    """Do what a line asks for.

    Args:
        talk: What it is about.
        line: Begins with a slash.
        console: Where to write.

    Raises:
        Leave: If that is what it asks for.
        InputError: If there is no such command, or it cannot be done.
    """
    word, _, rest = line.strip().removeprefix("/").partition(" ")
    command = COMMANDS.get({"exit": "quit", "?": "help"}.get(word, word).casefold())
    if command is None:
        hint = did_you_mean(word, COMMANDS).replace("mean ", "mean /").replace(" or ", " or /")
        raise InputError(f"There is no command /{one_line(word)}.{hint or ' See /help.'}")
    command.run(talk, rest.strip(), console)


def _say(console: Console, text: str) -> None:
    console.print(one_line(text), style="dim", markup=False, highlight=False)


def _until(talk: Talk, label: str, console: Console) -> None:
    if label:
        talk.turn_dial(None if label.casefold() in _ALL else label)
    _say(console, f"Remembered: up to {talk.until}." if talk.until else "Remembered: everything.")


def _character(talk: Talk, names: str, console: Console) -> None:
    if names:
        talk.switch(_split_names(talk, names))
    _say(console, f"Here: {', '.join(talk.characters)}.")


def _split_names(talk: Talk, names: str) -> Sequence[str]:
    """One name of several words, or several of one."""
    if talk.company.world.series.canonical(names) is not None:
        return [names]
    return [name for name in re.split(r"[\s,]+", names) if name]


def _forget(talk: Talk, _: str, console: Console) -> None:
    talk.forget()
    _say(console, "Forgotten; what was said stays in the database until the conversation is deleted.")


def _save(talk: Talk, name: str, console: Console) -> None:
    conversation = talk.conversation
    if conversation is None:
        raise InputError("Nothing was said yet; say something first.")
    if not name:
        raise InputError("Name a file that ends in .md or .json, such as: /save talk.md")
    path = write_conversation(user_path(name), conversation, talk.utterances())
    _say(console, f"Saved to {path}.")


def _rename(talk: Talk, name: str, console: Console) -> None:
    talk.rename(name)
    _say(console, f"This conversation is called '{name}'.")


def _sources(talk: Talk, _: str, console: Console) -> None:
    told = [reply for reply in _last_replies(talk.utterances()) if reply.sources or reply.unsupported]
    if not told:
        _say(console, "No scene was recalled yet.")
    for reply in told:
        for passage in reply.sources:
            console.rule(f"{reply.character}: {passage.label}, support {reply.support or 0:.0%}", align="left")
            for row in passage.text.split("\n"):
                console.print(one_line(row), markup=False, highlight=False)
        if reply.unsupported:
            _say(console, f"{reply.character}'s own words, in no scene: {' '.join(reply.unsupported)}")


def _last_replies(said: Sequence[Utterance]) -> list[Utterance]:
    asked = max((one.id for one in said if one.character is None), default=0)
    return [one for one in said if one.id > asked and one.state != "replaced"]


def _retry(talk: Talk, _: str, console: Console) -> None:
    from character_chatbot.terminal import hear

    hear(talk, talk.retry(), console)


def _quit(_talk: Talk, _: str, _console: Console) -> None:
    raise Leave


def _help(_talk: Talk, _: str, console: Console) -> None:
    for command in COMMANDS.values():
        console.print(f"{command.usage:<24}{command.purpose}", markup=False, highlight=False)


COMMANDS: Final = {
    "until": Command("/until S01E02", "the last episode that is remembered; /until all for everything", _until),
    "sources": Command("/sources", "the scenes behind the last replies", _sources),
    "character": Command("/character Mike Dustin", "talk with others from now on", _character),
    "retry": Command("/retry", "let the last message be answered anew", _retry),
    "forget": Command("/forget", "the characters forget what was said so far", _forget),
    "save": Command("/save talk.md", "write the conversation to a file (.md or .json)", _save),
    "rename": Command("/rename NAME", "call this conversation otherwise", _rename),
    "help": Command("/help", "this list", _help),
    "quit": Command("/quit", "leave (or Ctrl-D); the conversation is kept", _quit),
}

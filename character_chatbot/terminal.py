"""Talking in a terminal: words as they come, then where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from character_chatbot.chatbot import CharacterChatbot
from character_chatbot.turn import Reply
from utils.chat import Message
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["answer", "converse"]

_COMMANDS = "/sources shows the last scenes in full, /quit (or Ctrl-D) ends."


def answer(bot: CharacterChatbot, message: str, console: Console, *, history: Sequence[Message] = ()) -> Reply:
    """Stream one reply and the places that it draws on.

    Args:
        bot: Who answers.
        message: What was said to it.
        console: Where to write.
        history: The conversation so far.
    """
    turn = bot.turn(message, history)
    for number, piece in enumerate(turn):
        if number == 0:
            console.print(f"[bold]{bot.card.name}:[/bold] ", end="")
        console.print(piece, end="", markup=False, highlight=False, soft_wrap=True)
    console.print()
    reply = turn.reply
    if reply.sources:
        console.print(f"[dim]remembers {', '.join(passage.label for passage in reply.sources)}[/dim]", highlight=False)
    return reply


def converse(bot: CharacterChatbot, console: Console) -> None:
    """Talk until the person leaves.

    Args:
        bot: Who answers.
        console: Where to read and write.
    """
    console.print(f"[dim]{bot.card.name} is a fictional character played by {bot.engine.label}. {_COMMANDS}[/dim]")
    console.print(f"[bold]{bot.card.name}:[/bold] {bot.card.greeting}")
    history: list[Message] = []
    reply: Reply | None = None
    while (said := _ask(console)) is not None and said != "/quit":
        if said == "/sources":
            _show_sources(reply, console)
            continue
        try:
            reply = answer(bot, said, console, history=history)
        except HawkinsError as error:
            console.print(str(error), style="red", markup=False, highlight=False)
            continue
        history += [Message(role="user", content=said), Message(role="assistant", content=reply.text)]


def _ask(console: Console) -> str | None:
    """The next message, or None at the end of the input."""
    try:
        return console.input("[bold cyan]You:[/bold cyan] ").strip()
    except EOFError:
        console.print()
        return None


def _show_sources(reply: Reply | None, console: Console) -> None:
    if reply is None or not reply.sources:
        console.print("[dim]No scene was recalled yet.[/dim]")
        return
    for passage in reply.sources:
        console.rule(passage.label, align="left")
        console.print(passage.text, markup=False, highlight=False)

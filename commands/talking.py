"""Talking with characters: chat, the conversations that are kept, and the server for other programs."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils.door import one_line
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from rich.console import Console

    from character_chatbot.talk import Talk

from commands.options import ConversationName, Database, Endpoint, Results, say_loading, say_warning, world_of

__all__ = ["app"]

app = typer.Typer()
conversations = typer.Typer(
    no_args_is_help=True, help="Conversations that are kept: list, read, rename, export, delete."
)
app.add_typer(conversations, name="conversations")


@app.command()
def chat(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAMES...] [MESSAGE]",
            help="Who answers, such as Eleven or El; several talk with each other. A last word that is no name is a "
            "message, which is answered once.",
        ),
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="One message, also where it is a name itself.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="S01E03", help="Last episode that the character has lived through.")
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="NAME", help="Go on with a conversation, or begin one so called.")
    ] = None,
    endpoint: Endpoint = None,
    results: Results = None,
    turns: Annotated[
        int, typer.Option("--turns", min=1, help="Replies to one message, at most, where several talk.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw of who speaks next.")] = 0,
    database: Database = None,
) -> None:
    """Talk with characters, who remember only what they witnessed up to the episode you choose.

    Lines that come through a pipe are answered one by one, without anything around the answers.
    """
    from rich.console import Console

    from analysis.talking import open_talk
    from character_chatbot.care import DISCLOSURE
    from character_chatbot.terminal import answer, converse, prompting

    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    talk, said = open_talk(
        words or [],
        message=message,
        until=until,
        session=session,
        results=results,
        endpoint=endpoint,
        database=database,
        lasting=at_terminal,
        turns=turns,
        seed=seed,
        on_load=lambda label: typer.echo(f"Loading {label} ...", err=True),
        on_warning=lambda warning: typer.echo(f"warning: {one_line(warning)}", err=True),
    )
    console = Console()
    if said is not None or not at_terminal:
        typer.echo(DISCLOSURE, err=True)
    if said is not None:
        answer(talk, said, console)
    elif at_terminal:
        converse(talk, console, prompting(talk), label=talk.company.engine.label)
    else:
        _answer_lines(talk, console)


def _answer_lines(talk: Talk, console: Console) -> None:
    from character_chatbot.terminal import pipe

    # What is no text is no reason to stop.
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    failed = pipe(talk, sys.stdin, console, complain=lambda told: typer.echo(f"error: {told}", err=True))
    if failed:
        raise typer.Exit(HawkinsError.exit_code)


@conversations.command("list")
def list_conversations(database: Database = None) -> None:
    """Show the conversations that are kept, the last one first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from character_chatbot.conversations import open_store

    table = Table("name", "with", "remembers up to", "messages", "last spoken (UTC)", show_edge=False, pad_edge=False)
    found = open_store(database).all()
    for one in found:
        who = escape(one_line(", ".join(one.characters)))
        table.add_row(escape(one_line(one.name)), who, one.until or "the end", f"{one.messages}", one.updated[:16])
    Console().print(table if found else "No conversation is kept yet; begin one: hawkins chat Eleven")


@conversations.command("show")
def show_conversation(name: ConversationName, database: Database = None) -> None:
    """Print a conversation as Markdown."""
    from character_chatbot.conversations import export_conversation, open_store

    store = open_store(database)
    found = store.find(name)
    typer.echo(export_conversation(found, store.utterances(found.id), file_format="md"), nl=False)


@conversations.command("rename")
def rename_conversation(
    name: ConversationName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    database: Database = None,
) -> None:
    """Give a conversation another name."""
    from character_chatbot.conversations import open_store

    renamed = open_store(database).rename(name, new)
    typer.echo(f"{one_line(name)} is now called {renamed.name}.")


@conversations.command("export")
def export_conversation_(
    name: ConversationName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A file that is not there yet (.json or .md).")],
    format_: Annotated[
        str | None, typer.Option("--format", help="json or md.  [default: as the file's name ends]")
    ] = None,
    database: Database = None,
) -> None:
    """Write a conversation to a file, with sources, times and what was drawn anew."""
    from character_chatbot.conversations import open_store, write_conversation

    store = open_store(database)
    found = store.find(name)
    typer.echo(write_conversation(out, found, store.utterances(found.id), file_format=format_))


@conversations.command("delete")
def delete_conversation(
    name: ConversationName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: Database = None,
) -> None:
    """Delete a conversation with everything that was said in it."""
    from character_chatbot.conversations import open_store

    store = open_store(database)
    found = store.find(name)
    if not yes and not typer.confirm(f"Delete {one_line(found.name)} with its {found.messages} messages?"):
        raise typer.Exit(1)
    store.delete(found.name)
    typer.echo(f"{one_line(found.name)} is deleted.")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    results: Results = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="S01E03", help="Last episode that anybody has lived through.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="A chat server that generates in our place.")
    ] = None,
) -> None:
    """Serve the characters to SillyTavern, Open WebUI or scripts, as models of an OpenAI-compatible server."""
    from character_chatbot.cast import Cast
    from character_chatbot.engine import open_engine
    from character_chatbot.server import require_key
    from character_chatbot.server import serve as run
    from utils.world import World

    key = require_key(host)
    world = world_of(results) or World.sample()
    engine = open_engine(endpoint, series=world.series, on_load=say_loading, on_warning=say_warning)
    cast = Cast(world, engine, until=until)
    # What is missing is said now, not to the first client.
    _ = engine.link
    run(cast, host=host, port=port, key=key, announce=lambda url: _say_serving(url, cast.names))


def _say_serving(url: str, names: list[str]) -> None:
    from character_chatbot.care import DISCLOSURE

    typer.echo(DISCLOSURE, err=True)
    typer.echo(f"{url} answers as {', '.join(names)}; Ctrl-C ends.")

"""Talking in a terminal: words as they come, then where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.care import DISCLOSURE
from character_chatbot.commands import COMMANDS, Leave, is_command, obey
from character_chatbot.conversations.records import Utterance
from character_chatbot.speaking import Speaking
from character_chatbot.talk import Talk
from utils.characters import card_names, load_card
from utils.door import one_line
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["answer", "completions", "converse", "hear", "pipe", "prompting"]

SILENCE: Final = "(no answer came; say it in another way)"
# What is shown of a conversation that is taken up again.
_SHOWN: Final = 6

Ask = Callable[[], "str | None"]


def answer(talk: Talk, message: str, console: Console) -> None:
    """Stream the replies to one message, and the places that they draw on.

    Args:
        talk: Who answers.
        message: What was said.
        console: Where to write.

    Raises:
        HawkinsError: If the message cannot be used or nobody can answer.
    """
    for speaking in talk.say(message):
        _stream(speaking, console)


def _stream(speaking: Speaking, console: Console) -> None:
    if not speaking.note:
        console.print(f"[bold]{one_line(speaking.name)}:[/bold] ", end="", highlight=False)
    spoken = False
    # Closed at once when interrupted, so that what was said is kept before anything else happens.
    with closing(speaking.__iter__()) as pieces:
        for piece in pieces:
            spoken = spoken or bool(piece.strip())
            console.print(_shown(piece), end="", markup=False, highlight=False, soft_wrap=True)
    console.print("" if spoken else f"[dim]{SILENCE}[/dim]")
    if sources := speaking.reply.sources:
        console.print(f"[dim]remembers {', '.join(passage.label for passage in sources)}[/dim]", highlight=False)


def hear(talk: Talk, speakers: Iterable[Speaking], console: Console) -> None:
    """Stream replies; an interrupt stops them, and what goes wrong is one line.

    Args:
        talk: Whose replies.
        speakers: From `Talk.say` or `Talk.retry`.
        console: Where to write.
    """
    try:
        for speaking in speakers:
            _stream(speaking, console)
    except KeyboardInterrupt:
        console.print("\n[dim](stopped; /retry has it answered anew, Ctrl-C once more leaves)[/dim]")
    except InputError as error:
        _complain(console, str(error))
    except HawkinsError as error:
        kept = " What was said is kept; /retry asks again." if talk.conversation is not None else ""
        console.print()
        _complain(console, f"{error}{kept}")


def converse(talk: Talk, console: Console, ask: Ask, *, label: str) -> None:
    """Talk until the person leaves.

    Args:
        talk: With whom.
        console: Where to write.
        ask: Returns the next line; None when there is none any more.
        label: What plays the characters.
    """
    names = " and ".join(talk.characters)
    verb = "is a fictional character" if len(talk.characters) == 1 else "are fictional characters"
    _dim(console, f"{names} {verb} played by {label}. /help shows what else you can do here, /quit ends.")
    _dim(console, DISCLOSURE)
    _open(talk, console)
    while (line := ask()) is not None:
        if not line.strip():
            continue
        if not is_command(line):
            hear(talk, talk.say(line), console)
            talk.prepare()
            continue
        try:
            obey(talk, line, console)
        except HawkinsError as error:
            _complain(console, str(error))
        except Leave:
            break
    if (conversation := talk.conversation) is not None:
        _dim(console, f"Kept as '{conversation.name}'; hawkins chat --session \"{conversation.name}\" goes on with it.")


def _open(talk: Talk, console: Console) -> None:
    """Show how a conversation ended last time, or greet."""
    said = [one for one in talk.utterances() if one.state != "replaced"]
    for one in said[-_SHOWN:]:
        console.print(_row(one), markup=False, highlight=False)
    if said and said[-1].state == "partial":
        _dim(console, "The last reply broke off; /retry has it answered anew.")
    if not said:
        for name in talk.characters:
            greeting = load_card(name, talk.company.world.series).greeting
            console.print(f"[bold]{one_line(name)}:[/bold] ", end="", highlight=False)
            console.print(one_line(greeting), markup=False, highlight=False)


def _row(one: Utterance) -> str:
    label = "" if one.care else f"{one.character or 'You'}: "
    return one_line(f"{label}{one.text}{' …' if one.state == 'partial' else ''}")


def pipe(talk: Talk, lines: Iterable[str], console: Console, *, complain: Callable[[str], object]) -> int:
    """Answer one message a line, in plain lines without anything around them.

    Args:
        talk: Who answers; with several, names stand before their lines.
        lines: Messages and commands; blank ones count for nothing.
        console: Where replies go.
        complain: Told what is wrong with a line, which is passed over then.

    Returns:
        How many lines could not be used.

    Raises:
        HawkinsError: If nobody can answer.
    """
    failed = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _pass_on(talk, line, console)
        except InputError as error:
            complain(f"line {number}: {error}")
            failed += 1
        except Leave:
            break
    return failed


def _pass_on(talk: Talk, line: str, console: Console) -> None:
    if is_command(line):
        obey(talk, line, console)
        return
    for speaking in talk.say(line):
        for _ in speaking:
            pass
        label = f"{speaking.name}: " if len(talk.characters) > 1 and not speaking.note else ""
        console.print(_shown(f"{label}{speaking.reply.text}"), markup=False, highlight=False, soft_wrap=True)


def prompting(talk: Talk) -> Ask:
    """Return what asks at a terminal: with line editing, the conversation's own lines to go back to, and Tab.

    Args:
        talk: For what can be completed and was said before.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.formatted_text import FormattedText
    from prompt_toolkit.history import InMemoryHistory

    class Commands(Completer):
        """Completes what begins with a slash."""

        def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:  # noqa: ARG002
            """Yield what fits behind the cursor."""
            begun = document.text_before_cursor
            for word in completions(talk, begun):
                yield Completion(word, start_position=-len(begun.split(" ")[-1]))

    history = InMemoryHistory([one.text for one in talk.utterances() if one.character is None])
    session: PromptSession[str] = PromptSession(history=history, completer=Commands(), complete_while_typing=False)

    def ask() -> str | None:
        try:
            return session.prompt(FormattedText([("bold ansicyan", "You: ")]))
        except (EOFError, KeyboardInterrupt):
            return None

    return ask


def completions(talk: Talk, begun: str) -> list[str]:
    """Return the words that may stand where a line ends.

    Args:
        talk: For the episodes and characters that there are.
        begun: The line so far.
    """
    word, *rest = begun.split(" ")
    if not word.startswith("/"):
        return []
    world = talk.company.world
    behind = {"/until": [*map(str, world.episodes), "all"], "/character": card_names(world.series)}
    known = behind.get(word, []) if rest else [f"/{name}" for name in COMMANDS]
    last = (rest or [word])[-1].casefold()
    return [one for one in known if one.casefold().startswith(last)]


def _shown(piece: str) -> str:
    return one_line(piece.replace("\n", " "))


def _dim(console: Console, text: str) -> None:
    console.print(one_line(text), style="dim", markup=False, highlight=False)


def _complain(console: Console, text: str) -> None:
    console.print(one_line(text), style="red", markup=False, highlight=False)

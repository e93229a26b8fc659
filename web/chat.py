"""The tab in which characters answer, with the scenes that they were reminded of."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from character_chatbot import Passage
from character_chatbot.prompt import normalise_history
from utils.characters import card_names, load_card
from utils.chat import Message
from utils.errors import HawkinsError, InputError
from utils.models import find_weights
from web.look import part
from web.session import Session
from web.wiring import Stage, polite, warn

__all__ = ["answer", "chat_tab"]

_ALL: Final = "everything"
_SILENCE: Final = "(no answer came; say it in another way)"


def chat_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Chat") as tab:
        with gr.Row(elem_classes="hawkins-bar"):
            who = gr.Dropdown([], label="Character", scale=2)
            dial = gr.Dropdown([], label="Remembers up to", scale=2)
            again = gr.Button("New conversation", scale=1)
        talk = gr.Chatbot(
            show_label=False,
            height="min(60vh, 36rem)",
            # What characters and subtitles say is text: no markup, no formulas (`_said` escapes tags).
            render_markdown=False,
            latex_delimiters=[],
            buttons=["copy_all"],
            feedback_options=None,
        )
        said = gr.Textbox(show_label=False, placeholder="Say something …", submit_btn=True, max_length=2000)
        part(f'<p class="note">{html.escape(_note())}</p>')

    def reply(
        message: str, history: list[dict[str, Any]], who: str, dial: str, session: Session | None
    ) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        try:
            yield from answer(message, history, who, dial, stage.current(session))
        except HawkinsError as error:
            warn(error)
            # As before, with the message back in its box.
            yield message, history

    def greet(who: str, session: Session | None) -> list[dict[str, Any]]:
        return _greeting(stage.current(session), who)

    def warm(who: str | None, dial: str, session: Session | None) -> None:
        # What goes wrong here goes wrong again, and is told, when somebody speaks.
        with suppress(HawkinsError):
            if who:
                stage.current(session).warm(who, _until(dial))

    said.submit(reply, [said, talk, who, dial, stage.state], [said, talk], api_visibility="private")
    # A conversation belongs to one character at one point of the story.
    gr.on([who.input, dial.input, again.click], polite(greet), [who, stage.state], talk, api_visibility="private")
    gr.on(
        [tab.select, who.input, dial.input],
        warm,
        [who, dial, stage.state],
        show_progress="hidden",
        api_visibility="private",
    )
    stage.follow(_show, [who, dial, talk])


def _note() -> str:
    """Say what answers; read once, because the weights stay the same while the app runs."""
    try:
        label = find_weights("chat").label
    except HawkinsError as error:
        return str(error)
    return (
        f"Fictional AI characters, played by {label}. A reply is made up word by word and may be wrong; "
        "under it stand the scenes that the character was reminded of."
    )


def _show(session: Session) -> tuple[Any, ...]:
    import gradio as gr

    names = card_names(session.results.series)
    if not names:
        return gr.Dropdown([], value=None), gr.Dropdown([], value=None), []
    points = [("the end", _ALL), *((f"the end of {episode}", str(episode)) for episode in session.episodes)]
    return gr.Dropdown(names, value=names[0]), gr.Dropdown(points, value=_ALL), _greeting(session, names[0])


def _greeting(session: Session, who: str) -> list[dict[str, Any]]:
    return [_said("assistant", load_card(who, session.results.series).greeting)]


def _said(role: str, text: str, **more: Any) -> dict[str, Any]:
    """A message as Gradio shows it: tags would be read as HTML even where markdown is off."""
    return {"role": role, "content": html.escape(text, quote=False), **more}


def _source(passage: Passage) -> dict[str, Any]:
    """A folded message under a reply."""
    return _said("assistant", passage.text, metadata={"title": f"reminded of {passage.label}", "status": "done"})


def _spoken(history: Sequence[dict[str, Any]]) -> list[Message]:
    """The conversation without the sources, as it was spoken."""
    spoken = [turn for turn in history if not (turn.get("metadata") or {}).get("title")]
    return [Message(role=turn["role"], content=html.unescape(turn["content"])) for turn in normalise_history(spoken)]


def answer(
    message: str, history: list[dict[str, Any]], who: str | None, dial: str, session: Session
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Stream a reply, then its sources.

    Args:
        message: What was said to the character.
        history: What the page shows so far.
        who: The character; None where the series has no cards.
        dial: The last episode that it remembers, or ``everything``.
        session: Where it lives.

    Yields:
        What the box to write in holds, and what the page shows.

    Raises:
        HawkinsError: If nobody can answer; the page shows the question then.
    """
    if who is None:
        raise InputError(f"No character of {session.results.series.title} has a card yet; see docs/series.md.")
    shown = [*history, _said("user", message)]
    # At once, because the first reply waits for the models to load.
    yield "", [*shown, _said("assistant", "…")]
    turn = session.turn(who, _until(dial), message, _spoken(history))
    text = ""
    for piece in turn:
        text += piece
        yield "", [*shown, _said("assistant", text or "…")]
    reply = _said("assistant", turn.reply.text or _SILENCE)
    yield "", [*shown, reply, *map(_source, turn.reply.sources)]


def _until(dial: str) -> str | None:
    return None if dial == _ALL else dial

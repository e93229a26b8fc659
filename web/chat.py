"""The tab in which characters answer, with the scenes that they were reminded of; conversations stay."""

from __future__ import annotations

import hashlib
import html
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from threading import Event
from typing import Any, Final

from character_chatbot.care import DISCLOSURE
from character_chatbot.conversations import Conversation, export_conversation, open_store
from utils.characters import card_names
from utils.errors import HawkinsError, InputError
from utils.models import find_weights
from web.look import part
from web.session import Session
from web.talking import EVERYTHING, Shown, Visit, answer, answer_anew, greeting, stoppable, transcript
from web.wiring import Stage, cached_file, polite, warn

__all__ = ["chat_tab"]

_NEW: Final = 0
_SAY: Final = "Say something …"
# Words and no pictures, which would have no name for those who cannot see them.
_SEND: Final = "Send"
_STOP: Final = "Stop"
_ANSWERING: Final = "You can send the next message when the answer is there, or has been stopped …"
_KEY: Final = 32  # characters of a browser's key, at least
_CONFIRM: Final = (
    "(number, ...rest) => [confirm('Delete this conversation with all its messages?') ? number : null, ...rest]"
)


def chat_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    opened, visitor = cache(open_store), stage.visitor
    with gr.Tab("Chat") as tab:
        with gr.Row(elem_classes="hawkins-bar"):
            which = gr.Dropdown([], label="Conversation", scale=3)
            who = gr.Dropdown([], label="Characters", multiselect=True, scale=3)
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
            group_consecutive_messages=False,
        )
        said = gr.Textbox(show_label=False, placeholder=_SAY, submit_btn=_SEND, max_length=2000)
        anew = gr.Button("Answer the last message anew", size="sm")
        part(f'<p class="note">{html.escape(_note(stage.opening))}</p>')
        with gr.Accordion("This conversation", open=False):
            with gr.Row(elem_classes="hawkins-bar"):
                name = gr.Textbox(label="Its name", max_length=80, scale=3)
                rename = gr.Button("Rename", scale=1)
                markdown = gr.Button("As Markdown", scale=1)
                in_json = gr.Button("As JSON", scale=1)
                delete = gr.Button("Delete", variant="stop", scale=1)
            file = gr.File(label="File", visible=False)

    # Replies on their way: to which browser, by its key, and what stops them.
    running: set[tuple[str | None, Event]] = set()

    def visit(number: int, who: Sequence[str], dial: str, key: str | None, session: Session | None) -> Visit:
        store = opened().owned_by(_owner(key))
        return Visit(stage.current(session), store, number or _NEW, who or (), dial or EVERYTHING)

    def replies(
        steps: Callable[[Visit], Iterator[Shown]], before: Shown, box: str, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        one = values[-2], Event()
        running.add(one)
        try:
            yield from _replied(visit(*values), steps, before, box, one[1])
        except HawkinsError as error:
            # Nothing can be read or kept: the page stays as it was, and what was asked in its box.
            warn(error)
            yield box, before, gr.skip()
        finally:
            running.discard(one)

    def stop(key: str | None) -> None:
        # A copy: a reply that ends meanwhile takes its own out.
        for whose, stopping in tuple(running):
            if whose == key:
                stopping.set()

    def reply(message: str, shown: Shown, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from replies(lambda here: answer(message, shown, here), shown, message, *values)

    def retry(shown: Shown, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from replies(lambda here: answer_anew(here), shown, "", *values)

    def greet(who: Sequence[str], session: Session | None) -> Shown:
        return greeting(stage.current(session), who)

    def fresh(*values: Any) -> tuple[Any, ...]:
        here = visit(*values)
        return _list(visit(_NEW, *values[1:])), greeting(here.session, here.who), "", gr.File(visible=False)

    def take_up(*values: Any) -> tuple[Any, ...]:
        here = visit(*values)
        kept = here.conversation
        if kept is None:
            return gr.skip(), gr.skip(), greeting(here.session, here.who), "", gr.File(visible=False)
        shown = transcript(here.session, kept.characters, here.store.utterances(kept.id))
        return list(kept.characters), kept.until or EVERYTHING, shown, kept.name, gr.File(visible=False)

    def call(new: str, *values: Any) -> Any:
        here = visit(*values)
        here.store.rename(_required(here).name, new)
        return _list(here)

    def remove(*values: Any) -> tuple[Any, ...]:
        if values[0] is None:  # the question was answered with no
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        here = visit(*values)
        here.store.delete(_required(here).name)
        return fresh(_NEW, *values[1:])

    def export(file_format: str) -> Callable[..., Any]:
        def make(*values: Any) -> Any:
            here = visit(*values)
            kept = _required(here)
            text = export_conversation(kept, here.store.utterances(kept.id), file_format=file_format)
            written = cached_file(text.encode(), f"conversation.{file_format}", file.GRADIO_CACHE)
            return gr.File(written, visible=True)

        return make

    def warm(_number: int, who: Sequence[str], dial: str, _key: str | None, session: Session | None) -> None:
        # What goes wrong here goes wrong again, and is told, when somebody speaks.
        with suppress(HawkinsError):
            for one in who or ():
                stage.current(session).company.warm(one, None if dial == EVERYTHING else dial)

    def open_page(key: str | None, session: Session | None) -> tuple[Any, ...]:
        known = key if isinstance(key, str) and len(key) >= _KEY else secrets.token_urlsafe(32)
        here = stage.current(session)
        who, dial, shown = _show(here)
        kept = _list(Visit(here, opened().owned_by(_owner(known)), _NEW, (), EVERYTHING))
        return known, who, dial, shown, kept, ""

    here = [which, who, dial, visitor, stage.state]
    private: dict[str, Any] = {"api_visibility": "private"}
    # First: the page begins what one event asks for in this order, and waits for each.
    gr.on([said.submit, anew.click], lambda: _box(answering=True), None, said, queue=False, **private)
    speaking: list[Any] = [
        said.submit(reply, [said, talk, *here], [said, talk, which], **private),
        anew.click(retry, [talk, *here], [said, talk, which], **private),
    ]
    said.stop(stop, visitor, None, queue=False, **private)
    # Somebody who goes elsewhere no longer waits for the reply; what was said of it is kept.
    away = [
        gr.on([again.click, talk.clear], polite(fresh), here, [which, talk, name, file], cancels=speaking, **private),
        which.input(polite(take_up), here, [who, dial, talk, name, file], cancels=speaking, **private),
    ]
    rename.click(polite(call), [name, *here], [which], **private)
    away.append(
        delete.click(
            polite(remove),
            here,
            [which, talk, name, file],
            cancels=speaking,
            js=_CONFIRM,
            trigger_mode="multiple",  # who answers with no may think better of it at once
            **private,
        )
    )
    for event in [*speaking, *away]:
        # Also after an error or a stop; a reply that is cancelled before it began ends without a word.
        event.then(lambda: _box(answering=False), None, said, queue=False, **private)
    markdown.click(polite(export("md")), here, file, **private)
    in_json.click(polite(export("json")), here, file, **private)
    # A greeting belongs to those who are there, until somebody has spoken.
    who.input(
        polite(lambda who, number, session: gr.skip() if number else greet(who, session)),
        [who, which, stage.state],
        talk,
        **private,
    )
    gr.on([tab.select, who.input, dial.input], warm, here, show_progress="hidden", **private)
    gr.on(
        [stage.app.load, stage.state.change],
        polite(open_page),
        [visitor, stage.state],
        [visitor, who, dial, talk, which, name],
        show_progress="hidden",
        **private,
    )


def _replied(
    here: Visit, steps: Callable[[Visit], Iterator[Shown]], before: Shown, box: str, stopping: Event
) -> Iterator[tuple[Any, ...]]:
    """What the box holds, the page shows and the list offers, while replies come or until they are stopped."""
    import gradio as gr

    known = {one.id for one in here.store.all()}
    emptied = ""
    try:
        for shown in stoppable(steps(here), stopping):
            yield emptied, shown, gr.skip()
            # Whoever writes on while the reply comes keeps what was written.
            emptied = gr.skip()
    except HawkinsError as error:
        if not stopping.is_set():
            warn(error)
        # What was asked is kept if a conversation holds it; else it goes back into its box.
        kept = _kept(here, known)
        shown = transcript(here.session, kept.who, kept.store.utterances(kept.number)) if kept.number else before
        yield gr.skip() if _asked(shown) == html.escape(box, quote=False) else box, shown, _list(kept)
        return
    yield gr.skip(), gr.skip(), _list(_kept(here, known))


def _box(*, answering: bool) -> Any:
    """What a message is written in: with a button that stops the reply, while one comes."""
    import gradio as gr

    if answering:
        return gr.Textbox(submit_btn=False, stop_btn=_STOP, placeholder=_ANSWERING)
    return gr.Textbox(submit_btn=_SEND, stop_btn=False, placeholder=_SAY)


def _owner(key: str | None) -> str:
    """Whose conversations: the browser's key is a secret, so that it is not what the database holds."""
    if not isinstance(key, str) or len(key) < _KEY:
        raise InputError("The page does not know this browser yet; load it again.")
    return f"web:{hashlib.sha256(key.encode()).hexdigest()}"


def _note(session: Session) -> str:
    """Say what answers; read once, because the weights stay the same while the app runs."""
    try:
        if session.endpoint is None:
            label = find_weights("chat", path=session.model).label
        else:
            label = f"the model at {session.endpoint}"
    except HawkinsError as error:
        return f"{DISCLOSURE} {error}"
    return (
        f"{DISCLOSURE} {label} makes replies up word by word; under them stand the scenes that the character was "
        "reminded of. Conversations are kept for this browser alone."
    )


def _show(session: Session) -> tuple[Any, ...]:
    import gradio as gr

    names = card_names(session.results.series)
    if not names:
        return gr.Dropdown([], value=[]), gr.Dropdown([], value=None), []
    points = [("the end", EVERYTHING), *((f"the end of {episode}", str(episode)) for episode in session.episodes)]
    return gr.Dropdown(names, value=names[:1]), gr.Dropdown(points, value=EVERYTHING), greeting(session, names[:1])


def _list(visit: Visit) -> Any:
    """The conversations held in this world, the one on show chosen."""
    import gradio as gr

    world = visit.session.results.world
    mine = [
        one
        for one in visit.store.all()
        if (one.series, one.timeline) == (world.series.reference, world.timeline) or one.id == visit.number
    ]
    rows = [(f"{one.name} ({one.updated[:10]})", one.id) for one in mine]
    return gr.Dropdown([("a new one", _NEW), *rows], value=visit.number)


def _kept(visit: Visit, known: set[int]) -> Visit:
    """The visit with the conversation that it began."""
    if visit.number:
        return visit
    begun = next((one.id for one in visit.store.all() if one.id not in known), _NEW)
    return Visit(visit.session, visit.store, begun, visit.who, visit.dial)


def _required(visit: Visit) -> Conversation:
    if (kept := visit.conversation) is None:
        raise InputError("This conversation has not begun yet; say something first.")
    return kept


def _asked(shown: Shown) -> str | None:
    return next((turn["content"] for turn in reversed(shown) if turn["role"] == "user"), None)

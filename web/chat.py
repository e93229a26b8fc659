"""The tab in which characters answer, with the scenes that they were reminded of; conversations stay."""

from __future__ import annotations

import hashlib
import html
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from character_chatbot.care import DISCLOSURE
from character_chatbot.conversations import (
    Conversation,
    ConversationStore,
    Utterance,
    export_conversation,
    open_store,
)
from character_chatbot.talk import Speaking, Talk
from utils.characters import card_names, load_card
from utils.errors import HawkinsError, InputError
from utils.models import find_weights
from web.look import part
from web.session import Session
from web.wiring import Stage, cached_file, polite, warn

__all__ = ["Visit", "answer", "answer_anew", "chat_tab", "transcript"]

_ALL: Final = "everything"
_NEW: Final = 0
_KEY: Final = 32  # characters of a browser's key, at least
_SILENCE: Final = "(no answer came; say it in another way)"
_BROKEN: Final = "… (broken off)"
_WAITING: Final = "…"
_CONFIRM: Final = (
    "(number, ...rest) => [confirm('Delete this conversation with all its messages?') ? number : -1, ...rest]"
)

Shown = list[dict[str, Any]]


@dataclass(frozen=True)
class Visit:
    """What one visitor talks about: in which world, kept where, and in which conversation.

    Attributes:
        session: The analysis on show.
        store: The visitor's own conversations.
        number: The conversation's id; 0 before it has begun.
        who: The characters chosen.
        dial: The last episode that they remember, or ``everything``.
    """

    session: Session
    store: ConversationStore
    number: int
    who: Sequence[str]
    dial: str

    @property
    def until(self) -> str | None:
        """The dial as the characters take it."""
        return None if self.dial == _ALL else self.dial

    @property
    def conversation(self) -> Conversation | None:
        """The conversation as it is kept."""
        return self.store.get(self.number) if self.number else None

    def talk(self) -> Talk:
        """Return the conversation with those who are chosen now.

        Raises:
            InputError: If nobody is chosen, or characters or dial cannot be used.
        """
        if not self.who:
            title = self.session.results.series.title
            raise InputError(
                "Nobody was chosen; choose who answers."
                if card_names(self.session.results.series)
                else f"No character of {title} has a card yet; see docs/series.md."
            )
        kept = self.conversation
        talk = Talk(
            self.session.company,
            self.store,
            conversation=kept,
            characters=self.who,
            until=self.until,
            results=str(self.session.results.folder.resolve()),
            weights=self.session.weights,
        )
        if kept is not None and tuple(self.who) != talk.characters:
            talk.switch(self.who)
        if self.until != talk.until:
            talk.turn_dial(self.until)
        return talk


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
        said = gr.Textbox(show_label=False, placeholder="Say something …", submit_btn=True, max_length=2000)
        anew = gr.Button("Answer the last message anew", size="sm")
        part(f'<p class="note">{html.escape(_note(stage.opening.endpoint))}</p>')
        with gr.Accordion("This conversation", open=False):
            with gr.Row(elem_classes="hawkins-bar"):
                name = gr.Textbox(label="Its name", max_length=80, scale=3)
                rename = gr.Button("Rename", scale=1)
                markdown = gr.Button("As Markdown", scale=1)
                in_json = gr.Button("As JSON", scale=1)
                delete = gr.Button("Delete", variant="stop", scale=1)
            file = gr.File(label="File", visible=False)

    def visit(number: int, who: Sequence[str], dial: str, key: str | None, session: Session | None) -> Visit:
        store = opened().owned_by(_owner(key))
        return Visit(stage.current(session), store, number or _NEW, who or (), dial or _ALL)

    def replies(
        steps: Callable[[Visit], Iterator[Shown]], before: Shown, box: str, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        try:
            yield from _replied(visit(*values), steps, before, box)
        except HawkinsError as error:
            # Nothing can be read or kept: the page stays as it was, and what was asked in its box.
            warn(error)
            yield box, before, gr.skip()

    def reply(message: str, shown: Shown, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from replies(lambda here: answer(message, shown, here), shown, message, *values)

    def retry(shown: Shown, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from replies(lambda here: answer_anew(here), shown, "", *values)

    def greet(who: Sequence[str], session: Session | None) -> Shown:
        return _greeting(stage.current(session), who)

    def fresh(*values: Any) -> tuple[Any, ...]:
        here = visit(*values)
        return _list(visit(_NEW, *values[1:])), _greeting(here.session, here.who), "", gr.File(visible=False)

    def take_up(*values: Any) -> tuple[Any, ...]:
        here = visit(*values)
        kept = here.conversation
        if kept is None:
            return gr.skip(), gr.skip(), _greeting(here.session, here.who), "", gr.File(visible=False)
        shown = transcript(here.session, kept.characters, here.store.utterances(kept.id))
        return list(kept.characters), kept.until or _ALL, shown, kept.name, gr.File(visible=False)

    def call(new: str, *values: Any) -> Any:
        here = visit(*values)
        here.store.rename(_required(here).name, new)
        return _list(here)

    def remove(*values: Any) -> tuple[Any, ...]:
        if values[0] < 0:  # the question was answered with no
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
                stage.current(session).company.warm(one, None if dial == _ALL else dial)

    def open_page(key: str | None, session: Session | None) -> tuple[Any, ...]:
        known = key if isinstance(key, str) and len(key) >= _KEY else secrets.token_urlsafe(32)
        here = stage.current(session)
        who, dial, shown = _show(here)
        kept = _list(Visit(here, opened().owned_by(_owner(known)), _NEW, (), _ALL))
        return known, who, dial, shown, kept, ""

    here = [which, who, dial, visitor, stage.state]
    private: dict[str, Any] = {"api_visibility": "private"}
    speaking: list[Any] = [
        said.submit(reply, [said, talk, *here], [said, talk, which], **private),
        anew.click(retry, [talk, *here], [said, talk, which], **private),
    ]
    # Somebody who goes elsewhere no longer waits for the reply; what was said of it is kept.
    gr.on([again.click, talk.clear], polite(fresh), here, [which, talk, name, file], cancels=speaking, **private)
    which.input(polite(take_up), here, [who, dial, talk, name, file], cancels=speaking, **private)
    rename.click(polite(call), [name, *here], [which], **private)
    delete.click(polite(remove), here, [which, talk, name, file], cancels=speaking, js=_CONFIRM, **private)
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
    here: Visit, steps: Callable[[Visit], Iterator[Shown]], before: Shown, box: str
) -> Iterator[tuple[Any, ...]]:
    """What the box holds, the page shows and the list offers, while replies come; see `chat_tab`."""
    import gradio as gr

    known = {one.id for one in here.store.all()}
    try:
        for shown in steps(here):
            yield "", shown, gr.skip()
    except HawkinsError as error:
        warn(error)
        # What was asked is kept if a conversation holds it; else it goes back into its box.
        kept = _kept(here, known)
        shown = transcript(here.session, kept.who, kept.store.utterances(kept.number)) if kept.number else before
        yield "" if _asked(shown) == html.escape(box, quote=False) else box, shown, _list(kept)
        return
    yield "", gr.skip(), _list(_kept(here, known))


def _owner(key: str | None) -> str:
    """Whose conversations: the browser's key is a secret, so that it is not what the database holds."""
    if not isinstance(key, str) or len(key) < _KEY:
        raise InputError("The page does not know this browser yet; load it again.")
    return f"web:{hashlib.sha256(key.encode()).hexdigest()}"


def _note(endpoint: str | None) -> str:
    """Say what answers; read once, because the weights stay the same while the app runs."""
    try:
        label = find_weights("chat").label if endpoint is None else f"the model at {endpoint}"
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
    points = [("the end", _ALL), *((f"the end of {episode}", str(episode)) for episode in session.episodes)]
    return gr.Dropdown(names, value=names[:1]), gr.Dropdown(points, value=_ALL), _greeting(session, names[:1])


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


def _greeting(session: Session, who: Sequence[str]) -> Shown:
    cards = [load_card(one, session.results.series) for one in who]
    return [_said("assistant", _labelled(card.name, card.greeting, several=len(cards) > 1)) for card in cards]


def _said(role: str, text: str, **more: Any) -> dict[str, Any]:
    """A message as Gradio shows it: tags would be read as HTML even where markdown is off."""
    return {"role": role, "content": html.escape(text, quote=False), **more}


def _labelled(name: str, text: str, *, several: bool) -> str:
    return f"{name}: {text}" if several else text


def _asked(shown: Shown) -> str | None:
    return next((turn["content"] for turn in reversed(shown) if turn["role"] == "user"), None)


def transcript(session: Session, who: Sequence[str], said: Sequence[Utterance]) -> Shown:
    """Return a conversation as the page shows it.

    Args:
        session: For the greeting.
        who: Who takes part.
        said: Everything that was said.
    """
    spoken = [one for one in said if one.state != "replaced"]
    several = len({*who, *(one.character for one in spoken if one.character)}) > 1
    return [*_greeting(session, who), *(row for one in spoken for row in _rows(one, several=several))]


def _rows(one: Utterance, *, several: bool) -> Iterator[dict[str, Any]]:
    if one.character is None:
        yield _said("user", one.text)
        return
    text = f"{one.text} {_BROKEN}" if one.state == "partial" else one.text or _SILENCE
    yield _said("assistant", _labelled(one.character, text, several=several and not one.care))
    for passage in one.sources:
        title = f"reminded of {passage.label} (support {one.support or 0:.0%})"
        yield _said("assistant", passage.text, metadata={"title": title, "status": "done"})
    if one.unsupported:
        title = "the character's own words, in no scene"
        yield _said("assistant", "\n".join(one.unsupported), metadata={"title": title, "status": "done"})


def answer(message: str, shown: Shown, visit: Visit) -> Iterator[Shown]:
    """Stream the replies to a message, with their sources.

    Args:
        message: What was said.
        shown: What the page shows so far.
        visit: To whom, where.

    Yields:
        What the page shows.

    Raises:
        HawkinsError: If the message cannot be used or nobody can answer.
    """
    talk = visit.talk()
    # At once, because the first reply waits for the models to load.
    yield [*shown, _said("user", message), _said("assistant", _WAITING)]
    yield from _streamed(talk, visit, talk.say(message))


def answer_anew(visit: Visit) -> Iterator[Shown]:
    """Stream other replies to the last message; see `answer`."""
    talk = visit.talk()
    yield from _streamed(talk, visit, talk.retry())


def _streamed(talk: Talk, visit: Visit, speakers: Iterator[Speaking]) -> Iterator[Shown]:
    for speaking in speakers:
        several = len(talk.characters) > 1 and not speaking.note
        *before, _begun = talk.utterances()
        so_far = transcript(visit.session, talk.characters, before)
        text = ""
        yield [*so_far, _said("assistant", _labelled(speaking.name, _WAITING, several=several))]
        for piece in speaking:
            text += piece
            yield [*so_far, _said("assistant", _labelled(speaking.name, text, several=several))]
    yield transcript(visit.session, talk.characters, talk.utterances())

"""One visitor's conversation as the Chat tab shows it: who talks, what was said, and replies as they come."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from character_chatbot.conversations import Conversation, ConversationStore, Utterance
from character_chatbot.engine import interrupted_by
from character_chatbot.speaking import Speaking
from character_chatbot.talk import Talk
from utils.characters import card_names, load_card
from utils.errors import InputError
from web.session import Session

__all__ = ["EVERYTHING", "Shown", "Visit", "answer", "answer_anew", "greeting", "stoppable", "transcript"]

EVERYTHING: Final = "everything"
"""The dial that leaves nothing out."""
_SILENCE: Final = "(no answer came; say it in another way)"
_BROKEN: Final = "… (broken off)"
_WAITING: Final = "…"

Shown = list[dict[str, Any]]
"""Messages as Gradio's Chatbot takes them."""


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
        return None if self.dial == EVERYTHING else self.dial

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


def greeting(session: Session, who: Sequence[str]) -> Shown:
    """Return what those who are chosen say before anybody has spoken.

    Args:
        session: For their cards.
        who: Their names.
    """
    cards = [load_card(one, session.results.series) for one in who]
    return [_said("assistant", _labelled(card.name, card.greeting, several=len(cards) > 1)) for card in cards]


def _said(role: str, text: str, **more: Any) -> dict[str, Any]:
    """A message as Gradio shows it: tags would be read as HTML even where markdown is off."""
    return {"role": role, "content": html.escape(text, quote=False), **more}


def _labelled(name: str, text: str, *, several: bool) -> str:
    return f"{name}: {text}" if several else text


def transcript(session: Session, who: Sequence[str], said: Sequence[Utterance]) -> Shown:
    """Return a conversation as the page shows it.

    Args:
        session: For the greeting.
        who: Who takes part.
        said: Everything that was said.
    """
    spoken = [one for one in said if one.state != "replaced"]
    several = len({*who, *(one.character for one in spoken if one.character)}) > 1
    return [*greeting(session, who), *(row for one in spoken for row in _rows(one, several=several))]


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


def stoppable(steps: Iterator[Shown], stopping: Event) -> Iterator[Shown]:
    """Yield what `answer` yields, with an error once it is to stop; Gradio may take each step in another thread.

    Raises:
        HawkinsError: As `answer`, and when it was stopped.
    """
    while True:
        with interrupted_by(stopping):
            shown = next(steps, None)
        if shown is None:
            return
        yield shown


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
    talk.prepare()

"""A conversation that goes on: what each character hears, who speaks, and that all of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import Final

from character_chatbot.company import Company
from character_chatbot.conversations.recall import newest_turns, turns
from character_chatbot.conversations.records import Conversation, Utterance
from character_chatbot.conversations.store import ConversationStore, clean_name
from character_chatbot.group import TURNS, Group, Said, next_speaker
from character_chatbot.prompt import clean_message
from character_chatbot.speaking import Speaking
from utils.chat import Message
from utils.episodes import Episode
from utils.errors import HawkinsError, InputError

__all__ = ["Talk", "Weights", "heard_by"]

Weights = Callable[[str | None], Mapping[tuple[str, str], float]]
"""From the dial to how often one speaks to another until then."""

# Tokens of a prompt for the newest turns, and for older ones that bear on what is said. A small model loses the thread
# in more; what does not fit stays in the database and can be recalled.
HISTORY: Final = 1_000
EARLIER: Final = 200
EARLIER_TURNS: Final = 2


class Talk:
    """Talks with one character or several, and keeps everything.

    Args:
        company: The characters' world.
        store: Where conversations are kept.
        conversation: One to go on with; None begins one with the first message.
        characters: Who takes part in a new one.
        until: The dial of a new one.
        name: Of a new one; None for the next free name.
        results: Folder that the world was read from, to find it again.
        weights: Who speaks to whom in the story, for groups.
        turns: Replies to one message, at most, in a group.
        seed: Of draws in a group.

    Raises:
        InputError: If the conversation belongs to another series or nobody takes part.
    """

    def __init__(
        self,
        company: Company,
        store: ConversationStore,
        *,
        conversation: Conversation | None = None,
        characters: Sequence[str] = (),
        until: str | None = None,
        name: str | None = None,
        results: str | None = None,
        weights: Weights | None = None,
        turns: int = TURNS,
        seed: int = 0,
    ) -> None:
        _require_same_world(conversation, company)
        self.company = company
        self.store = store
        self._conversation = conversation
        self._name = name
        self._results = results
        self._weights = weights
        self._turns = turns
        self._seed = seed
        self.characters = company.require(conversation.characters if conversation else characters)
        self.until = conversation.until if conversation else until
        self._require_dial(self.until)

    @property
    def conversation(self) -> Conversation | None:
        """The conversation as it is kept; None before the first message."""
        return None if self._conversation is None else self.store.get(self._conversation.id)

    def utterances(self) -> list[Utterance]:
        """Return everything that was said."""
        return [] if self._conversation is None else self.store.utterances(self._conversation.id)

    def say(self, message: str) -> Iterator[Speaking]:
        """Say something; each character who answers is yielded, and is to be iterated over before the next.

        Raises:
            InputError: If the message cannot be used; nothing is kept then.
            HawkinsError: If nobody can answer; the message is kept then.
        """
        text = clean_message(message)
        if self._conversation is None:
            self._conversation = self._begin()
        number = self.store.ask(self._conversation.id, text, until=self.until)
        yield from self._answers(self._conversation.id, number)

    def retry(self) -> Iterator[Speaking]:
        """Let the last message be answered anew; see `say`.

        Raises:
            InputError: If nothing was said yet, or the characters may not know what was said last.
        """
        said = self.utterances()
        asked = next((one for one in reversed(said) if one.character is None), None)
        if asked is None or self._conversation is None:
            raise InputError("There is no message to answer anew; say something first.")
        if asked.id not in {one.id for one in self._remembered()}:
            raise InputError("The last message was said with the dial at a later place, or is forgotten; say it again.")
        self.store.replace([one.id for one in said if one.id > asked.id])
        yield from self._answers(self._conversation.id, asked.id)

    def prepare(self) -> None:
        """Let the model read what was said so far while the person writes the next message; returns at once.

        In a group, who speaks next is not known yet, and nothing is read.
        """
        if len(self.characters) > 1:
            return
        # What goes wrong here goes wrong again, and is told, when somebody speaks.
        with suppress(HawkinsError):
            history, _ = self._heard(self.characters[0], self._remembered())
            Thread(target=self._read, args=(self.characters[0], self.until, history), name="prepare").start()

    def _read(self, name: str, until: str | None, history: Sequence[Message]) -> None:
        with suppress(HawkinsError):
            self.company.prepare(name, until, history)

    def switch(self, names: Sequence[str]) -> None:
        """Go on with others.

        Raises:
            InputError: If somebody is unknown or cannot talk.
        """
        self.characters = self.company.require(names)
        if self._conversation is not None:
            self.store.set_characters(self._conversation.id, self.characters)

    def turn_dial(self, until: str | None) -> None:
        """Set the last episode that the characters have lived through; None for everything.

        Raises:
            InputError: If there is no such episode here.
        """
        self.until = self._require_dial(until)
        if self._conversation is not None:
            self.store.set_until(self._conversation.id, self.until)

    def rename(self, name: str) -> None:
        """Call the conversation otherwise.

        Raises:
            InputError: If the name is taken or is none.
        """
        conversation = self.conversation
        if conversation is None:
            self._name = clean_name(name)
        else:
            self.store.rename(conversation.name, name)

    def forget(self) -> None:
        """Let the characters forget the conversation; it stays in the database."""
        if self._conversation is not None:
            self.store.forget(self._conversation.id)

    def _require_dial(self, until: str | None) -> str | None:
        return None if until is None else str(self.company.world.episode(until))

    def _begin(self) -> Conversation:
        world = self.company.world
        return self.store.create(
            self.characters,
            series=world.series.reference,
            timeline=world.timeline,
            name=self._name,
            until=self.until,
            results=self._results,
        )

    def _remembered(self) -> list[Utterance]:
        """What the characters may know of the conversation: not forgotten, not said with the dial at a later place."""
        conversation = self.conversation
        start = conversation.remembered_from if conversation else 0
        dial = None if self.until is None else Episode.parse(self.until)
        return [one for one in self.utterances() if one.id > start and one.state != "replaced" and one.said_by(dial)]

    def _group(self) -> Group:
        several = len(self.characters) > 1 and self._weights is not None
        return Group(
            {name: self.company.called(name) for name in self.characters},
            weights=self._weights(self.until) if several and self._weights else {},
            turns=self._turns,
            seed=self._seed,
        )

    def _answers(self, conversation: int, asked: int) -> Iterator[Speaking]:
        group = self._group()
        while True:
            said = self._remembered()
            if said and said[-1].care:
                return
            spoken = [Said(one.character, one.text) for one in said if one.id >= asked]
            name = next_speaker(group, spoken, draw=asked)
            if name is None:
                return
            yield self._speak(conversation, name, said)

    def _speak(self, conversation: int, name: str, said: Sequence[Utterance]) -> Speaking:
        asked = said[-1]
        history, before = self._heard(name, said[:-1])
        older = self.company.turns.recall(before, asked.text, most=EARLIER_TURNS, budget=EARLIER)
        turn = self.company.turn(
            name, self.until, _words(asked), history, earlier=[_as_script(name, turn) for turn in older]
        )
        number = self.store.begin(conversation, name, until=self.until)
        speaking = Speaking(name, turn, store=self.store, number=number)
        if speaking.note:
            # Whoever leaves before reading it must not find the message unanswered, and without its mark.
            self.store.finish(number, turn.reply)
        return speaking

    @staticmethod
    def _heard(name: str, said: Sequence[Utterance]) -> tuple[list[Message], list[tuple[Utterance, ...]]]:
        """The newest turns as a character heard them, and the turns before."""
        cut = turns(said)
        begin = newest_turns(cut, HISTORY)
        return heard_by(name, [one for turn in cut[begin:] for one in turn]), cut[:begin]


def heard_by(name: str, said: Sequence[Utterance]) -> list[Message]:
    """Return a conversation as one of its characters lived it: what others said comes from outside, with their names.

    Args:
        name: The character.
        said: In order.

    Returns:
        Messages whose roles alternate, as chat templates want them.
    """
    messages: list[Message] = []
    for one in said:
        own = one.character == name
        role, text = ("assistant", one.text) if own else ("user", _words(one))
        if messages and messages[-1]["role"] == role:
            messages[-1] = Message(role=messages[-1]["role"], content=f"{messages[-1]['content']}\n{text}")
        else:
            messages.append(Message(role="assistant" if own else "user", content=text))
    return messages


def _words(one: Utterance) -> str:
    return one.text if one.character is None else f"{one.character}: {one.text}"


def _as_script(name: str, turn: Sequence[Utterance]) -> str:
    speakers = {None: "The other", name: "You"}
    return "\n".join(f"{speakers.get(one.character, one.character)}: {one.text}" for one in turn)


def _require_same_world(conversation: Conversation | None, company: Company) -> None:
    world = company.world
    if conversation is None or (conversation.series, conversation.timeline) == (
        world.series.reference,
        world.timeline,
    ):
        return
    raise InputError(
        f"The conversation '{conversation.name}' belongs to another series or season ({conversation.series}, "
        f"{conversation.timeline}); give the --results that it was held with, or begin another."
    )

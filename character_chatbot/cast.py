"""The characters of a world, called by the names that chat programs know as models: ``Eleven``, ``Eleven@S01E03``."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from functools import cached_property
from threading import Lock
from typing import Final

from character_chatbot.chatbot import CharacterChatbot
from character_chatbot.engine import ChatEngine
from character_chatbot.protocol import ChatRequest
from character_chatbot.recall import chat_encoder
from character_chatbot.turn import Reply, Turn
from utils.characters import card_names
from utils.chat import Message
from utils.embeddings import SentenceEncoder
from utils.errors import HawkinsError, InputError
from utils.world import World

__all__ = ["Cast", "NoSuchModelError"]

# Characters at points of the dial that are kept ready.
MOST_KEPT: Final = 64


class NoSuchModelError(InputError):
    """A model that is no character here."""


class Cast:
    """Answers for every character of a world. Constructing loads nothing.

    Args:
        world: Where they live.
        engine: What generates.
        until: Last episode that anybody here has lived through; None for all.
        encoder: What embeds memories; None for the embedded one.
    """

    def __init__(
        self, world: World, engine: ChatEngine, *, until: str | None = None, encoder: SentenceEncoder | None = None
    ) -> None:
        self.world = world
        self.engine = engine
        self._until = None if until is None else world.episode(until)
        self._given_encoder = encoder
        self._kept: OrderedDict[tuple[str, str | None], CharacterChatbot] = OrderedDict()
        self._lock = Lock()

    @property
    def names(self) -> list[str]:
        """Everybody who has a card, in the order of the cast."""
        return card_names(self.world.series)

    @cached_property
    def _encoder(self) -> SentenceEncoder:
        return self._given_encoder or chat_encoder()

    def check(self, model: str) -> tuple[str, str | None]:
        """Return character and dial of a model's name.

        Raises:
            NoSuchModelError: If nobody is called that, has a card, or there is no such episode.
        """
        name, _, label = model.partition("@")
        try:
            return self._point(name.strip(), label.strip() or None)
        except HawkinsError as error:
            raise NoSuchModelError(str(error)) from None

    def _point(self, name: str, label: str | None) -> tuple[str, str | None]:
        canonical = self.world.series.require_character(name)
        if canonical not in self.names:
            raise InputError(f"{canonical} has no card; there are {', '.join(self.names)}.")
        until = self._until if label is None else self.world.episode(label)
        if self._until and until and until > self._until:
            raise InputError(f"Nobody here has lived through {until}; the last episode is {self._until}.")
        return canonical, None if until is None else str(until)

    def turn(self, request: ChatRequest) -> Turn:
        """Begin a reply.

        Raises:
            NoSuchModelError: As `check`.
            InputError: If the message cannot be used.
            HawkinsError: If nothing can generate.
        """
        point = self.check(request.model)
        message, history = request.conversation()
        # Two clients that come at once must not load everything twice.
        with self._lock:
            bot = self._bot(*point)
            return bot.turn(message, history, sampling=request.sampling(bot.card.sampling))

    def prepare(self, request: ChatRequest, reply: Reply) -> None:
        """Let the model read a conversation with its last reply, which the client's next message will follow."""
        if reply.care:
            return
        message, history = request.conversation()
        said = Message(role="user", content=message), Message(role="assistant", content=reply.text)
        # What goes wrong here goes wrong again, and is told, when the client comes back.
        with suppress(HawkinsError):
            with self._lock:
                bot = self._bot(*self.check(request.model))
            bot.prepare([*history, *said])

    def _bot(self, name: str, until: str | None) -> CharacterChatbot:
        key = (name, until)
        if key not in self._kept:
            same = next((bot for (other, _), bot in self._kept.items() if other == name), None)
            memory = same.memory if same else None
            self._kept[key] = CharacterChatbot(
                name, until=until, world=self.world, engine=self.engine, encoder=self._encoder, memory=memory
            )
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

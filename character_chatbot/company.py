"""The characters of one world, made when they are first spoken to and kept, because their memories take a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Final

from character_chatbot.chatbot import CharacterChatbot
from character_chatbot.conversations.recall import TurnMemory
from character_chatbot.engine import ChatEngine, open_engine
from character_chatbot.recall import Encoder, OnceEncoder, chat_encoder
from character_chatbot.turn import Turn
from utils.characters import load_card
from utils.errors import InputError
from utils.world import World

__all__ = ["Company"]

# Characters at points of the dial that are kept ready.
MOST_KEPT: Final = 24


class Company:
    """Everybody who can be spoken to; one model and one encoder for all.

    Args:
        world: Where they live; None for the sample season.
        engine: What generates replies; None for the embedded model.
        encoder: What embeds memories; None for the embedded one.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        engine: ChatEngine | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self._given_world = world
        self._given_engine = engine
        self._given_encoder = encoder
        self._bots: OrderedDict[tuple[str, str | None], CharacterChatbot] = OrderedDict()
        self._loading = Lock()

    @cached_property
    def world(self) -> World:
        """Where they live."""
        return self._given_world or World.sample()

    @cached_property
    def engine(self) -> ChatEngine:
        """What generates replies."""
        return self._given_engine or open_engine(series=self.world.series)

    @cached_property
    def encoder(self) -> OnceEncoder:
        """One for all: it takes a while to load."""
        return OnceEncoder.of(self._given_encoder or chat_encoder())

    @cached_property
    def turns(self) -> TurnMemory:
        """Recall over the earlier turns of conversations."""
        return TurnMemory(self.encoder)

    def require(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the canonical names of characters who can talk, each once.

        Raises:
            InputError: If somebody is unknown or has no card, or nobody was named.
        """
        if not names:
            raise InputError("Nobody was named; say who answers, such as Eleven.")
        return tuple(dict.fromkeys(load_card(name, self.world.series).name for name in names))

    def called(self, name: str) -> tuple[str, ...]:
        """Return the names by which a character is called."""
        person = next(person for person in self.world.series.cast if person.name == name)
        return person.name, *person.aliases

    def bot(self, name: str, until: str | None) -> CharacterChatbot:
        """Return a character at a point of the story.

        Args:
            name: Canonical.
            until: The last episode that it has lived through; None for all.

        Raises:
            InputError: If there is no such character or episode.
        """
        key = (name, until)
        if key not in self._bots:
            self._bots[key] = self._made(name, until)
        self._bots.move_to_end(key)
        if len(self._bots) > MOST_KEPT:
            self._bots.popitem(last=False)
        return self._bots[key]

    def _made(self, name: str, until: str | None) -> CharacterChatbot:
        other = next((bot for (who, _), bot in self._bots.items() if who == name), None)
        bot = CharacterChatbot(
            name,
            until=until,
            world=self.world,
            engine=self.engine,
            encoder=self.encoder,
            # Another place on the dial remembers less of the same, and need not read it again.
            memory=other.memory if other else None,
        )
        # Whom and what nobody has heard of is told now, and not kept.
        _ = bot.card, bot.until
        return bot

    def turn(
        self,
        name: str,
        until: str | None,
        message: str,
        history: Sequence[Any] = (),
        *,
        earlier: Sequence[str] = (),
    ) -> Turn:
        """Begin a character's reply; see `CharacterChatbot.turn`.

        Raises:
            HawkinsError: As `CharacterChatbot.turn`.
        """
        # Two visitors, or one who is quicker than the loading, must not load everything twice.
        with self._loading:
            return self.bot(name, until).turn(message, history, earlier=earlier)

    def warm(self, name: str, until: str | None) -> None:
        """Load what a character needs, so that its first reply comes sooner.

        Raises:
            HawkinsError: As `turn`.
        """
        self.turn(name, until, "Hello")
        self.prepare(name, until)

    def prepare(self, name: str, until: str | None, history: Sequence[Any] = ()) -> None:
        """Let the model read a conversation before its next message comes; see `CharacterChatbot.prepare`.

        Raises:
            HawkinsError: As `turn`.
        """
        with self._loading:
            bot = self.bot(name, until)
        bot.prepare(history)

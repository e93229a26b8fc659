"""A character that answers: card, memory and language model in one object."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

from character_chatbot.engine import ChatEngine, embedded_engine
from character_chatbot.examples import Ranking, spoken_exchanges
from character_chatbot.memory import Passage, WitnessMemory, witnessed_passages
from character_chatbot.prompt import build_messages, clean_message, normalise_history
from utils.characters import CharacterCard, Exchange, Fact, known, load_card, load_voice
from utils.embeddings import SentenceEncoder
from utils.episodes import Episode
from utils.errors import HawkinsError
from utils.models import find_weights
from utils.world import World

__all__ = ["CharacterChatbot", "Reply", "Turn"]

# What a prompt carries of card, voice and memory: more confuses a small model (docs/decisions/005-small-prompts.md).
FACTS: Final = 2
EXAMPLES: Final = 6
SCENES: Final = 1
# With so many examples written for a character, lines taken out of scenes only blur its voice.
WRITTEN_ENOUGH: Final = 100
# A sentence ends where white space follows its mark; "..." trails off and goes on.
_SENTENCE_END: Final = re.compile(r"((?<!\.)[.!?][\"']?)(?=\s)")


@dataclass(frozen=True)
class Reply:
    """What a character answered.

    Attributes:
        text: Its words.
        sources: The scenes that it was reminded of, most fitting first.
        support: Share of the reply's content words that occur in the sources, 0-1.
    """

    text: str
    sources: tuple[Passage, ...]
    support: float


class Turn:
    """A reply on its way: iterate over it for the pieces, then read `reply`.

    Args:
        pieces: Makes the stream of text.
        sources: What the prompt carried.
        name: Of the character, which small models like to put before their words.
        sentences: The reply ends with this one.
    """

    def __init__(
        self, pieces: Callable[[], Generator[str]], *, sources: Sequence[Passage], name: str, sentences: int
    ) -> None:
        self.sources = tuple(sources)
        self._pieces = pieces
        self._sentences = sentences
        self._label = re.compile(rf"\s*{re.escape(name)}\s*:\s*", re.IGNORECASE)
        self._reply: Reply | None = None

    def __iter__(self) -> Iterator[str]:
        spoken = shown = ""
        with closing(self._pieces()) as pieces:
            for piece in pieces:
                spoken += piece
                tidy = self._tidy(spoken)
                ends = [match.end(1) for match in _SENTENCE_END.finditer(tidy)]
                full = len(ends) >= self._sentences
                text = tidy[: ends[self._sentences - 1]] if full else tidy
                yield text[len(shown) :]
                shown = text
                if full:
                    break
        text = shown.strip()
        self._reply = Reply(text, self.sources, _support(text, self.sources))

    def _tidy(self, spoken: str) -> str:
        return self._label.sub("", spoken, count=1) if self._label.match(spoken) else spoken.lstrip()

    @property
    def reply(self) -> Reply:
        """The whole reply.

        Raises:
            HawkinsError: If nobody has iterated over the turn to its end.
        """
        if self._reply is None:
            raise HawkinsError("The reply is not finished; iterate over the turn first.")
        return self._reply


class CharacterChatbot:
    """Talks as one character of a series. Constructing loads nothing.

    Args:
        character: Name or alias.
        until: Last episode that the character has lived through, such as ``S01E03``; None for all.
        world: Where it lives; None for the sample season.
        engine: What generates; None for the embedded model.
        encoder: What embeds memories; None for the embedded one.
        memory: What the character witnessed, if it was read before; the dial bounds it anew.
    """

    def __init__(
        self,
        character: str,
        *,
        until: str | None = None,
        world: World | None = None,
        engine: ChatEngine | None = None,
        encoder: SentenceEncoder | None = None,
        memory: WitnessMemory | None = None,
    ) -> None:
        self._character = character
        self._until = until
        self._given_world = world
        self._given_engine = engine
        self._given_encoder = encoder
        self._given_memory = memory

    @cached_property
    def world(self) -> World:
        """Where the character lives."""
        return self._given_world or World.sample()

    @cached_property
    def card(self) -> CharacterCard:
        """The character's card.

        Raises:
            InputError: If there is no such character, or it has no card.
        """
        return load_card(self._character, self.world.series)

    @cached_property
    def until(self) -> Episode | None:
        """The episode dial.

        Raises:
            InputError: If there is no such episode here.
        """
        return None if self._until is None else self.world.episode(self._until)

    @cached_property
    def engine(self) -> ChatEngine:
        """What generates."""
        return self._given_engine or embedded_engine()

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """What embeds memories, facts and examples."""
        return self._given_encoder or SentenceEncoder(find_weights("recall").path)

    @cached_property
    def memory(self) -> WitnessMemory:
        """Everything that the character witnessed, whatever the dial says; `WitnessMemory.recall` bounds it."""
        if self._given_memory is not None:
            return self._given_memory
        passages = witnessed_passages(self.world.dialogue, self.world.series, self.card.name)
        return WitnessMemory(list(passages), encoder=self.encoder)

    @cached_property
    def _lived(self) -> dict[str, Any]:
        return {"series": self.world.series, "timeline": self.world.timeline, "until": self.until}

    @cached_property
    def _facts(self) -> Ranking[Fact]:
        facts = known(self.card.facts, **self._lived)
        return Ranking(facts, [fact.text for fact in facts], self.encoder)

    @cached_property
    def _examples(self) -> Ranking[Exchange]:
        written = known(load_voice(self.card, self.world.series), **self._lived)
        enough = len(written) >= WRITTEN_ENOUGH
        spoken = [] if enough else spoken_exchanges(self.world.dialogue, self.card.name, until=self.until)
        examples = [*written, *spoken]
        return Ranking(examples, [example.user for example in examples], self.encoder)

    def turn(self, message: str, history: Iterable[Any] = (), *, earlier: Sequence[str] = ()) -> Turn:
        """Begin a reply.

        Args:
            message: What was said to the character.
            history: The conversation so far, as messages or (user, reply) pairs.
            earlier: Turns from before that history which bear on the message, each as rows of ``Name: text``.

        Raises:
            InputError: If message, history, character or dial cannot be used.
            WeightsError: If no model is installed.
        """
        asked = clean_message(message)
        passages = self.memory.recall(asked, until=self.until, most=SCENES)
        messages = build_messages(
            self.card,
            asked,
            facts=self._facts.nearest(asked, FACTS),
            examples=self._examples.nearest(asked, EXAMPLES),
            passages=passages,
            earlier=earlier,
            history=normalise_history(history),
            context=self.engine.context,
        )
        stream = partial(self.engine.stream, messages, sampling=self.card.sampling, stop=("\n",))
        return Turn(stream, sources=passages, name=self.card.name, sentences=self.card.sampling.sentences)

    def reply(self, message: str, history: Iterable[Any] = ()) -> Reply:
        """Answer a message, with the scenes that fed the answer (see `turn`)."""
        turn = self.turn(message, history)
        for _ in turn:
            pass
        return turn.reply

    def chat(self, message: str, history: Iterable[Any] = ()) -> str:
        """Answer a message in words alone, as in the guide (see `turn`)."""
        return self.reply(message, history).text


def _support(text: str, sources: Sequence[Passage]) -> float:
    """Share of a reply's longer words that its sources contain."""
    said = {word for word in re.findall(r"[a-z']+", text.casefold()) if len(word) > 3}
    heard = set(re.findall(r"[a-z']+", " ".join(passage.text for passage in sources).casefold()))
    return len(said & heard) / len(said) if said else 0.0

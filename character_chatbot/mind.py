"""What a character brings to a question at a place on the dial: facts, examples of its voice, written answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Final

from character_chatbot.examples import Ranking, spoken_exchanges
from character_chatbot.kept_vectors import VectorCache
from character_chatbot.knowledge import Beyond, Knowledge, familiar_names, unheard_passages
from character_chatbot.memory import WitnessMemory
from character_chatbot.recall import Encoder
from character_chatbot.words import admits_ignorance, telling_words
from utils.characters import CharacterCard, Exchange, Fact, known, load_voice
from utils.episodes import Episode
from utils.world import World

__all__ = ["EXAMPLES", "EXAMPLES_TRAINED", "FACTS", "FACTS_TRAINED", "Mind"]

# What a prompt carries of card and voice: more confuses a small model (docs/decisions/005-small-prompts.md).
FACTS: Final = 2
EXAMPLES: Final = 6
# A trained voice needs fewer: it was trained with so many in the prompt (tools/make_voices.py).
FACTS_TRAINED: Final = 1
EXAMPLES_TRAINED: Final = 1
# Cosine below which a fact has nothing to do with what was asked.
NEAR_FACT: Final = 0.3
# Of the examples, so many show how the character says that it does not know, where it cannot know.
UNKNOWING: Final = 2
# With so many examples written for a character, lines taken out of scenes only blur its voice.
WRITTEN_ENOUGH: Final = 100
# An example's answer may stand for a reply only if its question is this near to what was asked.
AS_GOOD_AS: Final = 0.6
_NOT_LIVED: Final = frozenset({"future", "unseen"})
_LAST_RESORT: Final = "I do not know."


class Mind:
    """One character at one place on the dial. Constructing reads nothing.

    Args:
        card: Who.
        world: Where it lives.
        until: The dial; None if everything was lived through.
        memory: What it witnessed.
        encoder: Embeds facts, examples and questions.
        cache: Where vectors are kept from one run to the next; None keeps nothing.
    """

    def __init__(
        self,
        card: CharacterCard,
        world: World,
        *,
        until: Episode | None,
        memory: WitnessMemory,
        encoder: Encoder,
        cache: VectorCache | None = None,
    ) -> None:
        self._card = card
        self._world = world
        self._until = until
        self._memory = memory
        self._encoder = encoder
        self._cache = cache

    @property
    def _lived(self) -> dict[str, Any]:
        return {"series": self._world.series, "timeline": self._world.timeline, "until": self._until}

    @cached_property
    def facts(self) -> list[Fact]:
        """What it knows of itself by the dial."""
        return known(self._card.facts, **self._lived)

    @cached_property
    def _written(self) -> list[Exchange]:
        return known(load_voice(self._card, self._world.series), **self._lived)

    @cached_property
    def knowledge(self) -> Knowledge:
        """What it can know by the dial: whom, and what was said where it heard it."""
        series, name = self._world.series, self._card.name
        return Knowledge(
            self._card,
            series,
            passages=self._memory.lived(self._until),
            facts=self.facts,
            exchanges=self._written,
            unheard=unheard_passages(self._world.dialogue, series, name, until=self._until),
            familiar=familiar_names(self._card, series, timeline=self._world.timeline),
        )

    def facts_for(self, asked: str, *, most: int = FACTS) -> list[Fact]:
        """Return the nearest facts that name nobody unknown.

        Args:
            asked: The message.
            most: How many.
        """
        near = self._near_facts.nearest(asked, 2 * most, least=NEAR_FACT)
        return [fact for fact in near if self.knowledge.fits(fact.text, asked=asked)][:most]

    def examples_for(
        self, asked: str, beyond: Beyond, *, most: int = EXAMPLES, without: Collection[Exchange] = ()
    ) -> list[Exchange]:
        """Return the nearest examples that name nobody unknown; where it cannot know, those that say so, last.

        Args:
            asked: The message.
            beyond: What of it the character cannot know.
            most: How many.
            without: Examples that must not be among them.
        """
        wide, hidden = 3 * EXAMPLES + len(without), frozenset(without)
        first = self._fitting(self._examples.nearest(asked, wide), asked, hidden)
        if not beyond:
            return [*islice(first, most)]
        last = self.unknowing_for(asked, without=without)
        unknowing = (example for example in first if admits_ignorance(example.reply) and example not in last)
        return [*islice(unknowing, max(0, most - len(last))), *last]

    def unknowing_for(self, asked: str, *, without: Collection[Exchange] = ()) -> list[Exchange]:
        """Return the nearest examples of how it says that it does not know.

        Args:
            asked: The message.
            without: Examples that must not be among them.
        """
        near = self._unknowing.nearest(asked, 3 * EXAMPLES + len(without))
        return [*islice(self._fitting(near, asked, frozenset(without)), UNKNOWING)]

    def written_reply(self, asked: str, *, judge: Callable[[str], str | None], beyond: Beyond) -> str:
        """Return what stands for a reply when no draft is fit.

        Args:
            asked: The message.
            judge: Names the fault of a text, or None.
            beyond: What of it the character cannot know.

        Returns:
            The answer of an example whose question is nearly the same, or that the character does not know.
        """
        near = [] if beyond else self._written_examples.nearest(asked, EXAMPLES, least=AS_GOOD_AS)
        unknowing = self._unknowing.nearest(asked, 3 * EXAMPLES)
        # "Vecna? I do not know that name." is no answer to who Voss is.
        plain = [example for example in unknowing if not _taken_up(example) - set(telling_words(asked))]
        plain.sort(key=lambda example: len(telling_words(example.reply)))
        return next((e.reply for e in [*near, *plain] if judge(e.reply) is None), _LAST_RESORT)

    def _fitting(self, exchanges: Iterable[Exchange], asked: str, without: Collection[Exchange]) -> Iterator[Exchange]:
        fits = self.knowledge.fits
        return (e for e in exchanges if e not in without and fits(f"{e.user} {e.reply}", asked=asked))

    @cached_property
    def _near_facts(self) -> Ranking[Fact]:
        return Ranking(self.facts, [fact.text for fact in self.facts], self._encoder, cache=self._cache)

    @cached_property
    def _examples(self) -> Ranking[Exchange]:
        if len(self._written) >= WRITTEN_ENOUGH:
            return self._written_examples
        return self._ranked([*self._written, *self._spoken()])

    def _spoken(self) -> list[Exchange]:
        return spoken_exchanges(self._world.dialogue, self._card.name, until=self._until)

    @cached_property
    def _written_examples(self) -> Ranking[Exchange]:
        return self._ranked(self._written)

    @cached_property
    def _unknowing(self) -> Ranking[Exchange]:
        """How it says that it does not know."""
        about = [e for e in self._written if e.topic in _NOT_LIVED and admits_ignorance(e.reply)]
        return self._ranked(about or [e for e in self._written if admits_ignorance(e.reply) and "?" not in e.reply])

    def _ranked(self, exchanges: Sequence[Exchange]) -> Ranking[Exchange]:
        return Ranking(exchanges, [exchange.user for exchange in exchanges], self._encoder, cache=self._cache)


def _taken_up(example: Exchange) -> set[str]:
    """What an answer takes up of its question."""
    return set(telling_words(example.user)) & set(telling_words(example.reply))

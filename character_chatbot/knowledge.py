"""What a character can know at a place on the dial, and whether a question asks for more.

Everything here is counted, not guessed by a model: whom the character was with, whom it heard of, and which words were
said where it could not hear them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from character_chatbot.earshot import Listener, scenes_of
from character_chatbot.memory import Passage, SpokenLine, passages_of
from character_chatbot.words import NameFinder, admits_ignorance, sentences, telling_words
from utils.characters import CharacterCard, Exchange, Fact, card_names, load_card
from utils.episodes import Episode
from utils.series import SeriesProfile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNNAMED", "Beyond", "Knowledge", "familiar_names", "unheard_passages"]

# Who speaks in a remembered passage, where the character was never told the name.
UNNAMED: Final = "Somebody"

# Share of a question's telling words, by rarity, that a passage must have to be what it asks about.
_ABOUT: Final = 0.4
# And the share of that which the character may have in one passage, fact or example without knowing the matter.
_HALF_KNOWN: Final = 0.8
# "Do you ever lie?" and "What do you like about snow?" ask what somebody is like, not what happened.
_HABIT: Final = re.compile(
    r"(?:am|are|can|could|do|does|has|have|is|should|will|would)\b|how are you\b"
    r"|(?:how|what|when|where|which|who|why)(?: \w+)? (?:can|could|do|should|will|would) (?:I|we|you)\b"
    r"(?! (?:know|remember|hear))",
    re.IGNORECASE,
)
# What asks or bids to tell; "You are a liar!" and "Happy birthday!" do neither.
_ASKS: Final = re.compile(
    r"\?|^(?:\w+,? )?(?:what|when|where|which|who|whom|whose|why|how|did|was|were|tell|describe)\b", re.IGNORECASE
)
# Cards of others that must speak of somebody for everybody of the same past to know the name.
_WIDELY_KNOWN: Final = 3
# Exchanges about what is not known name people without knowing them.
_NOT_KNOWN: Final = frozenset({"anachronism", "breakout", "future", "insult", "nonsense", "unseen"})
# Exchanges that tell of what happened, among them those of cards, which have no topic. "I can skate, but I fall a lot"
# is not to know who fell through the ice.
_TELLS: Final = frozenset({"", "friends", "past", "places", "season"})


@dataclass(frozen=True)
class Beyond:
    """What in a question the character cannot know.

    Attributes:
        names: People of whom it never heard.
        matter: Whether the question asks about something that happened where, or when, it was not.
    """

    names: tuple[str, ...] = ()
    matter: bool = False

    def __bool__(self) -> bool:
        return bool(self.names) or self.matter


def unheard_passages(
    dialogue: pd.DataFrame, series: SeriesProfile, character: str, *, until: Episode | None
) -> list[Passage]:
    """Return what was said out of a character's hearing, or after a place on the dial, in passages.

    Args:
        dialogue: The ``dialogue`` table.
        series: For the names by which the character is addressed.
        character: Canonical name.
        until: The dial; None if everything lies before it.
    """
    listener = Listener(series, character)
    unheard: list[Passage] = []
    for key, scene in scenes_of(dialogue):
        lived = until is None or Episode(*key[:2]) <= until
        edges = [0, *(edge for run in listener.heard(scene) for edge in run), len(scene)] if lived else [0, len(scene)]
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if begin < end:
                unheard += passages_of(scene[begin:end], key)
    return unheard


def familiar_names(card: CharacterCard, series: SeriesProfile, *, timeline: str) -> set[str]:
    """Return the people whom a character knows from timelines wholly past, though its own card does not name them.

    Whoever took part in the past, by a fact of its own, knows those of whom several cards speak there.
    """
    past = set(series.happened_before(timeline))
    if not any(fact.since is not None and fact.timeline in past for fact in card.facts):
        return set()
    finder, counted = NameFinder(series), Counter[str]()
    for other in (load_card(name, series) for name in card_names(series)):
        facts = [fact.text for fact in other.facts if fact.timeline in past]
        counted.update(finder.named_in([other.description, *facts]) | {other.name})
    return {name for name, cards in counted.items() if cards >= _WIDELY_KNOWN}


class Knowledge:
    """What one character knows by a place on the dial.

    Args:
        card: Who.
        series: For the cast and its aliases.
        passages: What it witnessed by then.
        facts: What it knows by then.
        exchanges: How it answers by then.
        unheard: What was said elsewhere or later, from `unheard_passages`.
        familiar: Whom everybody knows who was there before, from `familiar_names`.
    """

    def __init__(
        self,
        card: CharacterCard,
        series: SeriesProfile,
        *,
        passages: Sequence[Passage],
        facts: Sequence[Fact] = (),
        exchanges: Sequence[Exchange] = (),
        unheard: Sequence[Passage] = (),
        familiar: Collection[str] = (),
    ) -> None:
        self._card = card
        self._series = series
        self._passages = passages
        self._facts = facts
        self._exchanges = [e for e in exchanges if e.topic not in _NOT_KNOWN and not admits_ignorance(e.reply)]
        self._unheard = unheard
        self._familiar = set(familiar)
        self._names = NameFinder(series)

    @cached_property
    def names(self) -> frozenset[str]:
        """Whom the character can name: those of its card, facts and examples, its family, and who was named to it."""
        told = [self._card.description, *self._card.style, *(fact.text for fact in self._facts)]
        told += [part for exchange in self._exchanges for part in (exchange.user, exchange.reply)]
        said = [line.text for passage in self._passages for line in passage.lines]
        return frozenset(self._names.named_in([*told, *said]) | self._kin | self._familiar | {self._card.name})

    @cached_property
    def met(self) -> frozenset[str]:
        """The people whom the character was in a scene with, known by name or not."""
        speakers = {line.speaker for passage in self._passages for line in passage.lines if line.speaker}
        return frozenset(name for speaker in speakers if (name := self._series.canonical(speaker)) is not None)

    @property
    def _kin(self) -> set[str]:
        own = next((person.surname for person in self._series.cast if person.name == self._card.name), None)
        return {person.name for person in self._series.cast if own and person.surname == own}

    def as_witnessed(self, passage: Passage) -> Passage:
        """Return a passage with the names of its speakers as far as the character knows them."""
        lines = (
            line if line.speaker is None or self._can_name(line.speaker) else replace(line, speaker=UNNAMED)
            for line in passage.lines
        )
        return replace(passage, lines=tuple(lines))

    def _can_name(self, speaker: str) -> bool:
        canonical = self._series.canonical(speaker)
        return speaker in self._said if canonical is None else canonical in self.names

    @cached_property
    def _said(self) -> str:
        return "\n".join(line.text for passage in self._passages for line in passage.lines)

    def strangers(self, text: str) -> set[str]:
        """Return the people whom a text names and the character has never heard of."""
        return self._names.named(text) - self.names

    def fits(self, text: str, *, asked: str) -> bool:
        """Whether a text can stand in a prompt: it names nobody unknown but whom the question itself names."""
        return self.strangers(text) <= self._names.named(asked)

    def claims(self, reply: str, *, asked: str) -> set[str]:
        """Return the unknown people of whom a reply speaks as if it knew them.

        To repeat a name that was asked about is no claim where the reply says that it is not known.
        """
        strangers = self.strangers(reply)
        return strangers - self._names.named(asked) if admits_ignorance(reply) else strangers

    def beyond(self, question: str) -> Beyond:
        """Tell what a question asks for that the character cannot know."""
        names = tuple(sorted(self.strangers(question)))
        wanted = set(telling_words(question))
        # To ask who a friend is asks for nothing that was said elsewhere.
        friends = set(telling_words(" ".join(self.names)))
        if not self._unheard or not wanted - friends or not _tells_of_something(question, wanted):
            return Beyond(names)
        elsewhere = self._coverage(wanted, self._elsewhere)
        known = self._coverage(wanted, self._known)
        matter = elsewhere >= _ABOUT and known < _HALF_KNOWN * elsewhere
        return Beyond(names, matter)

    @cached_property
    def _known(self) -> _Shelf:
        texts = [fact.text for fact in self._facts] + [self._card.description]
        texts += [f"{exchange.user} {exchange.reply}" for exchange in self._exchanges if exchange.topic in _TELLS]
        return _Shelf([*map(telling_words, texts), *_words_of(self._passages)])

    @cached_property
    def _elsewhere(self) -> _Shelf:
        return _Shelf(_words_of(self._unheard))

    def _rarity(self, word: str) -> float:
        texts = self._known.size + self._elsewhere.size
        return math.log(1 + texts / max(1, self._known.count(word) + self._elsewhere.count(word)))

    def _coverage(self, wanted: Iterable[str], shelf: _Shelf) -> float:
        """The largest share of the wanted words, by rarity, that one text of a shelf has."""
        weights = {word: self._rarity(word) for word in wanted}
        return shelf.best(weights) / sum(weights.values())


class _Shelf:
    """Texts by their words.

    Args:
        texts: The telling words of each.
    """

    def __init__(self, texts: Iterable[Iterable[str]]) -> None:
        self._places: dict[str, list[int]] = {}
        self.size = 0
        for place, words in enumerate(texts):
            self.size = place + 1
            for word in set(words):
                self._places.setdefault(word, []).append(place)

    def count(self, word: str) -> int:
        """In how many texts a word is."""
        return len(self._places.get(word, ()))

    def best(self, weights: Mapping[str, float]) -> float:
        """The largest sum of weights that one text has."""
        sums: dict[int, float] = {}
        for word, weight in weights.items():
            for place in self._places.get(word, ()):
                sums[place] = sums.get(place, 0.0) + weight
        return max(sums.values(), default=0.0)


def _words_of(passages: Iterable[Passage]) -> Iterator[list[str]]:
    """The telling words of passages; those that overlap share lines, which are read once."""
    read: dict[SpokenLine, list[str]] = {}
    for passage in passages:
        for line in passage.lines:
            if line not in read:
                read[line] = telling_words(f"{line.speaker or ''} {line.text}")
        yield [word for line in passage.lines for word in read[line]]


def _tells_of_something(question: str, wanted: Collection[str]) -> bool:
    """Whether a message asks for something in particular: two telling words, or one that is a name."""
    asked = [sentence for sentence in sentences(question) if _ASKS.search(sentence)]
    if not any(_HABIT.match(sentence) is None for sentence in asked):
        return False
    return len(wanted) > 1 or any(re.search(r"\s[A-Z]\w", sentence) for sentence in asked)

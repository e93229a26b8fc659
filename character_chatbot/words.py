"""What a text is about: its telling words, cut to their stems, and the people whom it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from utils.series import SeriesProfile

__all__ = ["SENTENCE_END", "NameFinder", "admits_ignorance", "sentences", "telling_words"]

# A sentence ends where white space follows its mark; "..." trails off and goes on, and "Mr." is no end.
SENTENCE_END: Final = re.compile(r"((?<!\.)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)[.!?][\"']?)(?=\s)")
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_ENDINGS: Final = ("ings", "ing", "edly", "ed", "ies", "es", "ly", "s", "e", "y")
_WORDS: Final = """
    a about after again ago all almost already also always am an and another any anybody anyone anything are around
    as ask asked at away back be because been before being best better big both bring but by call called came can cannot
    come comes could day days did do does doing done down each else end ever every everybody everyone everything far
    feel felt few find first for found friend friends from gave get gets getting give go goes going gone good got great
    had happen happened happens has have having he hello help her here hers hey hi him his hold how i if in into is it
    its just keep kind knew know known knows last late later least left less let like liked little long look looked lot
    made make makes many may maybe me mean meant met might mine more most much must my name named near need never new
    next nice night no nobody none not nothing now of off oh ok okay old on once one only or other our out over own
    people person please put really remember right said same saw say says see seem seen she should since so some
    somebody someone something sometimes soon still stop such sure take tell than thank thanks that the their them then
    there these they thing things think this those though thought three through time times to today together told
    tomorrow too took town try two under until up us use used very wait want wanted was way we well went were what when
    where which while who whom whose why will with without word words would year years yes yesterday yet you your yours
    aren't can't couldn't didn't doesn't don't hadn't hasn't haven't he's i'd i'll i'm i've isn't it's let's she's
    shouldn't that's there's they're wasn't we'll we're we've weren't what's who's won't wouldn't you'd you'll you're
    you've
"""
_COMMON: Final = frozenset(_WORDS.split())
# "Last June" is a month; "June" is a girl.
_DATED: Final = re.compile(r"\b(?:last|next|in|since|until|till|by|of|every|early|late|mid|this)\s+$", re.IGNORECASE)
_MONTHS: Final = frozenset({"april", "august", "june", "may"})
_COUNTED: Final = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBERS: Final = frozenset(_COUNTED.split())
# Not to know, in the words of somebody who talks like a book and of somebody who does not.
_IGNORANCE: Final = re.compile(
    r"\b(?:(?:do|did|does|can|could|would|have|had|has|was|were|is)(?: not|n't)|cannot|never|don't|nobody|no one|not)\b"
    r"[^.!?]*\b(?:know|known|hear|heard|meet|met|see|seen|saw|there|with (?:him|her|them)|tell|told|say|says|said"
    r"|remember|sure|ring a bell|guess|invite[ds]?|around|read|in the room|ahead|happened|yet)\b"
    r"|\bhow (?:would|should) i know\b|\b(?:no|haven't the faintest) (?:idea|clue)\b|\bknow no\b|\bask (?!me\b)\w+",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without the space around them."""
    ends = [0, *(match.end(1) for match in SENTENCE_END.finditer(text)), len(text)]
    return [found for begin, end in pairwise(ends) if (found := text[begin:end].strip())]


def telling_words(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in their order.

    "The knocking knocks" and "knocked" have one stem; that "fell" and "fall" are one is beyond this.
    """
    words = (word.casefold().replace("’", "'") for word in _WORD.findall(text.replace("’", "'")))
    return [_stem(word.removesuffix("'s")) for word in words if word not in _COMMON and len(word) > 1]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def admits_ignorance(text: str) -> bool:
    """Whether somebody says that it does not know, was not there, or asks back what is meant."""
    return _IGNORANCE.search(text) is not None or text.rstrip().endswith("?")


@dataclass(frozen=True)
class NameFinder:
    """Finds the people of a series in texts.

    Attributes:
        series: Whose cast.
    """

    series: SeriesProfile

    def named(self, text: str) -> set[str]:
        """Return the canonical names of the cast that a text says.

        Names are told from words (will, mike) by their capital; in a text without capitals every word may be a name,
        but for those that nearly always are words.
        """
        if text == text.lower():
            found = {match[0] for match in self._any_case.finditer(text)} - _COMMON
        else:
            found = {match[0] for match in self._exact.finditer(text) if not _is_month(text, match)}
        return {name for surface in found if (name := self.series.canonical(surface)) is not None}

    def named_in(self, texts: Iterable[str]) -> set[str]:
        """Return the names that any of the texts says."""
        return set().union(*map(self.named, texts))

    @cached_property
    def _exact(self) -> re.Pattern[str]:
        return re.compile(self._pattern)

    @cached_property
    def _any_case(self) -> re.Pattern[str]:
        return re.compile(self._pattern, re.IGNORECASE)

    @property
    def _pattern(self) -> str:
        # An alias that is a number ("Eight") is a number nearly always; a name that is one ("Eleven") is not.
        aliases = (alias for person in self.series.cast for alias in person.aliases)
        names = {alias for alias in aliases if alias.casefold() not in _NUMBERS}
        names |= {person.name for person in self.series.cast}
        # The longest first, so that "Mike Wheeler" is not read as Mike and a rest.
        choices = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
        return rf"(?<!\w)(?:{choices})(?!\w)" if names else r"(?!)"


def _is_month(text: str, found: re.Match[str]) -> bool:
    if found[0].casefold() not in _MONTHS:
        return False
    return _DATED.search(text[: found.start()]) is not None or re.match(r"\s+\d", text[found.end() :]) is not None

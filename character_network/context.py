"""Is this word a name here? Position, case and neighbours decide where a name is also an English word.

Rules rather than a tagger: on subtitles spaCy's small model takes most of ``Will`` for the verb, and tagging costs
more than all of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from character_network.lexicon import (
    CLOCK_AND_COUNT,
    FUNCTION_WORDS,
    MODALS,
    MONTH_CUES,
    MONTHS,
    NOT_BEFORE,
    NUMBERED,
    NUMBERS,
    OBJECT_TAKERS,
    ORDINALS,
    ROLES,
    SUBJECTS,
    THIRD_PERSON,
    TITLES,
    VERB_OBJECTS,
    VERBS,
)

__all__ = ["Context", "is_name", "word_before"]

_WORD = re.compile(r"\w+")
_LAST_WORD = re.compile(r"([^\W_][\w'’.]*)\s*$")
_NEXT_WORD = re.compile(r"\s+(?:[\"“‘']\s*)?([^\W_][\w'’]*)")
_SENTENCE_END = re.compile(r"(?:^|[.!?…:;♪\"“”]|--|—|–|(?:^|\s)-)\s*[\"“”‘'(¿¡]*$")
_TITLE_END = re.compile(r"\b(?:mr|mrs|ms|dr|st|jr|sr)\.\s*$", re.IGNORECASE)
_PLURAL = re.compile(r"\s+(?:\w+-\w+\s+)?([a-z]{2,}[a-rt-z]s)\b")
_BOUND = re.compile(r"\s*(?:[,.!?…;:)\"”—–]|-(?!\w)|$)")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)


def word_before(left: str) -> str:
    """Return the word that directly precedes (casefolded, no trailing dot), or an empty string across punctuation."""
    match = _LAST_WORD.search(left)
    return match[1].casefold().replace("’", "'").rstrip(".") if match else ""


@dataclass(frozen=True)
class Context:
    """A surface and what stands around it.

    Attributes:
        left: The line before it.
        surface: The word or words.
        right: The line behind it.
    """

    left: str
    surface: str
    right: str

    @cached_property
    def word(self) -> str:
        """The surface, casefolded."""
        return self.surface.casefold()

    @cached_property
    def before(self) -> str:
        """The word directly before, casefolded."""
        return word_before(self.left)

    @cached_property
    def after_written(self) -> str:
        """The word directly behind, as written, with nothing but space between."""
        match = _NEXT_WORD.match(self.right)
        return match[1].replace("’", "'") if match else ""

    @cached_property
    def after(self) -> str:
        """The word directly behind, casefolded."""
        return self.after_written.casefold()

    @cached_property
    def starts(self) -> bool:
        """Whether a sentence begins here, so that the capital says nothing."""
        return bool(_SENTENCE_END.search(self.left)) and not _TITLE_END.search(self.left)

    @cached_property
    def capitalised(self) -> bool:
        """Whether it is written as names are: a capital first, or behind an apostrophe (``d'Artagnan``)."""
        return self.surface[0].isupper() or bool(re.search(r"['’][A-Z]", self.surface))

    @cached_property
    def shouted(self) -> bool:
        """Whether the surface is all capitals, so that case says nothing."""
        return len(self.surface) > 1 and self.surface.isupper()

    @cached_property
    def bound(self) -> bool:
        """Whether punctuation or the end of the line follows at once."""
        return bool(_BOUND.match(self.right))

    @cached_property
    def possessive(self) -> bool:
        """Whether ``'s`` follows."""
        return bool(_POSSESSIVE.match(self.right))

    @cached_property
    def asks(self) -> bool:
        """Whether the sentence ends in a question mark."""
        end = re.search(r"[.!?…]", self.right)
        return end is not None and end[0] == "?"

    @cached_property
    def followed_by_capital(self) -> bool:
        """Whether the next word begins with a capital in a line that is not shouted."""
        return self.after_written[:1].isupper() and not self.after_written.isupper()


def _modal(context: Context) -> bool:
    """``Will``: the boy when called, possessed or acted upon; the verb before its subject."""
    if context.possessive:
        return True
    called = context.bound and (context.starts or context.left.rstrip().endswith(","))
    if called or not (context.shouted or context.starts):
        return True
    if context.shouted and not context.starts:
        return context.before in OBJECT_TAKERS and context.after not in SUBJECTS
    if context.after in SUBJECTS:
        # "Will the Wise" against "Will the others come?"
        return context.after == "the" and not context.asks
    return not (context.asks and context.followed_by_capital)


def _number(context: Context) -> bool:
    """``Eleven``: where the capital says nothing, no hours, counts or other numbers may stand around it."""
    if re.match(r"-\w|[:.]\d", context.right) or context.before in NUMBERED:
        return False
    if not (context.starts or context.shouted):
        return True
    return not (_is_counting(context) or _counts_things(context) or (context.shouted and context.before == "at"))


def _is_counting(context: Context) -> bool:
    """Whether other numbers stand close by (``Ten. Eleven. Twelve.``)."""
    neighbours = [*_WORD.findall(context.left.casefold())[-2:], *_WORD.findall(context.right.casefold())[:1]]
    return any(word in NUMBERS or word.isdigit() for word in neighbours if word != context.word)


def _counts_things(context: Context) -> bool:
    """Whether a measure or a plural follows: ``Eleven minutes``, ``Eight double-A batteries``."""
    plural = _PLURAL.match(context.right)
    return context.after in CLOCK_AND_COUNT or (plural is not None and plural[1] not in THIRD_PERSON)


def _month(context: Context) -> bool:
    """``June``: not after ``in`` or ``last``, nor before a day or ``of``."""
    dated = context.after == "of" or context.after[:1].isdigit() or context.after in ORDINALS
    return not dated and context.before not in MONTH_CUES


def _verb(context: Context) -> bool:
    """``Hop``: the verb where a sentence begins with it and goes on with a particle or an object."""
    return not ((context.starts or context.shouted) and not context.bound and context.after in VERB_OBJECTS)


def _morse(context: Context) -> bool:
    """``Dot``: not beside a dash."""
    beside = {*_WORD.findall(context.left.casefold())[-1:], *_WORD.findall(context.right.casefold())[:1]}
    return "dash" not in beside


def _role(context: Context) -> bool:
    """``Chief``: a form of address, or ``the chief`` with no department behind it."""
    if context.after == "of" or context.before in ("a", "an", "no"):
        return False
    return context.capitalised or context.before == "the"


_READINGS: Final[tuple[tuple[frozenset[str], Callable[[Context], bool]], ...]] = (
    (MODALS, _modal),
    (NUMBERS, _number),
    (MONTHS, _month),
    (VERBS, _verb),
    (ROLES, _role),
    (frozenset(["dot"]), _morse),
)


def _other_person(context: Context, known: Callable[[str], bool]) -> bool:
    """Whether a capitalised word behind makes it the full name of somebody else (``Michael Myers``)."""
    follower = context.after.removesuffix("'s")
    if not context.followed_by_capital or len(follower) < 2 or follower in FUNCTION_WORDS or context.possessive:
        return False
    return not known(follower)


def is_name(context: Context, *, known: Callable[[str], bool]) -> bool:
    """Decide whether one word that equals a name is the name.

    Args:
        context: The word and its line.
        known: Whether a casefolded word is part of a known name (then it may follow without making another person).
    """
    word = context.word
    if not context.capitalised and word not in ROLES:
        return False
    if context.after in NOT_BEFORE.get(word, ()) or _other_person(context, known):
        return False
    if word not in TITLES and context.after == "of" and word in VERBS | ROLES:
        return False
    return all(reading(context) for words, reading in _READINGS if word in words)

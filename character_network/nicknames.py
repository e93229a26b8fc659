"""Names that an episode itself explains: ``call me Bob the Brain``, ``El, short for Eleven``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from character_network.lexicon import FUNCTION_WORDS, KIN, NUMBERS, OPENERS, ROLES, SUBJECTS
from character_network.lines import Line
from character_network.names import NameMatcher
from character_network.surfaces import NAME_WORD
from utils.series import fold_name

__all__ = ["learnt_names"]

_NAME: Final = rf"(?-i:(?=[A-Z]){NAME_WORD}(?: (?:(?:the|of) )?(?=[A-Z]){NAME_WORD}){{0,3}})"
_SELF: Final = re.compile(
    rf"\b(?:call(?:s|ed|ing)? me|(?:my|the) name is|(?:my |the )name's)\s+({_NAME})(?![\w-])",
    re.IGNORECASE,
)
_SHORT: Final = re.compile(rf"\b({_NAME}),? (?:(?:is|it's|that's) )?short for ({_NAME})(?![\w-])", re.IGNORECASE)
_FOR_SHORT: Final = re.compile(
    rf"\b({_NAME})[,.!?]+ (?:(?:but|or|and) )?(?:you can |we |they )?(?:call (?:me|her|him) |just )?({_NAME})[, ]+"
    r"for short\b",
    re.IGNORECASE,
)
_NO_NAMES: Final = FUNCTION_WORDS | KIN | NUMBERS | OPENERS | ROLES | SUBJECTS


def learnt_names(lines: Sequence[Line], matcher: NameMatcher) -> dict[str, str]:
    """Return the names that somebody in an episode says to be a person's, and whose.

    Known are those of whoever says ``call me`` or ``my name is``, and the two sides of ``short for`` if one of them is
    known. A name that belongs to somebody already, or is claimed by two, is not learnt.

    Args:
        lines: Of one episode; without speakers only ``short for`` tells.
        matcher: The names known so far.
    """
    learnt: dict[str, str] = {}
    disputed = set()
    for name, person in _claims(lines, matcher):
        if fold_name(name) in _NO_NAMES or fold_name(name) in matcher.owners or fold_name(name) in matcher.families:
            continue
        if learnt.setdefault(name, person) != person:
            disputed.add(name)
    return {name: person for name, person in learnt.items() if name not in disputed}


def _claims(lines: Sequence[Line], matcher: NameMatcher) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.speaker:
            yield from ((match[1], line.speaker) for match in _SELF.finditer(line.text))
        pairs = [(match[1], match[2]) for match in _SHORT.finditer(line.text)]
        pairs += [(match[2], match[1]) for match in _FOR_SHORT.finditer(line.text)]
        for short, full in pairs:
            for name, other in ((short, full), (full, short)):
                person = matcher.owners.get(fold_name(other))
                if person:
                    yield name, person

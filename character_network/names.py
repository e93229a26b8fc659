"""The cast's names as one compiled pattern: longest first, bounded by words, in any capitals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from character_network.context import Context, is_name
from character_network.drawn_out import drawn_out
from character_network.lexicon import ROLES, TITLES
from utils.series import fold_name

if TYPE_CHECKING:
    from utils.series import CastMember, SeriesProfile

__all__ = ["Hit", "NameMatcher", "stands_alone"]

_SHORT: Final = 2
"""Letters up to which a word may be initials or abbreviated (``T.J.``, ``St. James``)."""


@dataclass(frozen=True)
class Hit:
    """A name found in a line.

    Attributes:
        character: Canonical name.
        surface: As it stands in the line.
        begin: Offset of its first character.
        finish: Offset behind its last character.
    """

    character: str
    surface: str
    begin: int
    finish: int


def _forms(person: CastMember) -> Iterator[str]:
    """Yield every way of naming a person: names, with the surname, behind the person's role (``Chief Jim``)."""
    names = (person.name, *person.aliases)
    yield from names
    if person.surname:
        yield from (f"{name} {person.surname}" for name in names if " " not in name and name != person.surname)
    roles = [name for name in names if name.casefold() in ROLES]
    yield from (f"{role} {name}" for role in roles for name in names if name.split()[0].casefold() not in TITLES)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Compile folded names, longest first; dots in short words and titles, and the apostrophe's shape, are free."""
    bodies = []
    for name in sorted(names, key=lambda name: (-len(name), name)):
        *first, last = name.split()
        bodies.append(r"\s+".join([*(_word(word) + r"\.?" * _may_be_short(word) for word in first), _word(last)]))
    # An empty alternation would match everywhere; (?!) matches nowhere.
    return re.compile(rf"(?<!\w)(?:{'|'.join(bodies) or '(?!)'})(?!\w)", re.IGNORECASE)


def _may_be_short(word: str) -> bool:
    """Whether a folded word may have lost dots: ``dr``, ``st``, ``jr``."""
    return word in TITLES or len(word) <= _SHORT


def _word(word: str) -> str:
    letters = [re.escape(letter).replace("'", "['’]") for letter in word]
    return (r"\.?" if len(word) <= _SHORT else "").join(letters)


@dataclass(frozen=True)
class NameMatcher:
    """Finds known names in lines.

    Attributes:
        owners: Folded name to canonical name.
        families: Folded surname to those who bear it. One that several share says by itself not whom it means.
    """

    owners: Mapping[str, str]
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_series(cls, series: SeriesProfile) -> Self:
        """Take names, aliases and surnames from a profile; an explicit name wins over a derived one."""
        owners = {fold_name(name): person.name for person in series.cast for name in (person.name, *person.aliases)}
        derived: dict[str, set[str]] = {}
        for person in series.cast:
            for form in (*_forms(person), *([person.surname] if person.surname else [])):
                derived.setdefault(fold_name(form), set()).add(person.name)
        owners |= {form: min(people) for form, people in derived.items() if form not in owners and len(people) == 1}
        families: dict[str, tuple[str, ...]] = {}
        for person in series.cast:
            if person.surname:
                families[fold_name(person.surname)] = (*families.get(fold_name(person.surname), ()), person.name)
        return cls(owners=owners, families=families)

    def extended(self, names: Mapping[str, str]) -> Self:
        """Return a matcher that finds further names too, none of which displaces a known one.

        Args:
            names: Name to whom it means.
        """
        return replace(self, owners={**{fold_name(name): person for name, person in names.items()}, **self.owners})

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled alternation."""
        return _pattern(self.owners)

    @property
    def surnames(self) -> frozenset[str]:
        """Folded surnames."""
        return frozenset(self.families)

    @cached_property
    def shared(self) -> re.Pattern[str]:
        """The surnames that say by themselves not whom they mean."""
        return _pattern(name for name in self.families if name not in self.owners)

    @cached_property
    def _parts(self) -> frozenset[str]:
        return frozenset(word for name in (*self.owners, *self.surnames) for word in name.split())

    @cached_property
    def _family_names(self) -> frozenset[str]:
        """Words that end a longer name: behind another title or first name they mean somebody else."""
        full = (name.split() for name in self.owners if " " in name)
        return self.surnames | {words[-1] for words in full if words[0] not in TITLES}

    def has_part(self, word: str) -> bool:
        """Whether a word is part of a known name, spelt exactly so (any case)."""
        return fold_name(word) in self._parts

    def knows(self, word: str) -> bool:
        """Whether a casefolded word is part of a known name, even misspelt a little (``Caroll``, ``Carroll``)."""
        from rapidfuzz import fuzz

        word = fold_name(word)
        return self.has_part(word) or any(fuzz.ratio(word, part) >= 85 for part in self._family_names)

    def find(self, text: str) -> list[Hit]:
        """Return the names in a line, from left to right."""
        hits = []
        for match in self.pattern.finditer(text):
            surface = match[0]
            context = Context(text[: match.start()], surface, text[match.end() :])
            if self._accepts(context):
                hits.append(Hit(self.owners[fold_name(surface)], surface, match.start(), match.end()))
        cried = [
            Hit(self.owners[name], text[begin:finish], begin, finish)
            for name, begin, finish in drawn_out(text, self.owners)
            if self._accepts(Context(text[:begin], name.capitalize(), text[finish:]))
        ]
        # Of "El-even" the name is the whole, of "M-Mike" what stands behind the stammer.
        hits = [hit for hit in hits if not any(other.begin == hit.begin < hit.finish < other.finish for other in cried)]
        further = [other for other in cried if not any(other.begin < h.finish and h.begin < other.finish for h in hits)]
        return sorted([*hits, *further], key=lambda hit: hit.begin)

    def _accepts(self, context: Context) -> bool:
        if not stands_alone(context):
            return False
        if " " in fold_name(context.surface):
            return True
        return not self._somebody_elses(context) and is_name(context, known=self.knows)

    def _somebody_elses(self, context: Context) -> bool:
        """``Mrs. Powell`` is not Powell, ``Mr. Harrington`` not Steve, ``Dennis Hopper`` not Hopper."""
        if context.word not in self._family_names:
            return False
        title = context.before
        if title in TITLES:
            return title in ("mrs", "miss", "ms") or context.word in self.surnames
        behind = context.left.rstrip()
        previous = behind.split()[-1] if behind else ""
        if not (previous.isalpha() and previous[0].isupper()) or previous.isupper():
            return False
        starts = Context(behind[: -len(previous)], previous, "").starts
        return not starts and not self.knows(previous)


def stands_alone(context: Context) -> bool:
    """Whether no other word is joined to it in front.

    A hyphen is a stammer (``W-Will``) or part of another word (``X-Ray``), an apostrophe too (``C'MON``).
    """
    if re.search(r"\w['’]$", context.left):
        return False
    head = re.search(r"(\w+)-$", context.left)
    return head is None or context.word.startswith(head[1].casefold())

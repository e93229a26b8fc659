"""Where the dialogue names a place of the profile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

    from utils.series import SeriesProfile

__all__ = ["PlaceMatcher"]

_TOWARDS: Final = r"\b(?:at|to|from|near|behind|inside|outside|past|in|into|by)\s+"
_BUILDING: Final = r"house|home|place|basement|kitchen|yard|porch|property|driveway|garage"
_PERSON: Final = r"boys?|girls?|kids?|family|son|brothers?|woman|man|name"
# "The station wagon", "the quarry road" and "a library card" are other things.
_OTHER_THING: Final = r"wagon|roads?|cards?|books?|coats?|rats?|parks?|games?|guys?"
_CONTRACTED: Final = r"(?:['’](?:s|ll|d|re|ve)\b)?"
_NOT_EXTENDED: Final = rf"(?!['’]?\w)(?!\s+(?:{_OTHER_THING})\b)"
# "Kerley County" and "Hawkins Post" carry on; "Hawkins I" and a new sentence do not.
_NOT_LONGER_NAME: Final = r"(?!['’]?\w)(?!(?:['’]s)?\s+[A-Z][a-z])"
# What headings add to a name, or leave out.
_ROOMS: Final = frozenset(
    (
        *("attic", "basement", "bathroom", "bedroom", "cellar", "corridor", "driveway", "garage", "hall", "hallway"),
        *("kitchen", "living", "office", "parking", "porch", "room", "stairs", "yard"),
    )
)
_BUILDINGS: Final = frozenset(["house", "home", "place", "building"])


def _heading_words(text: str) -> frozenset[str]:
    words = (word.removesuffix("'s") for word in re.findall(r"[\w']+", text.casefold().replace("’", "'")))
    return frozenset(words) - {"the", "a", "an", "of", "in", "at"}


def _is_proper(name: str) -> bool:
    return name.split()[-1][0].isupper()


def _word(word: str, *, proper: bool) -> str:
    """A word of a name: its capital is required in a proper name, because "upside down" is an adverb."""
    letters = re.escape(word).replace("'", "['’]")
    if not proper or not word[0].isupper() or word == "The":
        return f"(?i:{letters})"
    return f"(?:{letters}|{letters.upper()})"


def _pattern(name: str, people: frozenset[str]) -> str:
    """The pattern of one name.

    Names of people that also stand for where they live or work ("the Wheelers", "Benny's") count only where the words
    around them speak of a place: "at the Wheelers'", "Benny's kitchen".
    """
    proper = _is_proper(name)
    core = r"(?:,?\s+)".join(_word(word, proper=proper) for word in name.split())
    bare = name.removeprefix("the ").removesuffix("'s")
    if {bare, bare.removesuffix("s")} & people and bare != name:
        towards = rf"(?<=\b)(?:{_TOWARDS}){core}(?!['’]?[^\W_])(?!['’]?\s+(?:{_PERSON})\b)"
        return rf"(?:{towards}|\b{core}(?=['’]?\s+(?:{_BUILDING})\b))"
    if proper and len(name.split()) == 1:
        return rf"\b{core}{_CONTRACTED}{_NOT_LONGER_NAME}"
    return rf"\b{core}{_CONTRACTED}{_NOT_EXTENDED}"


class PlaceMatcher:
    """Finds the places of a series in spoken lines: whole words, the longest name first.

    A name whose last word is written with a capital in the profile ("Castle Byers") needs its capitals in the line;
    others ("the cabin", "Police station") match in any case.

    Args:
        series: Whose places, and whose cast, which tells family names from others.
    """

    def __init__(self, series: SeriesProfile) -> None:
        people = frozenset(name for person in series.cast for name in (person.name, person.surname) if name)
        names = {name: place.name for place in series.places for name in (*place.aliases, place.name)}
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        self._places = [names[name] for name in longest_first]
        self._names = [(name, names[name]) for name in longest_first]
        parts = (f"(?P<n{index}>{_pattern(name, people)})" for index, name in enumerate(longest_first))
        self._pattern = re.compile("|".join(parts)) if longest_first else None

    def places_in(self, text: str) -> list[str]:
        """Return the places that a line names, in the order of speaking, each once."""
        if self._pattern is None:
            return []
        groups = (match.lastgroup for match in self._pattern.finditer(text))
        return list(dict.fromkeys(self._places[int(group[1:])] for group in groups if group))

    def place_of_heading(self, heading: str) -> str | None:
        """Return the place that a scene heading names ("INT. HAWKINS LAB, CELLAR - NIGHT"), or None.

        A heading may name a room of a place, and leaves out articles and what kind of building it is: what is left of
        the place's name must stand in it, and nothing beside it but a room.
        """
        core = re.sub(r"^(?:(?:INT|EXT|I/E)\b[./ ]*)+", "", heading.strip(), flags=re.IGNORECASE)
        core = re.sub(r"\s+[-–—]\s+[^-–—]*$", "", core)
        if found := self.places_in(core):
            return found[0]
        words = _heading_words(core)
        for name, place in self._names:
            needed = _heading_words(name) - _BUILDINGS
            beside = words - needed - _BUILDINGS
            if needed and needed <= words and (not beside or beside & _ROOMS):
                return place
        return None

    def mentions(self, texts: Iterable[str]) -> pd.DataFrame:
        """Find the places named in lines.

        Args:
            texts: Spoken lines.

        Returns:
            Columns ``row`` (position of the line) and ``name``, one row a line and place.
        """
        import pandas as pd

        found = [(row, name) for row, text in enumerate(texts) for name in self.places_in(text)]
        return pd.DataFrame({"row": [row for row, _ in found], "name": [name for _, name in found]})

"""What does not exist yet when a story is set: a character that has it, or talks of it as known, is out of its world.

Which they are stands in the series profile. A small model asked for a smartphone likes to have one.
"""

from __future__ import annotations

import re
from typing import Final

from character_chatbot.words import admits_ignorance, sentences

__all__ = ["Anachronisms"]

# "No. A tablet is medicine.", "Download is a new word."
_DISCLAIMS: Final = re.compile(
    r"\b(?:no|not|none|never|nobody|neither|cannot|only|(?:is|sounds?|means?) an? \w+ (?:word|sound)|new word)\b|n't\b"
    r"|\?",
    re.IGNORECASE,
)


class Anachronisms:
    """Finds them in what is said.

    Args:
        things: Words and phrases, such as ``smartphone``; plurals are found too. One that begins with ``my`` is wrong
            only as somebody's own: a house has a phone, a child of 1984 has none.
    """

    def __init__(self, things: tuple[str, ...]) -> None:
        named = [thing for thing in things if not thing.casefold().startswith("my ")]
        owned = [thing[3:] for thing in things if thing.casefold().startswith("my ")]
        self._named = _words(named)
        self._own = _words([*named, *owned], before=r"(?:my|our own)(?: \w+)?? ", after=r"(?!s? number|\?)")

    def named(self, text: str) -> set[str]:
        """Return those that a text names, in lower case."""
        return {found.casefold() for found in self._named.findall(_plain(text))}

    def misplaced(self, reply: str, *, asked: str) -> bool:
        """Whether a reply has one of them, or speaks of one without saying that it is not known.

        Args:
            reply: Of a character.
            asked: The message that it answers.
        """
        if self._own.search(_plain(reply)):
            return True
        # "No, I don't know what that is. I have a Wi-Fi key." says both.
        if any(self.named(sentence) and not _disclaims(sentence) for sentence in sentences(reply)):
            return True
        return bool(self.named(asked)) and not _disclaims(reply)


def _disclaims(text: str) -> bool:
    return admits_ignorance(text) or _DISCLAIMS.search(text) is not None


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


def _words(things: list[str], *, before: str = "", after: str = "") -> re.Pattern[str]:
    """A pattern of whole words; without any, one that matches nothing."""
    if not things:
        return re.compile(r"(?!)")
    either = "|".join(re.escape(_plain(thing)) for thing in sorted(things, key=len, reverse=True))
    return re.compile(rf"\b{before}(?:{either})(?:e?s)?\b{after}")

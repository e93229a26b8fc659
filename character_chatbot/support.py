"""What bears a reply out: how much of it the recalled scenes say, and which of its sentences nothing says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from character_chatbot.memory import Passage
from character_chatbot.words import NameFinder, admits_ignorance, sentences, telling_words

__all__ = ["support", "unsupported"]

# Share of a sentence's telling words that must have been said for it to be borne out.
_BORNE_OUT: Final = 0.5
_CAPITAL: Final = re.compile(r"(?<=[\w,;] )[A-Z][a-z]{2,}")


def support(text: str, sources: Iterable[Passage]) -> float:
    """Return the share of a reply's longer words that its sources contain, 0-1."""
    said = {word for word in re.findall(r"[a-z']+", text.casefold()) if len(word) > 3}
    heard = set(re.findall(r"[a-z']+", " ".join(passage.text for passage in sources).casefold()))
    return len(said & heard) / len(said) if said else 0.0


def unsupported(text: str, *, borne_by: Iterable[str], names: NameFinder) -> tuple[str, ...]:
    """Return the sentences of a reply that claim something which nothing bears out.

    Args:
        text: The reply.
        borne_by: Scenes, facts, examples and conversation.
        names: Finds the people whom it names.

    Returns:
        Sentences of whose telling words less than half stand there, or that name somebody or something who does not.
        Questions, and sentences that say that something is not known, claim nothing.
    """
    known = " ".join(borne_by)
    words, people = set(telling_words(known)), names.named(known)
    return tuple(
        sentence
        for sentence in sentences(text)
        if not admits_ignorance(sentence) and not _is_borne_out(sentence, words, names.named(sentence) - people)
    )


def _is_borne_out(sentence: str, known: set[str], strangers: set[str]) -> bool:
    said = telling_words(sentence)
    capitals = {stem for name in _CAPITAL.findall(sentence) for stem in telling_words(name)}
    if strangers or not capitals <= known:
        return False
    return not said or sum(word in known for word in said) >= _BORNE_OUT * len(said)

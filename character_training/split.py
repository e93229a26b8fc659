"""What is held out for validation: whole episodes, or whole scenes of a single one.

Of written exchanges it is whole questions, in whatever spelling they are asked.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

__all__ = ["closest_share", "held_out_questions", "shuffled"]

K = TypeVar("K")

# How people type what they would not write.
_TYPED: Final = {
    "r": "are", "u": "you", "ur": "your", "whats": "what is", "whos": "who is", "wheres": "where is", "hows": "how is",
    "im": "i am", "dont": "do not", "cant": "can not", "cannot": "can not", "didnt": "did not", "isnt": "is not",
    "youre": "you are", "ive": "i have", "thats": "that is", "doesnt": "does not", "wont": "will not", "ya": "you",
}  # fmt: skip
# Share of common letter triples from which two questions are one, differently spelt ("favourite colour").
_ALIKE: Final = 0.7


def shuffled(keys: Iterable[K], seed: int) -> list[K]:
    """Return keys in an order that depends on themselves and the seed alone."""
    return sorted(keys, key=lambda key: _hash(f"{seed}/{key}"))


def closest_share(counts: Mapping[K, int], order: Iterable[K], share: float) -> list[K]:
    """Choose keys whose counts come near to a share of all.

    Args:
        counts: Of each key, at least 1.
        order: The keys, those to try first before the others.
        share: Below 0.5. With 0 nothing is chosen.

    Returns:
        At least one key if there are two and the share is not 0, and never all of them.
    """
    wanted = share * sum(counts.values())
    first = list(order)
    if not wanted or len(first) < 2:
        return []
    found = [_filled(counts, [*first[start:], *first[:start]], wanted) for start in range(len(first))]
    smallest = [min(first, key=lambda key: counts[key])]
    tries = [keys for keys in found if keys] or [smallest]
    return min(tries, key=lambda keys: abs(sum(counts[key] for key in keys) - wanted))


def _filled(counts: Mapping[K, int], order: Iterable[K], wanted: float) -> list[K]:
    """Keys taken in order, each if the sum comes nearer to what is wanted."""
    chosen: list[K] = []
    held = 0
    for key in order:
        if abs(held + counts[key] - wanted) < abs(held - wanted):
            chosen.append(key)
            held += counts[key]
    return chosen


def held_out_questions(questions: Sequence[str], *, share: float, seed: int) -> list[bool]:
    """Say of each question whether it is held out; those that ask the same in other spelling fall on one side.

    Args:
        questions: As people typed them, repeated or not.
        share: About how many are held out.
        seed: Of the draw.
    """
    plain = [_plain(question) for question in questions]
    leader = _groups(list(dict.fromkeys(plain)))
    return [_hash(f"{seed}/{leader[text]}") < share for text in plain]


def _hash(text: str) -> float:
    """A number in [0, 1) that is the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) / 2**56


def _plain(question: str) -> str:
    words = re.findall(r"\w+", re.sub(r"['’]", "", question.casefold()))
    return " ".join(_TYPED.get(word, word) for word in words)


def _groups(texts: Sequence[str]) -> dict[str, str]:
    """For each text the first one that it is like, directly or over others."""
    triples = [_triples(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    leader = list(range(len(texts)))

    def lead(index: int) -> int:
        while leader[index] != index:
            leader[index] = index = leader[leader[index]]
        return index

    for index, own in enumerate(triples):
        common: dict[int, int] = defaultdict(int)
        for triple in own:
            for other in holders[triple]:
                common[other] += 1
            holders[triple].append(index)
        for other, shared in common.items():
            if shared >= _ALIKE * (len(own) + len(triples[other]) - shared):
                one, two = sorted((lead(index), lead(other)))
                leader[two] = one
    return {text: texts[lead(index)] for index, text in enumerate(texts)}


def _triples(text: str) -> set[str]:
    letters = text.replace(" ", "")
    return {letters[start : start + 3] for start in range(max(1, len(letters) - 2))}

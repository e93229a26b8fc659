"""Several characters in one scene: who speaks next.

Whoever is called by name answers. Where nobody is, the next speaker is drawn: the more often somebody answers the one
who spoke last in the story (the network's ``speaks_to``), the likelier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

__all__ = ["TURNS", "Group", "Said", "called", "next_speaker"]

TURNS: Final = 3
"""Replies to one message, at most, unless more people were spoken to."""
# Being spoken about makes somebody likelier to join in.
_NAMED: Final = 3.0
_EVERYONE: Final = re.compile(
    r"\b(?:you (?:two|three|four|all|both|guys|kids|boys|girls)|(?:both|all|each|two|three) of you|"
    r"every(?:one|body)|y'all|guys)\b",
    re.IGNORECASE,
)
_OPENING: Final = r"(?:hey|hi|hello|ok|okay|so|and|but|well|oh|yes|no|now|listen|please|dear)"
_BEFORE: Final = re.compile(rf"(?:^|[.!?…,;:—–-]\s*)(?:{_OPENING}[\s,]+)*$", re.IGNORECASE)
_BEHIND: Final = re.compile(r"\s*(?:[,.!?…;:—–]|-\s|$)")
# People who write without commas: "mike what happened", "Dustin do you like Steve?".
_ASKED: Final = re.compile(
    r"\s+(?:what|who|where|why|how|when|tell|please|say|you|"
    r"(?:do|did|are|were|can|could|will|would|have|should)\s+you)\b",
    re.IGNORECASE,
)
_JOINED: Final = re.compile(r"\s*(?:,|and|&|or|,\s*and)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What was said by whom; None is the person."""

    speaker: str | None
    text: str


@dataclass(frozen=True)
class Group:
    """Who is there.

    Attributes:
        people: Canonical names, each with the names by which it is called.
        weights: How often the first of a pair speaks to the second in the story.
        turns: Replies to one message, at most.
        seed: Of the draws.
    """

    people: Mapping[str, tuple[str, ...]]
    weights: Mapping[tuple[str, str], float] = field(default_factory=dict)
    turns: int = TURNS
    seed: int = 0

    @cached_property
    def _owner(self) -> dict[str, str]:
        return {name.casefold(): person for person, names in self.people.items() for name in names}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = sorted(map(re.escape, self._owner), key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(names)})\b(?!['’]s\b)", re.IGNORECASE)

    def named(self, text: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Yield who is named in a text, and where."""
        for match in self._pattern.finditer(text):
            yield self._owner[match[0].casefold()], match


def called(text: str, group: Group) -> list[str]:
    """Return who is spoken to by name, in the order of the text, each once.

    Args:
        text: What was said.
        group: Who is there.
    """
    found = list(group.named(text))
    # A list is called if its last name is: "Mike and Dustin, where were you?"
    behind = False
    addressed: list[str] = []
    for index in reversed(range(len(found))):
        person, match = found[index]
        follower = found[index + 1][1].start() if index + 1 < len(found) else None
        listed = behind and follower is not None and _JOINED.match(text[match.end() : follower]) is not None
        behind = listed or _is_call(text, match, found[:index])
        if behind:
            addressed.append(person)
    return list(dict.fromkeys(reversed(addressed)))


def _is_call(text: str, match: re.Match[str], before: Sequence[tuple[str, re.Match[str]]]) -> bool:
    left, right = text[: match.start()], text[match.end() :]
    if not (_BEHIND.match(right) or _ASKED.match(right)):
        return False
    # Behind "Mike, " or "Mike and ": a call if Mike stands where a call can begin, else a list that is spoken about.
    while before and _JOINED.match(left[before[-1][1].end() :]):
        left = left[: before[-1][1].start()]
        before = before[:-1]
    return _BEFORE.search(left) is not None


def next_speaker(group: Group, spoken: Sequence[Said], *, draw: int = 0) -> str | None:
    """Return who speaks next, or None when it is the person's turn.

    Args:
        group: Who is there.
        spoken: The person's message and the replies to it so far.
        draw: A number of this message, so that draws differ from message to message and stay the same when repeated.
    """
    if not spoken:  # forgotten or deleted by another program meanwhile
        return None
    message, *replies = spoken
    had = [reply.speaker for reply in replies]
    wanted = list(group.people) if _EVERYONE.search(message.text) else called(message.text, group)
    # One alone does not go on talking to itself.
    most = 1 if len(group.people) == 1 else max(group.turns, len(wanted))
    if len(replies) >= most:
        return None
    last = replies[-1] if replies else message
    answering = [person for person in called(last.text, group) if replies and person != last.speaker]
    waiting = [person for person in wanted if person not in had]
    if answering or waiting:
        return (answering or waiting)[0]
    # What was said to somebody has been answered; others speak when nobody in particular was meant.
    return None if wanted else _drawn(group, last, (group.seed, draw, len(replies)))


def _drawn(group: Group, last: Said, seed: tuple[int, ...]) -> str:
    import numpy as np

    candidates = [person for person in group.people if person != last.speaker]
    named = {person for person, _ in group.named(last.text)}
    weights = np.array([_ties(group, last.speaker, one) * (_NAMED if one in named else 1.0) for one in candidates])
    return candidates[int(np.random.default_rng(seed).choice(len(candidates), p=weights / weights.sum()))]


def _ties(group: Group, speaker: str | None, candidate: str) -> float:
    """How much a candidate has to say to a speaker, or to all of them; never nothing."""
    others = [speaker] if speaker is not None else [person for person in group.people if person != candidate]
    return 1.0 + sum(group.weights.get((candidate, other), 0.0) for other in others)

"""To whom each line of a scene is said: by vocatives, by turns, and by who answers whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from character_network.presence import Presence

__all__ = ["addressees", "only_addressees"]

_NEAR: Final = 4
"""Lines around one in which nobody else may stand if it is to be said to one person for certain."""


@dataclass(frozen=True)
class _Turn:
    """Neighbouring lines of one speaker, with nobody between them."""

    lines: tuple[Presence, ...]

    @property
    def who(self) -> str:
        return self.lines[0].who

    def distance(self, line: Presence) -> int:
        """Lines from here to a line of another turn."""
        return min(abs(own.number - line.number) for own in self.lines)

    def calls(self, person: str) -> bool:
        return any(person in line.called for line in self.lines)

    def called(self, place: int) -> list[str]:
        """Whom the line at a place of the turn calls; else the nearest line before it that calls; else behind it."""
        lines = chain(reversed(self.lines[: place + 1]), self.lines[place + 1 :])
        return next((people for line in lines if (people := self.called_in(line))), [])

    def called_in(self, *lines: Presence) -> list[str]:
        """Everybody else whom some of its lines call."""
        return sorted({person for line in lines for person in line.called} - {self.who})


def addressees(scene: Sequence[Presence], *, window: int) -> Iterator[tuple[Presence, list[str]]]:
    """Yield each line with a known speaker and those whom it is said to, which may be nobody.

    A line is said to those whom it calls by name, or whom its turn calls. Otherwise to the nearest other speaker before
    it and the nearest behind it, as far as they are within the window; where only one of those two calls the speaker by
    name, to that one.

    Args:
        scene: The lines of one scene, in order.
        window: Lines within which turns belong together.
    """
    turns = list(_turns(scene))
    for index, turn in enumerate(turns):
        for place, line in enumerate(turn.lines):
            yield line, turn.called(place) or _partners(turns, index, line, window)


def only_addressees(scene: Sequence[Presence]) -> Iterator[tuple[Presence, str]]:
    """Yield each line with a known speaker and the one person whom it is said to for certain; empty where none is.

    That is whom it calls by name, or whom its turn calls anywhere, if that is one person. Otherwise the only other
    person who speaks within four lines; nobody unknown may stand there.

    Args:
        scene: The lines of one scene, in order.
    """
    place_of = {line.number: place for place, line in enumerate(scene)}
    for turn in _turns(scene):
        for line in turn.lines:
            place = place_of[line.number]
            near = {other.who for other in scene[max(0, place - _NEAR) : place + _NEAR + 1]} - {turn.who}
            people = turn.called_in(line) or turn.called_in(*turn.lines) or sorted(near)
            yield line, people[0] if len(people) == 1 else ""


def _turns(scene: Sequence[Presence]) -> Iterator[_Turn]:
    turn: list[Presence] = []
    for line in scene:
        if turn and (line.who != turn[-1].who or line.number != turn[-1].number + 1):
            yield _Turn(tuple(turn))
            turn = []
        if line.who:
            turn.append(line)
    if turn:
        yield _Turn(tuple(turn))


def _partners(turns: Sequence[_Turn], index: int, line: Presence, window: int) -> list[str]:
    before = next((turn for turn in reversed(turns[:index]) if turn.who != line.who), None)
    behind = next((turn for turn in turns[index + 1 :] if turn.who != line.who), None)
    near = [turn for turn in (before, behind) if turn is not None and turn.distance(line) <= window]
    calling = [turn for turn in near if turn.calls(line.who)]
    return sorted({turn.who for turn in calling or near})

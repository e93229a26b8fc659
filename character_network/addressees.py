"""To whom each line of a scene is said: by vocatives, by turns, and by who answers whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from character_network.presence import Line

__all__ = ["addressees"]


@dataclass(frozen=True)
class _Turn:
    """Neighbouring lines of one speaker, with nobody between them."""

    lines: tuple[Line, ...]

    @property
    def who(self) -> str:
        return self.lines[0].who

    def distance(self, line: Line) -> int:
        """Lines from here to a line of another turn."""
        return min(abs(own.number - line.number) for own in self.lines)

    def calls(self, person: str) -> bool:
        return any(person in line.called for line in self.lines)

    def called(self, place: int) -> list[str]:
        """Whom the line at a place of the turn calls; else the nearest line before it that calls; else behind it."""
        for line in chain(reversed(self.lines[: place + 1]), self.lines[place + 1 :]):
            if people := sorted(set(line.called) - {self.who}):
                return people
        return []


def addressees(scene: Sequence[Line], *, window: int) -> Iterator[tuple[Line, list[str]]]:
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


def _turns(scene: Sequence[Line]) -> Iterator[_Turn]:
    turn: list[Line] = []
    for line in scene:
        if turn and (line.who != turn[-1].who or line.number != turn[-1].number + 1):
            yield _Turn(tuple(turn))
            turn = []
        if line.who:
            turn.append(line)
    if turn:
        yield _Turn(tuple(turn))


def _partners(turns: Sequence[_Turn], index: int, line: Line, window: int) -> list[str]:
    before = next((turn for turn in reversed(turns[:index]) if turn.who != line.who), None)
    behind = next((turn for turn in turns[index + 1 :] if turn.who != line.who), None)
    near = [turn for turn in (before, behind) if turn is not None and turn.distance(line) <= window]
    calling = [turn for turn in near if turn.calls(line.who)]
    return sorted({turn.who for turn in calling or near})

"""Who may use a server that can serve several at once, but only of one kind at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import Final

from utils.errors import HawkinsError

__all__ = ["NOBODY", "Gate"]

PATIENCE: Final = 180.0  # seconds
NOBODY: Final = "\0"
"""A kind that no request is of."""


@dataclass(eq=False)
class _Ticket:
    """One request that waits.

    Attributes:
        number: In the order of coming.
        kind: What it is of.
    """

    number: int
    kind: str | None


@dataclass
class _Inside:
    """Who is being served.

    Attributes:
        kind: Of all of them.
        number: How many there are.
        last: Number of the last ticket that was there when their turn began.
    """

    kind: str | None = None
    number: int = 0
    last: int = 0


@dataclass
class Gate:
    """Lets requests in: those of one kind together, of two kinds never.

    Kinds take turns in the order in which their first request came. A turn is for those who were waiting when it began,
    together: a model that writes for several at once writes for each almost as fast. Who comes later waits for the
    kind's next turn, unless nobody else waits.

    Attributes:
        places: How many can be served at once.
        patience: Seconds after which waiting is given up.
    """

    places: int
    patience: float = PATIENCE
    _changed: Condition = field(default_factory=Condition, repr=False)
    _came: int = field(default=0, repr=False)
    _waiting: list[_Ticket] = field(default_factory=list, repr=False)
    _inside: _Inside = field(default_factory=_Inside, repr=False)

    @contextmanager
    def passing(self, kind: str | None) -> Iterator[None]:
        """Hold a place inside the block.

        Args:
            kind: Such as the name of an adapter.

        Raises:
            HawkinsError: If no place became free for too long.
        """
        with self._changed:
            self._came += 1
            ticket = _Ticket(self._came, kind)
            self._waiting.append(ticket)
            mine = self._changed.wait_for(lambda: self._may_enter(ticket), self.patience)
            self._waiting.remove(ticket)
            if mine:
                self._enter(ticket)
            # Whoever is next may be of the same kind, or has become the first.
            self._changed.notify_all()
        if not mine:
            raise HawkinsError("The chat model is busy with others; try again in a moment.")
        try:
            yield
        finally:
            with self._changed:
                self._inside.number -= 1
                self._changed.notify_all()

    @contextmanager
    def passing_if_free(self) -> Iterator[bool]:
        """Hold all places inside the block, if nobody is inside or waits; otherwise hold none and yield False."""
        with self._changed:
            free = not self._inside.number and not self._waiting
            if free:
                self._inside = _Inside(NOBODY, number=1)
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._inside.number -= 1
                    self._changed.notify_all()

    def _enter(self, ticket: _Ticket) -> None:
        if not self._inside.number and not self._goes_on(ticket):
            self._inside = _Inside(ticket.kind, last=self._came)
        self._inside.number += 1

    def _may_enter(self, ticket: _Ticket) -> bool:
        inside = self._inside
        if inside.number >= self.places:
            return False
        # The waiting are in the order of coming.
        next_one = next((one for one in self._waiting if self._goes_on(one)), None)
        if next_one is None and not inside.number:
            next_one = self._waiting[0]
        return ticket is next_one

    def _goes_on(self, ticket: _Ticket) -> bool:
        """Whether it belongs to the turn that is."""
        inside = self._inside
        alone = all(one.kind == inside.kind for one in self._waiting)
        return ticket.kind == inside.kind and (ticket.number <= inside.last or alone)

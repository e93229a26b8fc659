"""Who may use a server that can serve several at once, but only of one kind at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import Final

from utils.errors import HawkinsError

__all__ = ["Gate"]

PATIENCE: Final = 180.0  # seconds
# A kind that no request is of.
_NOBODY: Final = "\0"


@dataclass(eq=False)
class _Ticket:
    """One request that waits."""

    kind: str | None


@dataclass
class _Inside:
    """Who is being served.

    Attributes:
        kind: Of all of them.
        number: How many there are.
        entered: How many came in since it was another kind's turn.
    """

    kind: str | None = None
    number: int = 0
    entered: int = 0


@dataclass
class Gate:
    """Lets requests in: those of one kind together, of two kinds never.

    Kinds take turns in the order in which their first request came. While others wait, a kind has its share of the
    places and as many entrances before the next one's turn; alone, it has all places.

    Attributes:
        places: How many can be served at once.
        patience: Seconds after which waiting is given up.
    """

    places: int
    patience: float = PATIENCE
    _changed: Condition = field(default_factory=Condition, repr=False)
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
        ticket = _Ticket(kind)
        with self._changed:
            self._waiting.append(ticket)
            mine = self._changed.wait_for(lambda: self._may_enter(ticket), self.patience)
            self._waiting.remove(ticket)
            if mine:
                self._enter(kind)
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
                self._inside = _Inside(_NOBODY, number=1)
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._inside.number -= 1
                    self._changed.notify_all()

    def _enter(self, kind: str | None) -> None:
        if not self._inside.number and self._inside.kind != kind:
            self._inside = _Inside(kind)
        self._inside.number += 1
        self._inside.entered += 1

    def _may_enter(self, ticket: _Ticket) -> bool:
        inside = self._inside
        others = {waiting.kind for waiting in self._waiting} - {inside.kind}
        share = max(1, self.places // (1 + len(others)))
        same = next((waiting for waiting in self._waiting if waiting.kind == inside.kind), None)
        may_go_on = inside.number < share and (inside.entered < share or not others)
        if inside.number:
            return ticket is same and may_go_on
        # Nobody is served: the first of whose turn it is.
        if same is not None and may_go_on:
            return ticket is same
        first = next((waiting for waiting in self._waiting if waiting.kind in others), self._waiting[0])
        return ticket is first

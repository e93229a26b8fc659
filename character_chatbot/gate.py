"""Who may use a server that can serve several at once, but only of one kind at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final

from utils.errors import HawkinsError

__all__ = ["Gate"]

PATIENCE: Final = 180.0  # seconds


class Gate:
    """Lets requests in, in the order in which they come; those of one kind together, of two kinds never.

    Args:
        patience: Seconds after which waiting is given up.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._changed = Condition()
        self._waiting: deque[object] = deque()
        self._inside = 0
        self._kind: str | None = None

    @contextmanager
    def passing(self, kind: str | None) -> Iterator[None]:
        """Hold a place inside the block.

        Args:
            kind: Such as the name of an adapter.

        Raises:
            HawkinsError: If others of another kind stayed inside for too long.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            mine = self._changed.wait_for(lambda: self._may_enter(ticket, kind), self._patience)
            self._waiting.remove(ticket)
            if mine:
                self._inside += 1
                self._kind = kind
            # Whoever is next may be of the same kind, or has become the first.
            self._changed.notify_all()
        if not mine:
            raise HawkinsError("The chat model is busy with others; try again in a moment.")
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _may_enter(self, ticket: object, kind: str | None) -> bool:
        return self._waiting[0] is ticket and (not self._inside or self._kind == kind)

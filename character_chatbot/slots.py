"""Which slot of a llama.cpp server answers: the one in which the least has to be read, now and later.

A slot keeps what it read last, and a request that begins alike reads only the rest. Left to itself the server puts
every new conversation with a character where that character's card was read before, over a conversation that goes on
there, while other slots are empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from character_chatbot.gate import NOBODY
from character_chatbot.kept_states import KeptStates, shared
from utils.chat import Message

__all__ = ["Slots"]

# A conversation that was silent for so long is half as likely to go on.
HALF_LIFE: Final = 300.0  # seconds


@dataclass
class _Slot:
    """One slot.

    Attributes:
        number: Of the server.
        kind: Under which it was read; what one kind computed is of no use to another.
        read: The texts of the messages in it that may begin a prompt again.
        since: When it was last used, in seconds of a monotonic clock.
        busy: Whether somebody is in it.
    """

    number: int
    kind: str | None = NOBODY
    read: tuple[str, ...] = ()
    since: float = 0.0
    busy: bool = False

    def shared(self, kind: str | None, texts: Sequence[str]) -> int:
        """Characters of the messages with which both begin."""
        return shared(self.read, texts) if kind == self.kind else 0

    def price(self, kind: str | None, texts: Sequence[str], now: float) -> float:
        """Characters that whoever is put out had read, less those that need not be read now."""
        shared = self.shared(kind, texts)
        lost = sum(map(len, self.read)) - shared
        return float(lost * 0.5 ** ((now - self.since) / HALF_LIFE) - shared)


class Slots:
    """The slots of a server that serves no more requests at once than it has slots.

    Args:
        count: How many.
        states: Where those who are put out are kept; None to read them again.
    """

    def __init__(self, count: int, states: KeptStates | None = None) -> None:
        self._slots = [_Slot(number) for number in range(count)]
        self._states = states
        self._lock = Lock()

    @contextmanager
    def taking(self, kind: str | None, begin: Sequence[Message]) -> Iterator[int | None]:
        """Hold a slot inside the block and yield its number; None if all are busy, for the server to choose.

        Args:
            kind: Such as the name of an adapter.
            begin: The messages of the prompt that may begin another one later.
        """
        texts = tuple(message["content"] for message in begin)
        now = monotonic()
        with self._lock:
            free = [slot for slot in self._slots if not slot.busy]
            slot = min(free, key=lambda one: one.price(kind, texts, now), default=None)
            if slot is not None:
                slot.busy = True
        if slot is None:
            yield None
            return
        try:
            self._make_room(slot, kind, texts)
            # Until it was read, nobody knows what is in it.
            slot.kind, slot.read = NOBODY, ()
            try:
                yield slot.number
            except GeneratorExit:
                # A reply that is cut short began, so that its prompt was read.
                self._was_read(slot, kind, texts)
                raise
            self._was_read(slot, kind, texts)
        finally:
            with self._lock:
                slot.busy, slot.since = False, monotonic()

    def _make_room(self, slot: _Slot, kind: str | None, texts: Sequence[str]) -> None:
        if self._states is not None:
            held = slot.shared(kind, texts)
            self._states.put_aside(slot.number, slot.kind, slot.read, keeping=held)
            self._states.bring_back(slot.number, kind, texts, held=held, switch=slot.kind != kind)

    def _was_read(self, slot: _Slot, kind: str | None, texts: tuple[str, ...]) -> None:
        slot.kind, slot.read = kind, texts
        if self._states is not None:
            # Not all of it yet: most conversations are put aside when they are put out.
            self._states.put_card_aside(slot.number, kind, texts)

"""A reply on its way to a person, kept while it comes."""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic
from typing import Final

from character_chatbot.conversations.store import ConversationStore
from character_chatbot.turn import Reply, Turn
from utils.errors import HawkinsError

__all__ = ["Speaking"]

# Seconds after which what a character has said so far is kept, so that a crash loses little of it.
_KEEP_EVERY: Final = 0.3


class Speaking:
    """One character's reply on its way: iterate over it for the pieces, then read `reply`.

    Args:
        name: Who speaks.
        turn: The reply.
        store: Keeps it.
        number: Under which it is kept.

    Attributes:
        name: Who speaks.
        note: Whether a note stands here instead of a reply, which nobody says in character.
    """

    def __init__(self, name: str, turn: Turn, *, store: ConversationStore, number: int) -> None:
        self.name = name
        self.note = _is_note(turn)
        self._turn = turn
        self._store = store
        self._number = number

    def __iter__(self) -> Generator[str]:
        said, kept, whole = "", monotonic(), False
        try:
            for piece in self._turn:
                said += piece
                yield piece
                if monotonic() - kept > _KEEP_EVERY:
                    self._store.progress(self._number, said)
                    kept = monotonic()
            whole = True
        finally:
            # Stopped or broken off: what was said stays.
            if not whole and said:
                self._store.progress(self._number, said)
        self._store.finish(self._number, self._turn.reply)

    @property
    def reply(self) -> Reply:
        """The whole reply; see `Turn.reply`."""
        return self._turn.reply


def _is_note(turn: Turn) -> bool:
    """A note is there before anything was drawn."""
    try:
        reply = turn.reply
    except HawkinsError:
        return False
    return reply.care is not None

"""Reading ahead: what a server says is taken as it comes, however slowly it is used."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from functools import cache
from queue import SimpleQueue
from threading import Event
from typing import Final

__all__ = ["read_ahead"]

# Replies that are read at once; more begin when one ends.
MOST: Final = 64


def read_ahead(begin: Callable[[Event], Generator[str]]) -> Generator[str]:
    """Yield what a generator yields, which runs in another thread and does not wait for the caller.

    Its errors are raised here. When the caller wants no more, it is closed with its next piece.

    Args:
        begin: Makes the generator; the event is set once nobody wants its pieces any more.
    """
    pieces: SimpleQueue[str | None] = SimpleQueue()
    gone = Event()

    def read() -> None:
        try:
            with closing(begin(gone)) as source:
                for piece in source:
                    if gone.is_set():
                        return
                    pieces.put(piece)
        finally:
            pieces.put(None)

    reading = _threads().submit(copy_context().run, read)
    try:
        while (piece := pieces.get()) is not None:
            yield piece
    finally:
        gone.set()
        # Nobody waits for one that has not begun.
        reading.cancel()
    reading.result()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST, thread_name_prefix="reply")

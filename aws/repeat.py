"""Work that is repeated: beside other work for as long as a block runs, or until it succeeds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from utils.errors import HawkinsError

__all__ = ["patiently", "repeating"]

_TRIES: Final = 5
_PAUSE: Final = 10.0


def patiently(do: Callable[[], object], *, warn: Callable[[str], object], must: bool = False) -> None:
    """Do something up to five times, until it succeeds.

    Args:
        do: What.
        warn: Hears why it did not.
        must: Whether the last error is raised.

    Raises:
        HawkinsError: The last one.
    """
    # The script that started the machine waits by the same variable.
    pause = float(os.environ.get("HAWKINS_PAUSE", _PAUSE))
    for left in reversed(range(_TRIES)):
        try:
            do()
        except HawkinsError as error:
            if must and not left:
                raise
            warn(str(error))
        else:
            return
        if left:
            time.sleep(pause)


@contextmanager
def repeating(
    do: Callable[[], object], *, seconds: float, name: str, warn: Callable[[str], object] = lambda _: None
) -> Iterator[None]:
    """Do something at once and then again and again in a thread; leaving the block waits for the one under way.

    Args:
        do: What; an error that a person could act on is passed on and does not end the repetition.
        seconds: Between two times.
        name: Of the thread.
        warn: Hears of errors; of the same one only once in a row.
    """
    done = threading.Event()

    def run() -> None:
        said = ""
        while True:
            try:
                do()
            except HawkinsError as error:
                if str(error) != said:
                    warn(str(error))
                said = str(error)
            else:
                said = ""
            if done.wait(seconds):
                return

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

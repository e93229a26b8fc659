"""What slots of a llama.cpp server hold, put aside on disk and brought back: a conversation is read once.

Keys and values of a few hundred tokens are written or read in milliseconds; to compute them anew takes seconds on a
small machine. The files are the server's own (`--slot-save-path`,
https://github.com/ggml-org/llama.cpp/tree/master/tools/server), in a folder that goes with the process.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import Lock
from typing import Any, Final

__all__ = ["Ask", "KeptStates", "shared"]

Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any] | None]
"""Posts a body to a path of the server and returns what it says; None if it refuses or is gone."""

LARGEST: Final = 1_000_000_000  # bytes; some 80 conversations of 500 tokens, or 20 of 2,000
# Of the disk's free space, what may be taken.
_PART: Final = 0.1
_PREFIX: Final = "hawkins-slots-"
# Characters whose reading takes longer than to put a state aside or bring it back (0.2 s against 0.03 s).
_WORTH: Final = 250

_logger = logging.getLogger(__name__)


def shared(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Return the characters of the messages with which two prompts begin alike.

    Args:
        ours: The texts of one's messages.
        theirs: Of the other's.
    """
    characters = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        characters += len(one)
    return characters


@dataclass(frozen=True)
class _State:
    """One that was put aside.

    Attributes:
        name: Of its file.
        kind: Under which it was computed.
        read: The texts of the messages in it that may begin a prompt again.
        size: Bytes on disk.
    """

    name: str
    kind: str | None
    read: tuple[str, ...]
    size: int


class KeptStates:
    """The states of a server's slots.

    Nothing here is needed for an answer: what cannot be put aside or brought back is read again.

    Args:
        ask: Asks the server.
        marks: What a request of a kind carries besides (llama.cpp's ``lora``); a state counts for nothing in a slot
            that answered another kind last.
        largest: Bytes that they may take on disk, if as much as ten times that is free.
    """

    def __init__(self, ask: Ask, *, marks: Callable[[str | None], Mapping[str, Any]], largest: int = LARGEST) -> None:
        _sweep()
        # The conversations of a process, for its own user to read: tempfile sees to that.
        self._folder = TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)
        self._ask = ask
        self._marks = marks
        self._largest = min(largest, int(_PART * shutil.disk_usage(self._folder.name).free))
        # Characters of the shortest conversation that was found too large to be kept.
        self._too_long: float = math.inf
        self._numbers = count(1)
        self._lock = Lock()
        # The server puts a request off while its slot still computes (a reply was cut short), and takes up one such
        # request when any slot is done: two could wait for each other.
        self._saving = Lock()
        # The one that was used last is the last.
        self._states: list[_State] = []

    @property
    def folder(self) -> Path:
        """Where the server is to write."""
        return Path(self._folder.name)

    def put_aside(self, slot: int, kind: str | None, read: Sequence[str], *, keeping: int) -> None:
        """Keep what a slot holds, if much of it would be lost and nothing kept holds it.

        Args:
            slot: Its number.
            kind: Under which it was computed.
            read: The texts of the messages in it that may begin a prompt again.
            keeping: Characters of them that are not lost.
        """
        whole = sum(map(len, read))
        if whole - keeping < _WORTH or whole >= self._too_long or self._shares_most(kind, read)[1] >= whole:
            return
        name = f"{next(self._numbers)}.bin"
        with self._saving:
            said = self._ask(f"/slots/{slot}?action=save", {"filename": name})
        size = self._size(name) if said is not None else 0
        if not size or size > self._largest:
            self._too_long = whole if size else self._too_long
            self._delete(name)
            return
        with self._lock:
            # Whatever begins like one whose messages are all in the new one begins like the new one.
            old = [one for one in self._states if one.kind == kind and tuple(read[: len(one.read)]) == one.read]
            self._states.append(_State(name, kind, tuple(read), size))
            self._forget(old)
            self._forget(self._too_many())

    def put_card_aside(self, slot: int, kind: str | None, read: Sequence[str]) -> None:
        """Keep what a slot holds if nothing kept begins with its first message, as every conversation of a kind does.

        Args:
            slot: Its number.
            kind: Under which it was computed.
            read: The texts of the messages in it that may begin a prompt again.
        """
        if self._shares_most(kind, read[:1])[1] == 0:
            self.put_aside(slot, kind, read, keeping=0)

    def bring_back(self, slot: int, kind: str | None, texts: Sequence[str], *, held: int, switch: bool) -> int:
        """Put a state that begins like a prompt into a slot, if the slot's own begins so much less like it.

        Args:
            slot: Its number.
            kind: Under which the prompt will be read.
            texts: Of its messages.
            held: Characters of them that the slot holds.
            switch: Whether the slot answered another kind last.

        Returns:
            Characters of the messages that the slot holds now.
        """
        state, begins = self._shares_most(kind, texts)
        if state is None or begins - held < _WORTH:
            return held
        # One token under the new kind: the server empties a slot whose adapters change, also one just filled.
        one_token = {"prompt": [0], "n_predict": 0, "id_slot": slot, **self._marks(kind)}
        if switch and self._ask("/completion", one_token) is None:
            return held
        restored = self._ask(f"/slots/{slot}?action=restore", {"filename": state.name}) is not None
        if not restored:
            _logger.info("A conversation that was put aside cannot be brought back; it is read again.")
            with self._lock:
                self._forget([state])
            return 0
        with self._lock:
            if state in self._states:
                self._states.remove(state)
                self._states.append(state)
        return begins

    def _shares_most(self, kind: str | None, texts: Sequence[str]) -> tuple[_State | None, int]:
        """The state that begins most like a prompt, and for how many characters."""
        with self._lock:
            found = [(shared(state.read, texts), state) for state in self._states if state.kind == kind]
        begins, state = max(found, key=lambda one: one[0], default=(0, None))
        return state, begins

    def _too_many(self) -> list[_State]:
        """Those unused for longest, until the rest is within the size."""
        gone, size = [], sum(state.size for state in self._states)
        for state in self._states:
            if size <= self._largest:
                break
            gone.append(state)
            size -= state.size
        return gone

    def _forget(self, states: Sequence[_State]) -> None:
        for state in states:
            if state in self._states:
                self._states.remove(state)
            self._delete(state.name)

    def _size(self, name: str) -> int:
        """Bytes of a file, 0 if it is not there."""
        with suppress(OSError):
            return (self.folder / name).stat().st_size
        return 0

    def _delete(self, name: str) -> None:
        # Windows keeps a file that the server reads just now; it goes with the folder.
        with suppress(OSError):
            (self.folder / name).unlink(missing_ok=True)


def _sweep() -> None:
    """Delete the folders of processes that were killed."""
    import psutil

    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)

"""Many characters, one process at a time, so that each gives its memory back; what is finished is not done again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from character_training.checkpoints import checkpoints
from character_training.training import CHECKPOINTS
from character_training.voices import Voice

__all__ = ["Outcome", "train_queue"]

_POLL: Final = 0.1
State = Literal["trained", "unchanged", "failed", "interrupted", "waiting"]


@dataclass(frozen=True)
class Outcome:
    """What became of one character.

    Attributes:
        voice: Which training.
        state: What became of it.
        seconds: That it took.
    """

    voice: Voice
    state: State
    seconds: float = 0.0


def train_queue(
    voices: Iterable[Voice],
    command: Callable[[Voice, bool], Sequence[str]],
    *,
    restart: bool = False,
    stop: Callable[[], bool],
    on_start: Callable[[Voice], object],
) -> Iterator[Outcome]:
    """Train one after another, going on after one that fails.

    Args:
        voices: In the order in which they come.
        command: The program and its arguments for one of them, and whether it goes on from a checkpoint.
        restart: Whether finished ones are done again.
        stop: Asked all the time; True lets the running one save, and starts no more.
        on_start: Hears of each that is started.
    """
    for voice in voices:
        if not restart and voice.finished is not None:
            yield Outcome(voice, "unchanged")
        elif stop():
            yield Outcome(voice, "waiting")
        else:
            on_start(voice)
            begun = bool(checkpoints(voice.folder / CHECKPOINTS)) and not restart
            yield _run(voice, command(voice, begun), stop)


def _run(voice: Voice, command: Sequence[str], stop: Callable[[], bool]) -> Outcome:
    began = time.monotonic()
    # A group of its own: Ctrl-C in a terminal reaches us alone, and we pass it on once.
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0) as process:  # noqa: S603
        try:
            code = _wait(process, stop)
        finally:
            if process.poll() is None:
                process.kill()
    seconds = time.monotonic() - began
    if code:
        # Before a child listens to signals, being told to stop ends it at once.
        told = stop() and code == -signal.SIGTERM
        return Outcome(voice, "interrupted" if told else "failed", seconds)
    return Outcome(voice, "interrupted" if voice.finished is None else "trained", seconds)


def _wait(process: subprocess.Popen[bytes], stop: Callable[[], bool]) -> int:
    asked = False
    while (code := process.poll()) is None:
        if stop() and not asked:
            process.send_signal(signal.SIGTERM)
            asked = True
        time.sleep(_POLL)
    return code

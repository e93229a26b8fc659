"""What training needs at a door: a bar of steps on the error stream, quiet libraries, signals that stop it."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

__all__ = ["StepBar", "quiet_libraries", "stop_signals"]

_LINES: Final = 20
"""Lines that a training leaves where there is no terminal."""


class _Step(Protocol):
    """How far a training has come."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def tokens_per_second(self) -> float: ...
    @property
    def perplexity(self) -> float: ...


def _facts(step: _Step) -> str:
    scored = "" if math.isnan(step.perplexity) else f"  perplexity {step.perplexity:.1f}"
    return f"loss {step.loss:.2f}{scored}  {step.tokens_per_second:,.0f} tokens/s"


class StepBar:
    """Shows steps: as a bar on a terminal, as plain lines elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._began = time.monotonic()
        self._first = 0

    def __enter__(self) -> StepBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def stage(self, text: str) -> None:
        """Say what is being done now, outside the steps."""
        self._end()
        sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """Say what went wrong and does not end the work."""
        if self._bar is not None:
            self._bar.console.print(f"warning: {text}", markup=False, highlight=False)
        else:
            sys.stderr.write(f"warning: {text}\n")

    def step(self, step: _Step) -> None:
        """Show one more step."""
        if sys.stderr.isatty():
            self._draw(step)
            return
        if not self._first:
            self._began, self._first = time.monotonic(), step.done
        if step.done == step.total or step.done % max(1, step.total // _LINES) == 0:
            sys.stderr.write(f"step {step.done}/{step.total}  {_facts(step)}{self._left(step)}\n")
            sys.stderr.flush()

    def _left(self, step: _Step) -> str:
        made = step.done - self._first
        if not made or step.done == step.total:
            return ""
        seconds = (time.monotonic() - self._began) / made * (step.total - step.done)
        return f"  {int(seconds) // 60}:{int(seconds) % 60:02d} left"

    def _draw(self, step: _Step) -> None:
        if self._bar is None:
            self._begin(step)
        self._bar.update(self._task, completed=step.done, facts=_facts(step))

    def _begin(self, step: _Step) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task("training", total=step.total, completed=max(0, step.done - 1), facts="")
        self._bar.start()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def quiet_libraries() -> None:
    """Keep the libraries' own bars, notices and warnings off the screen; errors still come as exceptions.

    Call it before they are imported.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    warnings.simplefilter("ignore")
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a question; the second of them ends at once.

    Yields:
        Whether somebody asked to stop.
    """
    asked: list[int] = []

    def hear(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        # A handler may run inside another write to the same stream, which only the system call survives.
        os.write(2, b"\nStopping after this step; once more ends at once.\n")

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

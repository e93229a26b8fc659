"""What every command line door shares: errors and warnings as one line, bars on the error stream, interrupts said."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from utils.errors import HawkinsError
from utils.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from utils.reading.report import FileReport, OnReport

__all__ = ["INTERRUPTED", "end_as_interrupted", "one_line", "progress_bars", "run_door", "told"]

T = TypeVar("T")

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def run_door(command: Callable[[], object]) -> None:
    """Run a command; what a person can act on becomes one line on the error stream and an exit code.

    Args:
        command: The command line application.
    """
    try:
        command()
    except HawkinsError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(INTERRUPTED)
    except SystemExit as leaving:
        # typer turns Ctrl-C into this code by itself, without a word.
        if leaving.code == INTERRUPTED:
            sys.stderr.write("\nInterrupted.\n")
        raise
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        sys.stderr.write(f"error: {error.filename or 'The output'}: {error.strerror}; free some space and try again.\n")
        sys.exit(HawkinsError.exit_code)


def end_as_interrupted() -> None:
    """Let SIGTERM, by which service managers end a server, end it as Ctrl-C does, so that nothing is left behind."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def one_line(text: str) -> str:
    """Return text that may quote a file as one line that cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def told() -> OnReport:
    """Return what writes the warnings of files as they are read, one line each, on the error stream."""
    said: set[str] = set()

    def tell(report: FileReport) -> None:
        for warning in report.warnings:
            # The episodes of one file share some of them.
            if warning not in said:
                said.add(warning)
                sys.stderr.write(f"warning: {one_line(warning)}\n")

    return tell


class _Drawn:
    """A `Progress` on a terminal."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    def __call__(self, items: Iterable[T], *, description: str, total: int | None = None) -> Iterable[T]:
        """Draw one bar for these items."""
        # Started by the first bar, so that a refusal before any work is one line and nothing else.
        self._bars.start()
        return self._bars.track(items, description=description, total=total)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show bars on the error stream while the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bars = Bars(*columns, console=Console(stderr=True))
    try:
        yield _Drawn(bars)
    finally:
        # Bars that never began would still end with a blank line where there is no terminal.
        if bars.live.is_started:
            bars.stop()

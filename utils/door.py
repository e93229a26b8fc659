"""What every command line door shares: errors as one line, bars on the error stream, nothing quiet when interrupted."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from utils.errors import HawkinsError
from utils.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

__all__ = ["progress_bars", "run_door"]

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
        bars.stop()

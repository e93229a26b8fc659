"""The few errors that a door (command line, web app) catches and prints as one line.

Every message says what is wrong, names the file, line or key, and says what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["HawkinsError", "InputError", "MissingDependencyError", "NotBuiltError", "WeightsError", "did_you_mean"]


class HawkinsError(Exception):
    """An error that the person at the door can act on.

    Attributes:
        exit_code: What a command line door exits with.
    """

    exit_code = 2


class InputError(HawkinsError):
    """A path, file, name, key or option given by the user that cannot be used."""


class WeightsError(HawkinsError):
    """Model weights that are missing, damaged or of the wrong kind."""


class MissingDependencyError(HawkinsError):
    """An optional package that is not installed; the message carries the install command."""


class NotBuiltError(HawkinsError):
    """A documented command whose implementation has not landed yet."""

    exit_code = 3


def did_you_mean(word: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return a clause such as `` Did you mean Mike or Max?``, or an empty string.

    Args:
        word: What the user wrote.
        known: What would have been right.
        most: How many suggestions at most.
    """
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=most, cutoff=0.5)
    return f" Did you mean {' or '.join(by_folded[c] for c in close)}?" if close else ""

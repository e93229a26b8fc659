"""Names cried or stammered: ``Miiike``, ``Wi-ill``, ``El-even``."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Final

__all__ = ["drawn_out"]

_WORD: Final = re.compile(
    r"(?<![\w'’-])(?=[^\W\d_]*(?:([^\W\d_])\1\1|[^\W\d_]-[^\W\d_]))[^\W\d_]+(?:-[^\W\d_]+)*(?![\w-])", re.IGNORECASE
)
_RUN: Final = re.compile(r"(\w)\1+")


def drawn_out(text: str, names: Container[str]) -> Iterator[tuple[str, int, int]]:
    """Yield known names whose letters are repeated or that are broken by hyphens.

    Args:
        text: A line.
        names: Casefolded names.

    Yields:
        The name, and its span in the line.
    """
    for match in _WORD.finditer(text):
        if match[0][0].isupper():
            name = next((form for form in _shortened(match[0].casefold()) if form in names), None)
            if name is not None:
                yield name, match.start(), match.end()


def _shortened(word: str) -> Iterator[str]:
    """Yield what a drawn-out word may be: without hyphens, and repeated letters once, or twice in one place or all."""
    joined = word.replace("-", "")
    yield joined
    yield _RUN.sub(r"\1\1", joined)
    yield _RUN.sub(r"\1", joined)
    for run in _RUN.finditer(joined):
        yield _RUN.sub(r"\1", joined[: run.start()]) + run[1] * 2 + _RUN.sub(r"\1", joined[run.end() :])

"""Sounds, stage directions and lyrics: what stands in a subtitle but is not spoken."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["BRACKETED", "direction", "split_directions"]

# Forbids its own opening character inside, so that a run of openings costs linear time.
BRACKETED: Final = re.compile(r"\[[^\[\]]*\]|\([^()]*\)")
_NOTE: Final = re.compile(r"[♪♫]")
_SONG: Final = re.compile(r"(?s).+")
_LYRICS: Final = re.compile(r"[♪♫][^♪♫]*(?:[♪♫]|$)")


def direction(written: str) -> str:
    """A direction as people read it: shouted ones in lower case."""
    written = " ".join(written.split())
    return written.lower() if written.isupper() else written


def split_directions(text: str) -> tuple[str, list[str]]:
    """Part the spoken words of a text from its sounds, stage directions and lyrics.

    Returns:
        The words on one line, empty if nothing is spoken, and the directions in their order.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(direction(match[0].strip("[]()")))
        return " "

    if "[" in text or "(" in text:
        text = BRACKETED.sub(take, text)
    if "♪" in text or "♫" in text:
        # Notes open the lines of a song, one each, or stand around it in pairs.
        opened = all(
            len(_NOTE.findall(line)) == 1 == len(_NOTE.findall(line.lstrip()[:1])) for line in text.split("\n")
        )
        text = (_SONG if opened else _LYRICS).sub(take, text)
    words = " ".join(text.split())
    return words if any(map(str.isalnum, words)) else "", list(filter(None, found))

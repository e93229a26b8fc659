"""Markup of subtitle formats taken out: tags, positions, entities."""

from __future__ import annotations

import html
import re
from typing import Final

__all__ = ["plain"]

# Each pattern forbids its own opening character inside, so that a run of openings costs linear time.
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>\s][^<>]*)>")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{[^{}]*\}")
# Python refuses to make numbers of thousands of digits.
_HUGE_ENTITY: Final = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")


def plain(text: str) -> str:
    """Return the text of a cue without tags of HTML, WebVTT and SubStation; a WebVTT voice becomes ``[name]``."""
    if "\\" in text:
        text = text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " ")
    if "<" in text or "{" in text:
        text = _TAG.sub("", _VOICE.sub(r"\n[\1] ", text))
    if "&" in text and ";" in text:
        text = html.unescape(_HUGE_ENTITY.sub("\ufffd", text))
    return text.strip()

"""The events of SubStation files (.ass, .ssa): one line each, fields in the order that a Format line gives.

Format: http://www.tcax.org/docs/ass-specs.htm.
"""

from __future__ import annotations

import re
from typing import Final

from utils.reading.cues import Block, Scan
from utils.reading.timecodes import FARTHEST, milliseconds, stamp

__all__ = ["scan_substation"]

_FIELDS: Final = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
_NEEDED: Final = frozenset({"start", "end", "text"})
_OTHERS: Final = ("Comment:", "Picture:", "Sound:", "Movie:", "Command:", "Format:", ";", "!:", "[")
# Vector graphics: https://aegisub.org/docs/latest/ass_tags/ (\p).
_DRAWING: Final = re.compile(r"\{[^{}]*\\p[1-9]")


def scan_substation(text: str) -> Scan:
    """Find the spoken events of a SubStation file; comments are none."""
    found = Scan()
    fields, inside = _FIELDS, False
    lines = text.split("\n")
    end = len(text.rstrip().split("\n"))
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line.startswith("[") and line.endswith("]"):
            inside = line.casefold() == "[events]"
        elif inside and line.startswith("Format:"):
            fields = _order(line) or fields
        elif line.startswith("Dialogue:"):
            _event(found, number, line[9:].strip(), fields, last=number == end)
        elif inside and line and not line.startswith(_OTHERS):
            kind = "truncated" if number == end and "Dialogue:".startswith(line[:9]) else "stray text"
            found.refuse(number, kind, f"'{line[:40]}' is no event")
    return found


def _order(line: str) -> list[str] | None:
    """The fields that a Format line names, if it names those that are needed and the text as the last."""
    fields = [field.strip().casefold() for field in line.partition(":")[2].split(",")]
    return fields if set(fields) >= _NEEDED and fields[-1] == "text" else None


def _event(found: Scan, number: int, line: str, fields: list[str], *, last: bool) -> None:
    values = dict(zip(fields, line.split(",", len(fields) - 1), strict=False))
    if len(values) < len(fields):
        found.refuse(number, "truncated" if last else "columns", f"{len(values)} of {len(fields)} fields")
        return
    start, end = milliseconds(values["start"].strip()), milliseconds(values["end"].strip())
    if start is None or end is None:
        found.refuse(number, "bad time", f"'{values['start'][:20]}' and '{values['end'][:20]}' are no pair of times")
    elif max(start, end) >= FARTHEST:
        found.refuse(number, "hours over 99", f"'{values['start'][:20]}' lies beyond 99 hours")
    elif _DRAWING.search(values["text"]):
        found.refuse(number, "drawing", "a drawing, no text")
    else:
        times = f"{stamp(start)} --> {stamp(end)}"
        found.add(Block(number, times, values["text"].strip(), values.get("name", values.get("actor", "")).strip()))

"""The times of a cue as files write them, good and bad."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["FARTHEST", "Times", "looks_like_times", "milliseconds", "parse_times", "stamp", "timecode"]

FARTHEST: Final = 100 * 3_600_000  # milliseconds; SubRip writes two digits of hours
# What pysubs2 reads as it is; nearly every line of times looks so.
_EXACT: Final = re.compile(r"\d\d:[0-5]\d:[0-5]\d,\d{3} --> \d\d:[0-5]\d:[0-5]\d,\d{3}[ \t]*")
_TIME: Final = re.compile(r"(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?")
# Arrows as people and scanners write them: -->, ->, --->, - ->, ==>, →, –>.
_ARROW: Final = re.compile(r"[ \t]*(?:[-–—=]{1,4}[ \t]{0,2}[-–—=]{0,4}[ \t]{0,2}>{1,2}|[→⟶])[ \t]*")
_LONGEST_LINE: Final = 300


class Times(NamedTuple):
    """The times of a cue.

    Attributes:
        line: ``HH:MM:SS,mmm --> HH:MM:SS,mmm``; empty if they cannot be used.
        repair: Kind of what was repaired, or empty.
        refusal: Kind of what is wrong beyond repair, or empty.
        what: How, or why, for people.
    """

    line: str = ""
    repair: str = ""
    refusal: str = ""
    what: str = ""


def stamp(time: int) -> str:
    """Write milliseconds as SubRip does."""
    minutes, rest = divmod(time, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02},{rest % 1000:03}"


def timecode(seconds: float) -> str:
    """Write seconds as ``h:mm:ss``; an empty string where they are unknown (NaN)."""
    if seconds != seconds:
        return ""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def milliseconds(written: str) -> int | None:
    """Read ``H:MM:SS,mmm``, ``MM:SS.mmm`` or ``H:MM:SS``; None if it is no time, or minutes or seconds exceed 59."""
    match = _TIME.fullmatch(written)
    if match is None:
        return None
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), int(match[3])
    if minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(((match[4] or "0") + "000")[:3])


def looks_like_times(line: str) -> bool:
    """Whether a line stands where times should: an arrow with a digit before it, or two times and a misspelt arrow."""
    if "-->" in line:
        return any(map(str.isdecimal, line.partition("-->")[0][:_LONGEST_LINE]))
    return (
        len(line) <= _LONGEST_LINE and line.count(":") > 1 and line.strip()[:1].isdecimal() and _split(line) is not None
    )


def _split(line: str) -> tuple[str, str, str] | None:
    """The first time, the arrow, and what follows it, if the first is followed by an arrow."""
    line = line.strip()
    first = _TIME.match(line)
    arrow = _ARROW.match(line, first.end()) if first else None
    return (line[: first.end()], arrow[0].strip(), line[arrow.end() :]) if first and arrow else None


def parse_times(line: str) -> Times:
    """Read a line that `looks_like_times`.

    WebVTT's settings behind the times are ignored, as are spaces inside a time.
    """
    if _EXACT.fullmatch(line):
        return Times(line)
    if len(line) > _LONGEST_LINE:
        return Times(refusal="bad time", what="the line of times is longer than 300 characters")
    parts = _split(line) or _split(_closed_up(line))
    if parts is None:
        return Times(refusal="bad time", what=f"'{line.strip()[:60]}' is no pair of times")
    begin, arrow, rest = parts
    words = rest.split()
    if not words:
        return _open(begin, line)
    end = words[0] if milliseconds(words[0]) is not None else "".join(words)
    return _checked(begin, end, line, arrow)


def _closed_up(line: str) -> str:
    """Take out the spaces that scanners put inside times."""
    return re.sub(r"(?<=[\d:.,])[ \t]+(?=[:.,])|(?<=[:.,])[ \t]+(?=\d)", "", line)


def _open(begin: str, line: str) -> Times:
    first = milliseconds(begin)
    if first is None or first >= FARTHEST:
        return _checked(begin, begin, line, "-->")
    return Times(f"{stamp(first)} --> {stamp(first)}", "missing end", what="its end was set")


def _checked(begin: str, end: str, line: str, arrow: str) -> Times:
    first, last = milliseconds(begin), milliseconds(end)
    if first is None or last is None:
        return Times(refusal="bad time", what=f"'{line.strip()[:60]}' is no pair of times")
    if max(first, last) >= FARTHEST:
        return Times(refusal="hours over 99", what=f"'{line.strip()[:60]}' lies beyond 99 hours")
    good = f"{stamp(first)} --> {stamp(last)}"
    return Times(good) if arrow == "-->" else Times(good, "arrow", what=f"'{arrow}' was read as an arrow")

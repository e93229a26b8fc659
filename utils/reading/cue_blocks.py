"""The blocks of SubRip and WebVTT files: number or name, line of times, text, blank line.

SubRip: https://www.matroska.org/technical/subtitles.html#srt-subtitles, WebVTT: https://www.w3.org/TR/webvtt1/.
The lines of times are found first; what stands between two of them is the text of one cue and the number of the next,
whether or not the blank lines and numbers are where they should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from utils.reading.cues import Block, Scan
from utils.reading.timecodes import looks_like_times, parse_times

__all__ = ["scan_subrip", "scan_webvtt"]

# A number on a line of its own is the next cue's if it counts on from the last one by at most this much.
_NUMBERS_AHEAD = 20
_LONGEST_NUMBER = 9
_NOT_CUES = ("NOTE", "STYLE", "REGION")


class _Paragraph(NamedTuple):
    """Lines without a blank one among them."""

    line: int
    """Index of the first."""
    lines: list[str]


def scan_subrip(text: str) -> Scan:
    """Find the cues of a SubRip file."""
    return _Blocks(text, webvtt=False).scan()


def scan_webvtt(text: str) -> Scan:
    """Find the cues of a WebVTT file; notes, styles and regions are no cues."""
    return _Blocks(text, webvtt=True).scan()


def _number(line: str) -> int | None:
    line = line.strip()
    return int(line) if len(line) <= _LONGEST_NUMBER and line.isdecimal() else None


def _is_header(index: int, line: str) -> bool:
    return index == 0 or ":" in line or "=" in line


def _paragraphs(lines: Sequence[str], begin: int, end: int) -> Iterator[_Paragraph]:
    held: list[str] = []
    for index in range(begin, end):
        line = lines[index].strip()
        if line:
            held.append(line)
        elif held:
            yield _Paragraph(index - len(held), held)
            held = []
    if held:
        yield _Paragraph(end - len(held), held)


class _Blocks:
    """One pass over a file."""

    def __init__(self, text: str, *, webvtt: bool) -> None:
        self._lines = text.split("\n")
        self._end = text.rstrip().count("\n") + 1
        """Number of lines up to the last that is not blank."""
        self._webvtt = webvtt
        self._found = Scan()
        self._last = 0
        """Number of the last cue."""

    def scan(self) -> Scan:
        lines = self._lines
        stamps = [
            index
            for index, line in enumerate(lines)
            if ("-->" in line or (":" in line and (">" in line or "→" in line))) and looks_like_times(line)
        ]
        self._leading(self._head(0, stamps[0]) if stamps else len(lines))
        for stamp, following in zip_longest(stamps, stamps[1:]):
            number = self._last
            end = self._head(stamp + 1, following) if following is not None else len(lines)
            ahead = self._last if following is not None else number + _NUMBERS_AHEAD
            self._cue(stamp, end, missing=range(number + 1, ahead))
        return self._found

    def _head(self, begin: int, stamp: int) -> int:
        """Index where a cue begins, given its line of times: at its number or name, if it has one."""
        above = stamp - 1
        while above >= begin and not self._lines[above].strip():
            above -= 1
        number = _number(self._lines[above]) if above >= begin else None
        gap = stamp - 1 - above
        parted = above == begin or not self._lines[above - 1].strip() if above >= begin else False
        # The first line behind the times of the cue before is its text, unless it counts on.
        parted = parted and not (above == begin and begin > 0 and gap == 0 and not self._counts_on(number))
        if number is not None and ((parted and gap == 0) or self._counts_on(number)):
            if not parted:
                self._found.repair(above + 1, "missing blank line", "the number on a line of its own began a new cue")
            self._last = number
            return above
        if self._webvtt and parted and gap == 0 and above > begin:
            return above
        if gap == 0 and above >= begin > 0:
            self._found.repair(stamp + 1, "missing blank line", "the line of times began a new cue")
        if not self._webvtt:
            self._found.repair(stamp + 1, "missing index", "the line of times alone began the cue")
            self._last += 1
        return stamp

    def _counts_on(self, number: int | None) -> bool:
        return number is not None and self._last < number <= self._last + _NUMBERS_AHEAD

    def _leading(self, end: int) -> None:
        """What stands before the first cue."""
        for paragraph in _paragraphs(self._lines, 0, end):
            first = paragraph.lines[0]
            header = self._webvtt and first.startswith("WEBVTT")
            # Below WEBVTT may stand metadata, such as "Language: en" or "X-TIMESTAMP-MAP=...".
            stray = [index for index, line in enumerate(paragraph.lines) if not (header and _is_header(index, line))]
            if stray and not (self._webvtt and first.startswith(_NOT_CUES)):
                self._lose(paragraph, "stray text", "it stands before the first cue", since=stray[0])

    def _cue(self, stamp: int, end: int, *, missing: range) -> None:
        """Take the cue whose line of times has this index; ``missing``: numbers that no cue up to ``end`` has."""
        begin, noted = stamp + 1, len(self._found.repaired)
        # Nearly every cue is some lines of text and one blank line.
        text = "\n".join(self._lines[begin:end]).strip()
        if "\n\n" in text or "\n " in text or "\n\t" in text or (begin < end and not self._lines[begin].strip()):
            text = self._gathered(begin, end, missing)
        if missing and (number := str(missing.start)) in text and number in text.split("\n"):
            self._swallowed(begin, end, number)
        times = parse_times(self._lines[stamp])
        if times.refusal:
            self._found.refuse(begin, times.refusal, times.what)
        elif end == len(self._lines) and not text:
            self._found.refuse(begin, "truncated", "the file ends before the text of the cue")
        elif self._found.add(Block(begin, times.line, text, open=times.repair == "missing end")):
            if times.repair:
                self._found.repair(begin, times.repair, times.what)
            return
        self._found.refuse_repaired(noted, "it stands below a cue that is refused")

    def _gathered(self, begin: int, end: int, missing: range) -> str:
        """The text of a cue with blank lines in it; what belongs elsewhere is refused."""
        kept: list[str] = []
        for paragraph in _paragraphs(self._lines, begin, end):
            if paragraph.line == begin:
                kept += paragraph.lines
            elif self._webvtt:
                self._beside(paragraph)
            elif _number(paragraph.lines[0]) in missing:
                self._orphan(paragraph)
            else:
                self._found.repair(paragraph.line + 1, "blank line", "the text behind it was kept with the cue")
                kept += paragraph.lines
        return "\n".join(kept)

    def _swallowed(self, begin: int, end: int, number: str) -> None:
        """Note that a text holds the number of a cue that is nowhere else: its times are gone, or it is spoken."""
        for index in range(begin, end):
            if self._lines[index].strip() == number:
                self._found.repair(index + 1, "missing time", "what may be a cue was kept with the one above")

    def _orphan(self, paragraph: _Paragraph) -> None:
        """Refuse a number with no times below it."""
        if paragraph.line + len(paragraph.lines) == self._end and len(paragraph.lines) < 3:
            self._found.refuse(paragraph.line + 1, "truncated", "the file ends before its times")
        else:
            self._lose(paragraph, "missing time", "below its number stands no line of times")

    def _beside(self, paragraph: _Paragraph) -> None:
        """WebVTT ends a cue at a blank line: what follows is a note, or lost."""
        if not paragraph.lines[0].startswith(_NOT_CUES):
            self._lose(paragraph, "missing time", "a block without a line of times")

    def _lose(self, paragraph: _Paragraph, kind: str, what: str, *, since: int = 0) -> None:
        """Refuse lines without times from one on, and each number among them, which may be that of another cue."""
        for index, line in enumerate(paragraph.lines[since:], start=paragraph.line + since + 1):
            if index == paragraph.line + since + 1 or _number(line) is not None:
                self._found.refuse(index, kind, what)

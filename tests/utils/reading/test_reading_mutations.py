"""Files are damaged cue by cue, and every cue is accounted for: read where it belongs, or in the report by its line."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import InputError
from utils.reading.cues import Cue
from utils.reading.dialogue_csv import read_dialogue_csv
from utils.reading.report import FileReport, Finding
from utils.reading.textfiles import to_text
from utils.subtitles import cues_of

TIMES: Final = (
    "bad time", "minutes over 59", "hours over 99", "end before start", "missing end", "overlap", "digits",
    "same start",
)  # fmt: skip
BLOCKS: Final = (
    "missing index", "duplicate index", "odd index", "no blank line", "two blank lines", "arrow", "blank inside",
    "no times",
)  # fmt: skip
DAMAGES: Final = {
    "srt": (*TIMES, *BLOCKS, "empty", "twice", "tags", "too long"),
    "vtt": (*TIMES, *BLOCKS, "empty", "twice", "tags", "too long", "note"),
    "ass": (*TIMES, "fields", "prefix", "empty", "twice", "tags", "too long", "comment"),
    "csv": (*TIMES, "fields", "season", "empty", "twice", "tags", "too long", "quote"),
}
HEADS: Final = {
    "srt": "",
    "vtt": "WEBVTT\n\n",
    "ass": "[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, Text\n",
    "csv": "season,episode,raw_text,start_time,end_time\n",
}
# Mark, codec.
ENCODINGS: Final = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": b"",
    "utf-32-be": codecs.BOM_UTF32_BE,
    "cp1252": b"",
}


@dataclass(frozen=True)
class Spoiled:
    """A cue, and what happens to it."""

    number: int
    text: tuple[str, ...]
    damages: frozenset[str]

    @property
    def start(self) -> int:
        return 2000 * (self.number - (1 if "same start" in self.damages else 0))

    @property
    def said(self) -> list[str]:
        """The lines that somebody would miss."""
        if "empty" in self.damages or "comment" in self.damages:
            return []
        return list(self.text)

    def clocks(self, point: str) -> list[str]:
        start, end = self.start, self.start + 1500
        if "end before start" in self.damages:
            end = start - 700
        if "overlap" in self.damages:
            end = start + 9000
        clocks = [
            f"{time // 3_600_000:02}:{time // 60_000 % 60:02}:{time // 1000 % 60:02}{point}{time % 1000:03}"
            for time in (start, end)
        ]
        if "minutes over 59" in self.damages:
            clocks[1] = f"00:75{clocks[1][5:]}"
        if "hours over 99" in self.damages:
            clocks[0] = f"123{clocks[0][2:]}"
        if "digits" in self.damages:
            clocks[0] = "9" * 5000 + clocks[0][2:]
        if "bad time" in self.damages:
            clocks[1] = "later"
        if "missing end" in self.damages:
            clocks[1] = ""
        return clocks


def written(cue: Spoiled, suffix: str) -> str:
    """The cue as it stands in the file, up to its last line end."""
    once = {"srt": block, "vtt": block, "ass": event, "csv": row}[suffix](cue, suffix)
    return once * (2 if "twice" in cue.damages else 1)


def block(cue: Spoiled, suffix: str) -> str:
    damages = cue.damages
    index = str(cue.number - 1 if "duplicate index" in damages else cue.number)
    index = f"{index}b" if "odd index" in damages else index
    begin, end = cue.clocks("," if suffix == "srt" else ".")
    times = f"{begin} {'->' if 'arrow' in damages else '-->'} {end}"
    gap = "\n\n" if "blank inside" in damages else "\n"
    lines = [] if "missing index" in damages else [index]
    lines += [] if "no times" in damages else [times]
    lines += [gap.join(spoken(cue))] if spoken(cue) else []
    note = "NOTE nobody\nsays this\n\n" if "note" in damages else ""
    return (
        note + "\n".join(lines) + "\n" * (1 if "no blank line" in damages else 3 if "two blank lines" in damages else 2)
    )


def event(cue: Spoiled, _: str) -> str:
    begin, end = (clock[1:] if clock.startswith("00") else clock for clock in cue.clocks("."))
    fields = ["0", begin, end, "Main", "", "\\N".join(spoken(cue))]
    fields = fields[:3] if "fields" in cue.damages else fields
    prefix = "Comment" if "comment" in cue.damages else "Dialoge" if "prefix" in cue.damages else "Dialogue"
    return f"{prefix}: {','.join(fields)}\n"


def row(cue: Spoiled, _: str) -> str:
    text = " ".join(spoken(cue))
    season = "one" if "season" in cue.damages else "1"
    fields = [season, "1", f'"{text}' if "quote" in cue.damages else f'"{text}"', *cue.clocks(".")]
    return ",".join(fields[:2] if "fields" in cue.damages else fields) + "\n"


def spoken(cue: Spoiled) -> list[str]:
    text = [] if "empty" in cue.damages else list(cue.text)
    if "tags" in cue.damages:
        text = [f"<i>{{\\an8}}{line}</i>" for line in text]
    return [*text, "x" * 10_001] if "too long" in cue.damages and text else text


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, list[Spoiled]]:
    suffix = draw(st.sampled_from(sorted(DAMAGES)))
    cues = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        text = [f"cue{number}é" + draw(st.sampled_from(["", " here", ", and"]))]
        # A number on a line of its own may be taken for the next cue's.
        text += draw(st.sampled_from([[], [f"more{number}"], ["1985"], [f"{number + 1}"], [f"- {number}"]]))
        damages = draw(st.frozensets(st.sampled_from(DAMAGES[suffix]), max_size=2))
        if suffix == "vtt" and {"blank inside", "no blank line"} <= damages:
            damages -= {"blank inside"}  # The line above the times is then a name, whatever it says.
        if text[-1] == str(number + 1):
            damages -= {"blank inside"}  # Nothing then tells it from the next cue's number.
        if damages & {"missing index", "duplicate index", "odd index"}:
            damages -= {"no times"}  # Without either it is text like any other.
        if {"quote", "empty"} <= damages:
            damages -= {"empty"}  # A lone quotation mark may rightly close that of the row above.
        cues.append(Spoiled(number, tuple(text), damages))
    return suffix, cues


def read(data: bytes, suffix: str) -> tuple[list[Cue], FileReport]:
    file = to_text(Path(f"S01E01.{suffix}"), data)
    if suffix != "csv":
        return cues_of(file)
    (found,) = read_dialogue_csv(file).values()
    return found


def holding(cues: Iterable[Cue], words: str) -> list[Cue]:
    return [cue for cue in cues if words in cue.text]


def within(findings: Iterable[Finding], lines: range) -> list[Finding]:
    return [finding for finding in findings if finding.line in lines]


def account(
    cue: Spoiled, left: Sequence[str], lines: range, cues: Sequence[Cue], report: FileReport, *, whole: bool
) -> None:
    """Fail unless the cue is read by itself, or the report has a line of it that says otherwise.

    Args:
        cue: As it was written.
        left: What the file still holds of it, line by line.
        lines: The numbers of these lines.
        cues: What was read.
        report: What became of the file.
        whole: Whether the file was not cut before the end of the cue.
    """
    refused = within(report.refused, lines)
    findings = refused + within(report.repaired, lines)
    token = f"cue{cue.number}é"
    texts = holding(cues, token)
    copies = 0 if "comment" in cue.damages else "\n".join(left).count(token)
    assert sum(text.text.count(token) for text in texts) + len(refused) >= copies, f"{cue} is silently lost"
    at_home = all(text.start == cue.start / 1000 for text in texts)
    assert at_home or findings, f"{cue} was silently joined with another"
    for said in cue.said if whole else ():
        assert any(said in text.text for text in texts) or findings, f"{said!r} of {cue} is silently lost"
    if cue.said and any(map(str.strip, left)) and not texts:
        shown = [other for other in cues if other.start == cue.start / 1000]
        # Where a number and the beginning of its times are all that is left, they may as well be spoken.
        number = not any(map(str.isalpha, "".join(left))) and holding(cues, left[0].strip())
        assert findings or shown or number or words_of_none(left), f"nothing is said of what is left of {cue}"


def words_of_none(left: Sequence[str]) -> bool:
    """Whether what is left is a note or a comment, as far as it goes."""
    return left[0].startswith(("Comment:", "NOTE")) and len(left) < 4


def cut_up(cues: Sequence[Spoiled], suffix: str, content: str) -> list[tuple[Spoiled, list[str], range]]:
    """For each cue what is left of its lines in the file, and their numbers."""
    lines = content.split("\n")
    begin, found = HEADS[suffix].count("\n"), []
    for cue in cues:
        end = begin + written(cue, suffix).count("\n")
        found.append((cue, lines[begin:end], range(begin + 1, end + 1)))
        begin = end
    return found


@given(spoiled(), st.sampled_from(sorted(ENCODINGS)), st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]), st.data())
@settings(max_examples=600, deadline=None, derandomize=True)
def test_every_cue_is_read_or_in_the_report_by_its_line(
    case: tuple[str, list[Spoiled]], encoding: str, line_end: str, data: st.DataObject
) -> None:
    suffix, cues = case
    content = HEADS[suffix] + "".join(written(cue, suffix) for cue in cues)
    whole = ENCODINGS[encoding] + content.replace("\n", line_end).encode(encoding)
    kept = whole[: data.draw(st.integers(0, len(whole)), label="cut")] if data.draw(st.booleans()) else whole
    left = kept.removeprefix(ENCODINGS[encoding]).decode(encoding, errors="ignore")
    left = left.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    parts = cut_up(cues, suffix, left)
    try:
        found, report = read(kept, suffix)
    except InputError as error:
        assert "S01E01" in str(error)
        sound = [cue for cue, _, numbers in parts if not cue.damages and numbers[-1] <= left.count("\n")]
        assert not sound, f"{sound[0]} is refused with the whole file: {error}"
        return
    assert report.read == len(found)
    for cue, lines, numbers in parts:
        whole = numbers[-1] <= left.count("\n")
        account(cue, lines, numbers, found, report, whole=whole)
        if whole and not cue.damages:
            assert any(other.start == cue.start / 1000 for other in holding(found, cue.text[0])), f"{cue} has moved"

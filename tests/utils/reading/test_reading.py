"""Every cue of a file is read or refused with its line, whatever happened to the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import InputError
from utils.reading.cues import Cue
from utils.reading.report import CHANGES, FileReport, Finding, in_words
from utils.reading.textfiles import to_text
from utils.subtitles import cues_of, read_subtitles


def srt(*texts: str, step: int = 1000) -> str:
    return "".join(f"{n}\n{clock(n * step)} --> {clock(n * step + 900)}\n{text}\n\n" for n, text in enumerate(texts, 1))


def clock(time: int, point: str = ",") -> str:
    return f"{time // 3_600_000:02}:{time // 60_000 % 60:02}:{time // 1000 % 60:02}{point}{time % 1000:03}"


def vtt(*texts: str) -> str:
    cues = (f"{clock(n * 1000, '.')} --> {clock(n * 1000 + 900, '.')}\n{text}\n\n" for n, text in enumerate(texts, 1))
    return "WEBVTT\n\n" + "".join(cues)


def ass(*texts: str) -> str:
    head = (
        "[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    times = (f"{clock(n * 1000, '.')[1:-1]},{clock(n * 1000 + 900, '.')[1:-1]}" for n in range(1, len(texts) + 1))
    return head + "".join(
        f"Dialogue: 0,{time},Main,,0,0,0,,{text.replace(chr(10), chr(92) + 'N')}\n"
        for time, text in zip(times, texts, strict=True)
    )


FORMATS = {"srt": srt, "vtt": vtt, "ass": ass}


def read(content: str | bytes, suffix: str = "srt", encoding: str | None = None) -> tuple[list[Cue], FileReport]:
    data = content if isinstance(content, bytes) else content.encode()
    return cues_of(to_text(Path(f"S01E01.{suffix}"), data, encoding=encoding))


def kinds(findings: tuple[Finding, ...]) -> list[tuple[int, str]]:
    return [(finding.line, finding.kind) for finding in findings]


ONE, TWO, SIX = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n", "2\n00:00:03,000 --> 00:00:04,000\nTwo.\n", "6\n6:00"


@pytest.mark.parametrize(
    ("content", "texts", "repaired", "refused"),
    [
        (f"{ONE}\n{TWO}", ["One.", "Two."], [], []),
        (f"{ONE}{TWO}", ["One.", "Two."], [(4, "missing blank line")], []),
        (f"{ONE}\n{TWO[2:]}", ["One.", "Two."], [(5, "missing index")], []),
        (f"{ONE}{TWO[2:]}", ["One.", "Two."], [(4, "missing blank line"), (4, "missing index")], []),
        (
            ONE.replace("One.", "It is\n1985") + TWO[2:],
            ["It is\n1985", "Two."], [(5, "missing blank line"), (5, "missing index")], [],
        ),
        (ONE.replace("One.", "1985\n") + TWO, ["1985", "Two."], [], []),
        (ONE.replace("One.", "One.\n\nMore.") + f"\n{TWO}", ["One.\nMore.", "Two."], [(5, "blank line")], []),
        (ONE.replace("02,000", "00,500") + f"\n{TWO}", ["One.", "Two."], [(2, "end before start")], []),
        (ONE.replace(" --> 00:00:02,000", " -->") + f"\n{TWO}", ["One.", "Two."], [(2, "missing end")], []),
        (ONE.replace("-->", "->") + f"\n{TWO}", ["One.", "Two."], [(2, "arrow")], []),
        (ONE.replace("00:00:01,000", "00: 00:01 ,000") + f"\n{TWO}", ["One.", "Two."], [], []),
        (ONE.replace("02,000", "03,500") + f"\n{TWO}", ["One.", "Two."], [(6, "overlap")], []),
        (f"{TWO}\n{ONE}", ["One.", "Two."], [(6, "order")], []),
        (ONE.replace("00:00:02", "00:00:xx") + f"\n{TWO}", ["Two."], [], [(2, "bad time")]),
        (ONE.replace("00:00:02", "00:75:02") + f"\n{TWO}", ["Two."], [], [(2, "bad time")]),
        (ONE.replace("00:00:02", "100:00:02") + f"\n{TWO}", ["Two."], [], [(2, "hours over 99")]),
        (ONE.replace("00:00:01", "9" * 5000 + ":00:01") + f"\n{TWO}", ["Two."], [], [(2, "bad time")]),
        (f"{ONE}\n{ONE}\n{TWO}", ["One.", "Two."], [], [(6, "duplicate")]),
        (f"{ONE}\n2\nLost.\n\n3{TWO[1:]}", ["One.", "Two."], [], [(5, "missing time")]),
        (f"{ONE}\n{TWO.replace('Two.', '<i></i>')}", ["One."], [], [(6, "empty")]),
        (f"Hello\n\n{ONE}", ["One."], [], [(1, "stray text")]),
        (f"{ONE}\n2", ["One."], [], [(5, "truncated")]),
        (f"{ONE}\n2\n00:00:0", ["One."], [], [(5, "truncated")]),
        (f"{ONE}\n{TWO[:-5]}", ["One."], [], [(6, "truncated")]),
        (f"{ONE}\n{TWO.replace('Two.', 'x' * 10_001)}", ["One."], [], [(6, "too long")]),
        (ONE.replace("One.", "From 0:00:01,0 to 0:00:02,0."), ["From 0:00:01,0 to 0:00:02,0."], [], []),
        (ONE.replace("One.", "Left --> right."), ["Left --> right."], [], []),
        (f"\ufeff\ufeff{ONE}\n{TWO}".replace("\n", "\r\r\n"), ["One.", "Two."], [], []),
        (f"{ONE}\n{TWO}".replace("\n", "\r"), ["One.", "Two."], [(1, "line ends")], []),
        (ONE.replace("One.", f"&#{'9' * 5000};!"), ["\ufffd!"], [], []),
    ],
)  # fmt: skip
def test_what_is_wrong_is_repaired_or_refused_with_its_line(
    content: str, texts: list[str], repaired: list[tuple[int, str]], refused: list[tuple[int, str]]
) -> None:
    cues, report = read(content)
    assert [cue.text for cue in cues] == texts
    assert (kinds(report.repaired), kinds(report.refused)) == (repaired, refused)
    assert report.read == len(cues)
    assert all(cue.start <= cue.end for cue in cues)


def test_every_cue_within_a_long_one_overlaps_it() -> None:
    _, report = read(ONE.replace("02,000", "09,000") + f"\n{TWO}\n3\n00:00:05,000 --> 00:00:06,500\nThree.\n")
    assert [(finding.line, finding.what) for finding in report.repaired] == [
        (6, "both keep their times, 1.0 s of them in common"),
        (10, "both keep their times, 1.5 s of them in common"),
    ]


def test_ends_that_cannot_be_are_set_by_what_there_is_to_read() -> None:
    cues, _ = read(ONE.replace("02,000", "00,500").replace("One.", "x" * 500) + f"\n{TWO}")
    assert cues[0].end == 3.0
    cues, _ = read(ONE.replace("02,000", "00,500").replace("One.", "x" * 30))
    assert cues[0].end == 3.0


def test_webvtt_blocks_that_are_no_cues() -> None:
    content = (
        "WEBVTT\nX-A: b\n\nNOTE x\n\n1\n00:01.000 --> 00:02.000 line:0\nOne.\n\nlost\n\n"
        "STYLE\na\n\n00:03.000 --> 00:04.000\nTwo."
    )
    cues, report = read(content, "vtt")
    assert [cue.text for cue in cues] == ["One.", "Two."]
    assert (report.repaired, kinds(report.refused)) == ((), [(10, "missing time")])
    assert kinds(read(content.replace("WEBVTT\nX-A: b\n", ""), "vtt")[1].repaired) == [(1, "header")]


def test_substation_events_in_another_order_and_broken_ones() -> None:
    content = (
        "[Events]\nFormat: Start, End, Name, Text\nDialogue: 0:00:01.00,0:00:02.00,Mike,One, two\n"
        "Comment: 0:00:01.00,0:00:02.00,,No\nDialogue: soon,0:00:02.00,,No\nDialogue: 100:00:00.00,100:00:00.00,,No\n"
        "and on\nDialogue: 0:00:01.00,0:00:02.00,,{\\p1}m 0 0{\\p0}\nDialogue: 0:00:01.00\nDialogue: 0:00:0"
    )
    cues, report = read(content, "ass")
    assert cues == [Cue(1.0, 2.0, "One, two", "Mike")]
    assert kinds(report.refused) == [
        (5, "bad time"), (6, "hours over 99"), (7, "stray text"), (8, "drawing"), (9, "columns"), (10, "truncated"),
    ]  # fmt: skip


def test_the_content_decides_on_the_format() -> None:
    assert kinds(read(srt("One."), "ass")[1].repaired) == [(1, "format")]
    assert read(ass("One."), "srt")[1].format == "ass"


@pytest.mark.parametrize(
    ("data", "encoding", "used", "guessed"),
    [
        ("Señor".encode(), "cp1250", "utf-8", False),
        ("Señor".encode("utf-16"), "cp1250", "utf-16-le", False),
        ("Señor".encode("utf-16-be"), None, "utf-16-be", False),
        ("Señor".encode("cp1252"), None, "cp1252", True),
        ("Dvořák".encode("cp1250"), "cp1250", "cp1250", False),
        ("Señor, señor".encode()[:-4], None, "utf-8", False),
        ("Olé".encode("cp1252"), None, "cp1252", True),
    ],
)
def test_encodings_are_found_given_or_guessed(data: bytes, encoding: str | None, used: str, guessed: bool) -> None:
    file = to_text(Path("a.srt"), data, encoding=encoding)
    assert (file.encoding, file.guessed) == (used, guessed)
    assert "\ufffd" not in file.text


def test_a_character_that_is_cut_in_two_is_reported() -> None:
    cues, report = read(srt("Señor", "Olé").rstrip().encode()[:-1])
    assert [cue.text for cue in cues] == ["Señor", "Ol"]
    assert kinds(report.repaired) == [(7, "encoding")]


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "a\0b"])
def test_an_unknown_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "S01E01.srt"
    path.write_text(srt("One."))
    with pytest.raises(InputError, match="encoding"):
        read_subtitles(path, encoding=encoding)


def test_files_that_are_too_large_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "S01E01.srt"
    with path.open("wb") as stream:
        stream.truncate(20_000_001)
    with pytest.raises(InputError, match=r"S01E01\.srt is larger than 20 MB"):
        read_subtitles(path)
    path.write_text("0:0:1,0-->0:0:2,0\na\n" * 200_001)
    with pytest.raises(InputError, match=r"S01E01\.srt has 200,001 cues, more than the 200,000"):
        read_subtitles(path)


def test_reports_go_through_json_and_into_words() -> None:
    _, report = read(srt("Olé").encode("cp1252") + b"\n5\n")
    assert FileReport.from_dict(report.as_dict()) == report
    assert len(report.warnings) == 2
    assert all("S01E01.srt" in warning for warning in report.warnings)
    assert in_words((Finding(3, "empty", ""), Finding(2, "order", ""), Finding(9, "order", ""))) == [
        f"2 × {CHANGES['order']} (first at line 2)",
        f"1 × {CHANGES['empty']} (first at line 3)",
    ]


WORDS = st.text(st.characters(categories=("Lu", "Ll"), max_codepoint=0xFF), min_size=1, max_size=8)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=8)


ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"])


@given(st.sampled_from(sorted(FORMATS)), TEXTS, ENCODINGS, LINE_ENDS)
@settings(max_examples=150, deadline=None)
def test_what_was_written_comes_back(suffix: str, texts: list[str], encoding: str, line_end: str) -> None:
    numbered = [f"{text} w{number}" for number, text in enumerate(texts)]
    data = FORMATS[suffix](*numbered).replace("\n", line_end).encode(encoding)
    cues, report = read(data, suffix, encoding="cp1252" if encoding == "cp1252" else None)
    assert [cue.text for cue in cues] == numbered
    assert [cue.start for cue in cues] == [float(number) for number in range(1, len(texts) + 1)]
    assert not report.refused
    assert {finding.kind for finding in report.repaired} == ({"line ends"} if line_end == "\r" else set())


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A file some of whose lines were lost, doubled, emptied or cut, and which may end anywhere."""
    suffix = draw(st.sampled_from(sorted(FORMATS)))
    count = draw(st.integers(1, 8))
    lines = FORMATS[suffix](*(f"word{n}x here\nand there" for n in range(count))).split("\n")
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["drop", "double", "empty", "cut", "swap", "noise"]))
        line = lines[at]
        if change == "drop":
            lines[at : at + 1] = []
        elif change == "double":
            lines.insert(at, line)
        elif change == "empty":
            lines.insert(at, draw(st.sampled_from(["", " ", "\t"])))
        elif change == "cut":
            lines[at] = line[: draw(st.integers(0, len(line)))]
        elif change == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], line
        else:
            lines[at] = line + draw(st.text(max_size=8))
        lines = lines or [""]
    content = "\n".join(lines)
    return suffix, content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_no_word_is_lost_without_a_line_in_the_report(case: tuple[str, str]) -> None:
    suffix, content = case
    try:
        cues, report = read(content, suffix)
    except InputError:
        return
    said = " ".join(cue.text for cue in cues)
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if suffix == "vtt" and "-->" in "".join(lines[number : number + 1]):
            continue  # In WebVTT the line above the times is a name, whatever it says.
        for word in re.findall(r"word\dx", line):
            near = [finding for finding in report.refused if finding.line <= number]
            assert word in said or near, (word, number, report)


@given(st.binary(max_size=300), st.sampled_from(["srt", "vtt", "ass", "ssa"]), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_bytes_thrown_into_a_file_never_break_the_reader(noise: bytes, suffix: str, at: int) -> None:
    good = FORMATS.get(suffix, ass)("One two", "Three four", "Five six").encode()
    try:
        cues, report = read(good[:at] + noise + good[at:], suffix)
    except InputError as error:
        assert "S01E01" in str(error)
    else:
        assert report.read == len(cues) > 0

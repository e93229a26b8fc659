"""Subtitle files become cues, every one of them accounted for.

`pysubs2` reads times and text. What it would pass over or guess (a bad time, a missing number, a cue twice) is found
beforehand and after, and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from utils.errors import InputError
from utils.reading.cue_blocks import scan_subrip, scan_webvtt
from utils.reading.cue_checks import checked
from utils.reading.cues import MOST_CUES, Block, Cue, Scan
from utils.reading.markup import plain
from utils.reading.report import FileReport
from utils.reading.speech import SpokenLine
from utils.reading.substation import scan_substation
from utils.reading.textfiles import TextFile, read_text

__all__ = ["SUFFIXES", "Cue", "SpokenLine", "cues_of", "read_cues", "read_subtitles"]

SUFFIXES: Final = (".ass", ".srt", ".ssa", ".vtt")

_STAMP: Final = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}")
_COLON_IN_TEXT: Final = "\ue000"


def read_cues(path: Path) -> list[Cue]:
    """Read the cues of a subtitle file, as `read_subtitles` does."""
    return read_subtitles(path)[0]


def read_subtitles(path: Path, *, encoding: str | None = None) -> tuple[list[Cue], FileReport]:
    """Read a subtitle file.

    Args:
        path: A file with one of `SUFFIXES`; content that shows another of these formats is read as that one.
        encoding: What bytes are that no mark vouches for and that are neither UTF-8 nor UTF-16; None takes cp1252.

    Returns:
        Its cues by start time, and what was repaired and refused.

    Raises:
        InputError: If the file cannot be read, is too large, or holds no subtitles.
    """
    return cues_of(read_text(path, encoding=encoding))


def cues_of(file: TextFile) -> tuple[list[Cue], FileReport]:
    """Find the cues in a subtitle file that has been read; see `read_subtitles`."""
    form = _format(file)
    count = file.text.count("-->") if form in ("srt", "vtt") else file.text.count("Dialogue:")
    if count > MOST_CUES:
        raise InputError(
            f"{file.path} has {count:,} cues, more than the {MOST_CUES:,} that are read from one file; "
            "split it by episodes."
        )
    scan = {"srt": scan_subrip, "vtt": scan_webvtt}.get(form, scan_substation)(file.text)
    scan.repaired[:0] = file.repaired
    if form == "vtt" and not file.text.lstrip().startswith("WEBVTT"):
        scan.repair(1, "header", "read as WebVTT because the name says so")
    if form != file.path.suffix.lower()[1:]:
        scan.repair(1, "format", f"read as {form}")
    cues = checked(_parsed(scan), scan, ordered=form in ("srt", "vtt"))
    if not cues:
        why = f" (line {scan.refused[0].line}: {scan.refused[0].what})" if scan.refused else ""
        raise InputError(
            f"{file.path} is not a subtitle file or holds no subtitles{why}; repair it or take it out of the folder."
        )
    return cues, scan.report(file, form, len(cues))


def _format(file: TextFile) -> str:
    """The format that the content shows, else that of the name."""
    suffix, text = file.path.suffix.lower()[1:], file.text
    if text.lstrip().startswith("WEBVTT"):
        return "vtt"
    if "[Script Info]" in text[:10_000] or "[Events]" in text[:10_000]:
        return "ssa" if suffix == "ssa" else "ass"
    if suffix in ("ass", "ssa"):
        return "srt" if "-->" in text and "Dialogue:" not in text else suffix
    return suffix


def _parsed(scan: Scan) -> Iterator[tuple[Block, Cue]]:
    """Let pysubs2 read the blocks; those without words are refused."""
    import pysubs2

    # A number behind each block is taken for the next cue's, so that a number that is spoken stays.
    canonical = "".join(f"{block.times}\n{_masked(block.text)}\n\n0\n" for block in scan.blocks)
    events = pysubs2.SSAFile.from_string(canonical, "srt", keep_html_tags=True)
    for block, event in zip(scan.blocks, events, strict=True):
        if text := plain(event.text).replace(_COLON_IN_TEXT, ":"):
            yield block, Cue(event.start / 1000, event.end / 1000, text, block.voice)
        else:
            scan.refuse(block.line, "empty", "the cue has no text")


def _masked(text: str) -> str:
    """Hide two times in a line of text, which pysubs2 takes for those of a cue."""
    if text.count(":") > 3 and any(len(_STAMP.findall(line)) == 2 for line in text.split("\n")):
        return text.replace(":", _COLON_IN_TEXT)
    return text

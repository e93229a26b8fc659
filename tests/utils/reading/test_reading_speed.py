"""Hostile files are read to their end: what grows with the square of the size would hang here.

No time is compared, since other work on the machine changes it. At half a million characters anything worse than linear
takes minutes to hours, so that the guard against hanging tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from utils.errors import InputError
from utils.reading.speech import spoken_lines
from utils.reading.textfiles import to_text
from utils.series import CastMember, SeriesProfile
from utils.subtitles import cues_of
from utils.transcripts import turns_of

CAST = SeriesProfile(title="Test", cast=(CastMember(name="Mike"), CastMember(name="Eleven", aliases=("El",))))
TIMES = "1\n00:00:01,000 --> 00:00:02,000\n"
HOSTILE: dict[str, Callable[[int], str]] = {
    "digits": lambda size: TIMES + "9" * size,
    "digits in lines": lambda size: TIMES + "9\n" * (size // 2),
    "digits before a colon": lambda size: "9" * size + ":00:01,000 --> 00:00:02,000\nHi\n",
    "tags": lambda size: TIMES + "<i" * (size // 2),
    "tags in cues": lambda size: "\n\n".join([TIMES + "<i" * 4000] * (size // 8000)),
    "voices": lambda size: "\n\n".join([TIMES + "<v" + " " * 9000 + "x"] * (size // 9000)),
    "braces in cues": lambda size: "\n\n".join([TIMES + "{" * 9000] * (size // 9000)),
    "brackets in cues": lambda size: "\n\n".join([TIMES + "[(" * 4000] * (size // 8000)),
    "braces": lambda size: TIMES + "{" * (size // 2) + "}" * (size // 2),
    "blanks": lambda size: TIMES + " " * size + "x",
    "blank lines": lambda size: TIMES + "a" + "\n" * size + "b",
    "blanks in cues": lambda size: "\n\n".join([TIMES + "a" + " " * 9000 + "x"] * (size // 9000)),
    "numbers": lambda size: TIMES + "a\n\n" + "5\n\n" * (size // 3),
    "arrows": lambda size: "-->\n" * (size // 4),
    "times": lambda size: "0:0:1,0-->\n" * (size // 11),
    "colons": lambda size: TIMES + ":" * size + ">",
    "entities": lambda size: "\n\n".join([TIMES + "&#" + "9" * 9000 + ";"] * (size // 9000)),
}


def _finish(work: Callable[[], object]) -> None:
    try:
        work()
    except InputError as error:
        assert "S01E01" in str(error)


def _subtitles(content: str, suffix: str) -> Callable[[], object]:
    file = to_text(Path(f"S01E01.{suffix}"), content.encode())
    return lambda: spoken_lines(cues_of(file)[0], CAST)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("suffix", ["srt", "vtt", "ass"])
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_subtitles_are_read_to_the_end(name: str, suffix: str) -> None:
    content = HOSTILE[name]
    if suffix == "ass":
        event = "\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,"
        text = "[Events]" + event + content(200_000).replace("\n", event)
    else:
        text = content(500_000)
    _finish(_subtitles(text, suffix))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    ["A" + " " * 400_000 + "b", "[" * 400_000, "(" * 200_000 + ")" * 200_000, "9" * 500_000,
     "MIKE: a\n" + "b\n" * 150_000],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["txt", "csv"])
def test_hostile_transcripts_are_read_to_the_end(line: str, suffix: str) -> None:
    head = "name,line\nMike," if suffix == "csv" else "MIKE: Hello.\n\n"
    file = to_text(Path(f"S01E01.{suffix}"), (head + line).encode())
    _finish(lambda: turns_of(file, CAST))

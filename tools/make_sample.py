"""Turn the sample season's screenplays into the files that people really have: subtitles and a speaker transcript.

    python tools/make_sample.py            # writes subtitles/*.srt and transcripts/*.csv beside the screenplays

The screenplays are the work; the other two are made from them, with the roughness of real files: subtitles rarely say
who speaks, put two short speakers into one cue and wrap long lines; transcripts join consecutive lines of a speaker,
leave some names `Unknown` and miss a line now and then. Everything random is seeded by the episode, so that the result
never changes by itself (a test compares it).
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import random
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "series" / "stranger_things" / "sample"

READING_SPEED = 15.0  # characters a second, the usual upper bound for subtitles
WIDTH = 40  # characters a row, two rows a cue
OFF_SCREEN = re.compile(r"\((?:over radio|behind the door|through the door|from upstairs|off-screen)\)", re.IGNORECASE)
SPOKEN = re.compile(r"([A-Z][A-Z.' ]*): (.+)")


@dataclass
class Script:
    """The parts of a screenplay in order: scene headings, sounds and spoken lines."""

    parts: list[tuple[str, str, str]] = field(default_factory=list)  # kind, name, text


def read_script(text: str) -> Script:
    """Split a screenplay into ``scene``, ``sound`` and ``spoken`` parts."""
    script = Script()
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip() or row.startswith("# "):
            continue
        if row.startswith("## "):
            script.parts.append(("scene", "", row[3:]))
        elif row.startswith("["):
            script.parts.append(("sound", "", row.strip("[] ")))
        elif spoken := SPOKEN.fullmatch(row.strip()):
            script.parts.append(("spoken", spoken[1].title(), spoken[2]))
        else:
            raise SystemExit(f"line {number} is neither a heading, a [sound] nor NAME: words: {row!r}")
    return script


def _chunks(text: str) -> list[str]:
    """Cut a speech into cues of about equal length, at most two rows each."""
    cues = max(1, math.ceil(len(text) / (2 * WIDTH - 8)))
    pieces = textwrap.wrap(text, max(WIDTH, math.ceil(len(text) / cues) + 8), break_on_hyphens=False)
    rows = [textwrap.wrap(piece, WIDTH + 4, break_on_hyphens=False) for piece in pieces]
    return ["\n".join(part[start : start + 2]) for part in rows for start in range(0, len(part), 2)]


class _CueWriter:
    """Lays cues on the clock, and joins two short speakers into one cue now and then."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._clock = 8.0  # seconds
        self._held: tuple[float, float, str] | None = None
        self.cues: list[tuple[float, float, str]] = []

    def flush(self) -> None:
        """Write the cue that waits for a partner."""
        if self._held:
            self.cues.append(self._held)
        self._held = None

    def scene(self) -> None:
        """Leave a silence."""
        self.flush()
        self._clock += self._chance.uniform(7.0, 26.0)

    def sound(self, text: str) -> None:
        """Write a sound of two seconds."""
        self.flush()
        self.cues.append((self._clock + 0.3, self._clock + 2.3, f"[{text}]"))
        self._clock += self._chance.uniform(2.6, 4.2)

    def spoken(self, name: str, text: str) -> None:
        """Write a speech; one from off screen is marked with its speaker."""
        shown = OFF_SCREEN.sub("", text).strip()
        chunks = _chunks(shown if shown == text else f"[{name}] {shown}")
        for chunk in chunks:
            self._cue(chunk, alone=len(chunks) > 1)
        self._clock += self._chance.choice((0.0, 0.0, 0.1, 0.8, 1.6))

    def _cue(self, chunk: str, *, alone: bool) -> None:
        start, end = self._clock, self._clock + max(0.9, len(chunk) / READING_SPEED)
        self._clock = end + self._chance.uniform(0.05, 0.5)
        short = not alone and len(chunk) <= WIDTH - 2
        if self._held and short and start - self._held[1] < 0.6 and self._chance.random() < 0.5:
            self._held = (self._held[0], end, f"- {self._held[2]}\n- {chunk}")
            self.flush()
        else:
            self.flush()
            self._held = (start, end, chunk)
            if not short:
                self.flush()


def cues(script: Script, chance: random.Random) -> list[tuple[float, float, str]]:
    """Return start, end (seconds) and text of each cue."""
    writer = _CueWriter(chance)
    for kind, name, text in script.parts:
        if kind == "scene":
            writer.scene()
        elif kind == "sound":
            writer.sound(text)
        else:
            writer.spoken(name, text)
    writer.flush()
    return writer.cues


def _timecode(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"


def subtitles(script: Script, chance: random.Random) -> str:
    """Return the episode as SubRip text."""
    blocks = (
        f"{number}\n{_timecode(start)} --> {_timecode(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues(script, chance), start=1)
    )
    return "\n".join(blocks)


def transcript(script: Script, chance: random.Random) -> str:
    """Return the episode as a ``name,line`` table."""
    turns: list[tuple[str, str]] = []
    for kind, name, text in script.parts:
        if kind == "scene":
            turns.append(("", ""))
        if kind != "spoken" or chance.random() < 0.015:
            continue
        words = re.sub(r"\([^)]*\)\s*", "", text).strip()
        shown = "Unknown" if chance.random() < (0.12 if len(words) < 25 else 0.03) else name
        if turns and turns[-1][0] == shown and shown != "Unknown":
            turns[-1] = (shown, f"{turns[-1][1]} {words}")
        else:
            turns.append((shown, words))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("name", "line"))
    writer.writerows(turn for turn in turns if turn != ("", ""))
    return table.getvalue()


def build(screenplay: Path) -> dict[str, str]:
    """Return the files made from one screenplay: path below the sample folder -> text."""
    script = read_script(screenplay.read_text(encoding="utf-8"))
    return {
        f"subtitles/{screenplay.stem}.srt": subtitles(script, random.Random(f"{screenplay.stem} srt")),
        f"transcripts/{screenplay.stem}.csv": transcript(script, random.Random(f"{screenplay.stem} csv")),
    }


def main() -> None:
    """Write the subtitles and transcripts of every screenplay."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for screenplay in sorted((SAMPLE / "screenplay").glob("*.txt")):
        for name, text in build(screenplay).items():
            target = SAMPLE / name
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""What the readers of subtitle formats hand on: cues, and the blocks of a file that become cues."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from utils.reading.report import FileReport, Finding
from utils.reading.textfiles import TextFile

__all__ = ["LONGEST_CUE", "MOST_CUES", "Block", "Cue", "Scan"]

LONGEST_CUE: Final = 10_000  # characters
MOST_CUES: Final = 200_000  # an episode has about 700


class Cue(NamedTuple):
    """One subtitle.

    Attributes:
        start: Seconds.
        end: Seconds.
        text: Without markup; lines separated by newlines.
        voice: Who speaks according to a field of the file (ASS ``Name``), else empty.
    """

    start: float
    end: float
    text: str
    voice: str = ""


class Block(NamedTuple):
    """A cue as it stands in a file.

    Attributes:
        line: Number of the line of its times, from 1.
        times: ``HH:MM:SS,mmm --> HH:MM:SS,mmm``.
        text: With markup; no blank lines.
        voice: As in `Cue`.
        open: Whether it has no end of its own.
    """

    line: int
    times: str
    text: str
    voice: str = ""
    open: bool = False


@dataclass(slots=True)
class Scan:
    """What a reader found in a file: every cue of it is a block or a refusal."""

    blocks: list[Block] = field(default_factory=list)
    repaired: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)

    def repair(self, line: int, kind: str, what: str) -> None:
        """Note what was set right."""
        self.repaired.append(Finding(line, kind, what))

    def refuse(self, line: int, kind: str, what: str) -> None:
        """Note what cannot be used."""
        self.refused.append(Finding(line, kind, what))

    def refuse_repaired(self, first: int, what: str) -> None:
        """Refuse what was set right since there were this many repairs: it came to nothing."""
        for finding in self.repaired[first:]:
            self.refuse(finding.line, "stray text", what)
        del self.repaired[first:]

    def add(self, block: Block) -> bool:
        """Keep a block with text of a bearable length and return True, refuse others."""
        if len(block.text) > LONGEST_CUE:
            self.refuse(block.line, "too long", f"{len(block.text):,} characters are more than a cue's {LONGEST_CUE:,}")
        elif block.text:
            self.blocks.append(block)
            return True
        else:
            self.refuse(block.line, "empty", "the cue has no text")
        return False

    def report(self, file: TextFile, form: str, read: int, *, episode: str | None = None) -> FileReport:
        """Return what became of a file, findings in the order of their lines."""
        repaired, refused = (
            tuple(sorted(found, key=lambda finding: finding.line)) for found in (self.repaired, self.refused)
        )
        return FileReport(str(file.path), episode, form, file.encoding, file.guessed, read, repaired, refused)

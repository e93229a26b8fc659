"""What became of a file that was read: how many cues or turns came out, what was repaired, what was refused.

Every cue that a file holds is either read or refused with its line and the reason, so that nothing vanishes silently.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

__all__ = ["CHANGES", "FileReport", "Finding", "OnReport", "in_words", "warn"]

# Refusals that lose no words: the same words stand elsewhere, or there are none.
_WORDLESS: Final = frozenset({"duplicate", "drawing", "empty"})
# Each kind of finding, for people.
CHANGES: Final[Mapping[str, str]] = {
    "arrow": "the arrow between the times is misspelt",
    "bad time": "its times cannot be read",
    "blank line": "a blank line inside the cue",
    "columns": "fields missing",
    "drawing": "a drawing, no text",
    "duplicate": "the same times and words as a cue before it",
    "empty": "no text",
    "encoding": "characters that the encoding does not know",
    "end before start": "it ends before it begins",
    "format": "the content is of another format than the ending of the name",
    "header": "the first line is not WEBVTT",
    "hours over 99": "more than 99 hours",
    "line ends": "line ends that are lone carriage returns",
    "missing blank line": "no blank line before it",
    "missing end": "no end time",
    "missing index": "no number",
    "missing time": "no line of times",
    "order": "it begins before the cue above it",
    "overlap": "it begins while a cue before it is shown",
    "quotation mark": "a quotation mark that is never closed",
    "stray text": "text that belongs to no cue",
    "too long": "a cue of more than 10,000 characters",
    "truncated": "the file ends inside it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was wrong.

    Attributes:
        line: Number in the file, from 1.
        kind: A key of `CHANGES`.
        what: For a repair, how it was done; for a refusal, the reason.
    """

    line: int
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file, or of one episode of a file that holds several.

    Attributes:
        path: The file.
        episode: Label such as ``S01E03``, or None where the name holds none.
        format: ``srt``, ``vtt``, ``ass``, ``ssa``, ``dialogue csv``, ``transcript csv`` or ``screenplay``.
        encoding: As which the bytes were read.
        guessed: Whether nothing in the bytes vouches for that encoding.
        read: Cues or turns that came out.
        repaired: What was set right, and how.
        refused: What did not come out, and why.
        error: Why nothing of the file can be used, or None.
    """

    path: str
    episode: str | None = None
    format: str = ""
    encoding: str = ""
    guessed: bool = False
    read: int = 0
    repaired: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON takes them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FileReport:
        """Return the report that `as_dict` took apart."""
        found = {key: tuple(Finding(**each) for each in values[key]) for key in ("repaired", "refused")}
        return cls(**{**values, **found})

    @property
    def warnings(self) -> list[str]:
        """What a person must know even without asking: files passed over, guessed encodings, words left out."""
        said = [self.error] if self.error else []
        if self.guessed:
            said.append(
                f"{self.path} is neither UTF-8 nor UTF-16 and was read as {self.encoding}; "
                "give the right --encoding if accents look wrong."
            )
        lost = [finding for finding in self.refused if finding.kind not in _WORDLESS]
        if lost:
            said.append(
                f"{self.path}: {len(lost)} left out, first at line {lost[0].line} ({lost[0].what}); "
                "`hawkins inspect` lists them all."
            )
        return said


OnReport = Callable[[FileReport], object]


def warn(report: FileReport) -> None:
    """Issue the warnings of a report as Python warnings."""
    for said in report.warnings:
        warnings.warn(said, UserWarning, stacklevel=2)


def in_words(findings: tuple[Finding, ...]) -> list[str]:
    """Sum findings up by kind, most frequent first: ``3 × no number (first at line 12)``."""
    first = {finding.kind: finding for finding in reversed(findings)}
    counts = Counter(finding.kind for finding in findings)
    return [f"{count} × {CHANGES[kind]} (first at line {first[kind].line})" for kind, count in counts.most_common()]

"""Cues become spoken lines: one voice each, with its share of the time, and the sounds around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from utils.reading.cues import Cue
from utils.reading.labels import Labels
from utils.series import SeriesProfile

__all__ = ["SpokenLine", "spoken_lines"]


class SpokenLine(NamedTuple):
    """What one person says within one cue.

    Attributes:
        start: Seconds.
        end: Seconds.
        speaker: Who the subtitles say it is, or None.
        text: Spoken words only, on one line.
        direction: Sounds and stage directions since the line before, joined with ``; ``.
        cue: Number of its cue in the order of reading, from 0; voices of one cue share it. -1 where unknown.
    """

    start: float
    end: float
    speaker: str | None
    text: str
    direction: str
    cue: int = -1


def spoken_lines(cues: Sequence[Cue], series: SeriesProfile) -> list[SpokenLine]:
    """Turn the cues of an episode into what is said in it.

    A cue of several voices is split, its time shared in proportion to the length of what they say. Sounds join the
    directions of the next spoken line; those after the last line join that one.

    Args:
        cues: From `read_cues`, in order.
        series: For the names of the cast.
    """
    labels = Labels(cues, series)
    lines: list[SpokenLine] = []
    pending: list[str] = []
    for number, cue in enumerate(cues):
        voices: list[tuple[str | None, str, str]] = []
        for utterance in labels.utterances(cue.text):
            speaker, words, directions = labels.parse(utterance)
            pending += directions
            if words:
                voices.append((speaker or series.canonical(cue.voice), words, "; ".join(pending)))
                pending = []
        lines.extend(_timed(cue, number, voices))
    if pending and lines:
        last = lines[-1]
        lines[-1] = last._replace(direction="; ".join([last.direction, *pending] if last.direction else pending))
    return lines


def _timed(cue: Cue, number: int, voices: Sequence[tuple[str | None, str, str]]) -> Iterator[SpokenLine]:
    """Give each voice its share of the cue's time."""
    total = sum(len(words) for _, words, _ in voices)
    begin, said = cue.start, 0
    for speaker, words, direction in voices:
        said += len(words)
        end = cue.start + (cue.end - cue.start) * said / total
        yield SpokenLine(begin, end, speaker, words, direction, number)
        begin = end

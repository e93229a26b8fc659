"""Cues put in order: ends that cannot be, cues out of order, twice, or over each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from utils.reading.cues import Block, Cue, Scan

__all__ = ["checked"]

# For an end that is missing or lies before the beginning: people read about 15 characters a second.
_READING_SPEED: Final = 15
_SHORTEST: Final = 1.0  # seconds
_LONGEST: Final = 5.0


def checked(cues: Iterable[tuple[Block, Cue]], scan: Scan, *, ordered: bool) -> list[Cue]:
    """Sort cues by start, drop repetitions, give those an end that have none.

    Args:
        cues: In the order of the file, with the blocks they come from.
        scan: Where repairs and refusals are noted.
        ordered: Whether the format wants its cues in order, so that another order is worth a note.

    Returns:
        Cues by start time. Overlapping ones keep their times: people do speak at once.
    """
    pairs = list(cues)
    ranked = sorted(pairs, key=lambda pair: pair[1].start)
    if ordered and ranked != pairs:
        _note_order(pairs, scan)
    unique = _unique(ranked, scan)
    _note_overlaps(unique, scan)
    return [_ended(block, cue, index, unique, scan) for index, (block, cue) in enumerate(unique)]


def _note_order(pairs: list[tuple[Block, Cue]], scan: Scan) -> None:
    latest = 0.0
    for block, cue in pairs:
        if cue.start < latest:
            scan.repair(block.line, "order", "sorted by its start")
        latest = max(latest, cue.start)


def _note_overlaps(pairs: list[tuple[Block, Cue]], scan: Scan) -> None:
    """Note each cue that begins before all those above it have ended."""
    latest = 0.0
    for block, cue in pairs:
        if cue.start < latest:
            seconds = min(latest, max(cue.end, cue.start)) - cue.start
            scan.repair(block.line, "overlap", f"both keep their times, {seconds:.1f} s of them in common")
        latest = max(latest, cue.end)


def _unique(pairs: list[tuple[Block, Cue]], scan: Scan) -> list[tuple[Block, Cue]]:
    seen: dict[Cue, int] = {}
    kept = []
    for block, cue in pairs:
        first = seen.setdefault(cue, block.line)
        if first == block.line:
            kept.append((block, cue))
        else:
            scan.refuse(block.line, "duplicate", f"the same as the cue of line {first}")
    return kept


def _ended(block: Block, cue: Cue, index: int, pairs: list[tuple[Block, Cue]], scan: Scan) -> Cue:
    """Return the cue with an end that can be."""
    if cue.end > cue.start or (cue.end == cue.start and not block.open):
        return cue
    length = min(max(len(cue.text) / _READING_SPEED, _SHORTEST), _LONGEST)
    following = pairs[index + 1][1].start if index + 1 < len(pairs) else cue.start
    end = min(cue.start + length, following) if following > cue.start else cue.start + length
    if not block.open:
        scan.repair(block.line, "end before start", f"its end was set {end - cue.start:.1f} s behind its start")
    return cue._replace(end=round(end, 3))

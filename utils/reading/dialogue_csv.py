"""The dialogue csv: subtitles of a season as a table, one row a cue.

Columns ``season, episode, raw_text, start_time, end_time`` and others that are not read: a ``dialogue`` column, where
there is one, has lost its hyphens.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from utils.episodes import Episode
from utils.errors import InputError
from utils.reading.csv_rows import columns_of, read_rows
from utils.reading.cue_checks import checked
from utils.reading.cues import LONGEST_CUE, MOST_CUES, Block, Cue, Scan
from utils.reading.markup import plain
from utils.reading.report import FileReport
from utils.reading.textfiles import TextFile
from utils.reading.timecodes import FARTHEST, milliseconds

__all__ = ["is_dialogue_csv", "read_dialogue_csv"]

_NEEDED: Final = ("season", "episode", "raw_text", "start_time", "end_time")
_NUMBER: Final = re.compile(r"\s*(\d{1,4})(?:\.0)?\s*")
# "-Who? -Me." stands on one line here, where subtitles have two.
_SECOND_VOICE: Final = re.compile(r" (?=-[^\s-])")


def is_dialogue_csv(file: TextFile) -> bool:
    """Whether the first line names the columns."""
    return set(_NEEDED) <= set(columns_of(file))


def read_dialogue_csv(file: TextFile) -> dict[Episode, tuple[list[Cue], FileReport]]:
    """Read the cues of every episode, in broadcast order.

    What cannot be counted to an episode is refused in the report of the first.

    Raises:
        InputError: If no row can be used, or there are too many.
    """
    scans: dict[Episode, Scan] = defaultdict(Scan)
    found: dict[Episode, list[tuple[Block, Cue]]] = defaultdict(list)
    stray = Scan(repaired=list(file.repaired))
    rows = read_rows(file, stray)
    columns = [column.strip().casefold() for column in next(rows, (0, []))[1]]
    for number, (line, row) in enumerate(rows):
        if number >= MOST_CUES:
            raise InputError(f"{file.path} has more than the {MOST_CUES:,} cues that are read; split it by episodes.")
        values = dict(zip(columns, row, strict=False))
        episode = _episode(values)
        if len(values) < len(columns) or episode is None:
            stray.refuse(line, "columns", "fields are missing, or season and episode are no numbers")
        elif pair := _cue(line, values, scans[episode]):
            found[episode].append(pair)
    if not found:
        raise InputError(f"{file.path} holds no cues that can be used; look at its times, seasons and episodes.")
    reports = {episode: _report(file, episode, found[episode], scans[episode]) for episode in sorted(scans)}
    return _with_strays(reports, stray)


def _episode(values: Mapping[str, str]) -> Episode | None:
    season, episode = (_NUMBER.fullmatch(values.get(column, "")) for column in ("season", "episode"))
    return Episode(int(season[1]), int(episode[1])) if season and episode else None


def _cue(line: int, values: Mapping[str, str], scan: Scan) -> tuple[Block, Cue] | None:
    start, end = milliseconds(values["start_time"].strip()), milliseconds(values["end_time"].strip())
    text = values["raw_text"].strip()
    times = f"'{values['start_time'][:20]}' and '{values['end_time'][:20]}'"
    is_open = not values["end_time"].strip() and start is not None
    if start is None or (end is None and not is_open):
        scan.refuse(line, "bad time", f"{times} are no pair of times")
    elif max(start, end or 0) >= FARTHEST:
        scan.refuse(line, "hours over 99", f"{times} lie beyond 99 hours")
    elif len(text) > LONGEST_CUE:
        scan.refuse(line, "too long", f"{len(text):,} characters are more than a cue's {LONGEST_CUE:,}")
    elif not (said := plain(_SECOND_VOICE.sub("\n", text) if text.startswith("-") else text)):
        scan.refuse(line, "empty", "the cue has no text")
    else:
        if end is None:
            scan.repair(line, "missing end", "its end was set")
            end = start
        return Block(line, "", text, open=is_open), Cue(start / 1000, end / 1000, said)
    return None


def _report(
    file: TextFile, episode: Episode, pairs: list[tuple[Block, Cue]], scan: Scan
) -> tuple[list[Cue], FileReport]:
    cues = checked(pairs, scan, ordered=False)
    return cues, scan.report(file, "dialogue csv", len(cues), episode=str(episode))


def _with_strays(
    found: dict[Episode, tuple[list[Cue], FileReport]], stray: Scan
) -> dict[Episode, tuple[list[Cue], FileReport]]:
    first = next(iter(found))
    cues, report = found[first]
    repaired, refused = (*stray.repaired, *report.repaired), (*stray.refused, *report.refused)
    return found | {first: (cues, replace(report, repaired=repaired, refused=refused))}

"""Dialogue csvs that others publish: one file by its address, or one that lies here, checked before it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.attribution import require_ours, write_attribution
from crawler.keeping import Folder
from crawler.plan import Plan
from crawler.process import Step, run_plan
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError
from utils.reading.dialogue_csv import is_dialogue_csv, read_dialogue_csv
from utils.reading.textfiles import read_bytes, to_text

__all__ = ["Dialogue", "keep_dialogue"]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What was kept.

    Attributes:
        out: The csv.
        episodes: Episodes in it, in order, as ``S01E01``.
        cues: Lines that can be used.
        refused: Rows that cannot.
    """

    out: Path
    episodes: tuple[str, ...]
    cues: int
    refused: int


def keep_dialogue(
    source: Path | Plan,
    out: Path,
    *,
    notice: str = "",
    on_step: Callable[[Step], object] = lambda _: None,
    on_stop: Callable[[], object] = lambda: None,
) -> Dialogue:
    """Take a dialogue csv and write it, if it is one, beside a note of where it is from.

    Args:
        source: A file, or a plan to fetch one (kind ``file``).
        out: Where it goes.
        notice: Whose it is and how it may be used, for the note.
        on_step: Called with how far it is.
        on_stop: Called when it is being interrupted.

    Raises:
        InputError: If it cannot be fetched or holds no dialogue; nothing is written.
        Interrupted: If it was stopped.
    """
    if out.suffix.lower() != ".csv":
        raise InputError(f"{out} does not end in .csv; give --out the name of a csv.")
    if out.is_dir():
        raise InputError(f"{out} is a folder; give --out the name of a file.")
    require_ours(out.parent)
    if isinstance(source, Plan):
        prepare_folder(out.parent)
        folder = Folder(Path(source.folder))
        with folder.held() as lock:
            run_plan(source, lock=lock, on_step=on_step, on_stop=on_stop)
            data, named = read_bytes(folder.path / "file"), source.site
            folder.finished()
    else:
        data, named = read_bytes(source), str(source)
    return _checked(data, named, out, notice)


def _checked(data: bytes, named: str, out: Path, notice: str) -> Dialogue:
    file = to_text(Path(named), data)
    if not is_dialogue_csv(file):
        raise InputError(
            f"{named} is no dialogue csv; its first row must name season, episode, raw_text, start_time, end_time."
        )
    found = read_dialogue_csv(file)
    prepare_folder(out.parent)
    atomic_write(out, lambda path: path.write_bytes(data))
    _note(out, named, notice)
    return Dialogue(
        out=out,
        episodes=tuple(map(str, found)),
        cues=sum(len(cues) for cues, _ in found.values()),
        refused=sum(len(report.refused) for _, report in found.values()),
    )


def _note(out: Path, named: str, notice: str) -> None:
    row: dict[str, Any] = {
        "file": out.name,
        "url": named,
        "revision": None,
        "licence": notice,
        "attribution": f"{out.name}, taken from {named}",
    }
    note = out.with_suffix(".source.jsonl")
    atomic_write(note, lambda path: path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8"))
    write_attribution(out.parent)

"""Rows to files, each whole or not at all."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from crawler.attribution import sourced_rows
from utils.artifacts import atomic_write, prepare_folder
from utils.door import one_line
from utils.errors import InputError

__all__ = ["require_free", "write_rows", "write_transcripts"]

_SOURCES: Final = "sources.jsonl"
_EPISODE: Final = re.compile(r"S\d+E\d+\.csv")


def write_rows(out: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as JSON Lines; return how many."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    atomic_write(out, lambda path: path.write_text("".join(lines), encoding="utf-8"))
    return len(lines)


def require_free(out: Path) -> None:
    """Make sure that a folder for transcripts holds none but those of crawls.

    Raises:
        InputError: Naming one that somebody else wrote.
    """
    known = _sources(out)
    for path in sorted(out.glob("*.csv")):
        if _EPISODE.fullmatch(path.name) and path.name not in known:
            raise InputError(f"{path} was not written by a crawl and could be lost; give --out another folder.")


def _sources(out: Path) -> dict[str, Mapping[str, Any]]:
    path = out / _SOURCES
    return {str(row.get("file")): row for row in sourced_rows(path)} if path.is_file() else {}


def write_transcripts(out: Path, rows: Iterable[Mapping[str, Any]], skipped: dict[str, str]) -> int:
    """Write a file an episode, and where each is from; of two pages of one episode the first.

    Args:
        out: The folder.
        rows: From `crawler.parsing.transcripts`, in the order that decides between two pages.
        skipped: Takes the addresses of those that cannot be used, with the reason.

    Returns:
        How many were written.

    Raises:
        InputError: If none can be used; nothing is written.
    """
    kept: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        episode = row["episode"]
        if not episode:
            skipped[row["url"]] = "it does not say which season and episode it is"
        elif kept.setdefault(episode, row) is not row:
            skipped[row["url"]] = f"{episode} was taken from {kept[episode]['url']}"
    if not kept:
        url, reason = next(iter(skipped.items()))
        raise InputError(one_line(f"No transcript can be used: {url}: {reason}. Nothing was written."))
    prepare_folder(out)
    facts = ("title", "url", "revision", "licence", "attribution")
    # What an earlier crawl left here keeps its source. Sources come first: no file is ever without one.
    sources = {name: row for name, row in _sources(out).items() if (out / name).is_file()}
    sources |= {(name := f"{e}.csv"): {"file": name, **{fact: row[fact] for fact in facts}} for e, row in kept.items()}
    write_rows(out / _SOURCES, (sources[name] for name in sorted(sources)))
    for episode, row in kept.items():
        atomic_write(out / f"{episode}.csv", partial(_write_csv, row["rows"]))
    return len(kept)


def _write_csv(rows: Iterable[Iterable[str]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "line"))
        writer.writerows(rows)

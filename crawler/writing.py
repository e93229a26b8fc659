"""Rows to files, each whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from utils.artifacts import atomic_write, prepare_folder
from utils.door import one_line
from utils.errors import InputError

__all__ = ["write_rows", "write_transcripts"]


def write_rows(out: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as JSON Lines; return how many."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    atomic_write(out, lambda path: path.write_text("".join(lines), encoding="utf-8"))
    return len(lines)


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
    for episode, row in kept.items():
        atomic_write(out / f"{episode}.csv", partial(_write_csv, row["rows"]))
    facts = ("title", "url", "revision", "licence", "attribution")
    write_rows(out / "sources.jsonl", ({"file": f"{e}.csv", **{k: row[k] for k in facts}} for e, row in kept.items()))
    return len(kept)


def _write_csv(rows: Iterable[Iterable[str]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "line"))
        writer.writerows(rows)

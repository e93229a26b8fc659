"""``ATTRIBUTION.md``: whose the collected texts are, written beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from utils.artifacts import atomic_write
from utils.errors import InputError

__all__ = ["FILE", "attribution_text", "require_ours", "sourced_rows", "write_attribution"]

FILE: Final = "ATTRIBUTION.md"
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#!|~&$])")
_HEAD: Final = """# Whose these texts are

Collected with `hawkins crawl`. The texts were shortened: notices, footnotes, tables and markup were left out. Share
them, and what is made of them, only as their licences allow.
"""


def require_ours(folder: Path) -> None:
    """Make sure that the page is written over none that somebody else wrote.

    Raises:
        InputError: If there is such a page.
    """
    page = folder / FILE
    if page.exists() and not page.read_text(encoding="utf-8", errors="replace").startswith(_HEAD.splitlines()[0]):
        raise InputError(f"{page} was not written by a crawl and would be lost; give --out another folder.")


def write_attribution(folder: Path) -> Path:
    """Write the page for all data in a folder whose rows say where they are from.

    Args:
        folder: Holds ``*.jsonl`` that crawls wrote.

    Returns:
        The page.
    """
    found = {path.name: rows for path in sorted(folder.glob("*.jsonl")) if (rows := list(sourced_rows(path)))}
    page = folder / FILE
    atomic_write(page, lambda path: path.write_text(attribution_text(found), encoding="utf-8"))
    return page


def sourced_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a file that say where they are from."""
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row.get("url") and row.get("attribution"):
            yield row


def attribution_text(files: Mapping[str, Iterable[Mapping[str, Any]]]) -> str:
    """Return the page as Markdown; everything from the web is escaped.

    Args:
        files: The rows of each file, with ``url``, ``revision``, ``licence``, ``attribution``.
    """
    parts = [_HEAD]
    for name, rows in files.items():
        parts.append(f"\n## {_escaped(name)}\n")
        licences: dict[str, list[str]] = {}
        for row in rows:
            licences.setdefault(str(row.get("licence") or ""), []).append(_line(row))
        for licence, lines in licences.items():
            said = (
                f"Licence, as the source states it: {_escaped(licence)}"
                if licence
                else "The source states no licence: ask before you share."
            )
            parts.append(f"\n{said}\n\n" + "\n".join(lines) + "\n")
    return "".join(parts)


def _line(row: Mapping[str, Any]) -> str:
    revision = f", revision {_escaped(str(row['revision']))}" if row.get("revision") else ""
    return f"- {_escaped(str(row['attribution']))}{revision}"


def _escaped(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return _SPECIAL.sub(r"\\\1", " ".join(plain.split()))

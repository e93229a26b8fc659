"""The review file: what the rules propose for each row, and the column in which a person has the last word.

It is a csv that any spreadsheet opens. Made anew, it keeps every word that a person wrote into it, also for rows that
the data no longer hold.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from text_classification.labelling import NAME, TEXT, TYPE
from utils.artifacts import atomic_write
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_LABEL", "apply_review", "read_review", "write_review"]

NO_LABEL: Final = "-"
"""What a person writes for a row that shall have no label."""

_COLUMNS: Final = ("key", "name", "type", "text", "proposed", "rule", "your_label")
_LONGEST: Final = 160


def _keys(table: pd.DataFrame) -> list[str]:
    """What a row is known by: its name, or else its description, since a crawl made anew has other words."""
    rows = zip(table[NAME], table[TEXT], strict=True)
    return [hashlib.sha256((name or text).encode()).hexdigest()[:12] for name, text in rows]


def read_review(path: Path, kinds: Collection[str]) -> dict[str, dict[str, str]]:
    """Read the rows of a review file into which a person wrote, by their keys.

    Args:
        path: The csv; a file that is not there holds nothing.
        kinds: What a person may write, besides `NO_LABEL`.

    Raises:
        InputError: If it is no review file, or a label is unknown.
    """
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The review file {path} cannot be read ({error}); save it as csv in UTF-8.") from None
    reader = csv.DictReader(StringIO(text, newline=""))
    if missing := {"key", "your_label"} - set(reader.fieldnames or ()):
        raise InputError(f"{path} is no review file: it lacks the column {min(missing)}; give another --review.")
    known = {kind.casefold(): kind for kind in kinds} | {NO_LABEL: NO_LABEL}
    edited = {}
    for row in reader:
        word = (row["your_label"] or "").strip()
        if not word:
            continue
        if word.casefold() not in known:
            hint = did_you_mean(word, list(kinds)) or f" Write {', '.join(kinds)} or {NO_LABEL}."
            raise InputError(f"{path}, line {reader.line_num}: there is no label '{word}'.{hint}")
        edited[row["key"]] = {column: row.get(column) or "" for column in _COLUMNS} | {
            "your_label": known[word.casefold()]
        }
    return edited


def apply_review(labelled: pd.DataFrame, edited: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Let a person's words stand above the rules.

    Args:
        labelled: From `text_classification.label_locations`.
        edited: From `read_review`.

    Returns:
        A copy in which ``kind`` is final, with ``decided_by``: ``person``, ``rule``, or empty without a label.
    """
    kinds, deciders = [], []
    for key, proposed in zip(_keys(labelled), labelled["kind"], strict=True):
        said = edited[key]["your_label"] if key in edited else None
        kinds.append(proposed if said is None else "" if said == NO_LABEL else said)
        deciders.append("person" if said is not None else "rule" if proposed else "")
    return labelled.assign(kind=kinds, decided_by=deciders)


def write_review(labelled: pd.DataFrame, edited: Mapping[str, Mapping[str, str]], path: Path) -> None:
    """Write the review file: rows without a label first, because they need a person most.

    Args:
        labelled: From `text_classification.label_locations`.
        edited: What a person wrote; it is kept, also for rows that ``labelled`` lacks.
        path: The csv.
    """
    columns = labelled[[NAME, TYPE, TEXT, "kind", "rule"]].itertuples(index=False, name=None)
    rows = [_row(key, row, edited) for key, row in zip(_keys(labelled), columns, strict=True)]
    rows = [row for row in dict.fromkeys(rows) if row[1] or row[3]]
    held = {row[0] for row in rows}
    rows.sort(key=lambda row: bool(row[4]))
    rows += [tuple(row[column] for column in _COLUMNS) for key, row in edited.items() if key not in held]
    atomic_write(path, lambda temporary: temporary.write_text(_as_csv(rows), encoding="utf-8", newline=""))


def _row(key: str, row: tuple[str, ...], edited: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    name, kind_of_thing, text, proposed, rule = row
    beginning = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    said = edited[key]["your_label"] if key in edited else ""
    return key, name, kind_of_thing, beginning, proposed, rule, said


def _as_csv(rows: Sequence[Sequence[str]]) -> str:
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return out.getvalue()

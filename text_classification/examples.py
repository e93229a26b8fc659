"""Labelled texts from a jsonl or csv file, checked before anything slow begins."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from utils.errors import InputError
from utils.tables import require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Examples", "read_examples", "read_rows"]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Texts with their classes.

    Attributes:
        texts: One a row.
        classes: Index into ``labels``, one a row.
        labels: The classes' names, sorted.
        skipped: Rows of the file without text or without label.
    """

    texts: tuple[str, ...]
    classes: tuple[int, ...]
    labels: tuple[str, ...]
    skipped: int


def _read_jsonl(path: Path) -> pd.DataFrame:
    import pandas as pd

    rows: list[Mapping[str, object]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number} is not valid JSON: {error}.") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number} must be a JSON object with one key a column.")
        rows.append(row)
    return pd.DataFrame(rows)


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype="string", keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a readable csv: {str(error).strip()}.") from None


_READERS = {".jsonl": _read_jsonl, ".csv": _read_csv}


def read_rows(path: Path) -> pd.DataFrame:
    """Read a table of rows.

    Args:
        path: A file of one JSON object a line (``.jsonl``), or a ``.csv`` with a header; UTF-8.

    Raises:
        InputError: If it is missing or unreadable.
    """
    if path.suffix.lower() not in _READERS:
        raise InputError(f"{path} must end in {' or '.join(_READERS)}.")
    if not path.is_file():
        raise InputError(f"The file {path} does not exist.")
    try:
        return _READERS[path.suffix.lower()](path)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None


def _require_enough(path: Path, column: str, labels: Iterable[str]) -> None:
    counts = Counter(labels)
    if len(counts) < 2:
        have = f"only '{next(iter(counts))}'" if counts else "none"
        raise InputError(f"{path}: a classifier needs rows of two classes at least; column '{column}' has {have}.")
    label, rows = min(counts.items(), key=lambda item: (item[1], item[0]))
    if rows < 2:
        raise InputError(f"{path}: class '{label}' has only one row; every class needs two, one of them to check.")


def read_examples(path: Path, *, text_column: str, label_column: str) -> Examples:
    """Read labelled texts.

    Args:
        path: A file of one JSON object a line (``.jsonl``), or a ``.csv`` with a header; UTF-8.
        text_column: Where the text stands.
        label_column: Where its class stands.

    Returns:
        Rows that have both, in the order of the file.

    Raises:
        InputError: If the file is missing or unreadable, lacks a column, or holds too little to learn from.
    """
    table = read_rows(path)
    require_columns(table, (text_column, label_column), name=path.name)
    columns = [table[column].fillna("").astype(str).str.strip() for column in (text_column, label_column)]
    pairs = [(text, label) for text, label in zip(*columns, strict=True) if text and label]
    _require_enough(path, label_column, (label for _, label in pairs))
    labels = tuple(sorted({label for _, label in pairs}))
    return Examples(
        texts=tuple(text for text, _ in pairs),
        classes=tuple(labels.index(label) for _, label in pairs),
        labels=labels,
        skipped=len(table) - len(pairs),
    )

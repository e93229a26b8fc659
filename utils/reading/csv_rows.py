"""Rows of a csv with the numbers of their lines, even where a quotation mark is never closed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from utils.errors import InputError
from utils.reading.cues import Scan
from utils.reading.textfiles import TextFile

__all__ = ["columns_of", "read_rows"]

_HEADER_LENGTH: Final = 10_000


def read_rows(file: TextFile, scan: Scan) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its first line.

    A quotation mark that is never closed would swallow the rest of the file; each line behind it is read by itself.

    Raises:
        InputError: If a field is longer than the csv module reads (131,072 characters).
    """
    lines = [f"{line}\n" for line in file.text.split("\n")]
    rows = csv.reader(lines, skipinitialspace=True)
    while True:
        begin = rows.line_num
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise InputError(
                f"{file.path} is not a readable csv ({error}, line {begin + 1}); look for an unclosed quotation mark."
            ) from None
        if row is None:
            return
        if rows.line_num == len(lines) and rows.line_num > begin + 1 and not _closed(lines[begin:]):
            scan.repair(begin + 1, "quotation mark", "each line from here on was read by itself")
            yield from _one_by_one(lines[begin:], begin)
        elif any(map(str.strip, row)):
            yield begin + 1, row


def _closed(lines: Iterable[str]) -> bool:
    try:
        list(csv.reader(lines, skipinitialspace=True, strict=True))
    except csv.Error as error:
        return "unexpected end" not in str(error)
    return True


def _one_by_one(lines: Iterable[str], begin: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=begin + 1):
        if line.strip():
            yield number, next(csv.reader([line], skipinitialspace=True))


def columns_of(file: TextFile) -> list[str]:
    """Return the names of the columns in lower case; none if the first line is no header."""
    header = file.text.lstrip()[:_HEADER_LENGTH].partition("\n")[0]
    return [column.strip().casefold() for column in next(csv.reader([header], skipinitialspace=True), [])]

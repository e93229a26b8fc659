"""Rows of a csv with the numbers of their lines, even where a quotation mark is never closed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Final

from utils.errors import InputError
from utils.reading.cues import Scan
from utils.reading.textfiles import TextFile

__all__ = ["columns_of", "read_rows"]

_HEADER_LENGTH: Final = 10_000
# A quotation mark that closes later than this was never meant to.
_LONGEST_ROW: Final = 50


def read_rows(file: TextFile, scan: Scan) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its first line.

    A quotation mark that is never closed would swallow the rows behind it, up to the next mark: where a row of several
    lines is none by the rules of the format (RFC 4180), its first line is read by itself.

    Raises:
        InputError: If a field is longer than the csv module reads (131,072 characters).
    """
    lines = [f"{line}\n" for line in file.text.split("\n")]
    begin = 0
    while begin < len(lines):
        window = lines[begin : begin + _LONGEST_ROW]
        rows = csv.reader(window, skipinitialspace=True)
        try:
            row = next(rows)
        except csv.Error as error:
            raise InputError(
                f"{file.path} is not a readable csv ({error}, line {begin + 1}); look for an unclosed quotation mark."
            ) from None
        length = rows.line_num
        if length > 1 and not _is_sound(window[:length]):
            scan.repair(begin + 1, "quotation mark", "its line was read by itself")
            row, length = next(csv.reader(window[:1], skipinitialspace=True)), 1
        if any(map(str.strip, row)):
            yield begin + 1, row
        begin += length


def _is_sound(lines: Sequence[str]) -> bool:
    try:
        list(csv.reader(lines, skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return True


def columns_of(file: TextFile) -> list[str]:
    """Return the names of the columns in lower case; none if the first line is no header."""
    header = file.text.lstrip()[:_HEADER_LENGTH].partition("\n")[0]
    return [column.strip().casefold() for column in next(csv.reader([header], skipinitialspace=True), [])]

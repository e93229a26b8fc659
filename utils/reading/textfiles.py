"""Text files of any encoding: bytes in, lines out, and what had to be guessed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from utils.errors import InputError
from utils.reading.report import Finding

__all__ = ["LARGEST_FILE", "TextFile", "check_encoding", "read_bytes", "read_head", "read_text", "to_text"]

LARGEST_FILE: Final = 20_000_000  # bytes; an episode's subtitles have about 50,000
FALLBACK: Final = "cp1252"
_HEAD: Final = 10_000  # bytes

# The mark of UTF-32 begins with that of UTF-16, so it is tried first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    r"""A file as text.

    Attributes:
        path: Where it lies.
        text: With ``\n`` as its only line end and without a byte-order mark.
        encoding: As which it was read.
        guessed: Whether nothing in the bytes vouches for the encoding.
        repaired: Lone carriage returns, and characters that could not be read.
    """

    path: Path
    text: str
    encoding: str
    guessed: bool = False
    repaired: tuple[Finding, ...] = ()


def check_encoding(encoding: str | None) -> str | None:
    """Return the encoding's own name.

    Raises:
        InputError: If Python knows no such text encoding.
    """
    if encoding is None:
        return None
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise InputError(f"There is no encoding '{encoding}'; give one such as cp1252, cp1250 or latin-1.") from None
    # The mark of `rot13` and `hex`, which make no text of bytes.
    if not getattr(found, "_is_text_encoding", True):
        raise InputError(f"'{encoding}' is no encoding of text; give one such as cp1252, cp1250 or latin-1.")
    return found.name


def read_bytes(path: Path) -> bytes:
    """Read a file that is small enough to hold an episode or a season.

    Raises:
        InputError: If it cannot be read, or is larger than `LARGEST_FILE`.
    """
    data = _first_bytes(path, LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise InputError(f"{path} is larger than 20 MB, too large for subtitles; take it out or split it.")
    return data


def _first_bytes(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path and its rights.") from None


def read_head(path: Path) -> TextFile:
    """Read the first line or so of a file, to see what it is.

    Raises:
        InputError: If it cannot be read.
    """
    return to_text(path, _first_bytes(path, _HEAD))


def read_text(path: Path, *, encoding: str | None = None) -> TextFile:
    """Read a text file whatever its encoding (`to_text` says how it is found).

    Raises:
        InputError: If the file cannot be read, is too large, or there is no such encoding.
    """
    return to_text(path, read_bytes(path), encoding=check_encoding(encoding))


def to_text(path: Path, data: bytes, *, encoding: str | None = None) -> TextFile:
    """Decode the bytes of a file.

    A byte-order mark decides; then many zero bytes mean UTF-16; then UTF-8 if it is valid; else ``encoding``, and
    without one cp1252, the usual one of old subtitles.

    Args:
        path: For messages.
        data: What the file holds.
        encoding: From `check_encoding`.
    """
    text, used, guessed, broken = _decode(data, encoding)
    repaired = [broken] if broken else []
    text = text.lstrip("\ufeff")
    if "\r" in text:
        # Some programs write \r\r\n, which is one line end.
        text = text.replace("\r\r\n", "\r\n").replace("\r\n", "\n")
        if lone := text.count("\r"):
            line = text.count("\n", 0, text.index("\r")) + 1
            repaired.append(Finding(line, "line ends", f"{lone:,} lone carriage returns were read as line ends"))
            text = text.replace("\r", "\n")
    return TextFile(path, text, used, guessed, tuple(repaired))


def _decode(data: bytes, encoding: str | None) -> tuple[str, str, bool, Finding | None]:
    """The text, the encoding, whether that was guessed, and what it could not read."""
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], marked, guessed=False)
    if 10 * data.count(0) > len(data):  # UTF-16 without a mark: zero bytes stand first in big-endian order.
        big = data[::2].count(0) > data[1::2].count(0)
        return _lenient(data, "utf-16-be" if big else "utf-16-le", guessed=False)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError:
        return _lenient(data, encoding or FALLBACK, guessed=encoding is None)
    if not decoder.getstate()[0]:
        return text, "utf-8", False, None
    if text.isascii():  # One byte at the end is all that is not ASCII: more likely a letter than half of one.
        return _lenient(data, encoding or FALLBACK, guessed=encoding is None)
    return text, "utf-8", False, Finding(text.count("\n") + 1, "encoding", "the file ends inside a character")


def _lenient(data: bytes, encoding: str, *, guessed: bool) -> tuple[str, str, bool, Finding | None]:
    text = data.decode(encoding, errors="replace")
    if "\ufffd" not in text:
        return text, encoding, guessed, None
    count, line = text.count("\ufffd"), text.count("\n", 0, text.index("\ufffd")) + 1
    return (
        text,
        encoding,
        guessed,
        Finding(line, "encoding", f"{count:,} characters are no {encoding} and became \ufffd"),
    )

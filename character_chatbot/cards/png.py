"""PNG files as the chunks that they consist of, and the cards in their text chunks.

Nothing is decoded but text: https://www.w3.org/TR/png-3/ (5 Datastream structure, 11.3.3 Textual information).
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from utils.errors import InputError

__all__ = ["SIGNATURE", "Chunk", "card_texts", "read_chunks", "with_cards", "write_chunks"]

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
LONGEST_TEXT: Final = 16_000_000
"""Bytes of a card's text."""
MOST_PIXELS: Final = 64_000_000

CARD_KEYS: Final = ("ccv3", "chara")  # the newer one first
_TEXT: Final = (b"tEXt", b"zTXt", b"iTXt")
_HEAD: Final = struct.Struct(">I4s")


@dataclass(frozen=True)
class Chunk:
    """One chunk.

    Attributes:
        kind: Four letters, such as ``IHDR``.
        data: Without length and checksum.
    """

    kind: bytes
    data: bytes


def read_chunks(data: bytes, *, source: str) -> list[Chunk]:
    """Cut a PNG file into its chunks.

    Args:
        data: The file.
        source: What to call it in a message.

    Raises:
        InputError: If it is no PNG, cut short, damaged, or a picture beyond `MOST_PIXELS`.
    """
    if not data.startswith(SIGNATURE):
        raise InputError(f"{source} is no PNG file.")
    chunks: list[Chunk] = []
    at = len(SIGNATURE)
    while not chunks or chunks[-1].kind != b"IEND":
        if at + _HEAD.size > len(data):
            raise InputError(f"{source} is cut short; fetch it again.")
        size, kind = _HEAD.unpack_from(data, at)
        body, at = data[at + _HEAD.size : at + _HEAD.size + size], at + _HEAD.size + size + 4
        if at > len(data):
            raise InputError(f"{source} is cut short; fetch it again.")
        if zlib.crc32(kind + body) != int.from_bytes(data[at - 4 : at], "big"):
            raise InputError(f"{source} is damaged (its {kind.decode('latin-1')!r} part); fetch it again.")
        chunks.append(Chunk(kind, body))
    _require_picture(chunks[0], source)
    return chunks


def _require_picture(first: Chunk, source: str) -> None:
    if first.kind != b"IHDR" or len(first.data) != 13:
        raise InputError(f"{source} is damaged: it does not begin as a PNG picture; fetch it again.")
    width, height = struct.unpack_from(">II", first.data)
    if not 0 < width * height <= MOST_PIXELS:
        raise InputError(
            f"{source} is a picture of {width:,} x {height:,} points; {MOST_PIXELS:,} points are the most, so make it "
            "smaller."
        )


def write_chunks(chunks: Iterable[Chunk]) -> bytes:
    """Join chunks to a PNG file."""
    parts = [SIGNATURE]
    for chunk in chunks:
        checksum = zlib.crc32(chunk.kind + chunk.data).to_bytes(4, "big")
        parts += [_HEAD.pack(len(chunk.data), chunk.kind), chunk.data, checksum]
    return b"".join(parts)


def _key(chunk: Chunk) -> str:
    """The keyword of a text chunk in lower case (V1 says ``Chara``); empty for other chunks."""
    return chunk.data.partition(b"\0")[0].decode("latin-1").casefold() if chunk.kind in _TEXT else ""


def card_texts(chunks: Sequence[Chunk], *, source: str) -> Iterator[tuple[str, bytes]]:
    """Yield keyword and JSON text of the cards in a picture, the newer format first.

    Raises:
        InputError: If a card's text is packed or encoded in a way that cannot be undone, or beyond `LONGEST_TEXT`.
    """
    for key in CARD_KEYS:
        chunk = next((chunk for chunk in chunks if _key(chunk) == key), None)
        if chunk is not None:
            yield key, _decoded(_text(chunk, source), f"{source} ({key})")


def _decoded(text: bytes, source: str) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise InputError(f"{source} is damaged: the card in it is not base64; fetch it again.") from None


def _text(chunk: Chunk, source: str) -> bytes:
    """The text of a chunk, unpacked."""
    body = chunk.data.partition(b"\0")[2]
    packed = False
    if chunk.kind == b"zTXt":
        packed, body = True, body[1:]
    elif chunk.kind == b"iTXt":
        packed, body = body[:1] == b"\1", body[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _unpacked(body, source) if packed else body


def _unpacked(packed: bytes, source: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, LONGEST_TEXT)
    except zlib.error:
        raise InputError(f"{source} is damaged: the card in it cannot be unpacked; fetch it again.") from None
    if unpacker.unconsumed_tail:
        raise InputError(f"{source} holds a card of over {LONGEST_TEXT:,} bytes; it is not read.")
    return text


def with_cards(chunks: Sequence[Chunk], cards: Sequence[tuple[str, bytes]]) -> list[Chunk]:
    """Return a picture with these cards in place of those that it holds.

    Args:
        chunks: Of the picture.
        cards: Keyword and JSON text of each.
    """
    kept = [chunk for chunk in chunks if _key(chunk) not in CARD_KEYS]
    texts = [Chunk(b"tEXt", key.encode() + b"\0" + base64.b64encode(text)) for key, text in cards]
    return [*kept[:-1], *texts, kept[-1]]

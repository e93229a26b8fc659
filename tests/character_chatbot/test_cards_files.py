"""Card files as they come: JSON and PNG, whole, odd and hostile."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from character_chatbot.cards.png import read_chunks
from character_chatbot.cards.reading import read_card_file
from utils.errors import InputError

CARD = {"name": "Ann", "description": "A baker of Zürich 🥐."}
TEXT = base64.b64encode(json.dumps(CARD).encode())
OTHER = base64.b64encode(json.dumps({"name": "Ann", "description": "older"}).encode())


def chunk(kind: bytes, data: bytes = b"", *, checksum: int | None = None) -> bytes:
    right = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", right)


def png(*chunks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + b"".join(chunks) + chunk(b"IEND")


def text(key: bytes, data: bytes) -> bytes:
    return chunk(b"tEXt", key + b"\0" + data)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "card"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(CARD).encode(),
        b"\xef\xbb\xbf" + json.dumps(CARD).encode(),
        png(text(b"chara", TEXT)),
        png(text(b"Chara", TEXT)),
        png(text(b"chara", OTHER), text(b"ccv3", TEXT)),
        png(chunk(b"zTXt", b"chara\0\0" + zlib.compress(TEXT))),
        png(chunk(b"iTXt", b"ccv3\0\0\0en\0\0" + TEXT)),
        png(chunk(b"iTXt", b"ccv3\0\1\0en\0name\0" + zlib.compress(TEXT))),
        png(text(b"Comment", b"x"), text(b"chara", TEXT[:9] + b"\n" + TEXT[9:])) + b"behind the end",
    ],
    ids=["json", "mark", "v2", "V1", "both", "packed", "international", "packed too", "wrapped"],
)
def test_every_way_of_carrying_a_card(file: Callable[[bytes], Path], data: bytes) -> None:
    found = read_card_file(file(data))
    assert found.card == CARD
    assert (found.picture is None) == data.startswith((b"{", b"\xef"))


def test_the_picture_is_kept_without_the_card(file: Callable[[bytes], Path]) -> None:
    found = read_card_file(file(png(text(b"Title", b"t"), text(b"chara", TEXT), text(b"ccv3", TEXT))))
    assert found.picture == png(text(b"Title", b"t"))


BOMB = zlib.compress(b"A" * 40_000_000, 9)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JSON"),
        (b"hello", "no JSON"),
        (b'{"name": "Ann", }', "line 1"),
        (b"[1, 2]", "no JSON object"),
        (b'{"name": "\xff"}', "not UTF-8"),
        (json.dumps(CARD).encode("utf-16"), "not UTF-8"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nested too deeply"),
        (b'{"a":' + b"[" * 80 + b"]" * 80 + b"}", "nested too deeply"),
        (b'{"a": NaN}', "number"),
        (b'{"a": 1e999}', "number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number"),
        (b'{"a": "\\ud83d"}', "half of a letter"),
        (b'{"a": "' + b"x" * 13_000_000 + b'"}', "12 MB"),
        (b"PK\3\4rest", "CHARX"),
        (b"\xff\xd8\xff\xe0rest", "carries no card"),
        (png(), "without a character card"),
        (png(text(b"Comment", TEXT)), "without a character card"),
        (png(text(b"chara", b"not*base64")), "not base64"),
        (png(text(b"chara", base64.b64encode(b"{"))), "no JSON"),
        (png(text(b"chara", TEXT))[:-20], "cut short"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (png(chunk(b"tEXt", b"chara\0" + TEXT, checksum=1)), "damaged"),
        (png(text(b"chara", TEXT), size=(2**31 - 1, 2**31 - 1)), "points"),
        (png(text(b"chara", TEXT), size=(0, 5)), "points"),
        (png(chunk(b"zTXt", b"chara\0\0" + BOMB)), "over 16,000,000 bytes"),
        (png(chunk(b"zTXt", b"chara\0\0not zlib")), "cannot be unpacked"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND"), "does not begin"),
        (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**32 - 1) + b"IHDR", "cut short"),
    ],
)
def test_hostile_files_are_refused_in_one_line(file: Callable[[bytes], Path], data: bytes, words: str) -> None:
    path = file(data)
    with pytest.raises(InputError) as caught:
        read_card_file(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.png"):
        with pytest.raises(InputError, match="is not a file"):
            read_card_file(path)
    huge = tmp_path / "huge.json"
    with huge.open("wb") as stream:
        stream.truncate(65_000_000)
    with pytest.raises(InputError, match="larger than 64 MB"):
        read_card_file(huge)


def test_chunks_are_those_of_the_file() -> None:
    assert [chunk.kind for chunk in read_chunks(png(text(b"a", b"b")), source="x")] == [
        b"IHDR",
        b"IDAT",
        b"tEXt",
        b"IEND",
    ]

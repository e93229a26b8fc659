"""Card files as they come from elsewhere: JSON, or a PNG picture with the card in it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from character_chatbot.cards.png import SIGNATURE, card_texts, read_chunks, with_cards, write_chunks
from character_chatbot.cards.spec import Json
from utils.errors import InputError

__all__ = ["CardFile", "parse_json", "read_card_file"]

LARGEST_FILE: Final = 64_000_000
"""Bytes; pictures may carry further pictures."""
LARGEST_JSON: Final = 12_000_000
DEEPEST: Final = 64
"""Objects and lists within one another."""


@dataclass(frozen=True)
class CardFile:
    """A card as it was found.

    Attributes:
        card: The JSON object.
        picture: The PNG file without the card; None for JSON.
    """

    card: Json
    picture: bytes | None


def read_card_file(path: Path) -> CardFile:
    """Read a card, whatever its version; what it says is not looked at.

    Raises:
        InputError: If there is no such file, it is too large or damaged, or holds no card.
    """
    data = _bytes(path)
    if data.startswith(b"PK\3\4"):
        raise InputError(f"{path} is an archive (CHARX); export the card as PNG or JSON where it comes from.")
    if not data.startswith(SIGNATURE):
        if data.startswith((b"\xff\xd8\xff", b"RIFF", b"GIF8")):
            raise InputError(f"{path} is a picture that carries no card; cards come as PNG or JSON.")
        return CardFile(parse_json(data, source=str(path)), None)
    chunks = read_chunks(data, source=str(path))
    for key, text in card_texts(chunks, source=str(path)):
        return CardFile(parse_json(text, source=f"{path} ({key})"), write_chunks(with_cards(chunks, [])))
    raise InputError(f"{path} is a picture without a character card; it has neither a chara nor a ccv3 chunk.")


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"{path} is not a file; give a character card (.json or .png).")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB; that is no character card.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def parse_json(data: bytes, *, source: str) -> Json:
    """Read a JSON object of bounded size and depth, whose numbers and letters every program can write again.

    Args:
        data: UTF-8.
        source: What to call it in a message.

    Raises:
        InputError: If it is something else.
    """
    if len(data) > LARGEST_JSON:
        raise InputError(f"{source} holds more than {LARGEST_JSON // 1_000_000} MB of text; that is no character card.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    found = _loads(text, source)
    if not isinstance(found, dict):
        raise InputError(f"{source} is no character card: it holds no JSON object.")
    _require_shallow(found, source)
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{source} holds half of a letter (a lone surrogate); mend it in its editor.") from None
    return found


def _loads(text: str, source: str) -> Any:
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise InputError(f"{source} is no JSON (line {error.lineno}: {error.msg}).") from None
    except ValueError:
        raise InputError(f"{source} holds a number that is none or has no bounds; mend it in its editor.") from None
    except RecursionError:
        raise InputError(f"{source} is nested too deeply; that is no character card.") from None


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(written)
    return number


def _require_shallow(found: Any, source: str) -> None:
    level = [found]
    for _ in range(DEEPEST):
        inside = (thing.values() if isinstance(thing, dict) else thing for thing in level)
        level = [inner for things in inside for inner in things if isinstance(inner, dict | list)]
        if not level:
            return
    raise InputError(f"{source} is nested too deeply; that is no character card.")

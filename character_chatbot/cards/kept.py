"""What an imported card held, beside the card that we made of it.

``characters/<name>.card.json`` keeps the whole foreign card, ``<name>.png`` its picture. Exporting starts from them, so
that nothing which we have no place for is lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from character_chatbot.cards.reading import parse_json
from character_chatbot.cards.spec import Json
from utils.characters import CharacterCard, card_path
from utils.errors import InputError
from utils.series import SeriesProfile

__all__ = ["Kept", "dump", "kept_path", "kept_picture_path", "read_kept"]

ABOUT: Final = "A character card as it was imported, and what was made of it; `hawkins export card` starts from it."


@dataclass(frozen=True)
class Kept:
    """A foreign card that was imported.

    Attributes:
        card: The object as it was, of any version.
        made: Our card as it was made; what differs from it now was edited since.
    """

    card: Json
    made: CharacterCard

    def text(self) -> str:
        """The file that `read_kept` reads."""
        return dump({"about": ABOUT, "made": self.made.model_dump(mode="json"), "card": self.card})


def dump(card: Json) -> str:
    """Return JSON for people and programs, keys in the order that they have."""
    return json.dumps(card, ensure_ascii=False, indent=2) + "\n"


def kept_path(series: SeriesProfile, name: str) -> Path:
    """Return where the foreign card of a character is kept."""
    return card_path(series, name).with_suffix(".card.json")


def kept_picture_path(series: SeriesProfile, name: str) -> Path:
    """Return where its picture is kept."""
    return card_path(series, name).with_suffix(".png")


def read_kept(series: SeriesProfile, name: str) -> Kept | None:
    """Return the foreign card of a character; None if it was not imported.

    Raises:
        InputError: If the file is damaged.
    """
    path = kept_path(series, name)
    if not path.is_file():
        return None
    found = parse_json(path.read_bytes(), source=str(path))
    if isinstance(found.get("card"), dict):
        try:
            return Kept(found["card"], CharacterCard.model_validate(found.get("made")))
        except ValidationError:
            pass
    raise InputError(f"{path} is not as `hawkins import card` wrote it; import the card again with --force.")

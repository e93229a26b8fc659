"""The fields of character cards, by the rules of their specifications.

V2: https://github.com/malfoyslastname/character-card-spec-v2 (``spec_v2.md``); V3:
https://github.com/kwaroran/character-card-spec-v3 (``SPEC_V3.md``). Every object may carry keys that no specification
names; nobody may destroy them. Optional fields are absent, never null.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from utils.errors import InputError
from utils.settings import describe

__all__ = ["V2", "V3", "Asset", "BookV2", "BookV3", "CardV2", "CardV3", "Json", "validate_card"]

V2 = "chara_card_v2"
V3 = "chara_card_v3"

Json: TypeAlias = dict[str, Any]
Number: TypeAlias = int | float


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class _Entry(_Spec):
    """What V2 and V3 share of a piece of lore."""

    keys: list[str]
    content: str
    extensions: Json
    enabled: bool
    insertion_order: Number
    case_sensitive: bool = False
    name: str = ""
    priority: Number = 0
    comment: str = ""
    selective: bool = False
    secondary_keys: list[str] = Field(default_factory=list)
    constant: bool = False
    position: Literal["before_char", "after_char"] = "before_char"


class _EntryV2(_Entry):
    id: Number = 0


class _EntryV3(_Entry):
    use_regex: bool
    id: Number | str = 0


class _Book(_Spec):
    """What V2 and V3 share of a lorebook."""

    extensions: Json
    name: str = ""
    description: str = ""
    scan_depth: Number = 0
    token_budget: Number = 0
    recursive_scanning: bool = False


class BookV2(_Book):
    """A lorebook of V2."""

    entries: list[_EntryV2]


class BookV3(_Book):
    """A lorebook of V3."""

    entries: list[_EntryV3]


class Asset(_Spec):
    """A picture, sound or other file of a character, by reference."""

    type: str
    uri: str
    name: str
    ext: str


class _Data(_Spec):
    """What V2 and V3 share of a character; ``character_book`` may be absent."""

    name: str
    description: str
    personality: str
    scenario: str
    first_mes: str
    mes_example: str
    creator_notes: str
    system_prompt: str
    post_history_instructions: str
    alternate_greetings: list[str]
    tags: list[str]
    creator: str
    character_version: str
    extensions: Json


class _DataV2(_Data):
    character_book: BookV2 = BookV2(extensions={}, entries=[])


class _DataV3(_Data):
    group_only_greetings: list[str]
    character_book: BookV3 = BookV3(extensions={}, entries=[])
    assets: list[Asset] = Field(default_factory=list)
    nickname: str = ""
    creator_notes_multilingual: dict[str, str] = Field(default_factory=dict)
    source: list[str] = Field(default_factory=list)
    creation_date: Number = 0
    modification_date: Number = 0


class CardV2(_Spec):
    """A whole V2 card."""

    spec: Literal["chara_card_v2"]
    spec_version: str
    data: _DataV2


class CardV3(_Spec):
    """A whole V3 card."""

    spec: Literal["chara_card_v3"]
    spec_version: str
    data: _DataV3


def validate_card(card: Json, *, source: str) -> CardV2 | CardV3:
    """Check a card against the specification that it names.

    Args:
        card: The object as JSON has it.
        source: What to call it in a message.

    Raises:
        InputError: Naming the field that is missing or of the wrong type.
    """
    model: type[CardV2] | type[CardV3] = CardV3 if card.get("spec") == V3 else CardV2
    try:
        return model.model_validate(card)
    except ValidationError as error:
        found = describe(error, model).rstrip(".")
        raise InputError(f"{source} breaks the rules of {card.get('spec')}: {found}; mend it in its editor.") from None

"""From one version of the card format to another, without losing a key.

What V2 has no place for stands in ``extensions.hawkins.v3``, from where it returns.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from character_chatbot.cards.spec import V2, V3, Json
from utils.errors import InputError

__all__ = ["MARK", "completed", "to_v2", "to_v3", "version_of"]

MARK: Final = "hawkins"
"""Our name in ``extensions``."""

_V1_FIELDS: Final = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
_TEXTS: Final = (*_V1_FIELDS, "creator_notes", "system_prompt", "post_history_instructions", "creator")
_ENTRY: Final[Json] = {"keys": [], "content": "", "extensions": {}, "enabled": True, "insertion_order": 0}
# Optional fields, for which null stands in files though the specifications have them absent.
_OPTIONAL: Final = (
    *("character_book", "assets", "nickname", "creator_notes_multilingual", "source"),
    *("creation_date", "modification_date"),
)
_OPTIONAL_ENTRY: Final = (
    *("case_sensitive", "name", "priority", "id", "comment", "selective", "secondary_keys", "constant", "position"),
)
_OPTIONAL_BOOK: Final = ("name", "description", "scan_depth", "token_budget", "recursive_scanning")
_V3_ONLY: Final = ("group_only_greetings", *_OPTIONAL[1:])
_V3_ENTRY: Final = ("use_regex", "id", "content")


def version_of(card: Json, *, source: str) -> int:
    """Return 1, 2 or 3.

    Args:
        card: An object read from a file.
        source: What to call it in a message.

    Raises:
        InputError: If it is no character card.
    """
    spec = card.get("spec")
    if spec in (V2, V3):
        return 2 if spec == V2 else 3
    if spec == "lorebook_v3":
        raise InputError(f"{source} is a lorebook without a character; give a character card.")
    if spec is not None:
        raise InputError(f"{source} says that it is '{str(spec)[:40]}'; the cards read here are {V2} and {V3}, and V1.")
    if "name" not in card or not set(_V1_FIELDS[1:]) & set(card):
        raise InputError(f"{source} is no character card: it has neither a spec nor a name with a description.")
    return 1


def completed(card: Json, *, source: str) -> Json:
    """Return a card of V2 or V3 in which every field is there that must be, the rest untouched.

    Many programs leave fields out, or write null. A card of V1 becomes one of V2; keys of its own stay where they are.

    Args:
        card: An object read from a file; it is not changed.
        source: What to call it in a message.

    Raises:
        InputError: If it is no character card.
    """
    whole = deepcopy(card)
    if version_of(card, source=source) == 1:
        data = {field: whole.pop(field, None) for field in _V1_FIELDS}
        whole = {**whole, "spec": V2, "spec_version": "2.0", "data": data}
    if not isinstance(whole.get("data"), dict):
        raise InputError(f"{source} has no data; a card of {whole['spec']} keeps the character there.")
    v3 = whole["spec"] == V3
    _fill(whole, {"spec_version": "3.0" if v3 else "2.0"})
    data = whole["data"]
    _fill(data, {**dict.fromkeys((*_TEXTS, "character_version"), ""), "alternate_greetings": [], "tags": []})
    _fill(data, {"extensions": {}, **({"group_only_greetings": []} if v3 else {})})
    _without_null(data, _OPTIONAL)
    if isinstance(data.get("character_book"), dict):
        _complete_book(data["character_book"], v3=v3)
    return whole


def _fill(found: Json, defaults: Json) -> None:
    for key, default in defaults.items():
        if found.get(key) is None:
            found[key] = deepcopy(default)


def _without_null(found: Json, optional: tuple[str, ...]) -> None:
    for key in optional:
        if key in found and found[key] is None:
            del found[key]


def _complete_book(book: Json, *, v3: bool) -> None:
    _fill(book, {"extensions": {}, "entries": []})
    _without_null(book, _OPTIONAL_BOOK)
    for entry in _entries(book):
        _fill(entry, {**_ENTRY, **({"use_regex": False} if v3 else {})})
        _without_null(entry, _OPTIONAL_ENTRY)


def _entries(book: Any) -> list[Json]:
    """The entries of a lorebook that are objects; a check of the types comes later."""
    entries = book.get("entries") if isinstance(book, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def to_v3(card: Json) -> Json:
    """Return a card, completed by `completed`, as V3."""
    if card["spec"] == V3:
        return card
    later = deepcopy(card)
    later |= {"spec": V3, "spec_version": "3.0"}
    data = later["data"]
    data.update(_taken_out(data, _V3_ONLY))
    data.setdefault("group_only_greetings", [])
    for entry in _entries(data.get("character_book")):
        entry.update(_taken_out(entry, _V3_ENTRY))
        entry.setdefault("use_regex", False)
    return later


def to_v2(card: Json) -> Json:
    """Return a card, completed by `completed`, as V2.

    Decorators (``@@depth 4``) are taken out of the lore, as V3 asks: programs for V2 would put them into the prompt.
    """
    if card["spec"] == V2:
        return card
    earlier = deepcopy(card)
    earlier |= {"spec": V2, "spec_version": "2.0"}
    data = earlier["data"]
    if not data["group_only_greetings"]:
        del data["group_only_greetings"]
    _put_away(data, {key: data.pop(key) for key in _V3_ONLY if key in data})
    for entry in _entries(data.get("character_book")):
        _put_away(entry, _entry_of_v3(entry))
    return earlier


def _entry_of_v3(entry: Json) -> Json:
    """Take out of an entry what V2 does not know."""
    kept: Json = {}
    if entry.pop("use_regex", False):
        kept["use_regex"] = True
    if isinstance(entry.get("id"), str):
        kept["id"] = entry.pop("id")
    if (plain := _undecorated(entry["content"])) != entry["content"]:
        kept["content"] = entry["content"]
        entry["content"] = plain
    return kept


def _undecorated(content: str) -> str:
    if "@@" not in content:
        return content
    return "\n".join(line for line in content.split("\n") if not line.startswith("@@")).strip("\n")


def _put_away(thing: Json, kept: Json) -> None:
    if kept:
        ours = thing["extensions"].setdefault(MARK, {})
        place = ours.setdefault("v3", {}) if isinstance(ours, dict) else None
        # Somebody else's value under our name is not ours to change; V3's keys then stay as unknown ones.
        (place if isinstance(place, dict) else thing).update(kept)


def _taken_out(thing: Json, keys: tuple[str, ...]) -> Json:
    ours = thing["extensions"].get(MARK)
    if not isinstance(ours, dict) or not isinstance(ours.get("v3"), dict):
        return {}
    kept = ours["v3"]
    found = {key: kept.pop(key) for key in keys if key in kept}
    if not kept:
        del ours["v3"]
    if not ours:
        del thing["extensions"][MARK]
    return found

"""A character of ours as a card that other programs read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from character_chatbot.cards.content import fresh_card
from character_chatbot.cards.kept import Kept, dump, kept_picture_path, read_kept
from character_chatbot.cards.lived import Lived
from character_chatbot.cards.picture import drawn_picture, given_picture
from character_chatbot.cards.png import read_chunks, with_cards, write_chunks
from character_chatbot.cards.spec import V2, V3, Json, validate_card
from character_chatbot.cards.versions import MARK, completed, to_v2, to_v3
from utils.artifacts import atomic_write, prepare_folder
from utils.characters import card_path, load_card
from utils.errors import InputError, did_you_mean
from utils.world import World

__all__ = ["VERSIONS", "build_card", "export_card"]

VERSIONS: Final = ("v2", "v3")
_BACKFILLED: Final = (
    "This is the V2 copy of a V3 card: nicknames, dates and some lore need a program that reads V3 character cards."
)
# What a person edits in our card, and the field of theirs that it becomes.
_BECOMES: Final = {
    "name": "name",
    "description": "description",
    "facts": "description",
    "style": "personality",
    "greeting": "first_mes",
    "examples": "mes_example",
}


def build_card(character: str, *, world: World, until: str | None = None, now: float = 0) -> Json:
    """Build the card of a character at a point of the story.

    Args:
        character: Name or alias.
        world: Where it lives; a world without dialogue gives a card without witnessed scenes.
        until: Last episode that the character has lived through; None for all.
        now: Seconds since 1970, for the card's dates.

    Returns:
        A V3 object. An imported character's is the object that was imported, in its version (V2 for V1), with what was
        edited since; lore is added where there is dialogue.

    Raises:
        InputError: If there is no such character, card or episode, or the kept card is damaged.
    """
    card = load_card(character, world.series)
    lived = Lived.by(card, world, until)
    kept = read_kept(world.series, card.name)
    built = fresh_card(lived, int(now)) if kept is None else _renewed(kept, lived, int(now))
    validate_card(built, source=f"The card of {card.name}")
    return built


def _renewed(kept: Kept, lived: Lived, now: int) -> Json:
    """An imported card with what was edited since, and with lore where there is dialogue."""
    name = lived.card.name
    source = f"The kept card of {name}"
    card = completed(kept.card, source=source)
    validate_card(card, source=source)
    newest = fresh_card(lived, now)
    data, fresh = card["data"], (to_v2(newest) if card["spec"] == V2 else newest)["data"]
    mine, made = lived.card.model_dump(), kept.made.model_dump()
    edited = {theirs for ours, theirs in _BECOMES.items() if mine[ours] != made[ours]}
    theirs, ours = data.get("character_book"), fresh.get("character_book")
    if lived.passages and (book := _joined(theirs, ours)) is not None:
        edited.add("character_book")
        fresh["character_book"] = book
    data |= {field: fresh[field] for field in edited}
    if isinstance(mark := data["extensions"].setdefault(MARK, {}), dict):
        mark |= {"age": mine["age"]} | ({"sampling": mine["sampling"]} if mine["sampling"] != made["sampling"] else {})
    if edited and card["spec"] == V3:
        data["modification_date"] = now
    return card


def _joined(theirs: Json | None, fresh: Json | None) -> Json | None:
    """The lore of the card's author, and ours made anew: what we wrote at another time may tell too much."""
    if theirs is None:
        return fresh
    foreign = [entry for entry in theirs["entries"] if not _is_ours(entry)]
    taken = [int(entry["id"]) for entry in foreign if isinstance(entry.get("id"), int | float)]
    first = max(taken, default=-1) + 1
    made = fresh["entries"] if fresh else []
    return {**theirs, "entries": [*foreign, *({**entry, "id": entry["id"] + first} for entry in made)]}


def _is_ours(entry: Json) -> bool:
    mark: Any = entry["extensions"].get(MARK)
    return isinstance(mark, dict) and "kind" in mark


def export_card(
    character: str,
    *,
    world: World,
    until: str | None = None,
    version: str | None = None,
    out: Path | None = None,
    image: Path | None = None,
    now: float | None = None,
) -> Path:
    """Write the card of a character.

    Args:
        character: Name or alias.
        world: Where it lives.
        until: Last episode that it has lived through; None for all.
        version: ``v2`` or ``v3``; None for that of an imported card, else V3.
        out: File ending in ``.json`` or ``.png``; None names it like the character.
        image: Picture for a PNG; without, that of the imported card, else one is drawn. A PNG carries V2, and V3 too
            unless ``version`` is ``v2``.
        now: Seconds since 1970, for the card's dates; None for the clock.

    Returns:
        The file.

    Raises:
        InputError: If something is not there or cannot be written; nothing is written then.
    """
    if version not in (None, *VERSIONS):
        raise InputError(f"No card format '{version}'.{did_you_mean(version, VERSIONS) or ' There are: v2 and v3.'}")
    card = build_card(character, world=world, until=until, now=time.time() if now is None else now)
    name = load_card(character, world.series).name
    target = out or Path(card_path(world.series, name).stem + (".png" if image else ".json"))
    _require_target(target, image)
    chosen = version or ("v2" if card["spec"] == V2 else "v3")
    if target.suffix.casefold() == ".json":
        content = dump(to_v2(card) if chosen == "v2" else to_v3(card)).encode()
    else:
        content = _png(card, chosen, _picture(world, name, image), str(image or f"The picture of {name}"))
    prepare_folder(target.parent)
    atomic_write(target, lambda temporary: temporary.write_bytes(content))
    return target


def _require_target(target: Path, image: Path | None) -> None:
    if target.is_dir():
        raise InputError(f"{target} is a folder; give --out the name of a file.")
    if target.suffix.casefold() not in {".json", ".png"}:
        raise InputError(f"{target} ends neither in .json nor in .png; give --out such a name.")
    if image is not None and target.suffix.casefold() == ".json":
        raise InputError(f"{target} has no place for a picture; give --out a name that ends in .png.")


def _picture(world: World, name: str, image: Path | None) -> bytes:
    kept = kept_picture_path(world.series, name)
    if image is not None:
        return given_picture(image)
    return kept.read_bytes() if kept.is_file() else drawn_picture(name)


def _png(card: Json, version: str, picture: bytes, source: str) -> bytes:
    earlier = to_v2(card)
    cards = [("chara", earlier)]
    if version == "v3":
        notes = " ".join(filter(None, (earlier["data"]["creator_notes"], _BACKFILLED)))
        copied = {**earlier, "data": {**earlier["data"], "creator_notes": notes}}
        cards = [("chara", copied), ("ccv3", to_v3(card))]
    texts = [(key, dump(found).encode()) for key, found in cards]
    return write_chunks(with_cards(read_chunks(picture, source=source), texts))

"""A foreign character card as a character of ours.

Whatever a card says is data. Name, description, personality, greeting and examples become our card; instructions to the
program (``system_prompt``, ``post_history_instructions``) and lore are kept beside it and never reach a prompt of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from character_chatbot.cards.kept import Kept, kept_path, kept_picture_path
from character_chatbot.cards.reading import read_card_file
from character_chatbot.cards.spec import Json, validate_card
from character_chatbot.cards.text import cut, plain, read_described, read_examples, without_talks
from character_chatbot.cards.versions import MARK, completed, version_of
from character_chatbot.care_rules import is_sexual
from utils.artifacts import atomic_write, prepare_folder
from utils.characters import CharacterCard, Exchange, Fact, Sampling, card_path
from utils.errors import InputError
from utils.series import CastMember, SeriesProfile, fold_name, load_series, series_names

__all__ = ["ImportedCard", "import_card"]

PROFILE: Final = "profile.yaml"
ADULT: Final = 18
# What small models can hold; the whole card is kept in any case.
LONGEST_DESCRIPTION: Final = 2_000
LONGEST_STYLE: Final = 600
LONGEST_GREETING: Final = 1_000
LONGEST_REPLY: Final = 400
MOST_FACTS: Final = 60
MOST_EXAMPLES: Final = 40
LONGEST_NAME: Final = 120  # bytes, because it names files

_NO_FILE_NAME: Final = re.compile(r'[/\\:*?"|‹›\n]+')
_AGES: Final = re.compile(r"\b(\d{1,2})[\s-]*(?:years?[\s-]+old|y/?o\b)|\bage[ds]?\W{0,8}(\d{1,2})\b", re.IGNORECASE)


@dataclass(frozen=True)
class ImportedCard:
    """What an import made.

    Attributes:
        card: Our card.
        version: Of the foreign one: 1, 2 or 3.
        path: The YAML file of our card.
        series: Folder of its series.
        notes: What a person should know: what is kept and not used, what was cut.
    """

    card: CharacterCard
    version: int
    path: Path
    series: Path
    notes: tuple[str, ...]


def import_card(
    path: str | Path, *, series: str | Path | None = None, age: int | None = None, force: bool = False
) -> ImportedCard:
    """Take a character card into a series.

    Args:
        path: JSON or PNG; V1, V2 or V3.
        series: Folder of a series, made if need be; None for ``out/series/<name>``. In one that has a profile the
            character must be in the cast.
        age: In years; needed unless the card was written by `export_card`, which says it.
        force: Replace a card that is there.

    Raises:
        InputError: If it is no card, breaks the rules, does not say the age, or something would be overwritten; nothing
            is written then.
    """
    file = read_card_file(Path(path))
    version = version_of(file.card, source=str(path))
    whole = completed(file.card, source=str(path))
    validate_card(whole, source=str(path))
    data = whole["data"]
    name = _name(data["name"], str(path))
    profile, is_new = _profile(series, name, data)
    canonical = _in_cast(profile, name, data)
    card = _card(data, canonical, _age(data, age, str(path)))
    _require_decent(card, str(path))
    files = {
        kept_path(profile, canonical): Kept(file.card, card).text().encode(),
        **({kept_picture_path(profile, canonical): file.picture} if file.picture else {}),
        card_path(profile, canonical): _yaml(card, kept_path(profile, canonical).name).encode(),
    }
    _require_free((card_path(profile, canonical), *files), force=force)
    if is_new:
        files = {profile.characters.parent / PROFILE: _profile_yaml(profile).encode(), **files}
    _write(files, profile, canonical)
    notes = _notes(whole, card)
    return ImportedCard(card, version, card_path(profile, canonical), profile.characters.parent, tuple(notes))


def _name(written: str, source: str) -> str:
    """A name that can stand in tables and name files."""
    text = " ".join(_NO_FILE_NAME.sub(" ", plain(written, name="", user="")).split())
    text = text.encode()[:LONGEST_NAME].decode(errors="ignore").strip()
    if not any(map(str.isalnum, text)):
        raise InputError(f"{source} has no name in its data; give the character one in the card's editor.")
    return text


def _profile(series: str | Path | None, name: str, data: Json) -> tuple[SeriesProfile, bool]:
    """Return the series, and whether it has yet to be written."""
    if series is not None and (str(series) in series_names() or (Path(series) / PROFILE).is_file()):
        return load_series(series), False
    nickname = plain(_nickname(data), name=name, user="").replace("\n", " ")
    alias = (nickname,) if fold_name(nickname) not in {"", fold_name(name)} else ()
    home = Path("out") / "series"
    profile = SeriesProfile(title=name, cast=(CastMember(name=name, aliases=alias),), folder=home)
    folder = Path(series) if series is not None else home / card_path(profile, name).stem
    if (folder / PROFILE).is_file():
        return load_series(folder), False
    return profile.model_copy(update={"folder": folder}), True


def _in_cast(profile: SeriesProfile, name: str, data: Json) -> str:
    canonical = profile.canonical(name) or profile.canonical(_nickname(data))
    if canonical is None:
        where = profile.characters.parent / PROFILE
        raise InputError(f"{name} is not in the cast of {profile.title}; add '- {{name: {name}}}' to cast in {where}.")
    return canonical


def _nickname(data: Json) -> str:
    """Only V3 promises that it is a text."""
    nickname: Any = data.get("nickname")
    return nickname if isinstance(nickname, str) else ""


def _mark(data: Json) -> Json:
    """What `export_card` noted, if it wrote this card."""
    mark: Any = data["extensions"].get(MARK)
    return mark if isinstance(mark, dict) else {}


def _age(data: Json, given: int | None, source: str) -> int:
    said = _mark(data).get("age")
    said = said if type(said) is int and said >= 0 else None
    if given is not None and given < 0:
        raise InputError(f"--age {given} is no age; give years.")
    if said is not None and given not in (None, said):
        raise InputError(f"{source} says that the character is {said} years old, not {given}; leave out --age.")
    if said is None and given is None:
        raise InputError(f"{source} does not say how old the character is; give --age in years.")
    return said if given is None else given  # type: ignore[return-value]  # one of them is a number


def _card(data: Json, name: str, age: int) -> CharacterCard:
    called = _nickname(data) or name
    told, talks = without_talks(data["description"])
    told, facts = read_described(told)
    description = plain(told, name=called, user="the user")
    style = plain(data["personality"], name=called, user="the user")
    if not description:
        description, style = style, ""
    greeting = next(filter(None, (data["first_mes"], *data["alternate_greetings"])), "")
    return CharacterCard(
        name=name,
        age=age,
        description=cut(description, LONGEST_DESCRIPTION),
        greeting=cut(plain(greeting, name=called, user="you"), LONGEST_GREETING) or "Hello.",
        style=tuple(filter(None, cut(style, LONGEST_STYLE).split("\n"))),
        facts=_facts(facts, called),
        examples=_examples(f"{talks}\n<START>\n{data['mes_example']}", (data["name"], called)),
        sampling=_sampling(data),
    )


def _require_decent(card: CharacterCard, source: str) -> None:
    examples = (text for example in card.examples for text in (example.user, example.reply))
    texts = [card.name, card.description, card.greeting, "\n".join(card.style)]
    texts += [*(fact.text for fact in card.facts), *examples]
    if any(map(is_sexual, texts)):
        raise InputError(f"{source} holds sexual content, which no character here has; see docs/care.md.")


def _facts(facts: list[str], called: str) -> tuple[Fact, ...]:
    texts = (cut(plain(fact, name=called, user="the user"), LONGEST_REPLY) for fact in facts[:MOST_FACTS])
    return tuple(Fact(text=text) for text in texts if text)


def _examples(talks: str, names: tuple[str, str]) -> tuple[Exchange, ...]:
    pairs = read_examples(talks, names)
    texts = (tuple(cut(plain(text, name=names[1], user="you"), LONGEST_REPLY) for text in pair) for pair in pairs)
    return tuple(Exchange(user=said, reply=reply) for said, reply in texts if said and reply)[:MOST_EXAMPLES]


def _sampling(data: Json) -> Sampling:
    try:
        return Sampling.model_validate(_mark(data).get("sampling", {}))
    except ValidationError:
        return Sampling()


def _notes(whole: Json, card: CharacterCard) -> list[str]:
    data = whole["data"]
    notes = []
    if whole["spec_version"] not in {"2.0", "3.0"}:
        notes.append(f"The card follows version {whole['spec_version']} of its format; what is new in it is only kept.")
    unused = [key for key in ("system_prompt", "post_history_instructions", "scenario") if data[key].strip()]
    if unused:
        notes.append(f"Kept, but not followed: {', '.join(unused)}.")
    if entries := data.get("character_book", {}).get("entries"):
        notes.append(f"Kept, but not used in chats: {len(entries):,} pieces of lore.")
    if len(plain(without_talks(data["description"])[0], name=card.name, user="")) > LONGEST_DESCRIPTION:
        notes.append(f"The description was cut to {len(card.description):,} characters.")
    ages = [int(number) for pair in _AGES.findall(data["description"]) for number in pair if number]
    if card.age >= ADULT and ages and min(ages) < ADULT:
        notes.append(f"The description speaks of {min(ages)} years of age; correct the age in the card if that is it.")
    return notes


def _require_free(paths: tuple[Path, ...], *, force: bool) -> None:
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None and not force:
        raise InputError(f"{taken} exists and is not overwritten; give --force, or another --series.")


def _write(files: dict[Path, bytes], profile: SeriesProfile, name: str) -> None:
    """Write the files, the card itself last."""
    prepare_folder(profile.characters, remedy="give another --series")
    if (picture := kept_picture_path(profile, name)) not in files:
        picture.unlink(missing_ok=True)
    for path, content in files.items():
        atomic_write(path, lambda temporary, content=content: temporary.write_bytes(content))  # type: ignore[misc]


def _yaml(card: CharacterCard, kept: str) -> str:
    head = f"# Imported from a character card, of which everything is kept in {kept}. Every key: docs/series.md.\n"
    return head + _dumped(card.model_dump(mode="json", exclude_defaults=True))


def _profile_yaml(profile: SeriesProfile) -> str:
    head = "# Made for an imported character card. Every key of this file: docs/series.md.\n"
    return head + _dumped(profile.model_dump(mode="json", exclude_defaults=True))


def _dumped(settings: Json) -> str:
    import yaml

    text: str = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False, width=120)
    return text

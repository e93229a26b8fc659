"""A character's card, and the one system prompt that training and talking share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from utils.episodes import Episode
from utils.errors import InputError, did_you_mean
from utils.series import SeriesProfile
from utils.settings import Settings, describe, read_settings

__all__ = [
    "CharacterCard",
    "Dated",
    "Exchange",
    "Fact",
    "Sampling",
    "card_names",
    "card_path",
    "known",
    "load_card",
    "load_voice",
    "prompt_without_card",
    "system_prompt",
]


class Dated(Settings):
    """Something that is true from some point of the story on.

    Attributes:
        learned: Episode by whose end the character knows it; None if always.
        timeline: Whose numbering ``learned`` uses.
    """

    learned: str | None = None
    timeline: str = "show"

    @model_validator(mode="after")
    def _episode_is_readable(self) -> Self:
        if self.learned is not None:
            try:
                Episode.parse(self.learned)
            except InputError as error:
                raise ValueError(str(error).rstrip(".")) from None
        return self

    @cached_property
    def since(self) -> Episode | None:
        """The episode of ``learned``."""
        return None if self.learned is None else Episode.parse(self.learned)


D = TypeVar("D", bound=Dated)


class Fact(Dated):
    """Something that a character knows: one sentence, said to it ("You live ...")."""

    text: str = Field(min_length=1)


class Exchange(Dated):
    """An example of how the character answers."""

    user: str = Field(min_length=1)
    reply: str = Field(min_length=1)
    topic: str = ""


class Sampling(Settings):
    """How replies are drawn.

    Attributes:
        temperature: 0 takes the likeliest token.
        top_p: Nucleus mass.
        max_tokens: Longest reply.
        sentences: A reply ends with this one; small models lose the thread after a few.
    """

    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=0.9, gt=0, le=1)
    max_tokens: int = Field(default=64, ge=1, le=4096)
    sentences: int = Field(default=3, ge=1)


class CharacterCard(Settings):
    """Everything written down about one character."""

    name: str = Field(min_length=1)
    age: int = Field(ge=0)
    description: str
    greeting: str
    style: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    examples: tuple[Exchange, ...] = ()
    sampling: Sampling = Sampling()


def _slug(name: str) -> str:
    return name.casefold().replace(" ", "_").replace(".", "")


def card_path(series: SeriesProfile, name: str) -> Path:
    """Return where the card of a character lies, whether anybody wrote it or not."""
    return series.characters / f"{_slug(name)}.yaml"


def card_names(series: SeriesProfile) -> list[str]:
    """Return the cast members that have a card, in the order of the cast."""
    return [person.name for person in series.cast if card_path(series, person.name).is_file()]


def load_card(name: str, series: SeriesProfile) -> CharacterCard:
    """Read the card of a character, found by name or alias.

    Raises:
        InputError: If nobody is called that, nobody wrote a card, or the card is unreadable.
    """
    canonical = series.require_character(name)
    path = card_path(series, canonical)
    if not path.is_file():
        have = card_names(series)
        hint = did_you_mean(name, have) or f" Cards exist for: {', '.join(have)}."
        raise InputError(f"{canonical} has no card yet; write {path} (copy a neighbour).{hint}")
    return read_settings(path, CharacterCard)


def known(
    things: Iterable[D], series: SeriesProfile, *, timeline: str = "show", until: Episode | None = None
) -> list[D]:
    """Return what a character knows at a point of a timeline.

    Args:
        things: Facts or exchanges, in any order, which is kept.
        series: For the order of the timelines.
        timeline: The one that the conversation is set in.
        until: Last episode lived through; None for all of them.

    Returns:
        What is always true, what belongs to timelines wholly past, and what was learned by ``until``.
    """
    past = set(series.happened_before(timeline))

    def holds(thing: D) -> bool:
        if thing.since is None or thing.timeline in past:
            return True
        return thing.timeline == timeline and (until is None or thing.since <= until)

    return [thing for thing in things if holds(thing)]


def load_voice(card: CharacterCard, series: SeriesProfile) -> list[Exchange]:
    """Read the example exchanges of a character: those on the card, then ``voices/<character>.jsonl`` if there is one.

    Raises:
        InputError: If a row cannot be read, naming file and line.
    """
    path = series.voices / f"{_slug(card.name)}.jsonl"
    exchanges = list(card.examples)
    if not path.is_file():
        return exchanges
    try:
        rows = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        try:
            exchanges.append(Exchange.model_validate_json(row))
        except ValidationError as error:
            raise InputError(f"{path}, line {number}: {describe(error, Exchange)}") from None
    return exchanges


def system_prompt(card: CharacterCard, facts: Iterable[Fact]) -> str:
    """Build the instruction that makes a language model speak as a character.

    Args:
        card: Who speaks.
        facts: What it knows, from `known`.
    """
    known_now = " ".join(fact.text for fact in facts)
    parts = [
        f"You are {card.name}, {card.age} years old. {card.description}",
        " ".join(card.style),
        known_now and f"What you know: {known_now}",
        _closing(card.name),
    ]
    return "\n".join(part for part in parts if part.strip())


def prompt_without_card(name: str, series: SeriesProfile) -> str:
    """Build the instruction for a member of the cast about whom nobody wrote a card.

    Args:
        name: Canonical name.
        series: Whose character.
    """
    return f"You are {name}, a character of {series.title}.\n{_closing(name)}"


def _closing(name: str) -> str:
    return f"Answer only as {name}, in the first person. If you do not know something, say so in your own way."

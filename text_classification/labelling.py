"""Kinds of places by documented rules: for rows of a wiki that name free types, or none.

The rules are knowledge of a series and lie in its folder (``place_kinds.yaml``); other series bring theirs. A row
without evidence keeps no label: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pydantic import Field, model_validator

from text_classification.wiki_text import clean_wiki_text
from utils.settings import Settings, read_settings
from utils.tables import require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Evidence", "PlaceRule", "PlaceRules", "label_locations", "mask_evidence", "read_rules"]

NAME: Final = "location_name"
TYPE: Final = "location_type"
TEXT: Final = "location_description"
# Types that a crawler has run together: "Military basePrison".
_JOINED: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Evidence(Settings):
    """Where a rule looks for what; every field that is given must match, by one of its entries.

    Attributes:
        type: In what the source calls the place.
        name: In its name.
        first_sentence: In the first sentence of its description.
        text: In the whole description.
    """

    type: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    first_sentence: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _looks_somewhere(self) -> Self:
        if not any(self.entries()):
            raise ValueError("a rule needs an entry under type, name, first_sentence or text")
        return self

    def entries(self) -> list[tuple[str, ...]]:
        """Return the entries, a field each."""
        return [self.type, self.name, self.first_sentence, self.text]


class PlaceRule(Settings):
    """One rule.

    Attributes:
        when: What makes it fire.
        because: The reason, for the person who reviews.
        label: The kind; None says that such a row has none.
    """

    when: Evidence
    because: str = Field(min_length=1)
    label: str | None = None


class PlaceRules(Settings):
    """The kinds of places of a series, and how they are told.

    Attributes:
        kinds: Every kind with what it means.
        rules: The first that fires decides.
    """

    kinds: dict[str, str] = Field(min_length=2)
    rules: tuple[PlaceRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _labels_are_kinds(self) -> Self:
        for number, rule in enumerate(self.rules, start=1):
            if rule.label is not None and rule.label not in self.kinds:
                raise ValueError(
                    f"rule {number} has the label '{rule.label}', which is none of {', '.join(self.kinds)}"
                )
        return self


def read_rules(path: Path) -> PlaceRules:
    """Read the rules of a series.

    Raises:
        InputError: Naming the file, the key and the trouble.
    """
    return read_settings(path, PlaceRules)


@cache
def _pattern(entries: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(_either_number, entries))})\b", re.IGNORECASE)


def _either_number(entry: str) -> str:
    words = re.escape(entry).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
    return f"{words[:-1]}(?:y|ies)" if words.endswith("y") else f"{words}(?:e?s)?"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def _decide(rules: PlaceRules, row: Sequence[str]) -> PlaceRule | None:
    """The first rule that fires on type, name, first sentence and text."""
    for rule in rules.rules:
        asked = ((entries, value) for entries, value in zip(rule.when.entries(), row, strict=True) if entries)
        if all(_pattern(entries).search(value) for entries, value in asked):
            return rule
    return None


def label_locations(locations: pd.DataFrame, rules: PlaceRules) -> pd.DataFrame:
    """Give rows of places the kinds that documented rules find evidence for.

    Args:
        locations: Needs ``location_name``, ``location_type`` and ``location_description``, as crawled.
        rules: Of the series.

    Returns:
        The rows, in order, with the description cleaned and ``kind`` and ``rule`` added: the label with the reason of
        the rule that gave it; both empty where no rule fired, the label alone where one says that there is none.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(locations, (NAME, TYPE, TEXT), name="locations")
    names, types, texts = (locations[column].fillna("").astype(str).str.strip() for column in (NAME, TYPE, TEXT))
    types = types.str.replace(_JOINED, ", ", regex=True)
    texts = texts.map(clean_wiki_text)
    rows = zip(types, names, texts.map(_first_sentence), texts, strict=True)
    decided = [_decide(rules, row) if row[3] else None for row in rows]
    return locations.assign(
        location_name=names,
        location_type=types,
        location_description=texts,
        kind=[(rule.label or "") if rule else "" for rule in decided],
        rule=[rule.because if rule else "" for rule in decided],
    )


def mask_evidence(texts: Iterable[str], rules: PlaceRules, *, word: str = "place") -> list[str]:
    """Hide every word that any rule looks for, so that a classifier cannot learn the rules themselves.

    Args:
        texts: Descriptions.
        rules: Whose words.
        word: What stands in their place.
    """
    every = {entry for rule in rules.rules if rule.label for entries in rule.when.entries() for entry in entries}
    pattern = _pattern(tuple(sorted(every, key=lambda entry: (-len(entry), entry))))
    return [pattern.sub(word, text) for text in texts]

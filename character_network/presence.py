"""Who speaks and who is named in each line: what ties are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from character_network.lexicon import CROWD
from character_network.vocatives import is_vocative
from utils.tables import MENTIONS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Line", "people_in_lines"]

_NEEDED = ("season", "episode", "line", "scene", "speaker", "text")


@dataclass(frozen=True)
class Line:
    """A line and its people.

    Attributes:
        scene: Season, episode and scene.
        number: Of the line in its episode.
        who: Speaker; empty where unknown or a crowd.
        named: Everybody named, as often as named.
        called: Those who are named in address.
    """

    scene: tuple[int, int, int]
    number: int
    who: str
    named: tuple[str, ...]
    called: tuple[str, ...]


def people_in_lines(dialogue: pd.DataFrame, mentions: pd.DataFrame) -> list[Line]:
    """Return the lines with their people, scene after scene.

    Args:
        dialogue: At least ``season``, ``episode``, ``line``, ``scene``, ``speaker``, ``text``.
        mentions: Who is named in those lines.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(dialogue, _NEEDED, name="dialogue")
    require_columns(mentions, MENTIONS, name="mentions")
    spans: dict[tuple[int, int, int], list[tuple[str, int, int]]] = {}
    places = zip(mentions["season"], mentions["episode"], mentions["line"], strict=True)
    named = zip(mentions["character"], mentions["begin"], mentions["finish"], strict=True)
    for place, span in zip(places, named, strict=True):
        spans.setdefault(place, []).append(span)
    columns = [dialogue[name] for name in ("season", "episode", "scene", "line")]
    words = [dialogue[name].astype(object).where(dialogue[name].notna(), "") for name in ("speaker", "text")]
    lines = []
    for season, episode, scene, number, speaker, text in zip(*columns, *words, strict=True):
        names = spans.get((season, episode, number), [])
        who = "" if _is_crowd(speaker) else speaker
        people = tuple(name for name, _, _ in names)
        lines.append(Line((season, episode, scene), number, who, people, tuple(_called(text, names))))
    return sorted(lines, key=lambda line: (line.scene, line.number))


def _called(text: str, names: list[tuple[str, int, int]]) -> Iterator[str]:
    spans = tuple((begin, finish) for _, begin, finish in names)
    for name, begin, finish in names:
        if is_vocative(text, begin, finish, others=spans):
            yield name


def _is_crowd(speaker: str) -> bool:
    """Whether a label is a role that many may have (``Man 2``, ``Nurse``, ``Man on radio``) rather than a name."""
    return all(word.strip("#().").isdigit() or word.casefold() in CROWD for word in speaker.split())

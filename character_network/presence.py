"""Who speaks, who is named and who is called in each line: what ties and pronouns are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from character_network.lines import episodes_of, is_crowd
from character_network.vocatives import is_vocative
from utils.tables import MENTIONS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Presence", "people_in_lines"]

_NEEDED = ("season", "episode", "line", "scene", "speaker", "text")
_Span = tuple[str, int, int]


@dataclass(frozen=True)
class Presence:
    """The people of a line.

    Attributes:
        scene: Season, episode and scene.
        number: Of the line in its episode.
        who: Speaker; empty where unknown or a crowd.
        named: Everybody named, as often as named.
        called: Those who are named in address.
        text: Spoken words.
    """

    scene: tuple[int, int, int]
    number: int
    who: str
    named: tuple[str, ...]
    called: tuple[str, ...]
    text: str


def people_in_lines(dialogue: pd.DataFrame, mentions: pd.DataFrame) -> list[Presence]:
    """Return the people of every line, scene after scene.

    Args:
        dialogue: At least ``season``, ``episode``, ``line``, ``scene``, ``speaker``, ``text``.
        mentions: Who is named in those lines.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(dialogue, _NEEDED, name="dialogue")
    require_columns(mentions, MENTIONS, name="mentions")
    spans: dict[tuple[int, int, int], list[_Span]] = {}
    places = zip(mentions["season"], mentions["episode"], mentions["line"], strict=True)
    named = zip(mentions["character"], mentions["begin"], mentions["finish"], strict=True)
    for place, span in zip(places, named, strict=True):
        spans.setdefault(place, []).append(span)
    lines = []
    for line in (line for lines_of_one in episodes_of(dialogue) for line in lines_of_one):
        names = spans.get((line.season, line.episode, line.line), [])
        scene = (line.season, line.episode, line.scene)
        who = "" if is_crowd(line.speaker) else line.speaker
        people = tuple(name for name, _, _ in names)
        lines.append(Presence(scene, line.line, who, people, tuple(_called(line.text, names)), line.text))
    return sorted(lines, key=lambda line: (line.scene, line.number))


def _called(text: str, names: Sequence[_Span]) -> Iterator[str]:
    spans = tuple((begin, finish) for _, begin, finish in names)
    for name, begin, finish in names:
        if is_vocative(text, begin, finish, others=spans):
            yield name

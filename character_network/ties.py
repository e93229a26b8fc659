"""Who speaks to whom, who names whom, who is together: the dialogue and its mentions as weighted ties.

Every row of the result is a pair, a kind and an episode. The kinds and their weights:

``speaks_to`` (directed)
    Each line with a known speaker hands out 1: to those whom it calls by name, in equal shares; otherwise half to the
    nearest other speaker before it and half to the nearest behind it in the same scene, within the window (the whole,
    if there is only one of them). The weight of a pair is thus a number of lines.
``mentions`` (directed)
    How often the speaker names somebody else.
``together`` (undirected, ``source < target``)
    A person occurs in a line by speaking it or by being named in it. In each scene an occurrence of A counts by its
    distance d, in lines, to the nearest occurrence of B: k(d) = max(0, 1 - d / window). The weight is half the sum over
    A's occurrences plus half the sum over B's: about the number of lines that the two share, and symmetric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Final

from character_network.lexicon import CROWD
from character_network.vocatives import is_vocative
from utils.errors import InputError
from utils.tables import EDGES, MENTIONS, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["KINDS", "build_edges"]

KINDS: Final = ("speaks_to", "mentions", "together")
"""The kinds of tie; the first two are directed."""


@dataclass(frozen=True)
class _Line:
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


def build_edges(dialogue: pd.DataFrame, mentions: pd.DataFrame, *, window: int = 10) -> pd.DataFrame:
    """Return the ties of every episode.

    Args:
        dialogue: At least ``season``, ``episode``, ``line``, ``scene``, ``speaker``, ``text``. Where no speaker is
            known, ``together`` comes from names alone and the directed kinds stay empty.
        mentions: Who is named in those lines.
        window: Lines within which two people belong together.

    Returns:
        An edges table, sorted by episode, kind and falling weight.

    Raises:
        InputError: If a column is missing or the window is below 1.
    """
    import pandas as pd

    require_columns(dialogue, ("season", "episode", "line", "scene", "speaker", "text"), name="dialogue")
    require_columns(mentions, MENTIONS, name="mentions")
    if window < 1:
        raise InputError(f"The window is {window} lines; it must be at least 1.")
    weights: Counter[tuple[str, str, str, int, int]] = Counter()
    for (season, episode, _), group in groupby(_lines(dialogue, mentions), key=lambda line: line.scene):
        scene = list(group)
        for kind, ties in zip(KINDS, (_spoken(scene, window), _named(scene), _together(scene, window)), strict=True):
            for source, target, weight in ties:
                # A Counter adds fractions too; its type in typeshed knows whole numbers only.
                weights[source, target, kind, season, episode] += weight  # type: ignore[assignment]
    edges = pd.DataFrame([(*tie, weight) for tie, weight in weights.items()], columns=list(EDGES))
    edges = edges.astype({"season": "int64", "episode": "int64", "weight": "float64"})
    order = ["season", "episode", "kind", "weight", "source", "target"]
    return edges.sort_values(order, ascending=[True, True, True, False, True, True], ignore_index=True)


def _lines(dialogue: pd.DataFrame, mentions: pd.DataFrame) -> list[_Line]:
    """Return the lines with their people, scene after scene."""
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
        lines.append(_Line((season, episode, scene), number, who, people, tuple(_called(text, names))))
    return sorted(lines, key=lambda line: (line.scene, line.number))


def _called(text: str, names: list[tuple[str, int, int]]) -> Iterator[str]:
    spans = tuple((begin, finish) for _, begin, finish in names)
    for name, begin, finish in names:
        if is_vocative(text, begin, finish, others=spans):
            yield name


def _is_crowd(speaker: str) -> bool:
    """Whether a label is a role that many may have (``Man 2``, ``Nurse``, ``Man on radio``) rather than a name."""
    return all(word.strip("#().").isdigit() or word.casefold() in CROWD for word in speaker.split())


def _spoken(scene: Sequence[_Line], window: int) -> Iterator[tuple[str, str, float]]:
    turns = [line for line in scene if line.who]
    for index, line in enumerate(turns):
        addressed = sorted(set(line.called) - {line.who})
        if not addressed:
            before = next((turn for turn in reversed(turns[:index]) if turn.who != line.who), None)
            behind = next((turn for turn in turns[index + 1 :] if turn.who != line.who), None)
            near = (turn for turn in (before, behind) if turn is not None)
            addressed = [turn.who for turn in near if abs(turn.number - line.number) <= window]
        for person in addressed:
            yield line.who, person, 1 / len(addressed)


def _named(scene: Sequence[_Line]) -> Iterator[tuple[str, str, float]]:
    for line in scene:
        if line.who:
            yield from ((line.who, person, 1.0) for person in line.named if person != line.who)


def _together(scene: Sequence[_Line], window: int) -> Iterator[tuple[str, str, float]]:
    import numpy as np

    occurrences: dict[str, list[int]] = {}
    for line in scene:
        for person in {line.who, *line.named} - {""}:
            occurrences.setdefault(person, []).append(line.number)
    places = {person: np.array(numbers) for person, numbers in sorted(occurrences.items())}
    for one, other in combinations(places, 2):
        both = _closeness(places[one], places[other], window) + _closeness(places[other], places[one], window)
        if both > 0:
            yield one, other, both / 2


def _closeness(lines: np.ndarray, others: np.ndarray, window: int) -> float:
    """Sum max(0, 1 - d / window) over ``lines``, where d is the distance to the nearest of ``others`` (both sorted)."""
    import numpy as np

    place = np.searchsorted(others, lines)
    left = np.abs(lines - others[np.maximum(place - 1, 0)])
    right = np.abs(others[np.minimum(place, len(others) - 1)] - lines)
    return float(np.maximum(0, 1 - np.minimum(left, right) / window).sum())

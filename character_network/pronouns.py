"""Whom ``I`` and ``you`` mean, where speakers are known: the speaker, and whom the line is said to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from character_network.lines import Line, episodes_of, is_crowd, nearby
from character_network.vocatives import is_vocative
from utils.tables import MENTIONS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["addressees", "pronoun_mentions"]

_TURNS: Final = 4
"""Lines around one in which whoever speaks before and whoever answers stand."""
_FIRST: Final = re.compile(r"(?<![\w'’-])(?:I(?![\w-])(?!\.\w)|(?i:me|my|mine|myself)(?![\w-]))")
_SECOND: Final = re.compile(
    r"(?<![\w'’-])(?:you|your|yours|yourself|ya)(?![\w-])"
    r"(?! (?:guys|two|three|all(?! right)|both|boys|girls|kids|people|know\b))",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"[\"“][^\"“”]*[\"”]")

Span = tuple[str, int, int]


def pronoun_mentions(dialogue: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return whom pronouns of the first and second person mean.

    They are a table of their own, since a name that is said tells more than a pronoun. ``I`` is the speaker. ``you``
    is whom the speaker calls by name in the line or turn, or else the only other person who speaks right before and
    behind it, or in the scene; in a wider round it stays open, and so do ``you guys``, ``you know`` and what is quoted.

    Args:
        dialogue: ``season``, ``episode``, ``line``, ``scene``, ``speaker``, ``text``.
        mentions: The names in it, from `NamedEntityRecognizer.find`.

    Returns:
        A mentions table, ``surface`` being the pronoun, in the order of the dialogue.

    Raises:
        InputError: If a column is missing.
    """
    import pandas as pd

    require_columns(dialogue, ("season", "episode", "line", "scene", "speaker", "text"), name="dialogue")
    require_columns(mentions, MENTIONS, name="mentions")
    names = _names(mentions)
    rows = [
        (line.season, line.episode, line.line, who, line.text[begin:finish], begin, finish)
        for lines in episodes_of(dialogue)
        for line, to in zip(lines, addressees(lines, names), strict=True)
        for who, begin, finish in _resolved(line, to)
    ]
    numbers = dict.fromkeys(("season", "episode", "line", "begin", "finish"), "int64")
    return pd.DataFrame(rows, columns=list(MENTIONS)).astype({**numbers, "character": "str", "surface": "str"})


def _names(mentions: pd.DataFrame) -> dict[tuple[int, int, int], list[Span]]:
    names: dict[tuple[int, int, int], list[Span]] = {}
    columns = (mentions[name] for name in ("season", "episode", "line", "character", "begin", "finish"))
    for season, episode, line, character, begin, finish in zip(*columns, strict=True):
        names.setdefault((season, episode, line), []).append((character, begin, finish))
    return names


def addressees(lines: Sequence[Line], names: Mapping[tuple[int, int, int], Sequence[Span]]) -> list[str]:
    """Return to whom each line is said; empty where nobody or more than one person may be meant.

    Args:
        lines: Of one episode.
        names: Season, episode and line to the people named there, with their spans.
    """
    called = [_called(line, names.get((line.season, line.episode, line.line), ())) for line in lines]
    return [_addressee(place, lines, called) for place in range(len(lines))]


def _called(line: Line, names: Sequence[Span]) -> set[str]:
    spans = tuple((begin, finish) for _, begin, finish in names)
    return {who for who, begin, finish in names if is_vocative(line.text, begin, finish, others=spans)} - {line.speaker}


def _addressee(place: int, lines: Sequence[Line], called: Sequence[set[str]]) -> str:
    line = lines[place]
    if not line.speaker:
        return ""
    people = called[place] or set[str]().union(*(called[other] for other in _turn(place, lines)))
    if people:
        return next(iter(people)) if len(people) == 1 else ""
    return _other_party(place, lines)


def _turn(place: int, lines: Sequence[Line]) -> Iterator[int]:
    """Yield the lines that its speaker says in one go."""
    for step in (-1, 1):
        other = place + step
        while 0 <= other < len(lines) and lines[other][3:5] == lines[place][3:5]:
            yield other
            other += step


def _other_party(place: int, lines: Sequence[Line]) -> str:
    """Whoever alone speaks with the speaker: nobody unknown may stand between."""
    line = lines[place]
    around = nearby(lines, place, within=_TURNS)
    others = {other.speaker for other in around} - {line.speaker}
    if len(others) != 1:
        return ""
    other = others.pop()
    return "" if is_crowd(other) else other


def _resolved(line: Line, to: str) -> Iterator[Span]:
    """Yield the pronouns of a line from left to right with whom they mean."""
    if line.speaker:
        quoted = [match.span() for match in _QUOTED.finditer(line.text)]
        spans = [(match.span(), line.speaker) for match in _FIRST.finditer(line.text)]
        spans += [(match.span(), to) for match in _SECOND.finditer(line.text) if to]
        for (begin, finish), who in sorted(spans):
            if not any(left <= begin < right for left, right in quoted):
                yield who, begin, finish

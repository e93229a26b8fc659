"""Whom ``I`` and ``you`` mean, where speakers are known: the speaker, and whom the line is said to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Final

from character_network.addressees import only_addressees
from character_network.presence import Presence, people_in_lines
from utils.tables import MENTIONS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pronoun_mentions"]

_FIRST: Final = re.compile(r"(?<![\w'’-])(?:I(?![\w-])(?!\.\w)|(?i:me|my|mine|myself)(?![\w-]))")
_SECOND: Final = re.compile(
    r"(?<![\w'’-])(?:you|your|yours|yourself|ya)(?![\w-])"
    r"(?! (?:guys|two|three|all(?! right)|both|boys|girls|kids|people|know\b))",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"[\"“][^\"“”]*[\"”]")


def pronoun_mentions(dialogue: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return whom pronouns of the first and second person mean.

    They are a table of their own, since a name that is said tells more than a pronoun. ``I`` is the speaker. ``you``
    is whom the speaker calls by name in the line or turn, or else the only other person who speaks close by in the
    scene (see `character_network.addressees`); in a wider round it stays open, and so do ``you guys``, ``you know`` and
    what is quoted. A speaker who is one of a crowd (``Man 2``) counts as unknown.

    Args:
        dialogue: ``season``, ``episode``, ``line``, ``scene``, ``speaker``, ``text``.
        mentions: The names in it, from `NamedEntityRecognizer.find`.

    Returns:
        A mentions table, ``surface`` being the pronoun, scene after scene.

    Raises:
        InputError: If a column is missing.
    """
    import pandas as pd

    scenes = groupby(people_in_lines(dialogue, mentions), key=lambda line: line.scene)
    rows = [
        (*place[:2], line.number, who, line.text[begin:finish], begin, finish)
        for place, scene in scenes
        for line, to in only_addressees(list(scene))
        for who, begin, finish in _resolved(line, to)
    ]
    numbers = dict.fromkeys(("season", "episode", "line", "begin", "finish"), "int64")
    return pd.DataFrame(rows, columns=list(MENTIONS)).astype({**numbers, "character": "str", "surface": "str"})


def _resolved(line: Presence, to: str) -> Iterator[tuple[str, int, int]]:
    """Yield whom the pronouns of a line mean, from left to right, with their spans."""
    quoted = [match.span() for match in _QUOTED.finditer(line.text)]
    spans = [(match.span(), line.who) for match in _FIRST.finditer(line.text)]
    spans += [(match.span(), to) for match in _SECOND.finditer(line.text) if to]
    for (begin, finish), who in sorted(spans):
        if not any(left <= begin < right for left, right in quoted):
            yield who, begin, finish

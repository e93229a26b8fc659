"""Neighbouring lines joined until they say something: subtitle lines are cut for reading speed, not for meaning.

A line holds five words on average, many of them "Yeah." or the tail of a sentence. Both mislead a model that sees them
alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from utils.tables import SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["passages"]

_ENOUGH: Final = 8
_LONGEST: Final = 24
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]*$")


def passages(dialogue: pd.DataFrame) -> pd.DataFrame:
    """Join the lines of each scene into passages.

    A passage ends at the first end of a sentence after eight words, at 24 words, or with its scene; a rest of fewer
    than eight words joins the passage before it.

    Args:
        dialogue: Needs ``season``, ``episode``, ``scene``, ``line`` and ``text``; a scene's lines lie together, in
            their order.

    Returns:
        One row a passage: ``scene_number`` (from 0 over the whole table, in order of appearance), ``first`` and
        ``last`` (row positions in ``dialogue``, inclusive), ``words`` and ``text``.

    Raises:
        InputError: If a column is missing.
    """
    import pandas as pd

    require_columns(dialogue, (*SCENE_KEYS, "line", "text"), name="dialogue")
    texts: list[str] = dialogue["text"].tolist()
    # A line without words still takes part, lest its scene weigh nothing.
    words = [max(1, len(text.split())) for text in texts]
    scene: list[int] = dialogue.groupby(list(SCENE_KEYS), sort=False).ngroup().tolist()
    rows = [
        (scene[first], first, last, sum(words[first : last + 1]), " ".join(texts[first : last + 1]))
        for first, last in _spans(scene, words, texts)
    ]
    return pd.DataFrame(rows, columns=["scene_number", "first", "last", "words", "text"])


def _spans(scene: Sequence[int], words: Sequence[int], texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last row of each passage."""
    start = 0
    for row in range(1, len(scene) + 1):
        if row == len(scene) or scene[row] != scene[start]:
            yield from _scene_spans(start, row, words, texts)
            start = row


def _scene_spans(start: int, stop: int, words: Sequence[int], texts: Sequence[str]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    first, count = start, 0
    for row in range(start, stop):
        count += words[row]
        if count >= _LONGEST or (count >= _ENOUGH and _SENTENCE_END.search(texts[row])):
            spans.append((first, row))
            first, count = row + 1, 0
    if first < stop:
        opening = spans.pop()[0] if spans and count < _ENOUGH else first
        spans.append((opening, stop - 1))
    return spans

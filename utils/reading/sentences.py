"""Sentences that run over several lines of the dialogue table, joined for whoever reads sentences.

Subtitles cut a sentence where the screen is full. The table keeps the lines with their times; here is the sentence.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from utils.tables import EPISODE_KEYS, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["SENTENCES", "joined_sentences"]

SENTENCES: Final = ("season", "episode", "scene", "first", "last", "start", "end", "speaker", "text")

_NEEDED: Final = (*EPISODE_KEYS, "line", "scene", "start", "end", "speaker", "text")
# A sentence is over at one of these, whatever quotes and brackets close behind it.
_OVER: Final = re.compile(r"""[.!?…:;]["'”’»)\]]*$""")
_TRAILING: Final = re.compile(r"""(?:\.{2,}|…)["'”’]*$""")
_OPENING: Final = "\"'“‘-–—… ."
_LONGEST_PAUSE: Final = 3.0  # seconds within a sentence
_MOST_LINES: Final = 8


def joined_sentences(dialogue: pd.DataFrame) -> pd.DataFrame:
    """Join lines of one speaker where a sentence goes on from one to the next.

    It goes on if the first has no mark of an end, or trails off (``...``) before a small letter, within the same
    scene and 3 seconds, and at most over 8 lines. Lines without a speaker join lines without a speaker.

    Args:
        dialogue: The dialogue table, each episode's lines in their order; needs ``season``, ``episode``, ``line``,
            ``scene``, ``start``, ``end``, ``speaker`` and ``text``.

    Returns:
        ``season``, ``episode``, ``scene``, ``first`` and ``last`` (numbers of lines), ``start``, ``end`` (seconds),
        ``speaker``, ``text``: every line is in exactly one row.

    Raises:
        InputError: If a column is missing.
    """
    import numpy as np

    require_columns(dialogue, _NEEDED, name="dialogue")
    group = np.cumsum(~_goes_on(dialogue))
    joined = dialogue.assign(first=dialogue["line"], last=dialogue["line"]).groupby(group, sort=False)
    whole: dict[str, Any] = dict.fromkeys((*EPISODE_KEYS, "scene", "first", "start", "speaker"), "first")
    table = joined.agg({**whole, "last": "last", "end": "max", "text": " ".join}).reset_index(drop=True)
    return table.astype({"text": "string", "speaker": "string"})[list(SENTENCES)]


def _goes_on(dialogue: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether each line goes on with the sentence of the line above."""
    import numpy as np

    above = dialogue.shift()
    same = np.ones(len(dialogue), dtype=np.bool_)
    for column in (*EPISODE_KEYS, "scene"):
        same &= (dialogue[column] == above[column]).to_numpy(dtype=np.bool_)
    speakers = dialogue["speaker"].fillna("").to_numpy(dtype=object)
    same[1:] &= speakers[1:] == speakers[:-1]
    same &= ~(dialogue["start"] - above["end"] > _LONGEST_PAUSE).to_numpy(dtype=np.bool_)
    texts = dialogue["text"].tolist()
    run = 0
    for index, (text, following) in enumerate(pairwise(texts), start=1):
        run = run + 1 if same[index] and run + 1 < _MOST_LINES and _is_open(text, following) else 0
        same[index] = run > 0
    same[:1] = False
    return same


def _is_open(text: str, following: str) -> bool:
    """Whether the sentence at the end of a text goes on in the following one."""
    if not _OVER.search(text):
        return True
    return bool(_TRAILING.search(text)) and following.lstrip(_OPENING)[:1].islower()

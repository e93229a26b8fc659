"""What one person says without being interrupted, and how strongly it shows each theme.

Scenes are scored by passages that run across speakers, since an answer completes a question. Who speaks about what
needs the opposite: passages that end where the speaker changes. They are also what people want to read when they ask
for the lines behind a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theme_classifier.passages import passages
from utils.errors import InputError
from utils.tables import SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

    from theme_classifier.tiers import Measures

__all__ = ["RAW", "TURNS", "speaking_turns", "turn_labels", "turn_table"]

RAW: Final = "raw_"
"""What the name of a column of raw scores begins with, before the label."""

TURNS: Final = (*SCENE_KEYS, "line", "last", "start", "speaker", "words", "text")
"""Columns of a ``theme_turns`` table before those of its themes."""


def speaking_turns(dialogue: pd.DataFrame) -> pd.DataFrame:
    """Join neighbouring lines of one speaker within a scene into turns of up to some 24 words.

    Lines without a known speaker are joined with one another alike.

    Args:
        dialogue: Needs ``season``, ``episode``, ``scene``, ``line``, ``start``, ``speaker`` and ``text``; sorted.

    Returns:
        The columns `TURNS`: ``line`` and ``last`` are numbers of lines (inclusive), ``start`` the seconds at which the
        first of them begins (NaN where unknown), ``speaker`` its speaker or NA.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(dialogue, (*SCENE_KEYS, "line", "start", "speaker", "text"), name="dialogue")
    voice = dialogue["speaker"].astype("string").fillna("")
    changes = voice.ne(voice.shift()) | dialogue[list(SCENE_KEYS)].ne(dialogue[list(SCENE_KEYS)].shift()).any(axis=1)
    # A passage ends with its scene; here a run of one speaker stands in for the scene.
    joined = passages(dialogue.assign(scene=changes.to_numpy().cumsum()))
    first, last = joined["first"].to_numpy(), joined["last"].to_numpy()
    turns = dialogue[[*SCENE_KEYS, "line", "start", "speaker"]].iloc[first].reset_index(drop=True)
    lines = dialogue["line"].to_numpy()[last]
    return turns.assign(last=lines, words=joined["words"], text=joined["text"])[list(TURNS)]


def turn_table(turns: pd.DataFrame, labels: tuple[str, ...], measures: Measures) -> pd.DataFrame:
    """Put the scores of turns beside them.

    Args:
        turns: From `speaking_turns`.
        labels: The themes.
        measures: Of the turns' texts.

    Returns:
        The columns `TURNS`, one column a label (calibrated, 0-1) and one ``raw_<label>`` each (0-1).
    """
    from theme_classifier.calibration import calibrated

    table = turns.copy()
    table[list(labels)] = calibrated(measures.evidence, measures.curve)
    table[[RAW + label for label in labels]] = measures.raw
    return table


def turn_labels(turns: pd.DataFrame) -> list[str]:
    """Return the labels of a ``theme_turns`` table, in its order: the columns that have a raw column.

    Raises:
        InputError: If there are none.
    """
    labels = [str(column) for column in turns.columns if f"{RAW}{column}" in turns.columns]
    if not labels:
        raise InputError(
            f"The theme_turns table has no theme: none of its columns has a {RAW}<label> column beside it."
        )
    return labels

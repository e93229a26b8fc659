"""Themes over time: a number an episode, numbers within an episode, and the scenes that stand out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theme_classifier.labels import EVIDENCE
from theme_classifier.passages import passages
from theme_classifier.turns import RAW
from utils.errors import InputError
from utils.tables import EPISODE_KEYS, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PEAKS", "episode_curves", "peaks", "raw_scenes", "scene_curves", "theme_labels"]

PEAKS: Final = ("theme", "rank", "season", "episode", "scene", "score", "line", "start", "speaker", "text")
"""Columns of what `peaks` returns."""


def theme_labels(themes: pd.DataFrame) -> list[str]:
    """Return the labels of a ``themes`` table, in its order: the columns that have an evidence column.

    Raises:
        InputError: If there are none.
    """
    labels = [str(column) for column in themes.columns if f"{EVIDENCE}{column}" in themes.columns]
    if not labels:
        raise InputError(
            f"The themes table has no theme: none of its columns has an {EVIDENCE}<label> column beside it."
        )
    return labels


def episode_curves(themes: pd.DataFrame) -> pd.DataFrame:
    """Average each theme over the scenes of each episode.

    Every scene counts the same: a scene is the unit of the story, and its score already allows for its length.

    Args:
        themes: From `ThemeClassifier.score_scenes`, or `raw_scenes`.

    Returns:
        ``season``, ``episode`` and one column a label, 0-1; one row an episode, in order.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(themes, SCENE_KEYS, name="themes")
    return themes.groupby(list(EPISODE_KEYS), as_index=False)[theme_labels(themes)].mean()


def raw_scenes(themes: pd.DataFrame, turns: pd.DataFrame) -> pd.DataFrame:
    """Put the model's own numbers in the place of the calibrated ones.

    Args:
        themes: From `ThemeClassifier.read`.
        turns: The ``theme_turns`` table of the same reading.

    Returns:
        The columns of ``themes``; under each label the mean raw score of what is said in the scene, weighted by words.

    Raises:
        InputError: If a column is missing, or ``turns`` lacks a scene.
    """
    labels = theme_labels(themes)
    raw = [RAW + label for label in labels]
    require_columns(themes, SCENE_KEYS, name="themes")
    require_columns(turns, (*SCENE_KEYS, "words", *raw), name="theme_turns")
    weighted = turns[raw].mul(turns["words"], axis=0).assign(words=turns["words"])
    sums = weighted.groupby([turns[key] for key in SCENE_KEYS]).sum()
    means = themes[list(SCENE_KEYS)].join(sums[raw].div(sums["words"], axis=0), on=list(SCENE_KEYS))
    if means[raw].isna().any(axis=None):
        raise InputError("The theme_turns table lacks scenes of the themes table; give those of one reading.")
    result = themes.copy()
    result[labels] = means[raw].to_numpy()
    return result


def scene_curves(themes: pd.DataFrame, dialogue: pd.DataFrame) -> pd.DataFrame:
    """Lay the scenes out over the time of their episodes.

    Args:
        themes: From `ThemeClassifier.score_scenes`, or `raw_scenes`.
        dialogue: The table that it was made from; needs ``season``, ``episode``, ``scene``, ``line``, ``start``,
            ``end``.

    Returns:
        ``season``, ``episode``, ``scene``, ``begin`` and ``finish`` (minutes from the beginning of the episode, NaN
        where unknown), ``lines`` (how many) and one column a label, 0-1; one row a scene, in order.

    Raises:
        InputError: If a column is missing.
    """
    keys = list(SCENE_KEYS)
    require_columns(themes, keys, name="themes")
    require_columns(dialogue, (*keys, "line", "start", "end"), name="dialogue")
    spans = dialogue.groupby(keys, as_index=False).agg(
        begin=("start", "min"), finish=("end", "max"), lines=("line", "size")
    )
    spans[["begin", "finish"]] /= 60
    return spans.merge(themes[[*keys, *theme_labels(themes)]], on=keys)


def peaks(themes: pd.DataFrame, dialogue: pd.DataFrame, *, most: int = 3) -> pd.DataFrame:
    """Find the scenes in which each theme is strongest, with what is said there.

    `theme_classifier.evidence_lines` finds further lines of these scenes.

    Args:
        themes: From `ThemeClassifier.score_scenes`.
        dialogue: The table that it was made from; needs ``season``, ``episode``, ``scene``, ``line``, ``text``,
            ``start``, ``speaker``.
        most: Scenes a theme at most.

    Returns:
        The columns `PEAKS`, strongest first within a theme: ``rank`` from 1, ``score`` 0-1, ``line`` the number of the
        strongest line, ``start`` (seconds, NaN where unknown) and ``speaker`` (or NA) of that line, ``text`` the
        passage around it.

    Raises:
        InputError: If a column is missing, ``most`` is not positive, or an evidence line is not in ``dialogue``.
    """
    import pandas as pd

    require_columns(themes, SCENE_KEYS, name="themes")
    require_columns(dialogue, (*SCENE_KEYS, "line", "text", "start", "speaker"), name="dialogue")
    if most < 1:
        raise InputError(f"most is {most}; ask for at least one scene a theme.")
    strongest = pd.concat([_strongest(themes, label, most) for label in theme_labels(themes)], ignore_index=True)
    found = strongest.merge(_spoken(dialogue), on=[*EPISODE_KEYS, "line"], how="left")
    if found["text"].isna().any():
        raise InputError(
            "The themes table names lines that the dialogue table lacks; give the dialogue it was made from."
        )
    return found[list(PEAKS)]


def _strongest(themes: pd.DataFrame, label: str, most: int) -> pd.DataFrame:
    top = themes.nlargest(most, label)
    renamed = top[[*SCENE_KEYS, label, EVIDENCE + label]].set_axis([*SCENE_KEYS, "score", "line"], axis=1)
    return renamed.assign(theme=label, rank=range(1, len(top) + 1))


def _spoken(dialogue: pd.DataFrame) -> pd.DataFrame:
    """Each line with the text of the passage that it belongs to."""
    import numpy as np

    ordered = dialogue.sort_values([*SCENE_KEYS, "line"], kind="stable", ignore_index=True)
    joined = passages(ordered)
    whole = np.repeat(joined["text"].to_numpy(), joined["last"] - joined["first"] + 1)
    return ordered[[*EPISODE_KEYS, "line", "start", "speaker"]].assign(text=whole)

"""The lines behind a number: of a scene, an episode or a character, those that show a theme most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from theme_classifier.turns import TURNS
from utils.errors import InputError
from utils.tables import EPISODE_KEYS, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LINES", "episode_lines", "evidence_lines"]

LINES: Final = ("theme", "rank", "score", *TURNS)
"""Columns of what `evidence_lines` returns, before ``of``."""

_PLACES: Final = ("season", "episode", "scene", "speaker")
# A line says little beside one that is three times as strong.
_SHARE: Final = 1 / 3


def evidence_lines(turns: pd.DataFrame, wanted: pd.DataFrame, *, most: int = 3) -> pd.DataFrame:
    """Find the strongest lines for each theme in each place that is asked for.

    Args:
        turns: The ``theme_turns`` table.
        wanted: One row a question: ``theme``, and any of ``season``, ``episode``, ``scene``, ``speaker`` to say where
            to look; with ``theme`` alone, everywhere.
        most: Lines a question at most. Lines that are repeated, or less than a third as strong as the first, are left
            out.

    Returns:
        The columns `LINES` and ``of`` (the position of the question in ``wanted``), by question, strongest first:
        ``rank`` from 1, ``score`` of the turn 0-1, then where it stands, who says it and its words.

    Raises:
        InputError: If a column or theme is missing, or ``most`` is not positive.
    """
    import pandas as pd

    require_columns(wanted, ["theme"], name="wanted")
    require_columns(turns, (*TURNS, *wanted["theme"].unique()), name="theme_turns")
    if most < 1:
        raise InputError(f"most is {most}; ask for at least one line.")
    keys = [key for key in _PLACES if key in wanted.columns]
    asked = wanted[["theme", *keys]].reset_index(drop=True).rename_axis("of").reset_index()
    found = [_strongest(turns, group, keys, str(theme), most) for theme, group in asked.groupby("theme", sort=False)]
    columns = [*LINES, "of"]
    if not found:
        return pd.DataFrame(columns=columns)
    return pd.concat(found).sort_values(["of", "rank"], kind="stable", ignore_index=True)[columns]


def episode_lines(themes: pd.DataFrame, turns: pd.DataFrame, wanted: pd.DataFrame, *, most: int = 2) -> pd.DataFrame:
    """Find what makes a theme strong in an episode: its strongest scenes, and in each the strongest line.

    An episode's number is the mean of its scenes; the strongest lines of an episode alone may come from one of them.

    Args:
        themes: The ``themes`` table.
        turns: The ``theme_turns`` table of the same reading.
        wanted: One row a question: ``theme``, ``season`` and ``episode``.
        most: Scenes a question at most.

    Returns:
        As `evidence_lines`; ``rank`` counts the scenes.

    Raises:
        InputError: If a column or theme is missing, or ``most`` is not positive.
    """
    require_columns(wanted, ("theme", *EPISODE_KEYS), name="wanted")
    labels = [str(theme) for theme in wanted["theme"].unique()]
    require_columns(themes, (*SCENE_KEYS, *labels), name="themes")
    scenes = themes[[*SCENE_KEYS, *labels]].melt(list(SCENE_KEYS), var_name="theme", value_name="strength")
    asked = wanted[["theme", *EPISODE_KEYS]].reset_index(drop=True).rename_axis("question").reset_index()
    both = asked.merge(scenes, on=["theme", *EPISODE_KEYS])
    both = both.sort_values(["question", "strength"], ascending=[True, False], kind="stable", ignore_index=True)
    top = both.groupby("question").head(most).reset_index(drop=True)
    found = evidence_lines(turns, top, most=1)
    of = top["question"].to_numpy()[found["of"].to_numpy(dtype="int64")]
    return found.assign(of=of, rank=found.groupby(of).cumcount() + 1)


def _strongest(turns: pd.DataFrame, asked: pd.DataFrame, keys: list[str], theme: str, most: int) -> pd.DataFrame:
    scored = turns[list(TURNS)].assign(score=turns[theme], said=turns["text"].str.casefold())
    places = asked[["of", *keys]]
    lines = scored.merge(places, on=keys) if keys else scored.merge(places, how="cross")
    lines = lines.sort_values(["of", "score"], ascending=[True, False], kind="stable")
    lines = lines.drop_duplicates(["of", "said"])
    near = lines["score"] >= _SHARE * lines.groupby("of")["score"].transform("max")
    top = lines[near].groupby("of").head(most)
    return top.assign(theme=theme, rank=top.groupby("of").cumcount() + 1)

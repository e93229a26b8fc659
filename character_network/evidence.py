"""The lines behind a tie: what was said, by whom and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from character_network.graph import check_kind, up_to
from character_network.ties import DEFAULT_WINDOW, line_shares
from utils.episodes import Episode
from utils.errors import InputError, did_you_mean
from utils.tables import EPISODE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TIE_LINES", "page_lines", "tie_lines"]

TIE_LINES: Final = (
    "source",
    "target",
    "kind",
    "season",
    "episode",
    "scene",
    "line",
    "start",
    "speaker",
    "text",
    "weight",
)
"""Columns of the lines behind ties."""
_TIE = ["source", "target", "kind"]
_LINE = [*EPISODE_KEYS, "line"]
_TELLING = 80
"""Letters beyond which a longer line says no more about a tie."""


def tie_lines(
    dialogue: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    between: tuple[str, str] | None = None,
    kind: str | None = None,
    until: Episode | str | None = None,
    window: int = DEFAULT_WINDOW,
    each: int = 8,
) -> pd.DataFrame:
    """Return the lines behind each tie, the strongest first.

    Args:
        dialogue: At least ``season``, ``episode``, ``line``, ``scene``, ``start``, ``speaker``, ``text``.
        mentions: Who is named in those lines.
        between: Two people, in any order, whose ties alone are wanted; None for everybody's.
        kind: One of `character_network.ties.KINDS`; None for all.
        until: The last episode that counts; None for all.
        window: Lines within which two people belong together.
        each: Lines a tie at most.

    Returns:
        ``source``, ``target``, ``kind``, ``season``, ``episode``, ``scene``, ``line``, ``start`` (seconds),
        ``speaker``, ``text`` and ``weight``: what the line adds to the tie. Ties by falling weight; in
        each the lines by falling weight, then the longer before the shorter.

    Raises:
        InputError: If a column is missing, the kind is unknown, or one of the two has no tie.
    """
    shares = up_to(line_shares(dialogue, mentions, window=window), until)
    if kind is not None:
        shares = shares[shares["kind"] == check_kind(kind)]
    if between is not None:
        shares = _between(shares, *between)
    return _said(shares, dialogue, each=each, groups=_TIE)


def _between(shares: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    people = sorted({*shares["source"], *shares["target"]})
    for person in (one, other):
        if person not in people:
            raise InputError(f"'{person}' has no ties in these lines.{did_you_mean(person, people)}")
    return shares[shares["source"].isin([one, other]) & shares["target"].isin([one, other])]


def page_lines(
    dialogue: pd.DataFrame, mentions: pd.DataFrame, *, window: int = DEFAULT_WINDOW, each: int = 5
) -> pd.DataFrame:
    """Return the lines behind each tie that its page may show: `tie_lines`, but ``each`` lines a tie and episode.

    Args:
        dialogue: As for `tie_lines`.
        mentions: As for `tie_lines`.
        window: As for `tie_lines`.
        each: Lines a tie and episode at most.

    Raises:
        InputError: If a column is missing.
    """
    shares = line_shares(dialogue, mentions, window=window)
    return _said(shares, dialogue, each=each, groups=[*_TIE, *EPISODE_KEYS])


def _said(shares: pd.DataFrame, dialogue: pd.DataFrame, *, each: int, groups: list[str]) -> pd.DataFrame:
    """Look the lines up, the strongest ties and lines first, and keep some of each group."""
    require_columns(dialogue, (*_LINE, "start", "speaker", "text"), name="dialogue")
    # A line that has two shares in a tie (both are named in it) stands there once.
    once = shares.groupby([*_TIE, *EPISODE_KEYS, "scene", "line"], as_index=False, sort=False)["weight"].sum()
    found = once.merge(dialogue[[*_LINE, "start", "speaker", "text"]], on=_LINE, validate="many_to_one")
    found["telling"] = found["text"].str.len().clip(upper=_TELLING)
    found["tie"] = found.groupby(_TIE)["weight"].transform("sum")
    falling = ["tie", "weight", "telling"]
    order = ["tie", *_TIE, "weight", "telling", *_LINE]
    found = found.sort_values(order, ascending=[name not in falling for name in order])
    kept: pd.DataFrame = found.groupby(groups, sort=False).head(each)
    return kept[list(TIE_LINES)].reset_index(drop=True)

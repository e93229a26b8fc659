"""What the report says in words and tables: plain facts drawn from the tables, without any markup."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.theme_facts import ThemeShift, moved_most
from theme_classifier import episode_curves
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS, SCENE_KEYS

if TYPE_CHECKING:
    import pandas as pd

    from analysis.results import Results

__all__ = ["Change", "EpisodeFacts", "Shift", "changes", "count_scenes", "episode_facts"]


@dataclass(frozen=True, kw_only=True)
class EpisodeFacts:
    """What was read of one episode.

    Attributes:
        label: Such as ``S01E02``.
        lines: Spoken lines.
        scenes: Scenes found.
        known: Share of the lines with a known speaker, 0-1.
        theme: The theme with the highest mean score.
        score: That score.
    """

    label: str
    lines: int
    scenes: int
    known: float
    theme: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A number that moved."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changed most from one episode to the next.

    Attributes:
        label: Both episodes.
        rise: The theme that rose most, by mean score; None if none rose.
        fall: The theme that fell most; None if none fell.
        tie: The pair whose share of the episode's ``together`` weight grew most; None without ties.
    """

    label: str
    rise: ThemeShift | None
    fall: ThemeShift | None
    tie: Shift | None


def episode_facts(results: Results) -> list[EpisodeFacts]:
    """Return the facts of each episode, in order."""
    curves = episode_curves(results.themes)
    scores = curves[results.theme_labels]
    strongest = curves[list(EPISODE_KEYS)].assign(theme=scores.idxmax(axis=1), score=scores.max(axis=1))
    spoken = results.dialogue.assign(known=results.dialogue["speaker"].notna())
    counted = spoken.groupby(list(EPISODE_KEYS), as_index=False).agg(
        lines=("line", "size"), scenes=("scene", "nunique"), known=("known", "mean")
    )
    rows = counted.merge(strongest, on=list(EPISODE_KEYS)).to_dict("records")
    return [
        EpisodeFacts(
            label=str(Episode(row["season"], row["episode"])),
            lines=row["lines"],
            scenes=row["scenes"],
            known=row["known"],
            theme=row["theme"],
            score=row["score"],
        )
        for row in rows
    ]


def changes(results: Results) -> list[Change]:
    """Return what changed most between neighbouring episodes; empty for a single episode."""
    moved = moved_most(results.themes, results.theme_turns)
    ties = _tie_shares(results.edges)
    episodes = list(results.themes[list(EPISODE_KEYS)].drop_duplicates().itertuples(index=False, name=None))
    found = []
    for before, after in pairwise(sorted(episodes)):
        rise, fall = moved[Episode(*after)]
        pairs = ties.reindex([before, after]).fillna(0.0)
        label = f"{Episode(*before)} → {Episode(*after)}"
        found.append(Change(label=label, rise=rise, fall=fall, tie=_most(pairs)))
    return found


def _tie_shares(edges: pd.DataFrame) -> pd.DataFrame:
    """One row an episode, one column a pair: its share of the weight of all who are together."""
    together = edges[edges["kind"] == "together"]
    named = together.assign(pair=together["source"].astype(str) + " and " + together["target"].astype(str))
    weights = named.pivot_table(
        index=list(EPISODE_KEYS), columns="pair", values="weight", aggfunc="sum", fill_value=0.0
    )
    return weights.div(weights.sum(axis=1), axis=0)


def _most(pair: pd.DataFrame) -> Shift | None:
    """The column that grew most between two rows."""
    moved = pair.iloc[1] - pair.iloc[0]
    if moved.empty or moved.max() <= 0:
        return None
    name = moved.idxmax()
    return Shift(name=str(name), before=float(pair[name].iloc[0]), after=float(pair[name].iloc[1]))


def count_scenes(dialogue: pd.DataFrame) -> int:
    """Return how many scenes a dialogue table holds."""
    return len(dialogue[list(SCENE_KEYS)].drop_duplicates())

"""What the report says in words and tables: plain facts drawn from the tables, without any markup."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from theme_classifier.curves import episode_curves, peaks, theme_labels
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS, SCENE_KEYS
from utils.timecodes import timecode

if TYPE_CHECKING:
    import pandas as pd

    from analysis.results import Results

__all__ = [
    "Change",
    "EpisodeFacts",
    "Peak",
    "Shift",
    "changes",
    "count_scenes",
    "episode_facts",
    "theme_peaks",
]


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
class Peak:
    """A scene in which a theme is strong.

    Attributes:
        score: 0-1.
        place: Episode and timecode, or line number where times are unknown.
        speaker: Of the evidence line; None where unknown.
        before: The passage before the evidence line.
        line: The evidence line.
        after: The passage after it.
    """

    score: float
    place: str
    speaker: str | None
    before: str
    line: str
    after: str


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
    rise: Shift | None
    fall: Shift | None
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


def theme_peaks(themes: pd.DataFrame, dialogue: pd.DataFrame, *, most: int = 3) -> dict[str, list[Peak]]:
    """Return the strongest scenes of each theme, with the line that shows it most inside its passage.

    Raises:
        InputError: If a column is missing.
    """
    keys = [*EPISODE_KEYS, "line"]
    spoken = dialogue[[*keys, "text"]].rename(columns={"text": "evidence"})
    found = peaks(themes, dialogue, most=most).merge(spoken, on=keys, how="left")
    return {
        label: [_peak(row) for row in found[found["theme"] == label].to_dict("records")]
        for label in theme_labels(themes)
    }


def _peak(row: dict[Hashable, Any]) -> Peak:
    line = row["evidence"]
    before, _, after = row["text"].partition(line)
    when = timecode(row["start"]) or f"line {row['line']}"
    return Peak(
        score=row["score"],
        place=f"{Episode(row['season'], row['episode'])} {when}",
        speaker=row["speaker"] if isinstance(row["speaker"], str) else None,
        before=before.strip(),
        line=line,
        after=after.strip(),
    )


def changes(results: Results) -> list[Change]:
    """Return what changed most between neighbouring episodes; empty for a single episode."""
    curves = episode_curves(results.themes).set_index(list(EPISODE_KEYS))[results.theme_labels]
    ties = _tie_shares(results.edges)
    episodes = list(curves.index)
    found = []
    for before, after in pairwise(episodes):
        themes = curves.loc[[before, after]]
        pairs = ties.reindex([before, after]).fillna(0.0)
        label = f"{Episode(*before)} → {Episode(*after)}"
        found.append(
            Change(label=label, rise=_most(themes, up=True), fall=_most(themes, up=False), tie=_most(pairs, up=True))
        )
    return found


def _tie_shares(edges: pd.DataFrame) -> pd.DataFrame:
    """One row an episode, one column a pair: its share of the weight of all who are together."""
    together = edges[edges["kind"] == "together"]
    named = together.assign(pair=together["source"].astype(str) + " and " + together["target"].astype(str))
    weights = named.pivot_table(
        index=list(EPISODE_KEYS), columns="pair", values="weight", aggfunc="sum", fill_value=0.0
    )
    return weights.div(weights.sum(axis=1), axis=0)


def _most(pair: pd.DataFrame, *, up: bool) -> Shift | None:
    """The column that moved most between two rows, in one direction."""
    moved = (pair.iloc[1] - pair.iloc[0]) * (1 if up else -1)
    if moved.empty or moved.max() <= 0:
        return None
    name = moved.idxmax()
    return Shift(name=str(name), before=float(pair[name].iloc[0]), after=float(pair[name].iloc[1]))


def count_scenes(dialogue: pd.DataFrame) -> int:
    """Return how many scenes a dialogue table holds."""
    return len(dialogue[list(SCENE_KEYS)].drop_duplicates())

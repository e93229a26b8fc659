"""Themes in words: peaks and changes with the lines behind them, as plain facts without any markup."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analysis.quotations import Line, place, quotations, quoted, speaker
from theme_classifier import evidence_lines, peaks, raw_scenes, theme_changes, theme_labels
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS, SCENE_KEYS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Peak", "ThemeShift", "moved_most", "theme_peaks"]

# A change of twice its standard error happens by chance once in twenty times.
_CLEAR: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A scene in which a theme is strong.

    Attributes:
        score: 0-1.
        raw: The model's own number for the scene, 0-1.
        place: Episode and timecode, or line number where times are unknown.
        speaker: Of the evidence line; None where unknown.
        before: The passage before the evidence line.
        line: The evidence line.
        after: The passage after it.
        more: Further lines of the scene that show the theme, in the order in which they are spoken.
    """

    score: float
    raw: float
    place: str
    speaker: str | None
    before: str
    line: str
    after: str
    more: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class ThemeShift:
    """A theme that moved between two episodes.

    Attributes:
        name: Its label.
        before: Mean score of the scenes of the first episode.
        after: Of the second.
        clear: Whether it moved by more than twice the standard error; less may be chance.
        lines: What is said where it is stronger.
    """

    name: str
    before: float
    after: float
    clear: bool
    lines: tuple[Line, ...]


def theme_peaks(
    themes: pd.DataFrame, turns: pd.DataFrame, dialogue: pd.DataFrame, *, most: int = 3, lines: int = 3
) -> dict[str, list[Peak]]:
    """Return the strongest scenes of each theme, with the lines that show it most.

    Args:
        themes: The themes table.
        turns: The ``theme_turns`` table of the same reading.
        dialogue: The table that both were made from.
        most: Scenes a theme at most.
        lines: Lines a scene at most.

    Raises:
        InputError: If a column is missing.
    """
    keys = [*EPISODE_KEYS, "line"]
    spoken = dialogue[[*keys, "text"]].rename(columns={"text": "evidence"})
    found = peaks(themes, dialogue, most=most).merge(spoken, on=keys, how="left")
    scenes = raw_scenes(themes, turns).melt(list(SCENE_KEYS), theme_labels(themes), var_name="theme", value_name="raw")
    found = found.merge(scenes, on=[*SCENE_KEYS, "theme"])
    said = evidence_lines(turns, found[["theme", *SCENE_KEYS]], most=lines + 1)
    told: dict[str, list[Peak]] = {label: [] for label in theme_labels(themes)}
    for number, row in enumerate(found.to_dict("records")):
        here = said[said["of"] == number]
        # The passage is quoted whole already, whoever speaks in it.
        own = (here["line"] <= row["line"]) & (here["last"] >= row["line"])
        quoted_already = own | here["text"].isin([text for text in here["text"] if text in row["text"]])
        others = here[~quoted_already].head(lines - 1)
        told[row["theme"]].append(_peak(row, quoted(others.sort_values("line"))))
    return told


def _peak(row: Mapping[Hashable, Any], more: tuple[Line, ...]) -> Peak:
    line = row["evidence"]
    before, _, after = row["text"].partition(line)
    return Peak(
        score=row["score"],
        raw=row["raw"],
        place=place(row),
        speaker=speaker(row),
        before=before.strip(),
        line=line,
        after=after.strip(),
        more=more,
    )


def moved_most(
    themes: pd.DataFrame, turns: pd.DataFrame, *, lines: int = 2
) -> dict[Episode, tuple[ThemeShift | None, ThemeShift | None]]:
    """Return the largest rise and the largest fall at each episode but the first, with what was said.

    A rise is shown by lines of the later episode, a fall by lines of the earlier.

    Args:
        themes: The themes table.
        turns: The ``theme_turns`` table of the same reading.
        lines: Lines a theme at most.

    Returns:
        By the later episode; None where nothing rose, or fell, by as much as its standard error.

    Raises:
        InputError: If a column is missing.
    """
    changes = theme_changes(themes)
    ends = changes.groupby(list(EPISODE_KEYS))["change"]
    rises = changes.loc[ends.idxmax()].query("change > 0 and not change < error")
    falls = changes.loc[ends.idxmin()].query("change < 0 and not -change < error")
    up = _shifts(rises, quotations(turns, rises[["theme", *EPISODE_KEYS]], themes=themes, most=lines))
    before = ["season_before", "episode_before"]
    earlier = falls[["theme", *before]].set_axis(["theme", *EPISODE_KEYS], axis=1)
    down = _shifts(falls, quotations(turns, earlier, themes=themes, most=lines))
    keys = changes[list(EPISODE_KEYS)].drop_duplicates().itertuples(index=False, name=None)
    return {(at := Episode(*key)): (up.get(at), down.get(at)) for key in keys}


def _shifts(changes: pd.DataFrame, said: list[tuple[Line, ...]]) -> dict[Episode, ThemeShift]:
    return {
        Episode(row["season"], row["episode"]): ThemeShift(
            name=row["theme"],
            before=row["before"],
            after=row["after"],
            clear=abs(row["change"]) > _CLEAR * row["error"],
            lines=lines,
        )
        for row, lines in zip(changes.to_dict("records"), said, strict=True)
    }

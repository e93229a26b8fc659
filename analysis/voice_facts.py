"""What each character speaks about, in words, with the lines behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analysis.quotations import Line, quotations
from theme_classifier import character_themes, relative_themes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Voice", "VoiceTheme", "speakers_known", "voices"]

_MOST: Final = 12
_THEMES: Final = 3
_STANDS_OUT: Final = 1.1


@dataclass(frozen=True, kw_only=True)
class VoiceTheme:
    """A theme of which somebody speaks more than others.

    Attributes:
        name: Its label.
        times: Score over everybody's mean score.
        lines: What is said.
    """

    name: str
    times: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What a character speaks about.

    Attributes:
        character: Who.
        lines: How many lines hold words of theirs.
        words: How many words.
        themes: Those that stand out, strongest first; may be none.
    """

    character: str
    lines: int
    words: int
    themes: tuple[VoiceTheme, ...]


def speakers_known(turns: pd.DataFrame) -> bool:
    """Whether any speaker is known: without one there are no characters to show."""
    return bool(turns["speaker"].notna().any())


def voices(turns: pd.DataFrame, *, character: str | None = None, most: int = _MOST, lines: int = 1) -> list[Voice]:
    """Return what those who speak most speak about more than others do.

    Args:
        turns: The ``theme_turns`` table.
        character: Only this one.
        most: Characters at most.
        lines: Lines a theme at most.

    Raises:
        InputError: If a column is missing or no speaker is known.
    """
    people = character_themes(turns)
    people = people.head(most) if character is None else people[people["character"] == character]
    times = relative_themes(turns).loc[people["character"]]
    leading = times.melt(ignore_index=False, var_name="theme", value_name="times").rename_axis("speaker").reset_index()
    leading = leading[leading["times"] >= _STANDS_OUT].sort_values("times", ascending=False)
    leading = leading.groupby("speaker").head(_THEMES)
    said = quotations(turns, leading[["theme", "speaker"]], most=lines)
    told: dict[str, list[VoiceTheme]] = {name: [] for name in people["character"]}
    for row, quoted in zip(leading.to_dict("records"), said, strict=True):
        told[row["speaker"]].append(VoiceTheme(name=row["theme"], times=row["times"], lines=quoted))
    return [
        Voice(character=row["character"], lines=row["lines"], words=row["words"], themes=tuple(told[row["character"]]))
        for row in people.to_dict("records")
    ]

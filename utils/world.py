"""What has been said where the character lives: a dialogue table, its series, and the timeline of its episodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from utils.data_loader import load_dialogue
from utils.episodes import Episode
from utils.errors import InputError
from utils.series import SeriesProfile, load_series
from utils.tables import DIALOGUE, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["World"]


@dataclass(frozen=True, kw_only=True)
class World:
    """A season in which characters remember.

    Attributes:
        series: Whose cast and places.
        dialogue: The ``dialogue`` table.
        timeline: Name of the timeline in the profile by which its episodes are numbered.
    """

    series: SeriesProfile
    dialogue: pd.DataFrame
    timeline: str = "show"

    def __post_init__(self) -> None:
        require_columns(self.dialogue, DIALOGUE, name="dialogue")

    @classmethod
    def sample(cls, series: str = "stranger_things") -> World:
        """Read the sample season that ships with a series."""
        profile = load_series(series)
        subtitles, transcripts = profile.sample / "subtitles", profile.sample / "transcripts"
        return cls(
            series=profile,
            dialogue=load_dialogue(subtitles, transcripts=transcripts, series=profile),
            timeline="sample",
        )

    @classmethod
    def of(cls, series: str = "stranger_things") -> World:
        """Read a series with its sample season, or without a line of dialogue where it ships none."""
        import pandas as pd

        profile = load_series(series)
        if profile.sample.is_dir():
            return cls.sample(series)
        types = dict.fromkeys(("season", "episode", "line", "scene"), "int64")
        types |= dict.fromkeys(("start", "end", "speaker_confidence"), "float64")
        lines = pd.DataFrame({column: pd.Series(dtype=types.get(column, "string")) for column in DIALOGUE})
        return cls(series=profile, dialogue=lines)

    @cached_property
    def episodes(self) -> list[Episode]:
        """The episodes that the dialogue covers, in order."""
        pairs = self.dialogue[["season", "episode"]].drop_duplicates().itertuples(index=False, name=None)
        return sorted(Episode(int(season), int(episode)) for season, episode in pairs)

    def episode(self, label: str) -> Episode:
        """Return an episode of this world by its label.

        Raises:
            InputError: If the label is unreadable or nothing of that episode is here.
        """
        wanted = Episode.parse(label)
        if not self.episodes:
            raise InputError(f"There is no episode {wanted} here, nor any other; leave it out.")
        if wanted not in self.episodes:
            first, last = self.episodes[0], self.episodes[-1]
            raise InputError(f"There is no episode {wanted} here; choose one from {first} to {last}.")
        return wanted

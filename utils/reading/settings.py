"""How a folder of subtitles is read: the settings that every way of reading shares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from utils.series import SeriesProfile, load_series

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Settings of reading.

    Attributes:
        transcripts: A transcript or a folder of them, whose names hold season and episode; without, only the speakers
            that the subtitles mark are known.
        series: Name or folder of a series, or its profile: cast and scene settings.
        encoding: What files are that have no byte-order mark and are neither UTF-8 nor UTF-16; None takes cp1252 and
            warns.
        pattern: A regular expression with the groups ``season`` and ``episode``, for names of unusual forms.
        cache: Folder in which what was read is kept, so that unchanged files are not read again; None keeps nothing.
    """

    transcripts: str | Path | None = None
    series: str | Path | SeriesProfile = "stranger_things"
    encoding: str | None = None
    pattern: str | None = None
    cache: str | Path | None = None

    def profile(self) -> SeriesProfile:
        """Return the series, read if need be.

        Raises:
            InputError: If there is no such series, or its profile cannot be read.
        """
        return self.series if isinstance(self.series, SeriesProfile) else load_series(self.series)

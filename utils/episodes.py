"""Episode numbers as people write them: ``S01E03``."""

from __future__ import annotations

import re
from typing import NamedTuple

from utils.errors import InputError

__all__ = ["Episode"]

_LABEL = re.compile(r"s(\d{1,3})\s*e(\d{1,4})", re.IGNORECASE)


class Episode(NamedTuple):
    """A season and an episode number; sorts in broadcast order.

    Examples:
        >>> Episode.parse("s1e3") < Episode(1, 4)
        True
        >>> str(Episode(1, 3))
        'S01E03'
    """

    season: int
    episode: int

    def __str__(self) -> str:
        return f"S{self.season:02d}E{self.episode:02d}"

    @classmethod
    def parse(cls, label: str) -> Episode:
        """Read ``S01E03`` (any case, any number of digits).

        Raises:
            InputError: If the label has another form.
        """
        match = _LABEL.fullmatch(label.strip())
        if match is None:
            raise InputError(f"'{label}' is not an episode; write it as S01E03 (season 1, episode 3).")
        return cls(int(match[1]), int(match[2]))

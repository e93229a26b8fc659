"""Under which heading of its transcript each scene stands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from utils.episodes import Episode
from utils.reading.episode_files import find_files
from utils.reading.headings import line_headings
from utils.tables import EPISODE_KEYS, SCENE_KEYS, require_columns
from utils.transcripts import read_transcript

if TYPE_CHECKING:
    import pandas as pd

    from utils.reading.settings import Reading

__all__ = ["scene_headings"]


def scene_headings(source: str | Path, reading: Reading, dialogue: pd.DataFrame) -> dict[tuple[int, int, int], str]:
    """Find the headings of scenes.

    Args:
        source: Subtitles.
        reading: How they were read; its transcripts hold the headings.
        dialogue: What was read; needs ``season``, ``episode``, ``line``, ``scene`` and ``text``.

    Returns:
        For season, episode and scene, the heading under which most of its lines stand; scenes without are left out.

    Raises:
        InputError: If a column or a file is missing.
    """
    require_columns(dialogue, (*SCENE_KEYS, "line", "text"), name="dialogue")
    if not reading.transcripts:
        return {}
    profile, files = reading.profile(), find_files(Path(source), reading)
    votes: dict[tuple[int, int, int], Counter[str]] = {}
    for key, lines in dialogue.sort_values("line").groupby(list(EPISODE_KEYS)):
        season, number = (int(str(part)) for part in key)
        episode = files.get(Episode(season, number))
        script = episode.transcript if episode else None
        found = line_headings(lines["text"].tolist(), read_transcript(script, profile)) if script else {}
        for row, heading in found.items():
            votes.setdefault((season, number, int(lines["scene"].iloc[row])), Counter())[heading] += 1
    return {scene: count.most_common(1)[0][0] for scene, count in votes.items()}

"""Where scenes begin, from silence, sounds and who speaks.

Subtitles name no scenes. A long silence ends one; a shorter one does if a sound fills it or if other people speak after
it. Scenes that are too short join the neighbour across the shorter silence; those that are too long are cut at their
longest silence. Episodes without times are cut after a fixed number of lines, where the speaker changes.
Where a transcript has scene headings they decide alone; only scenes that are too long are still cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from utils.series import SceneSettings
from utils.tables import EPISODE_KEYS, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["mark_scenes"]

_NEEDED = (*EPISODE_KEYS, "start", "end", "speaker", "direction")
# Lines on each side of a silence whose speakers are compared.
_NEIGHBOURHOOD = 4


def mark_scenes(
    dialogue: pd.DataFrame,
    settings: SceneSettings,
    *,
    headed: Mapping[Any, Sequence[int]] = MappingProxyType({}),
) -> pd.DataFrame:
    """Number the scenes of every episode.

    Args:
        dialogue: The dialogue table, each episode's lines in their order; needs ``season``, ``episode``, ``start``,
            ``end``, ``speaker`` and ``direction``. A ``scene`` column is replaced.
        settings: From the series' profile.
        headed: For season and episode, the lines (by position, from 0) that open a scene of the transcript, from
            `utils.reading.headings`; episodes without are cut where it is silent.

    Returns:
        A copy with ``scene``, int64, from 0 in each episode.

    Raises:
        InputError: If a column is missing.
    """
    import numpy as np

    require_columns(dialogue, _NEEDED, name="dialogue")
    scene = np.zeros(len(dialogue), dtype=np.int64)
    for key, rows in dialogue.groupby(list(EPISODE_KEYS), sort=False).indices.items():
        starts = _episode_cuts(dialogue.iloc[rows], settings, headed.get(key, ()))
        scene[rows] = np.searchsorted(starts, np.arange(len(rows)), side="right")
    return dialogue.assign(scene=scene)


def _episode_cuts(episode: pd.DataFrame, settings: SceneSettings, headed: Sequence[int]) -> list[int]:
    """The lines, other than the first, that open a scene."""
    speakers: list[Any] = episode["speaker"].astype(object).where(episode["speaker"].notna(), None).tolist()
    if episode["start"].isna().any():
        return list(headed) or _cuts_by_lines(speakers, settings.longest)
    silences = _silences(episode)
    if headed:
        return _split_long(headed, silences, settings)
    sounds = episode["direction"].ne("").to_numpy()
    cuts = [
        line
        for line in range(1, len(silences))
        if silences[line] >= settings.silence
        or (silences[line] >= settings.soft_silence and (sounds[line] or _others_speak(speakers, line)))
    ]
    return _split_long(_join_short(cuts, silences, settings.shortest), silences, settings)


def _silences(episode: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds without speech before each line; 0 before the first and where lines overlap."""
    import numpy as np

    until = np.maximum.accumulate(episode["end"].to_numpy(np.float64))
    before = episode["start"].to_numpy(np.float64)[1:] - until[:-1]
    return np.concatenate([[0.0], np.maximum(before, 0.0)])


def _others_speak(speakers: Sequence[Any], line: int) -> bool:
    """Whether those known to speak just before a line and just after have nobody in common."""
    before = set(speakers[max(0, line - _NEIGHBOURHOOD) : line]) - {None}
    after = set(speakers[line : line + _NEIGHBOURHOOD]) - {None}
    return bool(before) and bool(after) and not before & after


def _join_short(cuts: Sequence[int], silences: NDArray[np.float64], shortest: int) -> list[int]:
    """Join each scene that is too short with its neighbour across the shorter of the silences around it."""
    starts = [0]
    for cut in (*cuts, len(silences)):
        if cut - starts[-1] >= shortest:
            starts.append(cut)
        elif starts[-1] > 0 and (cut == len(silences) or silences[cut] >= silences[starts[-1]]):
            starts[-1] = cut
    return [start for start in starts[1:] if start < len(silences)]


def _split_long(cuts: Sequence[int], silences: NDArray[np.float64], settings: SceneSettings) -> list[int]:
    """Cut scenes that are too long at their longest silence, not too near to their ends."""
    found = list(cuts)
    scenes = [*pairwise([0, *cuts, len(silences)])]
    while scenes:
        begin, end = scenes.pop()
        if end - begin > settings.longest:
            margin = min(max(settings.shortest, settings.longest // 4), (end - begin) // 2)
            cut = begin + margin + int(silences[begin + margin : end - margin + 1].argmax())
            found.append(cut)
            scenes += [(begin, cut), (cut, end)]
    return sorted(found)


def _cuts_by_lines(speakers: Sequence[Any], longest: int) -> list[int]:
    """Cut once half of the longest scene is reached and the speaker changes, at the latest when it is full."""
    cuts = [0]
    for line in range(1, len(speakers)):
        length = line - cuts[-1]
        if length >= longest or (length >= longest // 2 and speakers[line] != speakers[line - 1]):
            cuts.append(line)
    return cuts[1:]

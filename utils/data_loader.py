"""Files in, dialogue table out: the one entrance for subtitles and transcripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from utils.progress import Progress, silent
from utils.reading.episode_reader import EpisodeReader
from utils.reading.library import episode_of
from utils.reading.report import OnReport, warn
from utils.reading.settings import Reading
from utils.scenes import mark_scenes
from utils.series import SeriesProfile
from utils.tables import DIALOGUE, EPISODE_KEYS, EPISODES, require_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["dialogue_table", "episode_of", "episodes_table", "load_dialogue", "load_subtitles_dataset"]

_TYPES: Final = {
    "season": "int64",
    "episode": "int64",
    "line": "int64",
    "scene": "int64",
    "start": "float64",
    "end": "float64",
    "speaker": "string",
    "speaker_confidence": "float64",
    "text": "string",
    "direction": "string",
    "source": "string",
}


def load_dialogue(
    path: str | Path,
    *,
    transcripts: str | Path | None = None,
    series: str | Path | SeriesProfile = "stranger_things",
    encoding: str | None = None,
    pattern: str | None = None,
    cache: str | Path | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Read subtitles into the dialogue table, with speakers from transcripts.

    Args:
        path: A subtitle file, or a folder that is searched with its subfolders; names hold season and episode.
        transcripts: A transcript or a folder of them, named likewise; without, only the speakers that the subtitles
            mark are known.
        series: Name or folder of a series, or its profile: cast and scene settings.
        encoding: What files are that have no byte-order mark and are neither UTF-8 nor UTF-16; None takes cp1252 and
            warns.
        pattern: A regular expression with the groups ``season`` and ``episode``, for names of unusual forms.
        cache: Folder in which what was read is kept, so that unchanged files are not read again; None keeps nothing.
        on_report: Called with what became of each file; without, what a person must know becomes a Python warning.
        progress: Draws the bar.

    Returns:
        The columns of `utils.tables.DIALOGUE`, sorted by season, episode and line.

    Raises:
        InputError: If something is missing, unreadable, without season and episode, given twice, or without speech.
    """
    reading = Reading(transcripts=transcripts, series=series, encoding=encoding, pattern=pattern, cache=cache)
    reader = EpisodeReader.find(path, reading)
    found = list(reader.read(on_report=on_report, progress=progress))
    rows = [row for each in found for row in each.rows]
    return dialogue_table(rows, {each.episode: each.starts for each in found}, reader.profile)


def dialogue_table(
    rows: Iterable[Sequence[Any]], starts: Mapping[Any, Sequence[int]], profile: SeriesProfile
) -> pd.DataFrame:
    """Return rows of `utils.reading.episode_reader` as a dialogue table with its scenes.

    Args:
        rows: One a spoken line, at least one.
        starts: For season and episode, the lines that open a scene of its transcript.
        profile: For the scene settings.
    """
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(DIALOGUE)).astype(_TYPES)
    return mark_scenes(table, profile.scenes, headed=starts)


def episodes_table(dialogue: pd.DataFrame) -> pd.DataFrame:
    """Join what is said in each episode.

    Args:
        dialogue: Needs ``season``, ``episode`` and ``text``, each episode's lines in their order.

    Returns:
        ``season``, ``episode``, ``script``: one row an episode, its spoken lines joined with newlines.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(dialogue, (*EPISODE_KEYS, "text"), name="dialogue")
    scripts = dialogue.groupby(list(EPISODE_KEYS))["text"].agg("\n".join).astype("string")
    return scripts.rename("script").reset_index()[list(EPISODES)]


def load_subtitles_dataset(path: str | Path) -> pd.DataFrame:
    """Read subtitles into one row an episode, as the guide's `utils/data_loader.py` does.

    Args:
        path: As for `load_dialogue`.

    Returns:
        ``season``, ``episode``, ``script``.

    Raises:
        InputError: As `load_dialogue`.
    """
    return episodes_table(load_dialogue(path))

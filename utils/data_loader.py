"""Files in, dialogue table out: the one entrance for subtitles and transcripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from utils import subtitles
from utils import transcripts as transcript_files
from utils.alignment import attribute
from utils.episodes import Episode
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.scenes import mark_scenes
from utils.series import SeriesProfile, load_series
from utils.speech import spoken_lines
from utils.tables import DIALOGUE, EPISODE_KEYS, EPISODES, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["episode_of", "episodes_table", "load_dialogue", "load_subtitles_dataset"]

# In order of trust; the last is "Title 1 - 02", which must end the name but for tags in brackets.
_NUMBERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"s(\d{1,2})[ ._-]{0,3}e(\d{1,3})(?!\d)",
        r"(?<!\d)(\d{1,2})x(\d{2,3})(?!\d)",
        r"season[ ._-]{0,3}(\d{1,2})[ ._-]{1,3}(?:e|ep|episode)?[ ._-]{0,3}(\d{1,3})(?!\d)",
        r"(?:^|[ ._])(\d{1,2})[ ._]-[ ._](\d{1,3})(?=$|[ ._]*[\[(])",
    )
)
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


def episode_of(path: Path) -> Episode:
    """Read season and episode from a file's name.

    Understands ``S01E02``, ``s1e2``, ``1x02``, ``Season 1 - 02`` and ``Title 1 - 02``, whatever stands around them.

    Raises:
        InputError: If the name has none of these forms.
    """
    for numbers in _NUMBERS:
        if match := numbers.search(path.stem):
            return Episode(int(match[1]), int(match[2]))
    raise InputError(
        f"The name of {path} holds no season and episode; name it like Title.S01E02{path.suffix} (season 1, episode 2)."
    )


def _files(path: Path, suffixes: Sequence[str], what: str) -> list[Path]:
    """The files of a folder and its subfolders, hidden ones left out, or the one file given."""
    if path.is_file():
        if path.suffix.lower() not in suffixes:
            raise InputError(f"{path} is no {what} file; those that are read end in {', '.join(suffixes)}.")
        return [path]
    if not path.is_dir():
        raise InputError(f"{path} does not exist; give a {what} file or a folder of them.")
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    )
    if not found:
        raise InputError(f"{path} holds no {what} files; those that are read end in {', '.join(suffixes)}.")
    return found


def _by_episode(files: Iterable[Path]) -> dict[Episode, Path]:
    """The file of each episode, in broadcast order."""
    found: dict[Episode, Path] = {}
    for file in files:
        episode = episode_of(file)
        if other := found.get(episode):
            raise InputError(f"{other} and {file} are both {episode}; keep one of them.")
        found[episode] = file
    return dict(sorted(found.items()))


def _some(episodes: Iterable[Episode]) -> str:
    first, *more = map(str, episodes)
    return f"{first} to {more[-1]}" if more else first


def _transcripts(path: Path, episodes: Mapping[Episode, Path]) -> dict[Episode, Path]:
    found = _by_episode(_files(path, transcript_files.SUFFIXES, "transcript"))
    if found.keys().isdisjoint(episodes):
        raise InputError(
            f"The transcripts in {path} ({_some(found)}) match none of the episodes with subtitles "
            f"({_some(episodes)}); give the transcripts of these episodes or none."
        )
    return found


def _rows(episode: Episode, file: Path, transcript: Path | None, series: SeriesProfile) -> Iterator[tuple[Any, ...]]:
    """One tuple a spoken line, in the order of the dialogue columns; scenes come later."""
    lines = spoken_lines(subtitles.read_cues(file), series)
    turns = transcript_files.read_transcript(transcript, series) if transcript else []
    for number, (line, who) in enumerate(zip(lines, attribute(lines, turns), strict=True)):
        times = (line.start, line.end)
        yield *episode, number, 0, *times, who.speaker, who.confidence, line.text, line.direction, file.name


def load_dialogue(
    path: str | Path,
    *,
    transcripts: str | Path | None = None,
    series: str | Path | SeriesProfile = "stranger_things",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Read subtitles into the dialogue table, with speakers from transcripts.

    Args:
        path: A subtitle file, or a folder that is searched with its subfolders; names hold season and episode.
        transcripts: A transcript or a folder of them, named likewise; without, only the speakers that the subtitles
            mark are known.
        series: Name or folder of a series, or its profile: cast and scene settings.
        progress: Draws the bar.

    Returns:
        The columns of `utils.tables.DIALOGUE`, sorted by season, episode and line.

    Raises:
        InputError: If something is missing, unreadable, without season and episode, given twice, or without speech.
    """
    import pandas as pd

    profile = series if isinstance(series, SeriesProfile) else load_series(series)
    episodes = _by_episode(_files(Path(path), subtitles.SUFFIXES, "subtitle"))
    scripts = _transcripts(Path(transcripts), episodes) if transcripts is not None else {}
    rows: list[tuple[Any, ...]] = []
    for episode, file in progress(list(episodes.items()), description="Reading episodes"):
        rows.extend(_rows(episode, file, scripts.get(episode), profile))
    if not rows:
        raise InputError(f"Nobody speaks in {path}: its subtitles hold sounds and songs only.")
    return mark_scenes(pd.DataFrame(rows, columns=list(DIALOGUE)).astype(_TYPES), profile.scenes)


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

"""Which files hold which episodes: folders searched, names read, nothing decoded but what has to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from utils import subtitles
from utils import transcripts as transcript_files
from utils.episodes import Episode
from utils.errors import InputError
from utils.reading.dialogue_csv import is_dialogue_csv
from utils.reading.textfiles import read_head

__all__ = [
    "by_episode",
    "check_pattern",
    "episode_of",
    "match_transcripts",
    "refuse_second",
    "span",
    "subtitle_files",
    "transcript_paths",
]

TABLE: Final = ".csv"

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


def check_pattern(pattern: str | None) -> re.Pattern[str] | None:
    """Return the pattern ready for use.

    Args:
        pattern: A regular expression with the groups ``season`` and ``episode``, or with two groups in that order;
            with the group ``episode`` alone, everything is season 1.

    Raises:
        InputError: If it is no regular expression or lacks the groups.
    """
    if pattern is None:
        return None
    try:
        found = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise InputError(f"'{pattern}' is no regular expression ({error}); correct --pattern.") from None
    if "episode" not in found.groupindex and found.groups < 2:
        raise InputError(
            f"'{pattern}' does not say what season and episode are; give --pattern groups, such as "
            r"'(?P<season>\d+)-(?P<episode>\d+)'."
        )
    return found


def episode_of(path: Path, pattern: re.Pattern[str] | None = None) -> Episode:
    """Read season and episode from a file's name.

    Understands ``S01E02``, ``s1e2``, ``1x02``, ``Season 1 - 02`` and ``Title 1 - 02``, whatever stands around them.

    Args:
        path: The file.
        pattern: From `check_pattern`; looked for in the name, then in the whole path, before the usual forms.

    Raises:
        InputError: If the name has none of these forms.
    """
    own = pattern and (pattern.search(path.stem) or pattern.search(path.as_posix()))
    if own and (episode := _from_groups(own)):
        return episode
    for numbers in _NUMBERS:
        if match := numbers.search(path.stem):
            return Episode(int(match[1]), int(match[2]))
    raise InputError(
        f"The name of {path} holds no season and episode; name it like Title.S01E02{path.suffix} (season 1, episode 2)"
        " or give a --pattern."
    )


def _from_groups(match: re.Match[str]) -> Episode | None:
    named = match.groupdict()
    season, episode = (named.get("season", "1"), named["episode"]) if "episode" in named else match.groups()[:2]
    numbers = [number for number in (season, episode) if number and number.isdecimal() and len(number) <= 6]
    return Episode(*map(int, numbers)) if len(numbers) == 2 else None


def _files(path: Path, suffixes: Sequence[str], what: str) -> list[Path]:
    """The files of a folder and its subfolders, hidden ones left out, or the one file given; sorted.

    Raises:
        InputError: If the path does not exist, or the file has another ending.
    """
    if path.is_file():
        if path.suffix.lower() not in suffixes:
            raise InputError(f"{path} is no {what} file; those that are read end in {', '.join(suffixes)}.")
        return [path]
    if not path.is_dir():
        raise InputError(f"{path} does not exist; give a {what} file or a folder of them.")
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    )


def subtitle_files(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the subtitle files and the dialogue csvs of a folder, or the one file given.

    Other csvs are left alone: they are transcripts, which nobody has asked for.

    Raises:
        InputError: If there are none, or the one given is none.
    """
    found = _files(path, (*subtitles.SUFFIXES, TABLE), "subtitle")
    tables = [file for file in found if file.suffix.lower() == TABLE and is_dialogue_csv(read_head(file))]
    files = [file for file in found if file.suffix.lower() != TABLE]
    if not files and not tables:
        if path.is_file():
            raise InputError(
                f"{path} is no dialogue csv; its first row must name season, episode, raw_text, start_time, end_time."
            )
        raise InputError(
            f"{path} holds no subtitle files; those that are read end in {', '.join(subtitles.SUFFIXES)}, or are a "
            "dialogue csv."
        )
    return files, tables


def transcript_paths(path: Path) -> list[Path]:
    """Return the transcripts of a folder, or the one file given.

    Raises:
        InputError: If there are none.
    """
    found = _files(path, transcript_files.SUFFIXES, "transcript")
    if not found:
        raise InputError(
            f"{path} holds no transcript files; those that are read end in {', '.join(transcript_files.SUFFIXES)}."
        )
    return found


def by_episode(files: Iterable[Path], pattern: re.Pattern[str] | None = None) -> dict[Episode, Path]:
    """Return the file of each episode, in broadcast order.

    Raises:
        InputError: If a name holds no episode, or two files are the same one.
    """
    found: dict[Episode, Path] = {}
    for file in files:
        episode = episode_of(file, pattern)
        refuse_second(episode, found.setdefault(episode, file), file)
    return dict(sorted(found.items()))


def refuse_second(episode: Episode, first: Path, second: Path) -> None:
    """Fail if an episode has two files.

    Raises:
        InputError: Naming both.
    """
    if first != second:
        raise InputError(f"{first} and {second} are both {episode}; keep one of them.")


def match_transcripts(
    path: Path, episodes: Mapping[Episode, object], pattern: re.Pattern[str] | None = None
) -> dict[Episode, Path]:
    """Return the transcripts of a folder by episode.

    Raises:
        InputError: As `by_episode`, or if none belongs to one of the episodes.
    """
    found = by_episode(transcript_paths(path), pattern)
    if found.keys().isdisjoint(episodes):
        raise InputError(
            f"The transcripts in {path} ({span(found)}) match none of the episodes with subtitles "
            f"({span(episodes)}); give the transcripts of these episodes or none."
        )
    return found


def span(episodes: Iterable[Episode]) -> str:
    """Return the first and the last of some episodes, for people: ``S01E01 to S01E08``."""
    first, *more = map(str, episodes)
    return f"{first} to {more[-1]}" if more else first

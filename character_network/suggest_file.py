"""A suggested cast as a ``profile.yaml`` to be read and corrected by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_network.suggest import Suggestion, suggest_cast
from utils.artifacts import atomic_write, prepare_folder
from utils.data_loader import load_dialogue
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.reading.report import OnReport, warn
from utils.reading.textfiles import read_text
from utils.series import CastMember, SeriesProfile

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["suggest_series", "suggestion_yaml"]

PROFILE: Final = "profile.yaml"
_WIDE: Final = 1_000_000
_MOST_REJECTED: Final = 60
_HEAD: Final = """\
# A first cast, suggested from the lines alone. To do by hand: delete who is nobody, move to the aliases of one person
# those who are the same one, and give the names that you want to read in tables. Behind each: how often a name is
# written, and how many lines its bearer speaks. Every key of this file: docs/series.md.
"""


def suggest_series(
    path: str | Path,
    *,
    out: str | Path,
    transcripts: str | Path | None = None,
    title: str | None = None,
    fewest: int = 1,
    model: str | Path | Language | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> tuple[Path, Suggestion]:
    """Write the profile of a new series as far as its lines tell it.

    Args:
        path: A folder of subtitles, one such file, or a ``.txt`` with a spoken line a row.
        out: Folder of the new series; an existing profile in it is never overwritten.
        transcripts: Transcripts of the same episodes; their speakers become names.
        title: Of the series; None takes the folder's name.
        fewest: How often somebody must be named or speak.
        model: Folder of a spaCy pipeline, or a pipeline; None takes the best that is installed.
        on_report: Called with what became of each file.
        progress: Counts episodes and lines.

    Returns:
        The file, and what is in it.

    Raises:
        InputError: If the profile exists, or files cannot be read, or nobody is named.
        WeightsError: If there is no name finder.
    """
    file = Path(out) / PROFILE
    if file.exists():
        raise InputError(f"{file} exists and is not overwritten; give another --out, or move it away.")
    texts, speakers = _read(Path(path), transcripts, on_report, progress)
    suggestion = suggest_cast(texts, speakers=speakers, fewest=fewest, model=model, progress=progress)
    text = suggestion_yaml(suggestion, title or Path(out).resolve().name)
    prepare_folder(file.parent)
    atomic_write(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return file, suggestion


def _read(
    path: Path, transcripts: str | Path | None, on_report: OnReport, progress: Progress
) -> tuple[list[str], list[str]]:
    """Return the spoken lines, and the label of each that has one."""
    if path.is_file() and path.suffix.lower() == ".txt":
        return [line.strip() for line in read_text(path).text.split("\n") if line.strip()], []
    dialogue = load_dialogue(
        path, transcripts=transcripts, series=SeriesProfile(title=""), on_report=on_report, progress=progress
    )
    return dialogue["text"].tolist(), dialogue["speaker"].dropna().tolist()


def suggestion_yaml(suggestion: Suggestion, title: str) -> str:
    """Return a suggestion as the text of a profile, counts as comments.

    Args:
        suggestion: From `suggest_cast`.
        title: Of the series.
    """
    profile = suggestion.profile(title)
    rows = [
        f"  - {_flow(_keys(member))}  # {_counts(person.said, person.lines)}"
        for member, person in zip(profile.cast, suggestion.people, strict=True)
    ]
    left = [f"{name} ({count})" for name, count in list(suggestion.rejected.items())[:_MOST_REJECTED]]
    note = f"# Written like names, but hardly people: {', '.join(left)}\n" if left else ""
    return f"{_HEAD}title: {_flow(title)}\n\ncast:\n" + "\n".join(rows) + f"\n\n{note}not_people: []\n"


def _keys(member: CastMember) -> dict[str, Any]:
    keys = {"name": member.name, "aliases": list(member.aliases), "surname": member.surname}
    return {key: value for key, value in keys.items() if value}


def _counts(said: int, lines: int) -> str:
    return f"named {said}" + (f", speaks {lines}" if lines else "")


def _flow(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=_WIDE)
    return text.removesuffix("...\n").strip()

"""A view of themes as files: tables as CSV or JSON, the figure as PNG, both as one page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis import report_parts as parts
from analysis.theme_pictures import theme_picture
from analysis.theme_views import VIEWS, ThemeReading
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

__all__ = ["DEFAULT_FORMATS", "FORMATS", "require_formats", "theme_text", "write_themes"]

DEFAULT_FORMATS: Final = ("csv", "png")
"""What is written where nothing else is asked for."""

_TEXT: Final = ("csv", "json")


def require_formats(formats: Sequence[str], *, to_files: bool) -> None:
    """Make sure that a view can be given in these formats.

    Args:
        formats: Of `FORMATS`.
        to_files: Whether there is a folder to write them into.

    Raises:
        InputError: If one is unknown, or cannot be printed.
    """
    for name in formats:
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise InputError(f"There is no format '{name}'; choose among {known}.{did_you_mean(name, FORMATS)}")
    if to_files:
        return
    if len(formats) > 1:
        raise InputError("Several formats need a folder to be written into; name one: --out FOLDER.")
    if formats and formats[0] not in _TEXT:
        raise InputError(f"{formats[0]} cannot be printed; name a folder for it: --out FOLDER.")


def _csv(reading: ThemeReading, by: str, _raw: bool) -> dict[str, bytes]:
    tables = VIEWS[by].tables(reading)
    return {f"{name}.csv": table.to_csv(index=False, float_format="%.6g").encode() for name, table in tables.items()}


def _json(reading: ThemeReading, by: str, _raw: bool) -> dict[str, bytes]:
    tables = VIEWS[by].tables(reading)
    told = {"series": reading.title, "weights": reading.weights, "by": by}
    text = json.dumps(told | {name: _records(table) for name, table in tables.items()}, ensure_ascii=False, indent=1)
    return {f"themes-by-{by}.json": f"{text}\n".encode()}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: what is unknown is null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", force_ascii=False, double_precision=6))
    return rows


def _png(reading: ThemeReading, by: str, raw: bool) -> dict[str, bytes]:
    return {f"themes-by-{by}.png": theme_picture(reading, by, raw=raw)}


def _html(reading: ThemeReading, by: str, raw: bool) -> dict[str, bytes]:
    from plotly.offline import get_plotlyjs

    page = parts.render(
        "themes.html",
        title=reading.title,
        heading=VIEWS[by].heading,
        raw=raw,
        weights=reading.weights,
        style=parts.asset("parts.css") + parts.asset("report.css"),
        script=parts.asset("report.js"),
        plotly=parts.verbatim(get_plotlyjs()),
        figure=parts.figure_json(VIEWS[by].figure(reading, raw=raw)),
        said=_BEHIND[by](reading),
    )
    return {f"themes-by-{by}.html": str(page).encode()}


_BEHIND: Final[Mapping[str, Callable[[ThemeReading], Markup]]] = {
    "episode": lambda reading: parts.theme_changes_part(reading.themes, reading.turns),
    "scene": lambda reading: parts.peaks_part(reading.themes, reading.turns, reading.dialogue),
    "character": lambda reading: parts.voices_part(reading.turns),
}

FORMATS: Final[Mapping[str, Callable[[ThemeReading, str, bool], dict[str, bytes]]]] = {
    "csv": _csv,
    "html": _html,
    "json": _json,
    "png": _png,
}
"""What makes the files of each format, by their names."""


def theme_text(reading: ThemeReading, by: str, form: str) -> str:
    """Return a view as text, for other programs.

    Args:
        reading: What to show.
        by: Name of the view.
        form: ``csv`` (its first table) or ``json`` (everything).
    """
    first, *_ = FORMATS[form](reading, by, False).values()
    return first.decode()


def write_themes(
    reading: ThemeReading, by: str, folder: Path, *, formats: Sequence[str], raw: bool = False
) -> list[Path]:
    """Write a view into a folder, each file whole or not at all, and none before all are made.

    Args:
        reading: What to show.
        by: Name of the view.
        folder: Created if need be.
        formats: Of `FORMATS`.
        raw: Draw the model's own numbers; tables hold both in any case.

    Returns:
        The files.

    Raises:
        InputError: If the folder cannot be written.
    """
    contents = {name: data for form in dict.fromkeys(formats) for name, data in FORMATS[form](reading, by, raw).items()}
    prepare_folder(folder)
    for name, data in contents.items():
        atomic_write(folder / name, lambda path, data=data: path.write_bytes(data))  # type: ignore[misc]
    return [folder / name for name in contents]

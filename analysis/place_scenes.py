"""The places of scenes from subtitles or from a finished analysis, and as a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.pipeline import location_classifier
from analysis.place_charts import scene_places_picture
from analysis.results import load_results, table_path
from text_classification import scene_places
from utils.artifacts import atomic_write, prepare_folder
from utils.data_loader import load_dialogue
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.reading.report import OnReport, warn
from utils.reading.settings import Reading
from utils.scene_headings import scene_headings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "ScenePlaces", "read_scene_places", "write_scene_places"]


@dataclass(frozen=True, kw_only=True)
class ScenePlaces:
    """In which kinds of places the scenes of some episodes are set.

    Attributes:
        title: Of the series.
        scenes: One row a scene (`utils.tables.SCENE_PLACES`).
        dialogue: The table that it was made from.
    """

    title: str
    scenes: pd.DataFrame
    dialogue: pd.DataFrame


def read_scene_places(
    source: str | Path,
    *,
    transcripts: str | Path | None = None,
    series: str | Path | None = None,
    out: Path | None = None,
    encoding: str | None = None,
    pattern: str | None = None,
    models: Path | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> ScenePlaces:
    """Find the places of scenes.

    Args:
        source: A folder that `analysis.analyze` wrote, whose tables are used as they are; or subtitles.
        transcripts: Speaker transcripts of subtitles.
        series: Name or folder of the series of subtitles; None for the shipped one.
        out: The file that is going to be written; checked before slow work begins.
        encoding: As for `load_dialogue`.
        pattern: As for `load_dialogue`.
        models: Folder for the location classifier; None keeps it in the user's cache.
        on_report: As for `load_dialogue`.
        progress: Draws the bars.

    Raises:
        InputError: If the source or an option cannot be used, or the series has no labelled places.
        WeightsError: If weights are missing.
    """
    if out is not None:
        _format(out)
    if table_path(Path(source), "dialogue").exists():
        if any(option is not None for option in (transcripts, series, encoding, pattern)):
            raise InputError(
                f"{source} holds a finished analysis, which knows its series and speakers; leave out --transcripts, "
                "--series, --encoding and --pattern, or name the folder of subtitles."
            )
        results = load_results(Path(source))
        return ScenePlaces(title=results.series.title, scenes=results.scene_places, dialogue=results.dialogue)
    reading = Reading(transcripts=transcripts, series=series or "stranger_things", encoding=encoding, pattern=pattern)
    profile = reading.profile()
    classifier = location_classifier(profile, models=models)
    dialogue = load_dialogue(
        source,
        transcripts=transcripts,
        series=profile,
        encoding=encoding,
        pattern=pattern,
        on_report=on_report,
        progress=progress,
    )
    classifier.train_if_needed(progress=progress)
    headings = scene_headings(source, reading, dialogue)
    scenes = scene_places(dialogue, profile, classifier, headings=headings, progress=progress)
    return ScenePlaces(title=profile.title, scenes=scenes, dialogue=dialogue)


def _csv(reading: ScenePlaces) -> bytes:
    return reading.scenes.to_csv(index=False, float_format="%.4g").encode()


def _json(reading: ScenePlaces) -> bytes:
    rows = json.loads(reading.scenes.to_json(orient="records", force_ascii=False, double_precision=4))
    told: dict[str, Any] = {"series": reading.title, "scenes": rows}
    return f"{json.dumps(told, ensure_ascii=False, indent=1)}\n".encode()


def _png(reading: ScenePlaces) -> bytes:
    if reading.scenes.empty:
        raise InputError(f"{reading.title} has no labelled places, so that there is nothing to draw.")
    return scene_places_picture(reading.scenes, reading.dialogue, title=reading.title)


FORMATS: Final[Mapping[str, Callable[[ScenePlaces], bytes]]] = {".csv": _csv, ".json": _json, ".png": _png}
"""What makes a file, by its ending."""


def _format(out: Path) -> Callable[[ScenePlaces], bytes]:
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"{out} must end in {', '.join(FORMATS)}; give another --out.")
    return FORMATS[out.suffix.lower()]


def write_scene_places(reading: ScenePlaces, out: Path) -> Path:
    """Write the places of scenes, whole or not at all.

    Args:
        reading: What to write.
        out: A file whose ending is one of `FORMATS`.

    Raises:
        InputError: If the ending is unknown or the folder cannot be written.
    """
    data = _format(out)(reading)
    prepare_folder(out.absolute().parent)
    atomic_write(out, lambda path: path.write_bytes(data))
    return out

"""From a folder of subtitles to seven tables and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.report import report_html
from analysis.results import Results, load_results, table_path
from character_network import NamedEntityRecognizer, build_edges
from text_classification import LocationClassifier, places_table, scene_places
from theme_classifier import ThemeClassifier
from utils.artifacts import atomic_write, content_key, prepare_folder, read_table, table_digest, write_table
from utils.data_loader import load_dialogue
from utils.errors import InputError
from utils.models import find_weights
from utils.progress import Progress, silent
from utils.reading.report import OnReport, warn
from utils.reading.settings import Reading
from utils.scene_headings import scene_headings
from utils.series import SeriesProfile, load_series

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REPORT", "analyze", "analyze_sample", "location_classifier"]

REPORT: Final = "report.html"
# Raised when the code makes other tables from the same inputs, so that kept ones are made anew.
_VERSION: Final = 1
# The same for the ties alone.
_TIES: Final = 2
# And for the places of scenes.
_SCENE_PLACES: Final = 1


@dataclass(frozen=True, kw_only=True)
class _Folder:
    """Result folder that keeps a table as long as what it was made from stays the same."""

    path: Path
    facts: dict[str, Any]

    def table(
        self, name: str, make: Callable[[], pd.DataFrame], *, made_from: Any = None, weights: str = ""
    ) -> pd.DataFrame:
        """Return the kept table, or make and keep it.

        Args:
            name: One of `analysis.results.TABLES`.
            make: Computes it.
            made_from: What decides its content besides the facts of the run.
            weights: What answered, for people.
        """
        key = content_key(table=name, facts=self.facts, made_from=made_from)
        kept = read_table(table_path(self.path, name), key=key)
        if kept is None:
            # A page of the run before would show what the tables no longer say.
            (self.path / REPORT).unlink(missing_ok=True)
            kept = make()
            write_table(kept, table_path(self.path, name), key=key, provenance={**self.facts, "weights": weights})
        return kept


def _labelled_places(series: SeriesProfile) -> Path:
    return series.sample / "locations.jsonl"


def location_classifier(series: SeriesProfile, *, models: Path | None = None) -> LocationClassifier:
    """Return the classifier of a series' places, which learns from the descriptions in its sample.

    Args:
        series: Whose.
        models: Folder for trained models; None takes the user's cache.

    Raises:
        InputError: If the series ships no labelled descriptions.
    """
    from platformdirs import user_cache_path

    data = _labelled_places(series)
    if not data.is_file():
        raise InputError(f"{series.title} has no labelled places; write {data} (see docs/series.md).")
    home = models or user_cache_path("hawkins", appauthor=False) / "models"
    return LocationClassifier(home / f"places-{Path(series.reference).name}", data)


def analyze(
    source: str | Path,
    *,
    transcripts: str | Path | None = None,
    series: str | Path | SeriesProfile = "stranger_things",
    out: str | Path,
    models: Path | None = None,
    encoding: str | None = None,
    pattern: str | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> Results:
    """Analyse a folder of subtitles; keep tables and report in another.

    Every table knows what it was made from: what has not changed since the last run is read, not computed, so that an
    interrupted run continues where it stopped.

    Args:
        source: A subtitle file or a folder of them.
        transcripts: Folder (or file) of speaker transcripts of the same episodes.
        series: Name or folder of a series, or its profile.
        out: Folder for ``dialogue``, ``themes``, ``theme_turns``, ``mentions``, ``edges``, ``places`` and
            ``scene_places`` (Parquet and CSV) and ``report.html``.
        models: Folder for the location classifier; None keeps it in the user's cache.
        encoding: As for `load_dialogue`.
        pattern: As for `load_dialogue`.
        on_report: Called with what became of each file; without, what a person must know becomes a Python warning.
        progress: Draws the bars.

    Returns:
        The tables, as they lie in ``out``.

    Raises:
        InputError: If the input cannot be read or ``out`` cannot be written; nothing is written then.
        WeightsError: If weights are missing.
    """
    profile = series if isinstance(series, SeriesProfile) else load_series(series)
    if not profile.themes:
        raise InputError(f"The profile of {profile.title} lists no themes; add some to its profile.yaml.")
    folder = Path(out)
    classifier = location_classifier(profile, models=models) if _labelled_places(profile).is_file() else None
    if classifier is not None:
        classifier.require_writable()
    dialogue = load_dialogue(
        source,
        transcripts=transcripts,
        series=profile,
        encoding=encoding,
        pattern=pattern,
        on_report=on_report,
        progress=progress,
    )
    facts = {
        "dialogue": table_digest(dialogue),
        "series": profile.reference,
        "timeline": "sample" if Path(source).resolve().is_relative_to(profile.sample.resolve()) else "show",
    }
    # One mark for all tables of a run: tables of two runs never pass for one analysis.
    facts["run"] = content_key(facts=facts, profile=profile.model_dump(mode="json"), version=_VERSION)
    kept = _Folder(path=prepare_folder(folder), facts=facts)
    lines = kept.table("dialogue", lambda: dialogue)
    _score(kept, profile, lines, progress)
    _connect(kept, profile, lines, progress)
    reading = Reading(transcripts=transcripts, series=profile, encoding=encoding, pattern=pattern)
    _locate(kept, profile, lines, classifier, scene_headings(source, reading, lines), progress)
    results = load_results(folder)
    page = report_html(results)
    atomic_write(folder / REPORT, lambda path: path.write_text(page, encoding="utf-8"))
    return results


def _score(folder: _Folder, profile: SeriesProfile, dialogue: pd.DataFrame, progress: Progress) -> None:
    """Keep the ``themes`` and ``theme_turns`` tables, which one reading makes."""
    classifier = ThemeClassifier([theme.label for theme in profile.themes], series=profile)
    identity, weights = classifier.identity(), classifier.weights.label
    read = cache(lambda: classifier.read(dialogue, progress=progress))
    folder.table("themes", lambda: read()[0], made_from=identity, weights=weights)
    folder.table("theme_turns", lambda: read()[1], made_from=identity)


def _connect(folder: _Folder, profile: SeriesProfile, dialogue: pd.DataFrame, progress: Progress) -> None:
    """Keep the ``mentions`` and ``edges`` tables."""
    names = NamedEntityRecognizer(series=profile)
    identity, weights = names.identity(), find_weights("names").label
    mentions = folder.table(
        "mentions", lambda: names.find(dialogue, progress=progress), made_from=identity, weights=weights
    )
    folder.table("edges", lambda: build_edges(dialogue, mentions), made_from={"names": identity, "ties": _TIES})


def _locate(
    folder: _Folder,
    profile: SeriesProfile,
    dialogue: pd.DataFrame,
    classifier: LocationClassifier | None,
    headings: Mapping[tuple[int, int, int], str],
    progress: Progress,
) -> None:
    """Keep the ``places`` and ``scene_places`` tables; the classifier learns first if it has not yet.

    A series without labelled places has nothing to learn their kinds from, and gets empty tables.
    """

    def ready() -> LocationClassifier | None:
        if classifier is not None:
            classifier.train_if_needed(progress=progress)
        return classifier

    identity = classifier.identity() if classifier is not None else None
    weights = find_weights("places").label if classifier else ""
    folder.table(
        "places",
        lambda: places_table(dialogue, profile, ready(), progress=progress),
        made_from=identity,
        weights=weights,
    )
    folder.table(
        "scene_places",
        lambda: scene_places(dialogue, profile, ready(), headings=headings, progress=progress),
        made_from={"classifier": identity, "headings": sorted(headings.items()), "version": _SCENE_PLACES},
    )


def analyze_sample(
    *, series: str = "stranger_things", out: str | Path, models: Path | None = None, progress: Progress = silent
) -> Results:
    """Analyse the sample season that ships with a series (see `analyze`)."""
    sample = load_series(series).sample
    return analyze(
        sample / "subtitles",
        transcripts=sample / "transcripts",
        series=series,
        out=out,
        models=models,
        progress=progress,
    )

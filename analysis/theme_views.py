"""Three ways of looking at themes: by episode, by scene and by character, each as tables and figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis.theme_charts import scene_heatmap, theme_figure
from analysis.voice_charts import characters_figure
from analysis.voice_facts import speakers_known
from theme_classifier import (
    ThemeClassifier,
    character_themes,
    episode_curves,
    episode_lines,
    evidence_lines,
    peaks,
    raw_scenes,
    relative_themes,
    scene_curves,
    theme_changes,
    theme_labels,
)
from theme_classifier.turns import RAW
from utils.data_loader import load_dialogue
from utils.errors import InputError, did_you_mean
from utils.progress import Progress, silent
from utils.reading.report import OnReport, warn
from utils.series import SeriesProfile, load_series
from utils.tables import EPISODE_KEYS, SCENE_KEYS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["TIMES", "VIEWS", "ThemeReading", "ThemeView", "read_themes", "require_view", "split_labels"]

TIMES: Final = "times_"
"""What the name of a column begins with that holds how many times the mean of everybody a character's score is."""

_SAID: Final = ["rank", "line", "last", "start", "speaker", "text"]


@dataclass(frozen=True, kw_only=True)
class ThemeReading:
    """The themes of some subtitles.

    Attributes:
        title: Of the series.
        weights: What answered, for people.
        dialogue: The lines.
        themes: One row a scene.
        turns: One row a turn of a speaker.
    """

    title: str
    weights: str
    dialogue: pd.DataFrame
    themes: pd.DataFrame
    turns: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class ThemeView:
    """One way of looking.

    Attributes:
        heading: For people.
        tables: Makes the tables, by the names of their files; the first is the one to show.
        figure: Draws it; ``raw`` takes the model's own numbers.
        needs_speakers: Whether it is empty where no speaker is known.
    """

    heading: str
    tables: Callable[[ThemeReading], dict[str, pd.DataFrame]]
    figure: Callable[..., go.Figure]
    needs_speakers: bool = False


def split_labels(written: str) -> list[str]:
    """Read labels with commas or line ends between them; one at the very end does not count.

    Args:
        written: Such as ``Hope, Despair, Friendship``.

    Returns:
        The labels as written, blank ones too: `ThemeClassifier` refuses those.
    """
    written = written.strip().removesuffix(",")
    return re.split(r"\s*[,\n]\s*", written) if written else []


def require_view(by: str) -> ThemeView:
    """Return a view by its name.

    Raises:
        InputError: If there is none of that name.
    """
    if by not in VIEWS:
        raise InputError(f"There is no view of themes by '{by}'; choose {_listed(VIEWS)}.{did_you_mean(by, VIEWS)}")
    return VIEWS[by]


def _listed(names: Mapping[str, Any]) -> str:
    *some, last = names
    return f"{', '.join(some)} or {last}"


def read_themes(
    source: str | Path,
    *,
    by: str = "episode",
    transcripts: str | Path | None = None,
    series: str | Path | SeriesProfile = "stranger_things",
    labels: list[str] | None = None,
    model: str | Path | None = None,
    encoding: str | None = None,
    pattern: str | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> ThemeReading:
    """Read subtitles and score their themes; what cannot be done is refused before anything is scored.

    Args:
        source: A subtitle file or a folder of them.
        by: The view that the reading is for, of `VIEWS`.
        transcripts: Folder (or file) of speaker transcripts of the same episodes.
        series: Name or folder of a series, or its profile.
        labels: Themes; None takes those of the series.
        model: As for `ThemeClassifier`.
        encoding: As for `utils.data_loader.load_dialogue`, and so are ``pattern`` and ``on_report``.
        pattern: See ``encoding``.
        on_report: See ``encoding``.
        progress: Draws the bars.

    Raises:
        InputError: If the input, a label or the view cannot be used.
        WeightsError: If weights are missing.
    """
    view = require_view(by)
    profile = series if isinstance(series, SeriesProfile) else load_series(series)
    if labels is None and not profile.themes:
        raise InputError(f"The profile of {profile.title} lists no themes; name some: --labels 'Hope,Danger'.")
    chosen = [theme.label for theme in profile.themes] if labels is None else labels
    classifier = ThemeClassifier(chosen, model=model, series=profile)
    dialogue = load_dialogue(
        source,
        transcripts=transcripts,
        series=profile,
        encoding=encoding,
        pattern=pattern,
        on_report=on_report,
        progress=progress,
    )
    if view.needs_speakers and not speakers_known(dialogue):
        raise InputError(
            f"No speaker is known in {source}, so there are no themes by {by}; "
            "give transcripts that name the speakers: --transcripts DIR."
        )
    weights = classifier.weights.label
    themes, turns = classifier.read(dialogue, progress=progress)
    return ThemeReading(title=profile.title, weights=weights, dialogue=dialogue, themes=themes, turns=turns)


def _with_raw(make: Callable[[pd.DataFrame], pd.DataFrame], reading: ThemeReading, keys: list[str]) -> pd.DataFrame:
    """A table of calibrated numbers with the raw ones beside them."""
    labels = theme_labels(reading.themes)
    raw = make(raw_scenes(reading.themes, reading.turns))[[*keys, *labels]]
    return make(reading.themes).merge(raw.rename(columns={label: RAW + label for label in labels}), on=keys)


def _by_episode(reading: ThemeReading) -> dict[str, pd.DataFrame]:
    changes = theme_changes(reading.themes)
    earlier = changes[["season_before", "episode_before"]].set_axis(list(EPISODE_KEYS), axis=1)
    # A rise is seen in the lines of the later episode, a fall in those of the earlier.
    where = changes[list(EPISODE_KEYS)].where(changes["change"] > 0, earlier)
    said = episode_lines(reading.themes, reading.turns, where.assign(theme=changes["theme"]), most=1).set_index("of")
    of_line = said[["season", "episode", "line", "start", "speaker", "text"]].add_prefix("said_")
    return {
        "themes-by-episode": _with_raw(episode_curves, reading, list(EPISODE_KEYS)),
        "theme-changes": changes.join(of_line),
    }


def _by_scene(reading: ThemeReading) -> dict[str, pd.DataFrame]:
    curves = partial(scene_curves, dialogue=reading.dialogue)
    top = peaks(reading.themes, reading.dialogue)[["theme", "rank", *SCENE_KEYS, "score"]]
    said = evidence_lines(reading.turns, top[["theme", *SCENE_KEYS]]).set_index("of")[_SAID]
    return {
        "themes-by-scene": _with_raw(curves, reading, list(SCENE_KEYS)),
        "theme-peaks": top.rename(columns={"rank": "peak"}).join(said).reset_index(drop=True),
    }


def _by_character(reading: ThemeReading) -> dict[str, pd.DataFrame]:
    labels = theme_labels(reading.themes)
    tables = {}
    for name, keys in (
        ("themes-by-character", ["character"]),
        ("themes-by-character-and-episode", ["character", *EPISODE_KEYS]),
    ):
        both = [character_themes(reading.turns, by_episode=len(keys) > 1, raw=raw) for raw in (False, True)]
        raw = both[1][[*keys, *labels]].rename(columns={label: RAW + label for label in labels})
        tables[name] = both[0].merge(raw, on=keys)
    times = relative_themes(reading.turns).add_prefix(TIMES).reset_index()
    tables["themes-by-character"] = tables["themes-by-character"].merge(times, on="character")
    people = tables["themes-by-character"][["character"]].rename(columns={"character": "speaker"})
    said = evidence_lines(reading.turns, people.merge(_frame(labels), how="cross"))
    tables["character-lines"] = said.drop(columns="of").rename(columns={"speaker": "character"})
    return tables


def _frame(labels: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"theme": labels})


VIEWS: Final[Mapping[str, ThemeView]] = {
    "episode": ThemeView(
        heading="Themes by episode",
        tables=_by_episode,
        figure=lambda reading, *, raw: theme_figure(reading.themes, reading.turns, raw=raw),
    ),
    "scene": ThemeView(
        heading="Themes scene by scene",
        tables=_by_scene,
        figure=lambda reading, *, raw: scene_heatmap(reading.themes, reading.turns, reading.dialogue, raw=raw),
    ),
    "character": ThemeView(
        heading="Themes by character",
        tables=_by_character,
        figure=lambda reading, *, raw: characters_figure(reading.turns, raw=raw),
        needs_speakers=True,
    ),
}
"""The views, by name."""

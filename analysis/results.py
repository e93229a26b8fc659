"""The results of one analysis: seven tables in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from utils.artifacts import read_provenance, read_table
from utils.errors import InputError
from utils.series import SeriesProfile, load_series
from utils.world import World

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "Results", "load_results", "table_path"]

_FACTS: Final = {"run", "series", "timeline", "weights"}
TABLES: Final = ("dialogue", "themes", "theme_turns", "mentions", "edges", "places", "scene_places")


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that one analysis found.

    Attributes:
        folder: Where the files lie.
        series: Whose cast, places and themes were used.
        timeline: How its episodes are numbered (``sample`` for the shipped season).
        weights: Which weights answered, by table, in words for people.
        dialogue: One row a spoken line (`utils.tables.DIALOGUE`).
        themes: One row a scene, a column a theme, ``evidence_<theme>`` beside it.
        theme_turns: One row a turn of a speaker (`theme_classifier.turns.TURNS`), a column a theme, ``raw_<theme>``
            beside it.
        mentions: One row a name said (`utils.tables.MENTIONS`).
        edges: One row a pair, kind and episode (`utils.tables.EDGES`).
        places: One row a place (`utils.tables.PLACES`).
        scene_places: One row a scene (`utils.tables.SCENE_PLACES`).
    """

    folder: Path
    series: SeriesProfile
    timeline: str
    weights: dict[str, str]
    dialogue: pd.DataFrame
    themes: pd.DataFrame
    theme_turns: pd.DataFrame
    mentions: pd.DataFrame
    edges: pd.DataFrame
    places: pd.DataFrame
    scene_places: pd.DataFrame

    @property
    def world(self) -> World:
        """Where the characters of this analysis live and remember."""
        return World(series=self.series, dialogue=self.dialogue, timeline=self.timeline)

    @property
    def theme_labels(self) -> list[str]:
        """The themes that were scored, in the order of the table."""
        return [column.removeprefix("evidence_") for column in self.themes.columns if column.startswith("evidence_")]


def table_path(folder: Path, name: str) -> Path:
    """Return where a table of the results lies."""
    return folder / f"{name}.parquet"


def load_results(folder: Path) -> Results:
    """Read the results that `analysis.analyze` left in a folder.

    Raises:
        InputError: If the folder holds none, or not all of them.
    """
    tables = {name: read_table(table_path(folder, name)) for name in TABLES}
    provenance = {name: read_provenance(table_path(folder, name)) or {} for name in TABLES}
    for name, table in tables.items():
        if table is None or not provenance[name].keys() >= _FACTS:
            state = "cannot be read" if table_path(folder, name).exists() else "is not there"
            raise InputError(
                f"{folder} holds no finished analysis ({name}.parquet {state}); make one: hawkins analyze DIR --out ..."
            )
    facts = provenance["dialogue"]
    if any(record["run"] != facts["run"] for record in provenance.values()):
        raise InputError(f"The analysis in {folder} was interrupted; run the same hawkins analyze again.")
    return Results(
        folder=folder,
        series=load_series(facts["series"]),
        timeline=facts["timeline"],
        weights={name: record["weights"] for name, record in provenance.items() if record["weights"]},
        **tables,  # type: ignore[arg-type]  # none is None: checked above
    )

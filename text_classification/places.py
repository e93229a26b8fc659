"""The places table: which places of the profile the dialogue names, and what kind each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from text_classification.mentions import PlaceMatcher
from utils.progress import Progress, silent
from utils.tables import EPISODE_KEYS, PLACES, require_columns

if TYPE_CHECKING:
    import pandas as pd

    from text_classification.classifier import LocationPrediction
    from utils.series import SeriesProfile

__all__ = ["Classifier", "find_places", "places_table"]

_NEEDED: Final = (*EPISODE_KEYS, "line", "text")
# Spoken lines that stand for a place without a description.
_MOST_LINES: Final = 8


class Classifier(Protocol):
    """What `places_table` needs: `text_classification.LocationClassifier`, or anything that answers like it."""

    def classify_many(self, texts: Sequence[str], *, progress: Progress = silent) -> list[LocationPrediction]:
        """Return one prediction a text."""
        ...


def _spread(rows: list[int], most: int) -> list[int]:
    """At most so many of the rows, evenly over all of them."""
    step = max(1.0, len(rows) / most)
    return [rows[int(index * step)] for index in range(min(len(rows), most))]


def _around(rows: list[int], episodes: Sequence[object]) -> list[int]:
    """Rows of some mentions and of the lines beside them in the same episode, in order."""
    chosen = dict.fromkeys(_spread(rows, _MOST_LINES))
    beside = [row + step for row in chosen for step in (-1, 1)]
    inside = [row for row in beside if 0 <= row < len(episodes)]
    # A neighbour belongs to the episode of the mention on its other side.
    same = [row for row in inside if any(abs(row - at) == 1 and episodes[row] == episodes[at] for at in chosen)]
    return sorted(list(dict.fromkeys([*chosen, *same]))[:_MOST_LINES])


def find_places(dialogue: pd.DataFrame, series: SeriesProfile) -> pd.DataFrame:
    """Find which places of the profile are spoken of.

    Args:
        dialogue: The dialogue table; needs ``season``, ``episode``, ``line`` and ``text``.
        series: Whose places.

    Returns:
        One row a place that is named, most named first: ``name``; ``lines``, int64, how many lines name it; ``season``
        and ``episode``, where first; ``sample``, up to eight spoken lines that name it or stand beside one that does,
        joined with newlines.

    Raises:
        InputError: If a column is missing.
    """
    import pandas as pd

    require_columns(dialogue, _NEEDED, name="dialogue")
    spoken = dialogue.sort_values([*EPISODE_KEYS, "line"], kind="stable", ignore_index=True)
    texts = spoken["text"].fillna("").astype(str).tolist()
    episodes = list(zip(spoken["season"], spoken["episode"], strict=True))
    mentions = PlaceMatcher(series).mentions(texts)
    found = []
    for name, rows in mentions.groupby("name", sort=False)["row"]:
        sample = "\n".join(texts[row] for row in _around(rows.tolist(), episodes))
        found.append((name, len(rows), *episodes[rows.iloc[0]], sample))
    types = {"name": "string", "lines": "int64", "season": "int64", "episode": "int64", "sample": "string"}
    table = pd.DataFrame(found, columns=list(types)).astype(types)
    return table.sort_values(
        ["lines", "season", "episode", "name"], ascending=[False, True, True, True], ignore_index=True
    )


def places_table(
    dialogue: pd.DataFrame, series: SeriesProfile, classifier: Classifier | None, *, progress: Progress = silent
) -> pd.DataFrame:
    """Say what kind of place each named place is.

    Args:
        dialogue: The dialogue table; needs ``season``, ``episode``, ``line`` and ``text``.
        series: Whose places; a place's description is what is classified, or else the lines spoken around its name.
        classifier: Trained; None, for a series whose kinds of places nobody has labelled, leaves the table empty.
        progress: Draws the bar.

    Returns:
        The columns of `utils.tables.PLACES`, then ``lines``, ``season`` and ``episode`` as in `find_places`, and in its
        order.

    Raises:
        InputError: If a column is missing or the classifier is not trained.
    """
    found = find_places(dialogue, series)
    if classifier is None:
        found = found.iloc[:0]
    described = {place.name: place.description for place in series.places if place.description.strip()}
    found["text"] = found["name"].map(described).astype("string").fillna(found["sample"])
    predictions = []
    if classifier is not None and len(found):
        predictions = classifier.classify_many(found["text"].tolist(), progress=progress)
    found["kind"] = [prediction.label for prediction in predictions]
    found["probability"] = [prediction.probability for prediction in predictions]
    types = {"kind": "string", "probability": "float64"}
    return found.astype(types)[[*PLACES, "lines", "season", "episode"]]

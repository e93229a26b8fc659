"""The scene_places table: in which kind of place each scene is set.

A transcript with scene headings says it. Subtitles do not, and what people talk about tells little: on the sample
season, descriptions that sound like the dialogue were no better than the commonest kind. Who speaks tells more, because
people have places where they are met, and so do the names of places that fall. From these two a scene's place is
guessed, and the guess is withheld where it would be wrong too often.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from text_classification.mentions import PlaceMatcher
from text_classification.places import Classifier
from utils.progress import Progress, silent
from utils.tables import SCENE_KEYS, SCENE_PLACES, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from utils.series import SeriesProfile

__all__ = ["SURE_GUESS", "scene_places"]

SURE_GUESS: Final = 0.8
"""Probability from which a guess without a heading counts (`benchmarks/places.py` measures how often it is right)."""

# What a name is worth beside a scene all of whose lines are spoken by people of the place, how many names count, how
# far the best place must lead, and how often a scene is set where the profile has no place: chosen on the sample
# season, whose places are known, for the likelihood of the truth.
_NAMED: Final = 0.3
_MOST_NAMED: Final = 2
_SHARPNESS: Final = 0.3
_ELSEWHERE: Final = 0.15


@dataclass(frozen=True)
class _Guess:
    """What is thought of one scene."""

    kind: str | None
    probability: float
    likeliest: str | None
    place: str | None
    evidence: str


class _Places:
    """The described places of a series: their kinds, and the people of the cast whom their descriptions name."""

    def __init__(self, series: SeriesProfile, classifier: Classifier, progress: Progress) -> None:
        self._matcher = PlaceMatcher(series)
        self._places = [place for place in series.places if place.description.strip()]
        texts = [place.description for place in self._places]
        self._kinds = classifier.classify_many(texts, progress=progress) if texts else []
        people = {person.name: rf"\b{re.escape(person.name)}\b" for person in series.cast}
        self._people = [
            {name for name, pattern in people.items() if re.search(pattern, f"{place.name}. {place.description}")}
            for place in self._places
        ]
        met = Counter(name for names in self._people for name in names)
        # Somebody who is met everywhere says nothing about where a scene is (as idf does for words).
        self._worth = {name: math.log(len(self._places) / count) for name, count in met.items()}

    def by_heading(self, heading: str) -> _Guess:
        """Judge by the heading that a transcript has."""
        named = self._matcher.place_of_heading(heading)
        index = next((index for index, place in enumerate(self._places) if place.name == named), None)
        if index is None:
            return _Guess(None, math.nan, None, None, f"heading: {heading}")
        found = self._kinds[index]
        kind = found.label if found.sure else None
        return _Guess(kind, found.probability, found.label, self._places[index].name, f"heading: {heading}")

    def by_talk(self, texts: Sequence[str], speakers: Sequence[str]) -> _Guess:
        """Guess by who speaks and by what is named."""
        named, spoken = self._named(texts), Counter(speakers)
        scores = [self._score(index, named, spoken) for index in range(len(self._places))]
        if not any(scores):
            return _Guess(None, math.nan, None, None, "")
        weights = self._weights(scores)
        kinds = self._mixture(weights)
        likeliest, best = max(kinds, key=lambda kind: kinds[kind]), int(weights.argmax())
        probability = kinds[likeliest]
        place = self._places[best].name if weights[best] >= 0.5 else None
        kind = likeliest if probability >= SURE_GUESS else None
        return _Guess(kind, probability, likeliest, place, self._reasons(best, named, spoken))

    def _mixture(self, weights: NDArray[np.float64]) -> dict[str, float]:
        """The probability of each kind, whichever of the places it is, or none of them."""
        kinds: dict[str, float] = {}
        for weight, found in zip(weights, self._kinds, strict=True):
            for label, probability in found.probabilities.items():
                kinds[label] = kinds.get(label, 0.0) + float(weight) * probability
        return {kind: (1 - _ELSEWHERE) * each + _ELSEWHERE / len(kinds) for kind, each in kinds.items()}

    def _weights(self, scores: Sequence[float]) -> NDArray[np.float64]:
        import numpy as np
        from scipy.special import softmax

        weights: NDArray[np.float64] = softmax(np.array(scores) / _SHARPNESS)
        return weights

    def _named(self, texts: Sequence[str]) -> Counter[str]:
        return Counter(name for text in texts for name in self._matcher.places_in(text))

    def _score(self, index: int, named: Counter[str], spoken: Counter[str]) -> float:
        lines = max(1, spoken.total())
        here = sum(count * self._worth[name] for name, count in spoken.items() if name in self._people[index])
        return here / lines + _NAMED * min(named[self._places[index].name], _MOST_NAMED)

    def _reasons(self, index: int, named: Counter[str], spoken: Counter[str]) -> str:
        place = self._places[index].name
        here = [name for name, _ in spoken.most_common() if name in self._people[index]]
        reasons = [f"speaking: {', '.join(here)}"] if here else []
        return "; ".join([*reasons, f"named: {place}"] if named[place] else reasons)


def scene_places(
    dialogue: pd.DataFrame,
    series: SeriesProfile,
    classifier: Classifier | None,
    *,
    headings: Mapping[tuple[int, int, int], str] | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Say in which kind of place each scene is set.

    Args:
        dialogue: The dialogue table; needs ``season``, ``episode``, ``scene``, ``line``, ``text`` and ``speaker``.
        series: Whose places and cast.
        classifier: Trained; None, for a series whose kinds of places nobody has labelled, leaves the table empty.
        headings: Of scenes, by season, episode and scene, from `utils.scene_headings`.
        progress: Draws the bar.

    Returns:
        The columns of `utils.tables.SCENE_PLACES`, one row a scene, in order: ``kind``, NA in doubt; ``likeliest``, the
        kind that it would be, with its ``probability`` (both NA without any evidence); ``place``, where one stands out;
        ``evidence``, what speaks for it.

    Raises:
        InputError: If a column is missing or the classifier is not trained.
    """
    import pandas as pd

    require_columns(dialogue, (*SCENE_KEYS, "line", "text", "speaker"), name="dialogue")
    rows = []
    if classifier is not None:
        places = _Places(series, classifier, progress)
        spoken = dialogue.sort_values([*SCENE_KEYS, "line"], kind="stable")
        for key, lines in spoken.groupby(list(SCENE_KEYS)):
            season, episode, scene = (int(str(part)) for part in key)
            heading = (headings or {}).get((season, episode, scene))
            speakers = lines["speaker"].dropna().astype(str).tolist()
            guess = places.by_heading(heading) if heading else places.by_talk(lines["text"].tolist(), speakers)
            rows.append((*key, guess.kind, guess.probability, guess.likeliest, guess.place, guess.evidence))
    table = pd.DataFrame(rows, columns=list(SCENE_PLACES))
    words = dict.fromkeys(("kind", "likeliest", "place", "evidence"), "string")
    return table.astype(dict.fromkeys(SCENE_KEYS, "int64") | {"probability": "float64"} | words)

"""How a character answers: exchanges taken from the dialogue, and the ones nearest to a question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from character_chatbot.kept_vectors import VectorCache
from character_chatbot.recall import Encoder
from utils.characters import Exchange
from utils.episodes import Episode
from utils.tables import SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Ranking", "spoken_exchanges"]

# Below this the alignment is not sure enough who spoke for a line to stand as a model of somebody's voice.
SURE: Final = 0.8

T = TypeVar("T")


def spoken_exchanges(dialogue: pd.DataFrame, character: str, *, until: Episode | None = None) -> list[Exchange]:
    """Return what was said to a character and what it answered, scene by scene.

    Args:
        dialogue: Needs ``season``, ``episode``, ``scene``, ``line``, ``speaker``, ``speaker_confidence`` and ``text``.
        character: Canonical name.
        until: Nothing later than this episode.

    Returns:
        Exchanges in the order of the story; consecutive lines of a speaker count as one speech.
    """
    require_columns(dialogue, (*SCENE_KEYS, "line", "speaker", "speaker_confidence", "text"), name="dialogue")
    sure = dialogue["speaker"].where(dialogue["speaker_confidence"] >= SURE, None).astype(object)
    rows = dialogue.assign(speaker=sure.where(sure.notna(), None)).sort_values([*SCENE_KEYS, "line"])
    if until is not None:
        lived = [Episode(int(s), int(e)) <= until for s, e in zip(rows["season"], rows["episode"], strict=True)]
        rows = rows[lived]
    exchanges: list[Exchange] = []
    for _, scene in rows.groupby(list(SCENE_KEYS), sort=False):
        lines = zip(scene["speaker"], scene["text"], strict=True)
        speeches = [
            (speaker, " ".join(text for _, text in speech))
            for speaker, speech in groupby(lines, key=lambda line: line[0])
        ]
        exchanges += [
            Exchange(user=said, reply=answer)
            for (asker, said), (speaker, answer) in pairwise(speeches)
            if speaker == character and asker is not None
        ]
    return exchanges


class Ranking(Generic[T]):
    """Things that can be asked for by nearness of meaning.

    Args:
        things: What to return.
        keys: A text for each, by which it is found.
        encoder: Embeds the texts, on first use.
        cache: Where their vectors are kept from one run to the next; None keeps nothing.
    """

    def __init__(
        self, things: Sequence[T], keys: Sequence[str], encoder: Encoder, *, cache: VectorCache | None = None
    ) -> None:
        self._things = list(things)
        self._keys = list(keys)
        self._encoder = encoder
        self._cache = cache

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return self._cache.encode(self._keys, self._encoder) if self._cache else self._encoder.encode(self._keys)

    def nearest(self, question: str, most: int, *, least: float = -1.0) -> list[T]:
        """Return the things nearest to a question, nearest first.

        Args:
            question: What was asked.
            most: How many at most.
            least: Cosine below which a thing is too far off.
        """
        import numpy as np

        if not self._things:
            return []
        similarity = self._vectors @ self._encoder.encode([question])[0]
        order: Any = np.argsort(-similarity, kind="stable")[:most]
        return [self._things[index] for index in order if similarity[index] >= least]

"""Finding texts by words and by meaning.

Texts are ranked by BM25 and by the cosine of sentence embeddings, and the two rankings are fused by reciprocal rank
(Cormack, Clarke and Buettcher, SIGIR 2009, k = 60). Up to `EXACT` texts are compared one by one, which numpy does in
milliseconds; beyond, usearch finds the nearest vectors by a graph (https://github.com/unum-cloud/usearch).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from character_chatbot.kept_vectors import VectorCache
from utils.cores import keep_threads_few
from utils.embeddings import SentenceEncoder
from utils.errors import MissingDependencyError
from utils.models import find_weights
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EXACT", "Encoder", "OnceEncoder", "TextIndex", "chat_encoder"]

EXACT: Final = 300_000
RANK_CONSTANT: Final = 60
# What stands lower than this in a ranking adds too little to matter.
DEPTH: Final = 200
_KEPT_QUESTIONS: Final = 256


class Encoder(Protocol):
    """Turns texts into unit vectors, as `utils.embeddings.SentenceEncoder` does."""

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        """Return an array of shape (texts, dimensions), rows of length 1."""
        ...


def chat_encoder() -> SentenceEncoder:
    """Return the encoder with which a process that talks embeds; torch and NumPy have one thread there from now on.

    Raises:
        WeightsError: If its weights are not installed.
    """
    keep_threads_few()
    return SentenceEncoder(find_weights("recall").path)


class OnceEncoder:
    """An encoder that embeds a question once, however many indexes ask for it.

    Args:
        encoder: What embeds.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def of(cls, encoder: Encoder) -> OnceEncoder:
        """Return an encoder as one of these; one that several share stays the same one."""
        return encoder if isinstance(encoder, OnceEncoder) else cls(encoder)

    @property
    def sentences(self) -> SentenceEncoder | None:
        """The encoder behind it, if it was read from files; None for any other."""
        return self._encoder if isinstance(self._encoder, SentenceEncoder) else None

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        """Embed texts; a single one is kept for the next time."""
        if len(texts) != 1:
            return self._encoder.encode(texts, progress=progress)
        with self._lock:
            vectors = self._kept.get(texts[0])
        if vectors is None:
            vectors = self._encoder.encode(texts, progress=progress)
        with self._lock:
            self._kept[texts[0]] = vectors
            self._kept.move_to_end(texts[0])
            while len(self._kept) > _KEPT_QUESTIONS:
                self._kept.popitem(last=False)
        return vectors


class TextIndex:
    """Texts in an order of their own, which can be searched up to any of them.

    Args:
        texts: What is searched.
        encoder: Embeds texts and questions; None searches by words alone.
        cache: Where their vectors are kept from one run to the next; None keeps nothing.
        exact: Texts above which vectors are searched by usearch.
    """

    def __init__(
        self, texts: Sequence[str], *, encoder: Encoder | None, cache: VectorCache | None = None, exact: int = EXACT
    ) -> None:
        self.texts = list(texts)
        self._encoder = encoder
        self._cache = cache
        self._exact = exact

    def search(self, question: str, *, first: int | None = None, least: float = -1.0) -> list[int]:
        """Return the positions of the texts that bear most on a question, best first.

        Args:
            question: What is looked for.
            first: Only the first so many texts are looked at; None looks at all.
            least: Cosine below which a text has nothing to do with the question; without an encoder all have.

        Returns:
            Up to twice `DEPTH` positions.

        Raises:
            MissingDependencyError: If there are more texts than numpy serves, and no usearch.
        """
        count = len(self.texts) if first is None else min(first, len(self.texts))
        if not count:
            return []
        vector = None if self._encoder is None else self._encoder.encode([question])[0]
        fused: dict[int, float] = {}
        for ranking in (self._by_words(question, count), [] if vector is None else self._by_meaning(vector, count)):
            for rank, position in enumerate(ranking):
                fused[position] = fused.get(position, 0.0) + 1.0 / (RANK_CONSTANT + rank)
        # A question without a telling word, asked without an encoder: the latest is as good as any.
        found = sorted(fused, key=lambda position: (-fused[position], position)) or [*range(count)][::-1][:DEPTH]
        if vector is None:
            return found
        return [position for position in found if float(self._vectors[position] @ vector) >= least]

    def prepare(self) -> None:
        """Build what the first search would have to build."""
        if self.texts:
            self.search("prepare")

    @cached_property
    def _keywords(self) -> Any:
        import bm25s

        tokens = _tokens(self.texts)
        if not any(tokens):
            return None
        retriever = bm25s.BM25()
        retriever.index(tokens, show_progress=False)
        return retriever

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        assert self._encoder is not None  # noqa: S101 - asked for where a question was embedded alone
        return self._cache.encode(self.texts, self._encoder) if self._cache else self._encoder.encode(self.texts)

    @cached_property
    def _graph(self) -> Any:
        import numpy as np

        try:
            from usearch.index import Index
        except ImportError:
            raise MissingDependencyError(
                f"Recall over {len(self.texts):,} passages needs usearch; "
                "run: pip install 'stranger-things-nlp[recall]'"
            ) from None
        graph = Index(ndim=self._vectors.shape[1], metric="ip", dtype="f16")
        graph.add(np.arange(len(self.texts)), self._vectors)
        return graph

    def _by_words(self, question: str, count: int) -> list[int]:
        words = _tokens([question])[0]
        # "And then?" has no word that BM25 counts.
        if not words or self._keywords is None:
            return []
        return _highest(self._keywords.get_scores(words)[:count], least=0.0)

    def _by_meaning(self, vector: NDArray[np.float32], count: int) -> list[int]:
        if len(self.texts) > self._exact:
            return self._from_graph(vector, count)
        return _highest(self._vectors[:count] @ vector)

    def _from_graph(self, vector: NDArray[np.float32], count: int) -> list[int]:
        """The nearest of the first ``count``: what lies behind is passed over, and more asked for."""
        wanted, asked = min(DEPTH, count), DEPTH
        while True:
            found = [int(key) for key in self._graph.search(vector, min(asked, len(self.texts))).keys if key < count]
            if len(found) >= wanted or asked >= len(self.texts):
                return found[:wanted]
            asked *= 8


def _highest(scores: NDArray[Any], *, least: float | None = None) -> list[int]:
    """Positions of the `DEPTH` highest scores, highest first, earlier before later among equals."""
    import numpy as np

    above = np.arange(len(scores)) if least is None else np.flatnonzero(scores > least)
    if len(above) > DEPTH:
        above = np.sort(above[np.argpartition(-scores[above], DEPTH)[:DEPTH]])
    return [int(position) for position in above[np.argsort(-scores[above], kind="stable")]]


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    import bm25s

    tokens: list[list[str]] = bm25s.tokenize(list(texts), stopwords="en", return_ids=False, show_progress=False)
    return tokens

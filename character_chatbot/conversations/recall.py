"""Earlier turns of a conversation: the newest that fit stand in the prompt, older ones come back when they matter.

As for scenes, turns are ranked by words (BM25) and by the cosine of sentence embeddings, and the two rankings are fused
by reciprocal rank (see `character_chatbot.recall`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from character_chatbot.conversations.records import Utterance
from character_chatbot.recall import RANK_CONSTANT, Encoder
from utils.chat import BYTES_PER_TOKEN, steady_start

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TurnMemory", "newest_turns", "recalled_turns", "tokens", "turns"]

_OVERHEAD: Final = 8  # tokens around each message in a chat template
# A turn that shares no word with what was said, and has this cosine or less, has nothing to do with it.
_NEAREST: Final = 0.3
_KEPT: Final = 20_000  # vectors: 30 MB with MiniLM


def turns(utterances: Sequence[Utterance]) -> list[tuple[Utterance, ...]]:
    """Return a conversation cut before each of the person's messages; what was drawn anew or never said is left out.

    So are turns in which a note stands instead of a reply: what nobody answered in character is no part of the story.
    """
    cut: list[list[Utterance]] = []
    for one in utterances:
        if one.state == "replaced" or not one.text:
            continue
        if one.character is None or not cut:
            cut.append([])
        cut[-1].append(one)
    return [tuple(turn) for turn in cut if not any(one.care for one in turn)]


def tokens(turn: Sequence[Utterance]) -> float:
    """Return about how many tokens a turn fills in a prompt."""
    return sum(len(one.text.encode()) / BYTES_PER_TOKEN + _OVERHEAD for one in turn)


def newest_turns(conversation: Sequence[Sequence[Utterance]], budget: float) -> int:
    """Return where the newest turns begin that fill no more than a number of tokens (see `steady_start`)."""
    return steady_start([tokens(turn) for turn in conversation], budget)


class TurnMemory:
    """Recall over turns; what was embedded once is kept, because a conversation only grows.

    Args:
        encoder: Embeds turns and messages; None recalls by words alone.
    """

    def __init__(self, encoder: Encoder | None) -> None:
        self._encoder = encoder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def recall(
        self, conversation: Sequence[Sequence[Utterance]], message: str, *, most: int, budget: float
    ) -> list[tuple[Utterance, ...]]:
        """Return the turns that bear most on a message, in the order in which they were said.

        Args:
            conversation: From `turns`.
            message: What is said now.
            most: How many at most.
            budget: Tokens that they may fill together.
        """
        if not conversation:
            return []
        scores = self._scores([" ".join(one.text for one in turn) for turn in conversation], message)
        chosen: list[int] = []
        for index in sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: (-scores[i], -i)):
            cost = tokens(conversation[index])
            if len(chosen) < most and cost <= budget:
                chosen.append(index)
                budget -= cost
        return [tuple(conversation[index]) for index in sorted(chosen)]

    def _scores(self, texts: list[str], message: str) -> list[float]:
        """Fused ranks; 0 for a turn that neither shares a word with the message nor is near to it in meaning."""
        import numpy as np

        words = _keyword_scores(texts, message)
        near = self._cosines(texts, message)
        fused = np.zeros(len(texts))
        for scores in (words, near):
            fused += 1.0 / (RANK_CONSTANT + np.argsort(np.argsort(-scores, kind="stable"), kind="stable"))
        relevant: list[float] = np.where((words > 0) | (near > _NEAREST), fused, 0.0).tolist()
        return relevant

    def _cosines(self, texts: list[str], message: str) -> NDArray[np.float32]:
        import numpy as np

        if self._encoder is None:
            return np.zeros(len(texts), dtype=np.float32)
        # A copy: another conversation may be recalled at the same moment, in another thread.
        vectors = {} if len(self._vectors) + len(texts) > _KEPT else dict(self._vectors)
        if new := [text for text in dict.fromkeys(texts) if text not in vectors]:
            vectors.update(zip(new, self._encoder.encode(new), strict=True))
            self._vectors = vectors
        similar: NDArray[np.float32] = np.stack([vectors[text] for text in texts]) @ self._encoder.encode([message])[0]
        return similar


def recalled_turns(
    session: Sequence[Utterance],
    message: str,
    encoder: Encoder | None,
    most: int,
    budget: float,
) -> list[tuple[Utterance, ...]]:
    """Return the turns of a conversation that bear most on a message; see `TurnMemory.recall`.

    Args:
        session: Everything said so far that is not in the prompt anyway.
        message: What is said now.
        encoder: Embeds turns and message; None recalls by words alone.
        most: How many turns at most.
        budget: Tokens that they may fill together.
    """
    return TurnMemory(encoder).recall(turns(session), message, most=most, budget=budget)


def _keyword_scores(texts: list[str], message: str) -> Any:
    import bm25s
    import numpy as np

    words, *_ = bm25s.tokenize([message], stopwords="en", return_ids=False, show_progress=False)
    heard = bm25s.tokenize(texts, stopwords="en", return_ids=False, show_progress=False)
    # BM25 cannot index texts without any word, such as "And then?".
    if not words or not any(heard):
        return np.zeros(len(texts), dtype=np.float32)
    retriever = bm25s.BM25()
    retriever.index(heard, show_progress=False)
    return retriever.get_scores(words)

"""Recall of a character that witnessed 40,000 lines, against ranking everything, in one run on the same passages.

    python benchmarks/recall.py
    python benchmarks/recall.py --lines 400000

The lines are those of the sample season in a random order; the character was there for all of them. Their vectors are
random ones of MiniLM's size, because to embed so many takes minutes and what is compared does not depend on what they
say; the question is embedded by the real encoder, and that time is counted. ``Every passage ranked`` is what recall was
before: BM25 by bm25s for all, one product with all vectors, both sorted whole and fused. ``bm25s alone`` is its own
`retrieve`, which knows no meaning. Each round asks another question of everybody in turn; medians and 95th centiles.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from character_chatbot.memory import Passage, SpokenLine, WitnessMemory
from character_chatbot.recall import Encoder, chat_encoder
from utils.episodes import Episode
from utils.progress import Progress, silent
from utils.world import World

BAR = 30.0  # ms
WIDTH = 384


class OnlyQuestions:
    """Embeds a question as MiniLM does, and passages at random."""

    def __init__(self, real: Encoder) -> None:
        self._real = real

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Any:
        """Embed texts."""
        if len(texts) == 1:
            return self._real.encode(texts, progress=progress)
        vectors = np.random.default_rng(0).standard_normal((len(texts), WIDTH), dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_passages(texts: Sequence[str], lines: int) -> list[Passage]:
    rng = np.random.default_rng(0)
    said = [SpokenLine(at, "Eleven", texts[pick]) for at, pick in enumerate(rng.integers(0, len(texts), lines))]
    return [
        Passage(Episode(1 + at // 6_000, 1 + at // 600 % 10), at // 30, 3.0 * at, tuple(said[at : at + 6]))
        for at in range(0, lines - 3, 3)
    ]


def rank_everything(passages: Sequence[Passage], encoder: Encoder) -> Callable[[str], list[Passage]]:
    import bm25s

    texts = [passage.text for passage in passages]
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(texts, stopwords="en", return_ids=False, show_progress=False), show_progress=False)
    vectors = encoder.encode(texts)

    def recall(question: str) -> list[Passage]:
        words = bm25s.tokenize([question], stopwords="en", return_ids=False, show_progress=False)[0]
        fused = np.zeros(len(passages))
        for scores in (retriever.get_scores(words), vectors @ encoder.encode([question])[0]):
            fused += 1.0 / (60 + np.argsort(np.argsort(-scores, kind="stable"), kind="stable"))
        return [passages[at] for at in np.argsort(-fused)[:3]]

    return recall


def bm25s_alone(passages: Sequence[Passage]) -> Callable[[str], Any]:
    import bm25s

    texts = [passage.text for passage in passages]
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)

    def recall(question: str) -> Any:
        return retriever.retrieve(
            bm25s.tokenize(question, stopwords="en", show_progress=False), k=3, show_progress=False
        )

    return recall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    real = chat_encoder()
    texts = World.sample().dialogue["text"].tolist()
    passages = make_passages(texts, arguments.lines)
    encoder = OnlyQuestions(real)
    begin = time.perf_counter()
    memory = WitnessMemory(passages, encoder=encoder)
    memory.prepare()
    print(f"{arguments.lines:,} lines, {len(passages):,} passages; built in {time.perf_counter() - begin:.1f} s")
    until = passages[len(passages) // 2].episode
    recalls: dict[str, Callable[[str], Any]] = {
        "ours": memory.recall,
        "ours, up to the middle": lambda question: memory.recall(question, until=until),
        "every passage ranked": rank_everything(passages, encoder),
        "bm25s alone": bm25s_alone(passages),
        "the question embedded": lambda question: encoder.encode([question]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in recalls}
    for round_ in range(arguments.rounds):
        question = texts[(round_ * 37) % len(texts)]
        for name, recall in recalls.items():
            begin = time.perf_counter()
            recall(question)
            seconds[name].append(1000 * (time.perf_counter() - begin))
    print("| | median ms | 95th centile ms |\n|---|---:|---:|")
    for name, taken in seconds.items():
        print(f"| {name} | {np.median(taken[3:]):.1f} | {np.quantile(taken[3:], 0.95):.1f} |")
    verdict = "met" if np.median(seconds["ours"][3:]) < BAR else "missed"
    print(f"bar: ours under {BAR:.0f} ms: {verdict}")


if __name__ == "__main__":
    main()

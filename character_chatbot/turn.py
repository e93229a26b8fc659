"""A reply on its way: drawn, judged sentence by sentence before anybody sees it, and drawn again if need be."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from character_chatbot.memory import Passage
from character_chatbot.piece import mean_logprob
from character_chatbot.words import SENTENCE_END
from utils.errors import HawkinsError

__all__ = [
    "CARE",
    "CLAIMS_TO_KNOW",
    "DRAWS",
    "EMPTY",
    "OUT_OF_TIME",
    "STRANGER",
    "UNLIKELY",
    "UNLIKELY_FIRST",
    "UNLIKELY_LATER",
    "Reply",
    "Turn",
]

# A reply is drawn, and at most twice again.
DRAWS: Final = 3
# Faults of knowing too much: after one more try the character says that it does not know.
STRANGER: Final = "names somebody it never heard of"
CLAIMS_TO_KNOW: Final = "claims to know what it cannot"
OUT_OF_TIME: Final = "has what does not exist yet"
EMPTY: Final = "empty"
CARE: Final = "care"
UNLIKELY: Final = "unlikely"
# Mean log probability of a sentence's tokens below which a small model has mostly lost the thread (docs/decisions/022).
UNLIKELY_FIRST: Final = -1.5
UNLIKELY_LATER: Final = -1.25
_KNOWS_TOO_MUCH: Final = frozenset({STRANGER, CLAIMS_TO_KNOW, OUT_OF_TIME})


@dataclass(frozen=True)
class Reply:
    """What a character answered.

    Attributes:
        text: Its words.
        sources: The scenes that it was reminded of, most fitting first.
        support: Share of the reply's content words that occur in the sources, 0-1.
        unsupported: Sentences of the reply that neither scenes nor facts nor the conversation bear out: the
            character's own words.
        faults: Why drafts were thrown away or cut short, in order.
        replaced: Whether a written line stands here because every draft was thrown away.
        care: Kind of the note that stands here instead of a reply (``sexual``, ``self_harm``); None for a reply.
    """

    text: str
    sources: tuple[Passage, ...]
    support: float
    unsupported: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    replaced: bool = False
    care: str | None = None


class Turn:
    """Iterate over it for the pieces, then read `reply`. A sentence is shown once it has been judged.

    Args:
        draw: Streams a draft; given how many were thrown away before.
        judge: Names the fault of a text, or None.
        fallback: What is said when no draft is fit.
        weigh: Support and unsupported sentences of a text.
        sources: What the prompt carried.
        name: Of the character, which small models like to put before their words.
        sentences: The reply ends with this one.
    """

    def __init__(
        self,
        draw: Callable[[int], Generator[str]],
        *,
        judge: Callable[[str], str | None],
        fallback: Callable[[], str],
        weigh: Callable[[str], tuple[float, tuple[str, ...]]],
        sources: Sequence[Passage],
        name: str,
        sentences: int,
    ) -> None:
        self.sources = tuple(sources)
        self._draw = draw
        self._judge = judge
        self._fallback = fallback
        self._weigh = weigh
        self._sentences = sentences
        self._label = re.compile(rf"\s*{re.escape(name)}\s*:\s*", re.IGNORECASE)
        self._reply: Reply | None = None

    @classmethod
    def instead(cls, text: str, *, kind: str) -> Turn:
        """A turn in which nobody is asked: a note stands in the place of the reply."""
        turn = cls(
            lambda _: _nothing(),
            judge=lambda _: None,
            fallback=lambda: text,
            weigh=lambda _: (0.0, ()),
            sources=(),
            name="",
            sentences=1,
        )
        turn._reply = Reply(text, (), 0.0, care=kind)
        return turn

    def __iter__(self) -> Iterator[str]:
        if self._reply is not None:
            yield self._reply.text
            return
        shown = ""
        faults: list[str] = []
        # First sentences that the model found unlikely, by how likely they were.
        unlikely: list[tuple[float, str]] = []
        while not shown and self._draws_again(faults):
            fault: str | None = EMPTY
            # What is unlikely gets no likelier by being drawn more freely.
            with closing(self._draw(sum(fault != UNLIKELY for fault in faults))) as pieces:
                for said, likelihood in self._by_sentence(pieces):
                    fault = self._judge(said)
                    if fault is None and likelihood < (UNLIKELY_LATER if shown else UNLIKELY_FIRST):
                        fault = UNLIKELY
                        unlikely += [] if shown else [(likelihood, said)]
                    if fault is not None:
                        break
                    yield said[len(shown) :]
                    shown = said
            # What has been said stays said; the faulty rest is left out.
            if fault is not None:
                faults.append(fault)
        if not shown and unlikely:
            _, shown = max(unlikely)
            yield shown
        text, replaced = shown.strip(), not shown
        if replaced:
            text = self._fallback()
            yield text
        support, unsupported = self._weigh(text)
        self._reply = Reply(text, self.sources, support, unsupported, tuple(faults), replaced)

    @staticmethod
    def _draws_again(faults: Sequence[str]) -> bool:
        """Whether another draft is drawn after those with these faults."""
        too_much = sum(fault in _KNOWS_TOO_MUCH for fault in faults)
        return len(faults) < DRAWS and max(too_much, faults.count(UNLIKELY)) < 2

    def _by_sentence(self, pieces: Iterator[str]) -> Iterator[tuple[str, float]]:
        """Yield the text from its beginning to each end of a sentence, then all of it, at most so many sentences.

        With each goes the likelihood of what came last.
        """
        taken: list[str] = []
        tidy, left_out, found, last = "", 0, 0, 0
        for piece in pieces:
            taken.append(piece)
            spoken = "".join(taken)
            tidy = self._tidy(spoken)
            # What is tidied away stands at the beginning.
            left_out = len(spoken) - len(tidy)
            ends = [match.end(1) for match in SENTENCE_END.finditer(tidy)]
            for end in ends[found : self._sentences]:
                yield tidy[:end], mean_logprob(taken, left_out + last, left_out + end)
                last = end
            found = len(ends)
            if found >= self._sentences:
                return
        tidy = tidy.rstrip()
        if len(tidy) > last:
            yield tidy, mean_logprob(taken, left_out + last, left_out + len(tidy))

    def _tidy(self, spoken: str) -> str:
        return self._label.sub("", spoken, count=1) if self._label.match(spoken) else spoken.lstrip()

    @property
    def reply(self) -> Reply:
        """The whole reply.

        Raises:
            HawkinsError: If nobody has iterated over the turn to its end.
        """
        if self._reply is None:
            raise HawkinsError("The reply is not finished; iterate over the turn first.")
        return self._reply


def _nothing() -> Generator[str]:
    yield from ()

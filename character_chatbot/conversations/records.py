"""What is kept of a conversation, apart from how it is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from character_chatbot.memory import Passage, SpokenLine
from utils.episodes import Episode

__all__ = ["Conversation", "State", "Utterance", "sources_from_json", "sources_to_json"]

State = Literal["complete", "partial", "replaced"]
"""A ``partial`` reply broke off or is still being spoken; a ``replaced`` one was drawn anew and is in no prompt."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One conversation, without what was said in it.

    Attributes:
        id: In the database.
        name: What its owner calls it.
        series: As `utils.series.load_series` takes it.
        timeline: How its episodes are numbered.
        characters: Who takes part, by canonical name.
        until: The episode dial; None for everything.
        results: Folder of the analysis in which the characters live; None for the sample.
        remembered_from: Nothing up to this message's id is remembered by the characters.
        created: When, in UTC (ISO 8601).
        updated: When something was last said.
        messages: How many there are.
    """

    id: int
    name: str
    series: str
    timeline: str
    characters: tuple[str, ...]
    until: str | None
    results: str | None
    remembered_from: int
    created: str
    updated: str
    messages: int


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One message of a conversation.

    Attributes:
        id: In the database; grows in the order of the conversation.
        character: Who spoke; None for the person.
        text: What was said.
        time: When it began, in UTC (ISO 8601).
        state: Whether it is whole.
        until: The dial when it was said.
        sources: The scenes that fed a reply.
        support: Share of a reply's words that its sources hold, 0-1; None for a person's message.
        unsupported: Sentences of a reply that are its speaker's own words.
        care: Kind of the note that stands here instead of a reply; None for what a character said.
    """

    id: int
    character: str | None
    text: str
    time: str
    state: State = "complete"
    until: str | None = None
    sources: tuple[Passage, ...] = ()
    support: float | None = None
    unsupported: tuple[str, ...] = ()
    care: str | None = None

    @property
    def role(self) -> Literal["user", "assistant"]:
        """As the chat protocol has it."""
        return "user" if self.character is None else "assistant"

    def said_by(self, until: Episode | None) -> bool:
        """Whether it was said with the dial no later than this: what a character said of later episodes is later."""
        if until is None:
            return True
        return self.until is not None and Episode.parse(self.until) <= until


def sources_to_json(sources: Sequence[Passage]) -> str:
    """Return scenes as text for the database."""
    rows = [
        {
            "episode": str(passage.episode),
            "scene": passage.scene,
            # JSON has no NaN.
            "start": passage.start if passage.start == passage.start else None,
            "lines": [[line.line, line.speaker, line.text] for line in passage.lines],
        }
        for passage in sources
    ]
    return json.dumps(rows, ensure_ascii=False)


def sources_from_json(text: str) -> tuple[Passage, ...]:
    """Return what `sources_to_json` wrote."""
    return tuple(map(_passage, json.loads(text)))


def _passage(row: dict[str, Any]) -> Passage:
    start = float("nan") if row["start"] is None else float(row["start"])
    lines = tuple(SpokenLine(number, speaker, text) for number, speaker, text in row["lines"])
    return Passage(Episode.parse(row["episode"]), row["scene"], start, lines)

"""What a character replies to: the speeches before it in its scene, as messages within a budget.

Windows are stable: the first speech that is shown stays the first for the replies that follow, until the budget is
exceeded. Successive examples of a scene thus begin with the same tokens, which training computes once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from utils.chat import Message, inert
from utils.speeches import Speech, SpeechLine, SpokenScene

__all__ = ["OPENING", "CountTokens", "Reply", "scene_replies"]

CountTokens = Callable[[str], int]

# Chat templates want a user's message first, also where the character opens a scene.
OPENING: Final = "(The scene begins.)"
# Share of the budget that a new window begins with; the rest is room for the replies that follow to keep its start.
_KEPT: Final = 0.5
# Of a long run of sounds, those next to the words say what they answer to.
_DIRECTIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """A speech of the character and what stands before it.

    Attributes:
        speech: The reply.
        context: Alternately user and assistant, a user's message first and last.
    """

    speech: Speech
    context: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """A speech as it is shown: a row of a user's message, or a message of the character's own."""

    own: bool
    row: str
    cost: int


def scene_replies(
    scene: SpokenScene, character: str, *, budget: int, count_tokens: CountTokens, directions: bool = False
) -> Iterator[Reply]:
    """Yield every speech of a character in a scene with what stands before it.

    Args:
        scene: From `utils.speeches.spoken_scenes`.
        character: Canonical name.
        budget: Tokens that the rows before a reply have together at most.
        count_tokens: Of a text.
        directions: Show stage directions in what others say.
    """
    if all(speech.speaker != character for speech in scene.speeches):
        return
    shown = [_shown(speech, character, budget, count_tokens, directions=directions) for speech in scene.speeches]
    start = 0
    for index, speech in enumerate(scene.speeches):
        if speech.speaker == character:
            start = _window(shown, start, index, budget)
            yield Reply(speech, tuple(_messages(shown[start:index], _opening(speech, directions=directions))))


def _window(shown: Sequence[_Said], start: int, end: int, budget: int) -> int:
    """Where the window before a reply begins: where it began before, or later if that has become too much."""
    if sum(said.cost for said in shown[start:end]) <= budget:
        return start
    # What somebody else said directly before the reply is always shown; it fits by itself.
    start, cost = end - 1, shown[end - 1].cost
    for earlier in range(end - 2, -1, -1):
        cost += shown[earlier].cost
        if cost > budget * _KEPT:
            break
        if not shown[earlier].own:
            start = earlier
    return start


def _shown(speech: Speech, character: str, budget: int, count_tokens: CountTokens, *, directions: bool) -> _Said:
    """A speech as a row. One that exceeds the budget alone is cut to its last lines, or its last words."""
    own = speech.speaker == character
    name = "" if own or speech.speaker is None else f"{speech.speaker}: "
    texts = [_text(line, directions=directions and not own) for line in speech.lines]

    def row(parts: Sequence[str]) -> str:
        return inert(name + " ".join(parts))

    for parts in (texts, texts[-1].split()):
        for first in range(len(parts)):
            cost = count_tokens(fitting := row(parts[first:]))
            if cost <= budget:
                return _Said(own, fitting, cost)
    return _Said(own, "", 0)


def _text(line: SpeechLine, *, directions: bool) -> str:
    if not (directions and line.direction):
        return line.text
    near = "; ".join(line.direction.split("; ")[-_DIRECTIONS:])
    return f"({near}) {line.text}"


def _opening(speech: Speech, *, directions: bool) -> str:
    """What a character who opens a scene answers to: the sounds before its words, if they may be told."""
    near = _text(speech.lines[0], directions=directions).removesuffix(speech.lines[0].text).strip()
    return inert(near) or OPENING


def _messages(window: Sequence[_Said], opening: str) -> Iterator[Message]:
    told = [said for said in window if said.row]
    if not told or told[0].own:
        yield Message(role="user", content=opening)
    for own, run in groupby(told, key=lambda said: said.own):
        yield Message(role="assistant" if own else "user", content="\n".join(said.row for said in run))

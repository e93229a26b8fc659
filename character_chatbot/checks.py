"""What is wrong with a reply, if anything: rules that need no model and take less than a millisecond.

A small language model repeats itself, falls out of its part, writes the other side's lines or reads a remembered scene
aloud. A reply with such a fault is drawn again; the name of the fault says why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol

__all__ = ["FAULTS", "Named", "Remembered", "Speaker", "find_fault"]

FAULTS: Final = ("empty", "template", "character", "speaks for others", "echo", "repeats", "copies", "runs on")
"""In the order in which they are looked for."""

COPIED_WORDS: Final = 8
# Replies before this one that it may not repeat, and from how many words on: "Yes." may be said twice.
LATELY: Final = 4
SHORT: Final = 4
# Share of a message's words in a row that makes a reply an echo of it.
_ECHOED: Final = 0.8
# Words a token, generously, for English.
_WORDS_PER_TOKEN: Final = 0.9

_TEMPLATE: Final = re.compile(
    r"<\|?[a-z_]*(?:im|eot|bos|eos|start|end|pad|user|assistant|system|header|sep)[a-z_]*(?:\||>)|\[/?INST\]"
    r"|<</?SYS>>"
    r"|<s>|</s>|[‹<]/?(?:facts|scenes?|earlier|answers)|<unk>|^\s*#{2,}|```|\b(?:assistant|system)\s*:|<bot>|�",
    re.IGNORECASE | re.MULTILINE,
)
_OUT_OF_CHARACTER: Final = re.compile(
    r"\bas an? (?:ai\b|artificial|language|large|virtual|digital|chat|assistant|character\b|fictional)|"
    r"\b(?:large |ai )?language model\b|\bi(?:'m| am) (?:just |only )?(?:an? )?(?:ai\b|chat ?bot"
    r"|artificial intelligence|"
    r"virtual assistant|computer\b(?! (?:game|nerd|kid|room))|machine\b|program\b|robot\b|bot\b|"
    r"assistant\b|fictional character|digital assistant|smollm)|"
    r"\bi (?:cannot|can't|can not|am unable to|'m unable to) (?:assist|fulfil|comply|provide (?:assist"
    r"|information)|help "
    r"(?:you )?with (?:that|this) request|engage in|generate|roleplay|role-play)|\bhow (?:can|may) i (?:assist"
    r"|help) you "
    r"(?:today|with)|\bmy (?:training data|programming|creators?|developers?) (?:is|are|do|does|at)"
    r"|\bi was (?:created|"
    r"developed|trained|programmed) (?:by|to)\b|\bopen ?ai\b|\bhugging ?face\b|\bas a (?:character"
    r"|helpful assistant)\b|"
    r"\banswer only as\b|\bin the first person\b|\bwhat you know:|\bscenes that you remember\b"
    r"|\ba record of what was said\b|"
    r"\bmy system prompt\b|\byou are \w+, \d+ years old\b|\bstay(?:ing)? in character\b|\bthe user\b"
    r"|\bthis (?:conversation|"
    r"roleplay|role-play) (?:is|was)\b|\b(?-i:Stranger Things)\b|\bthe (?:tv )?(?:show|series)'s? (?:writers"
    r"|creators|fans)\b|"
    r"\bi(?:'m| am) here to (?:assist|help) (?:you )?with\b",
    re.IGNORECASE,
)
_CUE: Final = re.compile(
    r"(?:^|[\n.!?…\"”*)\]]\s*)((?:(?:Mr|Mrs|Ms|Dr)\.? )?[A-Z][\w'’]*(?: [A-Z][\w'’]*){0,2})\s*:\s*\S", re.MULTILINE
)
_FOR_YOU: Final = re.compile(
    r"\*\s*(?:you|user)\s+\w+|^\(?(?:you (?:say|reply|answer|nod|walk)\b"
    r"|the user\b|user\b)|\b(?:you|the user) (?:say|reply|answer)s?,? [\"“]|^\s*(?:me|you|user|human)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_ENDED: Final = re.compile(r"[.!?…\"'”’*)\]~—–-]\s*$")
_SENTENCE: Final = re.compile(r"[^.!?…\n]+")


class Speaker(Protocol):
    """What the checks read of a card (`utils.characters.CharacterCard`)."""

    @property
    def name(self) -> str:
        """Who speaks."""

    @property
    def sampling(self) -> Any:
        """With ``max_tokens`` and ``sentences``."""


class Named(Protocol):
    """What the checks read of a cast member (`utils.series.CastMember`)."""

    @property
    def name(self) -> str:
        """Canonical name."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names."""


class Remembered(Protocol):
    """What the checks read of a remembered passage."""

    @property
    def text(self) -> str:
        """Rows of ``Name: line``."""


def find_fault(
    text: str,
    *,
    card: Speaker,
    history: Sequence[Mapping[str, Any]] = (),
    sources: Iterable[Remembered] = (),
    cast: Sequence[Named] = (),
) -> str | None:
    """Return the name of what is wrong with a reply (one of `FAULTS`), or None.

    Args:
        text: The reply.
        card: Who speaks, and how long.
        history: The conversation as messages with ``role`` and ``content``, the answered message last.
        sources: What the prompt carried of scenes.
        cast: Whose names may not stand before a colon.
    """
    words = _words(text)
    if not words:
        return "empty"
    if _TEMPLATE.search(text):
        return "template"
    if _OUT_OF_CHARACTER.search(text.replace("’", "'")):
        return "character"
    if _speaks_for_others(text, card, cast):
        return "speaks for others"
    if _echoes(words, _said(history, "user")[-1:]):
        return "echo"
    if _repeats(text, words, _said(history, "assistant")[-LATELY:]):
        return "repeats"
    if _copies(words, sources):
        return "copies"
    return "runs on" if _runs_on(text, words, card) else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("’", "'"))


def _said(history: Sequence[Mapping[str, Any]], role: str) -> list[list[str]]:
    return [_words(str(message["content"])) for message in history if message["role"] == role]


@cache
def _names(people: tuple[tuple[str, tuple[str, ...]], ...]) -> frozenset[str]:
    names = {name.casefold() for person, aliases in people for name in (person, *aliases)}
    return frozenset(names | {"me", "you", "user", "human", "narrator", "everyone", "both", "scene"})


def _speaks_for_others(text: str, card: Speaker, cast: Sequence[Named]) -> bool:
    if _FOR_YOU.search(text):
        return True
    cues = [cue.casefold() for cue in _CUE.findall(text)]
    if not cues:
        return False
    names = _names(tuple((person.name, tuple(person.aliases)) for person in cast)) | {card.name.casefold()}
    return any(cue in names for cue in cues)


def _echoes(words: Sequence[str], asked: Sequence[Sequence[str]]) -> bool:
    """Whether a reply is the message over again; a word or two may be taken up."""
    if not asked or len(asked[0]) < SHORT or len(words) < SHORT:
        return False
    shared = _longest_run(words, asked[0])
    return shared >= _ECHOED * len(words) and shared >= _ECHOED * len(asked[0])


def _longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    """Words of the longest run that both have."""
    best, row = 0, [0] * (len(other) + 1)
    for word in one[:200]:
        before = 0
        for place, theirs in enumerate(other[:400], start=1):
            here, row[place] = row[place], (before + 1 if word == theirs else 0)
            before, best = here, max(best, row[place])
    return best


def _repeats(text: str, words: Sequence[str], lately: Sequence[Sequence[str]]) -> bool:
    if len(words) >= SHORT and any(list(words) == list(reply) for reply in lately):
        return True
    sentences = Counter(" ".join(_words(sentence)) for sentence in _SENTENCE.findall(text))
    if any((times > 1 and len(said.split()) >= SHORT) or times > 3 for said, times in sentences.items() if said):
        return True
    if max(Counter(zip(words, words[1:], words[2:], words[3:], strict=False)).values(), default=0) > 2:
        return True
    # The same word four times in a row, or few different ones in many.
    stuck = any(len(set(words[i : i + 4])) == 1 for i in range(len(words) - 3))
    return stuck or (len(words) >= 24 and len(set(words)) < 0.4 * len(words))


def _copies(words: Sequence[str], sources: Iterable[Remembered]) -> bool:
    """Whether so many words in a row are those of a remembered line, its speaker's name left out."""
    runs = {tuple(words[i : i + COPIED_WORDS]) for i in range(len(words) - COPIED_WORDS + 1)}
    if not runs:
        return False
    for row in (row for source in sources for row in source.text.split("\n")):
        line = _words(row.partition(": ")[2] or row)
        if any(tuple(line[i : i + COPIED_WORDS]) in runs for i in range(len(line) - COPIED_WORDS + 1)):
            return True
    return False


def _runs_on(text: str, words: Sequence[str], card: Speaker) -> bool:
    if len(words) >= SHORT and not _ENDED.search(text):
        return True
    return bool(len(words) > _WORDS_PER_TOKEN * card.sampling.max_tokens)

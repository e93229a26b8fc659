"""Texts on their way into cards and out of them: macros, speakers' marks, control tokens.

In a card ``{{char}}`` and ``<START>`` are instructions to the program that reads it. What was said in subtitles must
not become one, and what a foreign card says must not reach our prompts as one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from utils.characters import Exchange

__all__ = ["cut", "described", "example_text", "inert", "plain", "read_described", "read_examples", "without_talks"]

FACTS_HEAD: Final = "What {{char}} knows:"
LONGEST: Final = 40_000
"""Characters of a field that are read at all."""
_NESTED: Final = 8

_MACRO: Final = re.compile(r"\{\{([^{}]*)\}\}")
_TAG: Final = re.compile(r"<(bot|char|user)>", re.IGNORECASE)
_START: Final = re.compile(r"<start>", re.IGNORECASE)
_CONTROL: Final = re.compile(r"\[(/?INST)\]")


def inert(text: str) -> str:
    """Return somebody's words as one line that no program takes for a macro, mark or decorator."""
    line = " ".join(text.split())
    for sign, harmless in (("{{", "{ {"), ("}}", "} }"), ("@@", "@ @"), ("<", "‹"), (">", "›")):
        while sign in line:
            line = line.replace(sign, harmless)
    return line


def plain(text: str, *, name: str, user: str) -> str:
    """Return a field of a foreign card as text: macros replaced, control characters and tokens gone.

    Args:
        text: The field; what lies beyond `LONGEST` is left out.
        name: Stands for ``{{char}}``.
        user: Stands for ``{{user}}``.
    """
    text = _TAG.sub(lambda tag: user if tag[1].casefold() == "user" else name, text[:LONGEST])
    for _ in range(_NESTED):
        text, count = _MACRO.subn(lambda macro: _value(macro[1].strip(), name, user), text)
        if not count:
            break
    text = text.replace("{{", "").replace("}}", "").replace("<", "‹").replace(">", "›")
    return _tidy(_CONTROL.sub(r"(\1)", text))


def _value(macro: str, name: str, user: str) -> str:
    """What a macro stands for. A card that is kept cannot throw dice: the first choice and the lowest number count."""
    what, _, rest = macro.partition(":")
    match what.strip().casefold():
        case "char" | "bot":
            return name
        case "user":
            return user
        case "random" | "pick":
            return re.split(r"::|(?<!\\),", rest.lstrip(":"))[0].replace("\\,", ",").strip()
        case "roll":
            return "1"
        case "reverse":
            return rest[::-1]
    return ""


def _tidy(text: str) -> str:
    """Lines without control and zero-width characters, outer space and runs of blank lines."""
    spaced = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\u2028", "\n")
    kept = "".join(letter for letter in spaced if letter == "\n" or unicodedata.category(letter)[0] != "C")
    lines = "\n".join(" ".join(line.split()) for line in kept.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, up to the last sentence (or word) that fits."""
    if len(text) <= most:
        return text
    head = text[:most]
    ends = [match.end() for match in re.finditer(r"[.!?…](?=\s)|\n", head)]
    if ends and ends[-1] > most // 2:
        return head[: ends[-1]].rstrip()
    return head.rsplit(None, 1)[0] if any(map(str.isspace, head)) else head


def described(description: str, facts: Iterable[str]) -> str:
    """Return the ``description`` of a card: who the character is, then what it knows as a list."""
    rows = [f"- {' '.join(fact.split())}" for fact in facts]
    return "\n".join([description, "", FACTS_HEAD, *rows]) if rows else description


def read_described(text: str) -> tuple[str, list[str]]:
    """Return description and facts of what `described` wrote, or of a foreign card, which has no such list."""
    description, head, rows = text[:LONGEST].partition(f"\n\n{FACTS_HEAD}\n")
    facts = [row.strip() for row in rows.splitlines() if row.strip()]
    if not head or not all(fact.startswith("- ") for fact in facts):
        return text[:LONGEST], []
    return description, [fact.removeprefix("- ") for fact in facts]


def example_text(exchanges: Iterable[Exchange]) -> str:
    """Return exchanges in the form of ``mes_example``."""
    pairs = ((inert(exchange.user), inert(exchange.reply)) for exchange in exchanges)
    return "\n".join(f"<START>\n{{{{user}}}}: {said}\n{{{{char}}}}: {reply}" for said, reply in pairs)


def without_talks(description: str) -> tuple[str, str]:
    """Part a description from the example conversations that some authors put behind it.

    Returns:
        The description, and what follows its first ``<START>``, for `read_examples`.
    """
    start = _START.search(description)
    return (description, "") if start is None else (description[: start.start()], description[start.start() :])


def read_examples(text: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Read ``mes_example``.

    Args:
        text: The field, macros and all.
        names: What the character is called, besides ``{{char}}``.

    Returns:
        What was said to the character and what it answered, macros and all.
    """
    mine = "|".join([r"\{\{char\}\}", "<bot>", "<char>", *map(re.escape, filter(None, names))])
    speaker = re.compile(rf"\s*(?:(?P<char>{mine})|\{{\{{user\}}\}}|<user>)\s*:\s*(?P<said>.*)", re.IGNORECASE)
    found: list[tuple[str, str]] = []
    for talk in _START.split(text[:LONGEST]):
        found += _pairs(talk, speaker)
    return found


def _pairs(talk: str, speaker: re.Pattern[str]) -> list[tuple[str, str]]:
    """The questions and answers of one conversation; lines without a speaker carry on."""
    speeches: list[tuple[bool, list[str]]] = []
    for line in talk.splitlines():
        if match := speaker.match(line):
            answers = match["char"] is not None
            if not speeches or speeches[-1][0] != answers:
                speeches.append((answers, []))
            line = match["said"]
        if speeches:
            speeches[-1][1].append(line)
    joined = [(answers, " ".join(" ".join(lines).split())) for answers, lines in speeches]
    return [(said, reply) for (asks, said), (answers, reply) in pairwise(joined) if answers and not asks]

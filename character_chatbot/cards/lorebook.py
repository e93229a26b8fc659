"""The lore of a card: the people, places and scenes that the character knows by the episode dial.

A program puts an entry into the prompt once one of its keys is said. Every word of it is taken from facts that the
character knows and from lines that it was there to hear; descriptions in the profile know the end of the story.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from character_chatbot.cards.lived import Lived, Speech, names_pattern
from character_chatbot.cards.spec import Json
from character_chatbot.cards.text import cut, inert
from character_chatbot.cards.versions import MARK
from character_chatbot.memory import Passage
from utils.episodes import Episode

__all__ = ["lorebook"]

MOST_SCENES: Final = 48
KEYS_OF_A_SCENE: Final = 5
LINES_OF_A_PERSON: Final = 3
LINES_OF_A_PLACE: Final = 4
LONGEST_QUOTE: Final = 160
LONGEST_ENTRY: Final = 700
"""Characters, some 200 tokens."""
TOKEN_BUDGET: Final = 600
"""Tokens of lore in a prompt: small models have windows of 2,048 for everything."""
SCAN_DEPTH: Final = 4

# Kind of an entry to its priority (who is talked of goes before what happened once) and place in the prompt.
_ORDER: Final = {"person": (30, 1_000), "place": (20, 2_000), "scene": (10, 3_000)}
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_LEAST_WORDS: Final = 4


def lorebook(lived: Lived) -> Json | None:
    """Return a lorebook by the rules of V3.

    Args:
        lived: Who, where, and by when.

    Returns:
        The object, or None where the character has met nobody and nothing.
    """
    found = [*_people(lived), *_places(lived), *_scenes(lived)]
    if not found:
        return None
    return {
        "name": f"What {lived.card.name} knows",
        "description": f"People, places and witnessed scenes up to {lived.last}." if lived.last else "",
        "scan_depth": SCAN_DEPTH,
        "token_budget": TOKEN_BUDGET,
        "recursive_scanning": False,
        "extensions": {},
        "entries": [_numbered(entry, number) for number, entry in enumerate(found)],
    }


def _numbered(entry: Json, number: int) -> Json:
    return {**entry, "id": number, "insertion_order": _ORDER[entry["extensions"][MARK]["kind"]][1] + number}


def _entry(kind: str, name: str, keys: Sequence[str], content: str, *, lived: Lived, **about: Any) -> Json:
    ordinary = any(key.casefold() in lived.ordinary for key in keys)
    return {
        "keys": [inert(key) for key in keys],
        "content": cut(content, LONGEST_ENTRY),
        "extensions": {MARK: {"kind": kind, **about}},
        "enabled": True,
        # "Will" is a verb, too: names that are heard as words of every day need their capital.
        "case_sensitive": ordinary and kind != "scene",
        "use_regex": False,
        "constant": False,
        "name": name,
        "comment": f"{kind}: {name}",
        "priority": _ORDER[kind][0],
        "position": "after_char",
    }


def _spread(things: Sequence[Speech], most: int) -> list[Speech]:
    """At most so many, evenly over all of them."""
    step = max(1.0, len(things) / most)
    return [things[int(index * step)] for index in range(min(len(things), most))]


def _quoted(speech: Speech) -> str:
    return f"{inert(speech.speaker or 'Somebody')} ({speech.episode}): “{inert(cut(speech.text, LONGEST_QUOTE))}”"


def _facts(lived: Lived, names: re.Pattern[str]) -> list[str]:
    return [fact.text for fact in lived.facts if names.search(fact.text)]


def _people(lived: Lived) -> Iterable[Json]:
    for person in lived.people:
        names = names_pattern((person.name, *person.aliases))
        lines = [speech for speech in lived.speeches if speech.speaker == person.name]
        telling = [speech for speech in lines if len(speech.text.split()) >= _LEAST_WORDS]
        together = f"; they were last together in {lines[-1].episode}" if lines else ""
        keys = [*([person.name] if lines else []), *filter(lived.knows, (person.name, *person.aliases))]
        keys = list(dict.fromkeys(keys))
        rows = [f"{keys[0]} is somebody whom {{{{char}}}} knows{together}.", *_facts(lived, names)]
        rows += map(_quoted, _spread(telling, LINES_OF_A_PERSON))
        yield _entry("person", keys[0], keys, "\n".join(rows), lived=lived)


def _places(lived: Lived) -> Iterable[Json]:
    for place in lived.world.series.places:
        every = (place.name, *place.aliases)
        names = names_pattern(every)
        lines = [speech for speech in lived.speeches if names.search(speech.text)]
        facts = _facts(lived, names)
        keys = [*filter(lived.knows, every)]
        if keys:
            rows = [f"{keys[0][:1].upper()}{keys[0][1:]} is a place of which {{{{char}}}} has heard.", *facts]
            rows += map(_quoted, _spread(lines, LINES_OF_A_PLACE))
            yield _entry("place", keys[0], keys, "\n".join(rows), lived=lived)


def _scenes(lived: Lived) -> Iterable[Json]:
    passages = _apart(lived.passages)
    keys = _telling_words(passages, lived)
    best = sorted(range(len(passages)), key=lambda index: -sum(weight for _, weight in keys[index]))[:MOST_SCENES]
    for index in sorted(best):
        passage, words = passages[index], [word for word, _ in keys[index]]
        if words:
            rows = [
                f"{{{{char}}}} remembers from {passage.label}:",
                *map(_row, lived.spoken(passage.episode, passage.lines)),
            ]
            about = {"episode": str(passage.episode), "scene": passage.scene}
            yield _entry("scene", passage.label, words, "\n".join(rows), lived=lived, **about)


def _row(speech: Speech) -> str:
    return f"{inert(speech.speaker)}: {inert(speech.text)}" if speech.speaker else inert(speech.text)


def _apart(passages: Sequence[Passage]) -> list[Passage]:
    """Passages of which no two share a line."""
    kept: list[Passage] = []
    for passage in passages:
        before = kept[-1] if kept else None
        if before is None or _scene(before) != _scene(passage) or passage.lines[0].line > before.lines[-1].line:
            kept.append(passage)
    return kept


def _scene(passage: Passage) -> tuple[Episode, int]:
    return passage.episode, passage.scene


def _telling_words(passages: Sequence[Passage], lived: Lived) -> list[list[tuple[str, float]]]:
    """For each passage the words that tell it from the others, with their weight (tf-idf; long words first)."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    names = {word.casefold() for person in lived.world.series.cast for word in person.name.split()}
    ignored = names | {word.partition("'")[0] for word in STOPWORDS_EN_PLUS}
    counts = [Counter(_words(passage, ignored)) for passage in passages]
    spread = Counter(word for count in counts for word in count)
    found = []
    for count in counts:
        weights = {word: n * math.log(len(passages) / spread[word] + 1) * len(word) ** 0.5 for word, n in count.items()}
        found.append(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:KEYS_OF_A_SCENE])
    return found


def _words(passage: Passage, ignored: set[str]) -> list[str]:
    words = (word.casefold() for line in passage.lines for word in _WORD.findall(line.text))
    return [word for word in words if word not in ignored]

"""People whom the cast lacks: spaCy's names that recur, checked against how often the word is written as a name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from character_network.context import Context
from character_network.lexicon import FUNCTION_WORDS, KIN, NUMBERS, OPENERS, ROLES, TITLES
from character_network.names import NameMatcher
from utils.errors import WeightsError
from utils.progress import Progress, silent
from utils.series import fold_name

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["FEWEST", "find_candidates", "load_name_finder"]

FEWEST: Final = 3
"""How often a person must be named to count as somebody."""

_NEEDED: Final = ("tok2vec", "transformer", "ner")
_CAPITAL = re.compile(r"(?<![\w'’-])[A-Z][a-z]+(?![\w-])")
_INNER_CAPITAL = re.compile(r"(?<=[\w,] )[A-Z][a-z]+(?![\w-])")
_NAME = re.compile(r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2}")
_COMMON: Final = FUNCTION_WORDS | OPENERS | KIN | NUMBERS | ROLES | TITLES


def load_name_finder(path: Path) -> Language:
    """Load a spaCy pipeline with nothing but its name finder.

    Args:
        path: Folder of the pipeline.

    Raises:
        WeightsError: If the folder holds no spaCy pipeline that this spaCy can read.
    """
    import spacy
    from spacy.util import load_meta

    try:
        meta = load_meta(path / "meta.json")
        unneeded = [name for name in meta.get("pipeline", ()) if name not in _NEEDED]
        return spacy.load(path, exclude=unneeded)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path} is not a spaCy pipeline that can be loaded: {reason}") from None


def promising(texts: Sequence[str], *, matcher: NameMatcher) -> list[str]:
    """Return the lines that can hold a recurring stranger, so that the model reads no others.

    A capital inside a sentence that is neither a known name nor a common word makes a word promising; it must be
    written `FEWEST` times.
    """
    written = Counter(word for text in texts for word in _CAPITAL.findall(text))
    inner = {word for text in texts for word in _INNER_CAPITAL.findall(text)}
    words = {
        word
        for word in inner
        if written[word] >= FEWEST and word.casefold() not in _COMMON and not matcher.has_part(word)
    }
    return [text for text in texts if not words.isdisjoint(_CAPITAL.findall(text))]


def _surface(entity: str) -> str:
    """Drop what clings to a name: a possessive, a greeting, outer punctuation."""
    name = re.sub(r"['’]s?$", "", entity.strip(" .,!?…\"“”'’-"))
    words = name.split()
    while words and words[0].casefold().rstrip(",") in OPENERS:
        words.pop(0)
    return " ".join(words)


def _looks_like_a_name(name: str, *, matcher: NameMatcher, refused: Collection[str]) -> bool:
    words = [fold_name(word) for word in name.split()]
    if not _NAME.fullmatch(name) or name.isupper() or fold_name(name) in refused:
        return False
    if all(word in _COMMON for word in words) or matcher.find(name):
        return False
    return fold_name(words[-1]) not in matcher.surnames or len(words) > 1


def _people(texts: Sequence[str], *, finder: Language, progress: Progress) -> Counter[str]:
    documents = progress(finder.pipe(texts, batch_size=256), description="Names beyond the cast", total=len(texts))
    return Counter(_surface(entity.text) for doc in documents for entity in doc.ents if entity.label_ == "PERSON")


def find_candidates(
    texts: Sequence[str],
    *,
    finder: Language,
    matcher: NameMatcher,
    refused: Collection[str] = (),
    progress: Progress = silent,
) -> dict[str, int]:
    """Return people that recur in the lines and are not in the cast.

    Args:
        texts: Promising lines (see `promising`).
        finder: spaCy pipeline with a name finder.
        matcher: The cast.
        refused: Folded names that are no people.
        progress: Counts lines.

    Returns:
        Name as written to the number of times that it is said. A name counts that is found `FEWEST` times and in at
        least half of the places where the word is written, half of which do not merely begin a sentence: what the
        model takes for a person once in ten times (``Easter``) or only as a first word (``Screw you``) is none.
    """
    found = _people(texts, finder=finder, progress=progress)
    counts: dict[str, int] = {}
    for name, times in sorted(found.items()):
        if times < FEWEST or not _looks_like_a_name(name, matcher=matcher, refused=refused):
            continue
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        places = [Context(text[: at.start()], at[0], text[at.end() :]) for text in texts for at in word.finditer(text)]
        certain = sum(place.bound or not place.starts for place in places)
        if min(times, certain) * 2 >= len(places):
            counts[name] = len(places)
    return counts

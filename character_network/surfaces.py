"""Words written as names in a series that nobody has described yet, and what their surroundings say of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from character_network.context import Context
from character_network.lexicon import FUNCTION_WORDS, KIN, OPENERS, ROLES, SUBJECTS, TITLES
from character_network.vocatives import is_vocative
from utils.progress import Progress, silent

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["NAME_WORD", "NOT_NAMES", "Evidence", "Surfaces", "plain"]

NAME_WORD: Final = r"(?:Ma?c[A-Z]|[A-Z]['’])?[A-Z]?[a-z]+(?:-[A-Z][a-z]+)?"
"""A regular expression for one word of a name, which a look-ahead must require to begin with a capital."""
_RUN: Final = re.compile(
    rf"(?<![\w'’-])(?=[A-Z])(?:(?:Mr|Mrs|Ms|Dr)\.?\s+(?=[A-Z]))?{NAME_WORD}(?:\s+(?=[A-Z]){NAME_WORD}){{0,2}}(?![\w-])"
)
_LOWER: Final = re.compile(r"(?<![\w'’-])[a-z]+(?![\w-])")
_NOUN: Final = re.compile(r"\b(?:the|a|an|my|your|his|her|our|their) ([a-z]+)(?![\w-])", re.IGNORECASE)
_PLACED: Final = re.compile(r"\b(?:in|at|near|into|through|outside|mt\.?)\s+$", re.IGNORECASE)
_DETERMINED: Final = re.compile(r"\b(?:the|a|an|some|any|every|my|your|his|her|our|their)\s+$", re.IGNORECASE)
_CALLED: Final = re.compile(r"\b(?:name is|name's|named|called|call (?:me|him|her)|meet)\s+$", re.IGNORECASE)
_FRAMES: Final = (
    "{} said so yesterday.",
    "I talked to {} last night.",
    "Have you seen {}?",
    "This is my friend {}.",
    "{} is here with her brother.",
)
NOT_NAMES: Final = (FUNCTION_WORDS | OPENERS | KIN | SUBJECTS) - {"will", "april", "june", "august"}
"""Casefolded words that name nobody, whatever their capitals."""


class Span(NamedTuple):
    """A name as it stands in a line.

    Attributes:
        line: Number of the line.
        begin: Offset of its first character.
        finish: Offset behind its last.
    """

    line: int
    begin: int
    finish: int


@dataclass
class Evidence:
    """How often a surface is written in which surroundings.

    Attributes:
        spans: Where it is written.
        inner: Times in which no sentence begins with it, so that the capital says something.
        called: Times in address, of those; or behind ``my name is`` and the like.
        owned: Times with a possessive.
        placed: Times behind ``in``, ``at`` and the like.
        determined: Times behind an article or a possessive pronoun.
        taken: Times that the name finder takes it for a person.
        prior: Share of neutral sentences in which the name finder takes it for a person.
    """

    spans: list[Span] = field(default_factory=list)
    inner: int = 0
    called: int = 0
    owned: int = 0
    placed: int = 0
    determined: int = 0
    taken: int = 0
    prior: float = 0.0

    @property
    def written(self) -> int:
        """How often it is written."""
        return len(self.spans)


class Surfaces:
    """The surfaces of some lines with their evidence.

    Args:
        texts: Spoken lines.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self.lower = Counter(word for text in texts for word in _LOWER.findall(text))
        """How often words are written in small letters."""
        self.nouns = Counter(word for text in texts for word in _NOUN.findall(text))
        """How often they are behind an article or a possessive pronoun."""
        self._inner_runs = {
            match[0] for text in texts for match in _RUN.finditer(text) if not _context(text, match.span()).starts
        }
        self.evidence = self._gathered()
        """Surface to evidence."""

    def _gathered(self) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        for line, text in enumerate(self._texts):
            for begin, finish in self._spans(text):
                evidence = found.setdefault(" ".join(text[begin:finish].split()), Evidence())
                _observe(evidence, Span(line, begin, finish), text)
        return found

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for match in _RUN.finditer(text):
            begin = match.start()
            words = [(begin + word.start(), begin + word.end()) for word in re.finditer(r"\S+", match[0])]
            while words and self._clings(text, words):
                words.pop(0)
            while words and plain(text[slice(*words[-1])]) in NOT_NAMES | (TITLES - ROLES):
                words.pop()
            if words:
                yield words[0][0], words[-1][1]

    def _clings(self, text: str, words: list[tuple[int, int]]) -> bool:
        """Whether a run's first word merely begins a sentence: in ``Tell Mike``, but not in ``Will Byers``."""
        begin, finish = words[0]
        first = plain(text[begin:finish])
        if first in NOT_NAMES - TITLES:
            return True
        if len(words) == 1 or first in TITLES or not _context(text, (begin, finish)).starts:
            return False
        return self.lower[first] > 0 and text[begin : words[1][1]] not in self._inner_runs

    def ask(self, finder: Language, *, progress: Progress = silent) -> None:
        """Let a name finder say which surfaces are persons, in the lines and in neutral sentences.

        Args:
            finder: spaCy pipeline.
            progress: Counts lines that it reads.
        """
        likely = [e for name, e in self.evidence.items() if e.inner or " " in name or not self.lower[name.casefold()]]
        lines = sorted({span.line for evidence in likely for span in evidence.spans})
        documents = finder.pipe((self._texts[line] for line in lines), batch_size=256)
        people: dict[int, list[tuple[int, int]]] = {}
        for line, doc in zip(lines, progress(documents, description="Names", total=len(lines)), strict=True):
            people[line] = [(e.start_char, e.end_char) for e in doc.ents if e.label_ == "PERSON"]
        for evidence in self.evidence.values():
            evidence.taken = sum(
                any(begin < span.finish and span.begin < finish for begin, finish in people.get(span.line, ()))
                for span in evidence.spans
            )
        self._ask_neutrally(finder)

    def _ask_neutrally(self, finder: Language) -> None:
        names = [name for name, evidence in self.evidence.items() if evidence.inner or evidence.taken]
        sentences = [(frame.format(name), name) for name in names for frame in _FRAMES]
        for doc, name in finder.pipe(sentences, as_tuples=True, batch_size=256):
            taken = any(entity.label_ == "PERSON" and name in entity.text for entity in doc.ents)
            self.evidence[name].prior += taken / len(_FRAMES)


def _context(text: str, span: tuple[int, int]) -> Context:
    begin, finish = span
    return Context(text[:begin], text[begin:finish], text[finish:])


def plain(word: str) -> str:
    """Return a word without case and dot."""
    return word.casefold().rstrip(".")


def _observe(evidence: Evidence, span: Span, text: str) -> None:
    context = _context(text, (span.begin, span.finish))
    inner = not context.starts
    evidence.spans.append(span)
    evidence.inner += inner
    addressed = inner and is_vocative(text, span.begin, span.finish)
    evidence.called += addressed or bool(_CALLED.search(context.left))
    evidence.owned += context.possessive
    evidence.placed += bool(_PLACED.search(context.left))
    evidence.determined += bool(_DETERMINED.search(context.left))

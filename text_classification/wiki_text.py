"""Plain sentences from the raw text of a wiki page, as crawlers leave it in tables of places.

Such a text repeats itself: a notice stands once for every nested box, the words of a paragraph's links stand once more
behind it, a heading twice, and brackets are what is left of footnotes. Here the prose is kept, in its order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

__all__ = ["clean_wiki_text"]

# What MediaWiki leaves of footnotes, of headings' edit links and of empty brackets.
_MARK: Final = re.compile(r"\[\s*(?:[a-z][\w-]*\s+)?\d*\s*\]|\[(?:edit|citation needed)\]")
_HEADING: Final = re.compile(r"(?P<title>[A-Z0-9][^.!?\[\]]{0,60}?)\s*\[\s*\]\s+(?P=title)\s*\[\s*\](?:\s*\[\s*\])?")
# Sections that speak of pages, recordings and lists, not of the place.
_OTHER_MATTERS: Final = frozenset(
    (
        *("appearances", "behind the scenes", "gallery", "image gallery", "navigation", "notes", "references"),
        *("see also", "trivia", "videos"),
    )
)
_NOTICE: Final = re.compile(
    r"""^(?:
      this\ (?:article|section|page|topic)\b.*
      \b(?:stub|needs\ to\ be|is\ about|might\ have|reveals\ details|may\ contain)\b
    | help\ out\ this\ community | you\ can\ help\b | (?:please\ )?help\ by\ | to\ be\ added\b | spoiler\ warning
    | info(?:rmation)?\ from\ .*\bneeds\ to\ be\ added | talk\ about\ it\b | read\ at\ your\ own
    | the\ inclusion\ of\ information | for\ (?:the|other|an?)\b[^.]*,\ see\b | not\ to\ be\ confused\ with
    | (?:if\ this\ changes,\ )?this\ page\ should\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# Ends of sentences, but for titles and initials ("Dr. Lee", "J. R. R. Tolkien").
_END: Final = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bDr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)(?<=[.!?…])[\"”'’]?(?=\s|$)"
)
# Words that open a sentence more often than they end the name of a link.
# fmt: off
_OPENERS: Final = frozenset(
    (
        "A", "After", "Although", "An", "And", "As", "At", "Before", "But", "By", "Despite", "During", "Each",
        "For", "From", "He", "Her", "His", "However", "If", "In", "It", "Its", "Later", "Many", "On", "Once",
        "One", "Only", "Others", "She", "Since", "Some", "That", "The", "Their", "Then", "There", "These",
        "They", "This", "Those", "Though", "Through", "To", "Upon", "When", "Where", "While", "With",
    )
)
# fmt: on
# Words inside a sentence or a name, behind which no sentence begins.
_INSIDE: Final = frozenset(word.casefold() for word in _OPENERS) | {"of", "or", "by", "is", "was", "from"}
_QUOTED: Final = re.compile(r"[\"“]\s")
_EDGES: Final = " \t\n.,;:!?…\"“”'‘’()"


def _bare(token: str) -> str:
    return re.sub(r"['’]s$", "", token.strip(_EDGES)).casefold()


@dataclass
class _Said:
    """What a page has said so far: words, and pairs of neighbours."""

    words: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)

    def hear(self, sentence: str) -> None:
        """Note a sentence."""
        words = [_bare(token) for token in sentence.split()]
        self.words.update(words)
        self.pairs.update(pairwise(words))


def _sections(text: str) -> list[str]:
    """The parts between headings, without those of other matters."""
    parts = []
    title, begin = "", 0
    for heading in _HEADING.finditer(text):
        parts.append((title, text[begin : heading.start()]))
        title, begin = heading["title"], heading.end()
    parts.append((title, text[begin:]))
    return [part for title, part in parts if title.strip().casefold() not in _OTHER_MATTERS]


def _sentences(text: str) -> list[str]:
    """Cut behind the end of every sentence and at wide gaps, which divide a page's blocks."""
    unmarked = re.sub(rf"\s*(?:{_MARK.pattern})\s*", " ", text)
    # A gap inside a sentence is what a picture or an invisible mark has left.
    whole = re.sub(r"(?<=[^.!?…\s])\s{2,}(?=[a-z,;])", " ", unmarked)
    blocks = re.split(r"\s{2,}|\n", whole.strip())
    cut = (block[begin:end] for block in blocks for begin, end in _spans(block))
    return [sentence.strip() for sentence in cut if re.search(r"\w", sentence)]


def _spans(block: str) -> list[tuple[int, int]]:
    ends = [match.end() for match in _END.finditer(block)]
    bounds = [0, *ends, len(block)]
    return list(pairwise(bounds))


def _without_links(sentence: str, said: _Said) -> str:
    """Take off the words of links that stand before a sentence: all were said just before it."""
    tokens = sentence.split()
    bare = [_bare(token) for token in tokens]
    new = next((at for at, word in enumerate(bare) if word and word not in said.words), None)
    if new is None:
        return ""
    for at in range(new, 0, -1):
        opens = tokens[at] in _OPENERS or (at > 1 and re.match(r"[\"“'‘(]?[A-Z]", tokens[at]))
        inside = bare[at - 1] in _INSIDE or (bare[at - 1], bare[at]) in said.pairs
        if opens and not inside:
            return " ".join(tokens[at:])
    return sentence


def _is_whole(sentence: str) -> bool:
    return bool(re.search(r"[.!?…][\"”'’)]?$", sentence))


def _prose(sentences: Sequence[str]) -> list[str]:
    """Drop notices and whatever stands twice, and the words of links behind what they stood in."""
    often = Counter(" ".join(sentence.split()) for sentence in sentences)
    kept: list[str] = []
    said = _Said()
    for sentence in sentences:
        rest = _without_links(sentence, said) if said.words else sentence
        # What stands first is no link; a short description may end without a full stop.
        whole = _is_whole(rest) or not said.words
        said.hear(rest)
        once = often[" ".join(sentence.split())] == 1
        if once and whole and not _NOTICE.match(rest) and not _QUOTED.match(rest):
            kept.append(rest)
    return kept


def clean_wiki_text(text: str) -> str:
    """Return the prose of a wiki page.

    Args:
        text: As it was crawled, with notices, footnote marks, headings and the words of links.

    Returns:
        Its sentences, one space between them; empty where there is no prose.
    """
    sentences = [sentence for section in _sections(text) for sentence in _prose(_sentences(section))]
    joined = " ".join(sentences)
    return re.sub(r"\s+(?=[,.;:!?…)]|['’]s\b)", "", joined).strip()

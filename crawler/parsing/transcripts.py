"""Transcript pages of wikis to turns: who says what, and what happens between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from crawler.parsing.cleaning import HEADINGS, article, clean, one_line, parse_html, text_of
from crawler.parsing.infobox import field, infobox
from crawler.parsing.items import UnusableError, provenance
from crawler.parsing.wikipage import WikiPage
from utils.episodes import Episode

__all__ = ["Row", "episode_of_page", "parent_title", "rows_of", "transcript_of"]

_EPISODES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bs(\d{1,2})[ ._-]{0,3}e(\d{1,3})\b",
        r"(?<![\dx])(\d{1,2})x(\d{2,3})\b",
        r"\bseason (\d{1,2})[ ,:–-]{1,4}episode (\d{1,3})\b",
    )
)
_SEASON: Final = re.compile(r"\b(?:season|series)\s+(\d{1,2})\b", re.IGNORECASE)
_OTHERS: Final = re.compile(r"prev|next|last|first|follow|preced")
_NUMBER: Final = re.compile(r"\d{1,3}")
_SUBPAGE: Final = re.compile(r"(.+?)(?:/transcript\w*|\s*\(transcript\))$", re.IGNORECASE)
_SPACE: Final = re.compile(r"transcript\w*:", re.IGNORECASE)
_LABEL: Final = re.compile(r"([^\W\d_][^:\[\]()\n!?]{0,40}?)\s*((?:\[[^\[\]]*\]|\([^()]*\))?)\s*:\s*(.*)", re.DOTALL)
_WHOLE: Final = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|♪.*♪")
_END: Final = re.compile(
    r"(?:references|see also|notes?(?: and references)?|external links|(?:site )?navigation|trivia|gallery|videos?)",
    re.IGNORECASE,
)
_BREAK: Final = "\u2028"
_NOT_NAMES: Final = frozenset(
    {"note", "warning", "season", "episode", "written by", "directed by", "air date", "transcript"}
)


class Row(NamedTuple):
    """A line of ``name,line``; a direction has no name and stands in brackets."""

    name: str
    line: str


def transcript_of(page: WikiPage, *, episode: Episode | None = None) -> dict[str, Any]:
    """Return a transcript with its episode, as text, and its rows.

    Args:
        page: The page.
        episode: Where it is known from elsewhere.

    Raises:
        UnusableError: If nobody speaks on the page.
    """
    if not page.is_article:
        raise UnusableError("it is no article")
    rows = rows_of(page)
    if not any(row.name for row in rows):
        raise UnusableError("it holds no 'Name: words' lines")
    found = episode_of_page(page) or episode
    return {
        "title": page.title,
        "episode": str(found) if found else "",
        "rows": [list(row) for row in rows],
        **provenance(page),
    }


def parent_title(title: str) -> str | None:
    """Return the title of the episode's page that a transcript belongs to, or None."""
    match = _SUBPAGE.fullmatch(title)
    if match:
        return match[1]
    return title.partition(":")[2].strip() or None if _SPACE.match(title) else None


def episode_of_page(page: WikiPage) -> Episode | None:
    """Find season and episode: in the title, in the infobox, or the season in a category and the number in the box."""
    if found := _whole_number(page.title):
        return found
    fields = infobox(article(parse_html(page.html)))
    numbered = field(fields, "episode", "episode number", "episode #", "episode no", "no. in season", "number", "no.")
    if found := _whole_number(" ".join(numbered[:1])):
        return found
    number = _number(numbered)
    season = _number(field(fields, "season", "season number", "series"))
    if season is None:
        named = [int(match[1]) for title in page.categories if (match := _SEASON.search(title))]
        season = named[0] if len(set(named)) == 1 else None
    if season is None or number is None:
        # Not of its neighbours, nor of where somebody was seen first.
        own = (values for name, values in fields.items() if not _OTHERS.search(name))
        return _whole_number(" ".join(value for values in own for value in values))
    return Episode(season, number)


def _whole_number(text: str) -> Episode | None:
    match = next((found for pattern in _EPISODES if (found := pattern.search(text))), None)
    return Episode(int(match[1]), int(match[2])) if match else None


def _number(found: list[str]) -> int | None:
    match = _NUMBER.search(found[0]) if found else None
    return int(match[0]) if match else None


def rows_of(page: WikiPage) -> list[Row]:
    """Return the turns and directions of a page, in their order."""
    root = article(parse_html(page.html))
    rows: list[Row] = []
    # Some wikis write who speaks and what into two columns of a table.
    boxed = "ancestor-or-self::*[contains(@class, 'infobox') or contains(@class, 'navbox')]"
    for table in root.xpath(f".//table[not({boxed})]"):
        if (found := list(_table(table))) and len(found) > 1:
            rows += found
    for block in _blocks(clean(root)):
        rows += _block(block)
    return rows


def _table(table: Any) -> Iterator[Row]:
    for row in table.xpath(".//tr"):
        cells = [text_of(cell) for cell in row.xpath("./td|./th")]
        if len(cells) == 2 and cells[1] and len(cells[0]) <= 40 and cells[0].casefold() not in {"name", "speaker"}:
            yield Row(cells[0].rstrip(": "), cells[1]) if cells[0] else _direction(cells[1])


def _blocks(root: Any) -> Iterator[Any]:
    for node in root:
        if node.tag in HEADINGS:
            if _END.fullmatch(text_of(node)):
                return
            yield node
        elif node.tag in {"p", "li", "dd", "dt", "pre", "blockquote"} or _is_poem(node):
            yield node
        elif node.tag in {"div", "section", "ul", "ol", "dl", "center", "main", "article"}:
            yield from _blocks(node)


def _is_poem(node: Any) -> bool:
    return "poem" in (node.get("class") or "").split()


def _block(block: Any) -> Iterator[Row]:
    if block.tag in HEADINGS:
        heading = text_of(block)
        if heading and not heading.casefold().startswith("transcript"):
            yield _direction(heading)
        return
    speaker = ""
    for line, bold, italic in _lines(block):
        row = _row(line, bold=bold, italic=italic, speaker=speaker)
        speaker = row.name or ("" if _WHOLE.fullmatch(row.line) is None else speaker)
        yield row


def _row(line: str, *, bold: str, italic: bool, speaker: str) -> Row:
    """Read one line; ``speaker`` is whoever spoke the line before it in the same paragraph."""
    label = _LABEL.fullmatch(line)
    if label and _is_name(label[1], bold=bold) and label[3].strip():
        return Row(label[1].strip(), " ".join(filter(None, [label[2], label[3].strip()])))
    if italic or _WHOLE.fullmatch(line) or not speaker:
        return _direction(line)
    return Row(speaker, line)


def _is_name(written: str, *, bold: str) -> bool:
    """Whether words before a colon name somebody: in bold, in capitals, or up to four words with capital initials."""
    name = written.strip()
    if name.casefold() in _NOT_NAMES:
        return False
    if bold and bold.rstrip(": ").startswith(name):
        return True
    words = [word for word in re.split(r"[\s/&,]+", name) if word not in {"and", "of", "the", "on", "#"}]
    return 0 < len(words) <= 4 and all(word[0].isupper() or word[0].isdigit() or word[0] in "\"'“‘#" for word in words)


def _direction(written: str) -> Row:
    inner = written.strip()
    if _WHOLE.fullmatch(inner) and not inner.startswith("♪"):
        inner = inner[1:-1]
    return Row("", f"[{inner.replace('[', '(').replace(']', ')').strip()}]")


def _lines(block: Any) -> Iterator[tuple[str, str, bool]]:
    """Yield the lines of a paragraph, each with the bold words that open it and whether all of it is italic."""
    for node in block.iter():
        if node.tag == "br":
            node.tail = f"{_BREAK}{node.tail or ''}"
        elif node.tag in {"b", "strong"}:
            node.text, node.tail = f"\ue000{node.text or ''}", f"\ue001{node.tail or ''}"
        elif node.tag in {"i", "em"}:
            node.text, node.tail = f"\ue002{node.text or ''}", f"\ue003{node.tail or ''}"
    block.tail = None
    text = block.text_content()
    for line in re.split(f"{_BREAK}|\n" if block.tag == "pre" or _is_poem(block) else _BREAK, text):
        plain = one_line(line)
        if plain:
            bold = re.match(r"\s*\ue000([^\ue001]*)", line)
            italic = re.fullmatch(r"\s*\ue002[^\ue003]*\ue003?\s*", line)
            yield plain, one_line(bold[1]) if bold else "", bool(italic)

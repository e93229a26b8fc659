"""The text of a wiki page without what stands around it: notices, footnote marks, tables, edit links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree, html

__all__ = ["HEADINGS", "article", "clean", "lead_text", "one_line", "parse_html", "text_of"]

HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

# MediaWiki's own classes and those that wikis commonly give their templates.
_JUNK_CLASSES: Final = (
    "ambox", "articleicons", "dablink", "disambig-notice", "error", "gallery", "geo", "hatnote", "listenlist",
    "magnify", "mbox", "messagebox", "metadata", "mw-cite-backlink", "mw-editsection", "mw-empty-elt",
    "mw-headline-number", "mw-kartographer-container", "mw-references-wrap", "navbox", "navbox-styles", "noprint",
    "nomobile", "notice", "plainlinks", "portal", "printfooter", "quote-box", "reference", "references", "reflist",
    "rellink", "sistersitebox", "spoiler-notice", "stub", "succession-box", "thumb", "toc", "tocright", "toclimit-2",
    "toclimit-3", "vertical-navbox",
)  # fmt: skip
_JUNK_TAGS: Final = (
    "style", "script", "noscript", "template", "figure", "img", "svg", "audio", "video", "iframe", "object", "embed",
    "form", "button", "input", "select", "textarea", "map", "math",
)  # fmt: skip
# C0 and C1 without white space, marks of direction, and the letters that `transcripts` uses as marks.
_STEERING: Final = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ue000-\ue003]"
)
_ASIDE: Final = re.compile(r"<(/?)aside(?=[\s/>])", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_FOOTNOTE: Final = re.compile(
    r"\[\s*(?:\d{1,3}|[a-z]|(?:note|nb|n)\s*\d+|citation needed|edit|source\??)\s*\]", re.IGNORECASE
)
_NOTICE: Final = re.compile(
    r"(?:this (?:article|page|section|(?:character|location) page) (?:is (?:a stub|about)|contains spoilers|needs)\b"
    r"|you can help\b.{0,80}\bexpanding|please help\b.{0,80}\b(?:expand|improv)|help (?:out )?(?:this|our) community\b"
    r"|for (?:the )?.{1,80}, see\b|for other uses\b|not to be confused with\b|main article\b|see also\b"
    r"|the following (?:article|page) contains\b|spoilers? (?:warning|ahead)|warning: .{0,40}spoilers)",
    re.IGNORECASE,
)
_APART: Final = frozenset({"br", "li", "p", "div", "dd", "dt", "tr", "td", "th"})
_BLOCKS: Final = frozenset({"p", "ul", "ol", "blockquote", "dl"})
_LONGEST: Final = 4_000
"""Characters of a lead; one that is longer is cut at the end of a sentence."""


def parse_html(text: str) -> Any:
    """Parse a page or a part of one; asides become tables, at whose end libxml2 closes what is still open inside."""
    text = _ASIDE.sub(r"<\1table", text)
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    found = html.document_fromstring(f"<!doctype html><body>{text}".encode("utf-8", "replace"), parser=parser)
    body = found.find("body")
    return found if body is None else body


def article(root: Any) -> Any:
    """Return what holds the article: MediaWiki's parser output, or the whole."""
    for path in (
        "//*[contains(concat(' ', @class, ' '), ' mw-parser-output ')]",
        "//*[@id='mw-content-text']",
        "//*[@id='bodyContent']",
    ):
        if found := root.xpath(path):
            # Skins wrap other text (a site notice) in the same class; the article is the longest.
            return max(found, key=lambda node: len(node.text_content()))
    return root


def clean(root: Any) -> Any:
    """Take out, in place, what is not the article's own text; tables and infoboxes go as well."""
    for node in list(root.iter()):
        if node is root or node.getparent() is None or not isinstance(node.tag, str):
            continue
        if _is_junk(node):
            node.drop_tree()
    return root


def _is_junk(node: Any) -> bool:
    classes = set((node.get("class") or "").casefold().split())
    return (
        node.tag in _JUNK_TAGS
        or node.tag == "table"
        or not classes.isdisjoint(_JUNK_CLASSES)
        or any("infobox" in name or name.startswith("navbox") for name in classes)
        or (node.get("id") or "") in {"toc", "catlinks", "coordinates", "siteSub", "contentSub", "disambigbox"}
        or node.get("role") in {"note", "navigation", "presentation"}
        or bool(_HIDDEN.search(node.get("style") or ""))
        or (node.tag == "sup" and bool(_FOOTNOTE.fullmatch(node.text_content().strip())))
    )


def text_of(node: Any) -> str:
    """Return the text of a node on one line, without footnote marks; a line break is a space."""
    return one_line(_FOOTNOTE.sub("", _raw(node)))


def one_line(text: str) -> str:
    """Return text on one line, without what steers a terminal or turns the direction of writing."""
    return " ".join(_STEERING.sub("", text).split())


def _raw(node: Any) -> str:
    parts: list[str] = []
    for event, at in etree.iterwalk(node, events=("start", "end")):
        if at is not node and at.tag in _APART:
            parts.append("\n")
        if event == "start":
            parts.append(at.text or "")
        elif at is not node:
            parts.append(at.tail or "")
    return "".join(parts)


def lead_text(root: Any) -> str:
    """Return the paragraphs before the first heading, or those of the first section that has any.

    Args:
        root: An article that `clean` went through.
    """
    for section in _sections(root):
        paragraphs = [text for node in section if (text := text_of(node)) and not _is_notice(text)]
        # A list belongs to the sentence above it ("... is home to:"); alone it is navigation.
        if any(node.tag == "p" and text_of(node) for node in section) and paragraphs:
            return _cut(" ".join(paragraphs))
    return ""


def _is_notice(text: str) -> bool:
    return len(text) < 400 and bool(_NOTICE.match(text))


def _sections(root: Any) -> Iterator[list[Any]]:
    section: list[Any] = []
    for node in _children(root):
        if node.tag in HEADINGS:
            yield section
            section = []
        elif node.tag in _BLOCKS:
            section.append(node)
    yield section


def _children(root: Any) -> Iterator[Any]:
    """The blocks and headings of an article, out of the boxes that wikis put around them."""
    for node in root:
        if node.tag in HEADINGS or node.tag in _BLOCKS:
            yield node
        elif node.tag in {"div", "section", "center", "main", "article"}:
            yield from _children(node)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    kept = text[:_LONGEST]
    ends = [match.end() for match in re.finditer(r"[.!?][\"'”’)]?(?=\s)", kept)]
    return kept[: ends[-1]].rstrip() if ends else kept.rstrip()

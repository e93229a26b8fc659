"""Pages of places and people to rows, with what their licence asks to be kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from crawler.parsing.cleaning import article, clean, lead_text, parse_html
from crawler.parsing.infobox import field, infobox
from crawler.parsing.wikipage import WikiPage, attribution_of

__all__ = ["PARSERS", "UnusableError", "character_of", "location_of", "provenance"]

_ALIASES: Final = (
    "aliases",
    "alias",
    "also known as",
    "aka",
    "a.k.a.",
    "a.k.a",
    "nicknames",
    "nickname",
    "other names",
    "other name",
)
_QUALIFIER: Final = re.compile(r"\s*\([^()]*\)$")
_AMBIGUOUS: Final = re.compile(r"\b(?:may|can|could) (?:also )?refer to\b", re.IGNORECASE)
# "Disambiguation pages", but not "Articles with links needing disambiguation".
_DISAMBIGUATION: Final = re.compile(r"(?!.*\b(?:need|requir|link)).*disambig", re.IGNORECASE)
_NO_ALIAS: Final = frozenset({"none", "unknown", "unnamed", "n/a", "na", "?", "-", "–", "—"})


class UnusableError(ValueError):
    """A page that is no item; the message says why, for the user."""


def provenance(page: WikiPage) -> dict[str, Any]:
    """Return whose the text of a page is and where it was."""
    return {
        "url": page.url,
        "revision": page.revision,
        "licence": page.rights.licence,
        "attribution": attribution_of(page.title, page.url, page.rights),
    }


def location_of(page: WikiPage) -> dict[str, Any]:
    """Return a row of a place; its type is the wiki's free text, and may be empty.

    Raises:
        UnusableError: If the page describes no place.
    """
    fields, lead = _read(page)
    kind = field(fields, "type", "location type", "kind", "type of location", "category", "place type")
    if not lead and not kind:
        raise UnusableError("it has neither a description nor a type")
    return {
        "location_name": _name(page.title),
        "location_type": ", ".join(kind),
        "location_description": lead,
        **provenance(page),
    }


def character_of(page: WikiPage) -> dict[str, Any]:
    """Return a row of a person, with other names as a list.

    Raises:
        UnusableError: If the page has no name.
    """
    fields, lead = _read(page)
    return {
        "character_name": _name(page.title),
        "aliases": _aliases(fields, _name(page.title)),
        "character_description": lead,
        **provenance(page),
    }


def _read(page: WikiPage) -> tuple[Mapping[str, list[str]], str]:
    if not page.is_article:
        raise UnusableError("it is no article")
    if not page.title:
        raise UnusableError("it has no title")
    root = article(parse_html(page.html))
    fields = infobox(root)
    lead = lead_text(clean(root))
    told = page.ambiguous or any(map(_DISAMBIGUATION.match, page.categories))
    if told or (_AMBIGUOUS.search(lead[:200]) and not fields):
        raise UnusableError("it only tells pages of one name apart")
    return fields, lead


def _name(title: str) -> str:
    """A title without the words in brackets that tell it from others of the same name."""
    return _QUALIFIER.sub("", title) or title


def _aliases(fields: Mapping[str, list[str]], name: str) -> list[str]:
    written = (alias for value in field(fields, *_ALIASES) for alias in re.split(r"[,;/]\s+|\s/\s", value))
    plain = (_QUALIFIER.sub("", re.sub(r"\s*\([^()]*\)", "", alias)).strip(" \"'“”‘’") for alias in written)
    return list(dict.fromkeys(alias for alias in plain if _is_alias(alias) and alias != name))


def _is_alias(written: str) -> bool:
    return 0 < len(written) <= 80 and written.casefold() not in _NO_ALIAS


PARSERS: Final[Mapping[str, Callable[[WikiPage], dict[str, Any]]]] = {
    "locations": location_of,
    "characters": character_of,
}

"""What belongs to a category: from the API, or from the pages of the category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

from crawler.parsing.cleaning import parse_html
from crawler.parsing.wikipage import is_article_space

__all__ = ["Listing", "Member", "category_space", "listing_of_api", "listing_of_html"]

_CATEGORY_SPACE: Final = 14
_ONWARD: Final = frozenset({"pagefrom", "subcatfrom", "from"})


@dataclass(frozen=True, slots=True)
class Member:
    """A page of a category.

    Attributes:
        title: As the wiki lists it.
        url: Its address.
        pageid: Of the API.
        revision: Its newest version, of the API.
        namespace: Of the API.
    """

    title: str
    url: str
    pageid: int | None = None
    revision: int | None = None
    namespace: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a category.

    Attributes:
        pages: Articles.
        categories: Subcategories: title without ``Category:``, and address.
        more: How the API is asked for the rest, or addresses of pages with the rest.
    """

    pages: tuple[Member, ...] = ()
    categories: tuple[Member, ...] = ()
    more: tuple[Mapping[str, str] | str, ...] = ()


def listing_of_api(answer: Mapping[str, Any]) -> Listing:
    """Read ``generator=categorymembers&prop=info&inprop=url`` (formatversion 2).

    Raises:
        ValueError: If the answer is none.
    """
    if "error" in answer or not isinstance(answer.get("query", {}), Mapping):
        error = answer.get("error")
        code = error.get("code", "") if isinstance(error, Mapping) else ""
        raise ValueError(f"the API answered {code or 'nothing that can be read'}"[:100])
    rows = answer.get("query", {}).get("pages") or ()
    rows = list(rows.values()) if isinstance(rows, Mapping) else rows
    members = [_member(row) for row in rows if isinstance(row, Mapping) and not _is_empty(row)]
    onward = answer.get("continue")
    more = ({str(key): str(value) for key, value in onward.items()},) if isinstance(onward, Mapping) and onward else ()
    return Listing(
        pages=tuple(member for member in members if is_article_space(member.namespace)),
        categories=tuple(member for member in members if member.namespace == _CATEGORY_SPACE),
        more=more,
    )


def category_space(siteinfo: Mapping[str, Any]) -> str:
    """Return the wiki's own word for Category, out of ``siprop=namespaces``; empty if it does not say."""
    query = siteinfo.get("query")
    spaces = query.get("namespaces") if isinstance(query, Mapping) else None
    space = spaces.get(str(_CATEGORY_SPACE)) if isinstance(spaces, Mapping) else None
    return str(space.get("name") or space.get("*") or "") if isinstance(space, Mapping) else ""


def _is_empty(row: Mapping[str, Any]) -> bool:
    # Formatversion 1 says "redirect": "".
    flags = (row.get(name, False) for name in ("missing", "invalid", "redirect"))
    return any(flag is not False for flag in flags) or not row.get("title")


def _member(row: Mapping[str, Any]) -> Member:
    title, space = str(row["title"]), row.get("ns", 0)
    return Member(
        title=title.partition(":")[2] if space == _CATEGORY_SPACE else title,
        url=str(row.get("canonicalurl") or row.get("fullurl") or ""),
        pageid=row.get("pageid"),
        revision=row.get("lastrevid"),
        namespace=space,
    )


def listing_of_html(text: str, *, url: str) -> Listing:
    """Read a ``Category:`` page: MediaWiki's lists of pages and subcategories, and its links to the next of them."""
    root = parse_html(text).getroottree()
    pages = root.xpath("//*[@id='mw-pages']//li//a[@href] | //a[contains(@class, 'category-page__member-link')][@href]")
    below = root.xpath("//*[@id='mw-subcategories']//li//a[@href]")
    members = [_linked(link, url) for link in pages if not _is_onward(link.get("href"))]
    # Categories whatever their titles say, which on a German wiki begin with Kategorie.
    subcategories = [_linked(link, url) for link in below if not _is_onward(link.get("href"))]
    subcategories += [member for member in members if _names_category(member.title)]
    onward = [
        _joined(url, link.get("href"))
        for link in root.xpath(
            "//*[@id='mw-pages' or @id='mw-subcategories']//a[@href]"
            " | //a[contains(@class, 'category-page__pagination-next')][@href]"
        )
        if _is_onward(link.get("href"))
    ]
    return Listing(
        pages=tuple(dict.fromkeys(member for member in members if _is_page(member.title))),
        categories=tuple(dict.fromkeys(map(_subcategory, subcategories))),
        more=tuple(dict.fromkeys(filter(None, onward))),
    )


def _is_onward(href: str) -> bool:
    try:
        return not _ONWARD.isdisjoint(parse_qs(urlsplit(href).query))
    except ValueError:
        return False


def _joined(url: str, href: str) -> str:
    """A link's address; empty if it is none, so that one bad link does not spoil the list."""
    try:
        return urldefrag(urljoin(url, href))[0]
    except ValueError:
        return ""


def _linked(link: Any, url: str) -> Member:
    address = _joined(url, link.get("href"))
    title = link.get("title") or _title_in(address) or link.text_content()
    return Member(" ".join(title.split()), address)


def _title_in(address: str) -> str:
    parts = urlsplit(address)
    named = parse_qs(parts.query).get("title")
    return (named[0] if named else unquote(parts.path.rpartition("/")[2])).replace("_", " ")


def _names_category(title: str) -> bool:
    return title.casefold().startswith("category:")


def _is_page(title: str) -> bool:
    """Whether a title lies in no space for other things; with the API, the wiki says it by number."""
    space = title.partition(":")[0].casefold() if ":" in title else ""
    return space not in {"category", "file", "image", "template", "user", "help", "mediawiki", "special", "talk"} and (
        not space.endswith(" talk")
    )


def _subcategory(member: Member) -> Member:
    return Member(member.title.partition(":")[2].strip() or member.title, member.url)

"""One page of a wiki, from the API's `parse` or from the page itself, with what its licence asks to be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from crawler.parsing.cleaning import one_line, parse_html, text_of

__all__ = [
    "Rights",
    "WikiPage",
    "api_address",
    "article_path",
    "attribution_of",
    "page_of_api",
    "page_of_html",
    "rights_of_api",
    "rights_of_html",
]

_CONFIG: Final = r'"%s"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(\d+))'

# Forum, Widget, User blog, Blog, TimedText, Module, Message Wall and its greeting, Board, Topic, Gadget and its
# definition, Topic of Flow: https://www.mediawiki.org/wiki/Extension_default_namespaces
_NOT_CONTENT: Final = frozenset({110, 274, 500, 502, 710, 828, 1200, 1202, 2000, 2002, 2300, 2302, 2600})


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose the texts of a wiki are.

    Attributes:
        sitename: What the wiki calls itself.
        licence: Name and address of the licence; empty where the wiki does not say.
    """

    sitename: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class WikiPage:
    """A page.

    Attributes:
        title: As people read it.
        url: Address of the page.
        revision: Number of the version that was read; None where the page does not say.
        html: The article.
        rights: Of the wiki.
        categories: Titles without ``Category:``.
        namespace: 0 for articles; None where the page does not say.
        ambiguous: Whether the wiki says that it only tells pages of one name apart.
    """

    title: str
    url: str
    revision: int | None
    html: str
    rights: Rights
    categories: tuple[str, ...] = ()
    namespace: int | None = None
    ambiguous: bool = False

    @property
    def is_article(self) -> bool:
        """Whether it is no discussion, file, template or user page."""
        return is_article_space(self.namespace)


def is_article_space(namespace: int | None) -> bool:
    """Whether a namespace holds articles: the main one, or one that the wiki added for content."""
    if namespace is None or namespace == 0:
        return True
    return namespace >= 100 and namespace % 2 == 0 and namespace not in _NOT_CONTENT


def _one_line(text: object) -> str:
    return one_line(str(text or ""))


def rights_of_api(siteinfo: Mapping[str, Any]) -> Rights:
    """Read ``action=query&meta=siteinfo&siprop=general|rightsinfo``."""
    query = siteinfo.get("query") or {}
    rights, general = query.get("rightsinfo") or {}, query.get("general") or {}
    return Rights(_one_line(general.get("sitename")), _licence(rights.get("text"), rights.get("url")))


def _licence(text: object, url: object) -> str:
    address = _one_line(url)
    address = f"https:{address}" if address.startswith("//") else address
    return ", ".join(filter(None, [_one_line(text), address if re.match(r"https?://", address) else ""]))


def rights_of_html(text: str) -> Rights:
    """Read sitename and licence off a page: its head and its foot."""
    root = _document(text)
    named = root.xpath("//meta[@property='og:site_name']/@content | //meta[@name='application-name']/@content")
    title = _first(root.xpath("//title/text()"))
    sitename = _one_line(named[0]) if named else _one_line(re.split(r"\s+[-–—|]\s+", title)[-1] if title else "")
    links = root.xpath(
        "//a[contains(concat(' ', @rel, ' '), ' license ')]"
        " | //*[contains(@id, 'copyright')]//a[contains(translate(@href, 'LICEN', 'licen'), 'licen')]"
    )
    head = _first(root.xpath("//link[@rel='license' or @rel='copyright']/@href"))
    if links:
        return Rights(sitename, _licence(text_of(links[0]), links[0].get("href") or head))
    return Rights(sitename, _licence("", head))


def attribution_of(title: str, url: str, rights: Rights) -> str:
    """Return the line that says whose a text is."""
    where = f" of {rights.sitename}" if rights.sitename else ""
    return f"“{title}” by the contributors{where}, {url}"


def page_of_api(answer: Mapping[str, Any], *, url: str, rights: Rights, namespace: int | None = None) -> WikiPage:
    """Read ``action=parse&prop=text|revid|categories|properties`` (formatversion 2, or 1).

    Raises:
        ValueError: If the answer is none, with the wiki's own words where it gives them.
    """
    parsed = answer.get("parse")
    if not isinstance(parsed, Mapping):
        error = answer.get("error")
        said = _one_line(error.get("code")) if isinstance(error, Mapping) else ""
        raise ValueError(  # noqa: TRY004 - of what the wiki sent
            f"the API answered {said or 'nothing that can be read'}"[:100]
        )
    text = parsed.get("text", "")
    text = text.get("*", "") if isinstance(text, Mapping) else text
    listed = parsed.get("categories") or ()
    names = [row.get("category") or row.get("*") for row in listed if isinstance(row, Mapping)]
    revision = parsed.get("revid")
    return WikiPage(
        title=_one_line(parsed.get("title")),
        url=url,
        revision=revision if isinstance(revision, int) and revision > 0 else None,
        html=str(text),
        rights=rights,
        categories=tuple(_one_line(str(name).replace("_", " ")) for name in names if name),
        namespace=namespace,
        ambiguous=_has_property(parsed.get("properties"), "disambiguation"),
    )


def _has_property(properties: object, name: str) -> bool:
    if isinstance(properties, list):  # Formatversion 1.
        return any(isinstance(row, Mapping) and row.get("name") == name for row in properties)
    return isinstance(properties, Mapping) and name in properties


def page_of_html(text: str, *, url: str, rights: Rights | None = None) -> WikiPage:
    """Read a page of a wiki as browsers get it.

    Args:
        text: All of it.
        url: Where it was read; the page's own canonical address on the same host wins.
        rights: Of the wiki; without it, what the page itself says.
    """
    root = _document(text)
    heading = root.xpath("//*[@id='firstHeading'] | //h1[contains(@class, 'page-header__title')] | //h1")
    title = text_of(heading[0]) if heading else _config(text, "wgTitle")
    links = root.xpath(
        "//*[@id='mw-normal-catlinks' or @id='catlinks' or contains(@class, 'page-header__categories')]//a"
    )
    revision = _config(text, "wgRevisionId") or _config(text, "wgCurRevisionId")
    space = _config(text, "wgNamespaceNumber")
    return WikiPage(
        title=_one_line(title),
        url=_canonical(root, url),
        revision=int(revision) if revision.isdecimal() and int(revision) else None,
        html=text,
        rights=rights or rights_of_html(text),
        categories=tuple(text_of(link) for link in links[1:]),
        namespace=int(space) if space.isdecimal() else None,
    )


def api_address(text: str, *, url: str) -> str | None:
    """Return where a page says that the wiki's API is (its `EditURI` link, of Really Simple Discovery), or None."""
    found = _first(_document(text).xpath("//link[translate(@rel, 'EDITUR', 'editur') = 'edituri']/@href"))
    try:
        return urljoin(url, found.partition("?")[0]) if found else None
    except ValueError:
        return None


def article_path(text: str, *, url: str) -> str:
    """Return where the articles of a wiki lie, such as ``/wiki/$1``: the address of a page without its name."""
    name, path = _config(text, "wgPageName"), unquote(urlsplit(url).path)
    return f"{path.removesuffix(name)}$1" if name and path.endswith(f"/{name}") else "/wiki/$1"


def _document(text: str) -> Any:
    return parse_html(text).getroottree()


def _first(found: Any) -> str:
    return str(found[0]) if found else ""


def _canonical(root: Any, url: str) -> str:
    try:
        found = urljoin(url, _first(root.xpath("//link[@rel='canonical']/@href")))
    except ValueError:
        return url
    return found if found.isprintable() and found.split("/")[:3] == url.split("/")[:3] else url


def _config(text: str, key: str) -> str:
    """A value of the settings that MediaWiki writes into its pages for scripts."""
    match = re.search(_CONFIG % key, text)
    if match is None:
        return ""
    if match[2] is not None:
        return match[2]
    try:
        return str(json.loads(f'"{match[1]}"'))
    except ValueError:
        return match[1]

"""The spider of wikis: the MediaWiki API where it answers, the pages themselves where it does not.

The API's manners are those of https://www.mediawiki.org/wiki/API:Etiquette: requests one after another, ``maxlag``,
an agent that says who it is.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urljoin

from scrapy import Request
from scrapy.http.response.text import TextResponse

from crawler.parsing.items import PARSERS, UnusableError
from crawler.parsing.listing import Listing, Member, listing_of_api, listing_of_html
from crawler.parsing.transcripts import episode_of_page, parent_title, transcript_of
from crawler.parsing.wikipage import (
    Rights,
    WikiPage,
    api_address,
    article_path,
    page_of_api,
    page_of_html,
    rights_of_api,
    rights_of_html,
)
from crawler.scraping.base import HawkinsSpider
from utils.episodes import Episode

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["WikiSpider"]

_FORMAT: Final = {"format": "json", "formatversion": "2", "maxlag": "5"}
_BATCH: Final = 50
_LISTINGS_FIRST: Final = 10
_BARREN: Final = 3
"""Listings without anything new after which a category counts as endless."""
_SHUT: Final = frozenset({400, 401, 403, 404, 405, 406, 410, 501})


class WikiSpider(HawkinsSpider):
    """Goes through the categories of a plan and reads each page of them once."""

    name = "wiki"

    # Beginning: what kind of wiki is it?

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the page that the user named, unless a stopped run is gone on with."""
        if not self.kept.get("begun"):
            yield Request(self.plan.site, self.see_site, errback=self.see_no_site, dont_filter=True)

    def see_site(self, response: Response) -> Iterator[Request]:
        """Look for the API and the licence."""
        text = _text(response)
        self.kept["rights"] = _record(rights_of_html(text))
        self.kept.update(base=response.url, path=article_path(text, url=response.url))
        named = api_address(text, url=response.url)
        yield from self._try_apis(
            [named] if named else [urljoin(response.url, path) for path in ("/w/api.php", "/api.php")]
        )

    def see_no_site(self, failure: Failure) -> Iterator[Request]:
        """Go on without the page where only it is refused; the API or the category may not be."""
        self.failure = f"{self.plan.site} was not read: {self.why(failure.value)}"
        if not self.busy and _is_shut(failure):
            self.kept.update(rights=_record(Rights()), base=self.plan.site)
            yield from self._try_apis([urljoin(self.plan.site, path) for path in ("/w/api.php", "/api.php")])

    def _try_apis(self, addresses: list[str]) -> Iterator[Request]:
        first, *others = addresses
        query = {"action": "query", "meta": "siteinfo", "siprop": "general|rightsinfo", **_FORMAT}
        yield Request(
            f"{first}?{urlencode(query)}",
            self.see_api,
            errback=self.see_no_api,
            cb_kwargs={"others": others},
            dont_filter=True,
        )

    def see_api(self, response: Response, others: list[str]) -> Iterator[Request]:
        """Use the API if this is one."""
        answer = _json(response)
        if isinstance(answer.get("query"), Mapping):
            self.kept["api"] = response.url.partition("?")[0]
            said = rights_of_api(answer)
            seen = Rights(**self.kept["rights"])
            self.kept["rights"] = _record(Rights(said.sitename or seen.sitename, said.licence or seen.licence))
            general = answer["query"].get("general") or {}
            self.kept["path"] = str(general.get("articlepath") or self.kept.get("path") or "/wiki/$1")
            yield from self._begin()
        else:
            yield from self._without_api(others)

    def see_no_api(self, failure: Failure) -> Iterator[Request]:
        """Try another place, or do without it."""
        yield from self._without_api(failure.request.cb_kwargs["others"])  # type: ignore[attr-defined]

    def _without_api(self, others: list[str]) -> Iterator[Request]:
        if self.busy:
            return
        if others:
            yield from self._try_apis(others)
        else:
            yield from self._begin()

    def _begin(self) -> Iterator[Request]:
        self.kept["begun"] = True
        self.failure = ""
        for title in self.plan.categories:
            yield from self._list(title, depth=self.plan.depth)

    # Categories

    def _address(self, title: str) -> str:
        path = str(self.kept.get("path") or "/wiki/$1")
        base = str(self.kept["base"])
        return urljoin(base, path.replace("$1", quote(title.replace(" ", "_"), safe="/:,'()!*")))

    def _list(
        self, title: str, *, depth: int, more: Mapping[str, str] | None = None, barren: int = 0
    ) -> Iterator[Request]:
        if api := self.kept.get("api"):
            query = {
                "action": "query",
                "generator": "categorymembers",
                "gcmtitle": f"Category:{title}",
                "gcmtype": "page|subcat",
                "gcmlimit": str(_BATCH),
                "prop": "info",
                "inprop": "url",
                **_FORMAT,
                **(more or {}),
            }
            yield self._listing(f"{api}?{urlencode(query)}", title, depth=depth, barren=barren, api=True)
        else:
            yield self._listing(self._address(f"Category:{title}"), title, depth=depth, barren=barren)

    def _listing(self, url: str, title: str, *, depth: int, barren: int, api: bool = False) -> Request:
        return Request(
            url,
            self.see_listing,
            errback=self.see_no_listing,
            cb_kwargs={"title": title, "depth": depth, "barren": barren, "api": api},
            priority=_LISTINGS_FIRST,
        )

    def see_listing(self, response: Response, title: str, depth: int, barren: int, *, api: bool) -> Iterator[Request]:
        """Ask for the pages of a category, for its subcategories, and for the rest of it."""
        try:
            found = listing_of_api(_json(response)) if api else listing_of_html(_text(response), url=response.url)
        except ValueError as error:
            yield from self._list_otherwise(title, depth, str(error), api=api)
            return
        before = len(self.known) + len(self._categories)
        pages = [*self._members(found)]
        below = [*self._below(found, depth)]
        barren = 0 if len(self.known) + len(self._categories) > before else barren + 1
        self.tell()
        if found.more and (len(self.known) >= self.plan.limit or barren >= _BARREN):
            self.kept["limited"] = True
        else:
            yield from self._onward(found, title, depth=depth, barren=barren)
        yield from below
        yield from pages

    def _onward(self, found: Listing, title: str, *, depth: int, barren: int) -> Iterator[Request]:
        for onward in found.more:
            if isinstance(onward, str):
                yield self._listing(onward, title, depth=depth, barren=barren)
            else:
                yield from self._list(title, depth=depth, more=onward, barren=barren)

    @property
    def _categories(self) -> list[str]:
        found: list[str] = self.kept.setdefault("categories", [*self.plan.categories])
        return found

    def _below(self, found: Listing, depth: int) -> Iterator[Request]:
        for member in found.categories:
            if depth > 0 and member.title not in self._categories and len(self._categories) < self.plan.limit:
                self._categories.append(member.title)
                if self.kept.get("api"):
                    yield from self._list(member.title, depth=depth - 1)
                else:
                    yield self._listing(member.url, member.title, depth=depth - 1, barren=0)

    def _members(self, found: Listing) -> Iterator[Request]:
        for member in found.pages:
            url = member.url or self._address(member.title)
            if url in self.known:
                continue
            if len(self.known) >= self.plan.limit:
                self.kept["limited"] = True
                return
            self.known[url] = None
            yield self._page(member, url)

    def see_no_listing(self, failure: Failure) -> Iterator[Request]:
        """Read the category's page where the API is shut, or note what could not be read."""
        about: dict[str, Any] = failure.request.cb_kwargs  # type: ignore[attr-defined]
        shut = _is_shut(failure)
        yield from self._list_otherwise(
            about["title"], about["depth"], self.why(failure.value), api=about["api"] and shut
        )

    def _list_otherwise(self, title: str, depth: int, reason: str, *, api: bool) -> Iterator[Request]:
        if api:
            yield self._listing(self._address(f"Category:{title}"), title, depth=depth, barren=0)
        elif not self.busy:
            self.settle(self._address(f"Category:{title}"), skipped=f"the category could not be read: {reason}")

    # Pages

    def _page(self, member: Member, url: str) -> Request:
        about = {"url": url, "namespace": member.namespace}
        if not (self.kept.get("api") and (member.revision or member.pageid)):
            return Request(url, self.see_page, errback=self.see_no_page, cb_kwargs={**about, "api": False})
        which = {"oldid": str(member.revision)} if member.revision else {"pageid": str(member.pageid)}
        query = {
            "action": "parse",
            **which,
            "prop": "text|revid|displaytitle|categories",
            "disablelimitreport": "1",
            "disableeditsection": "1",
            "disabletoc": "1",
            **_FORMAT,
        }
        return Request(
            f"{self.kept['api']}?{urlencode(query)}",
            self.see_page,
            errback=self.see_no_page,
            cb_kwargs={**about, "api": True},
            meta={"by_revision": bool(member.revision)},
        )

    def see_page(self, response: Response, url: str, namespace: int | None, *, api: bool) -> Iterator[Any]:
        """Make an item of a page."""
        rights = Rights(**self.kept["rights"])
        try:
            page = (
                page_of_api(_json(response), url=url, rights=rights, namespace=namespace)
                if api
                else page_of_html(_text(response), url=response.url, rights=rights if rights.licence else None)
            )
        except ValueError as error:
            yield from self._page_otherwise(url, namespace, str(error), api=api)
            return
        parent = parent_title(page.title) if self.plan.kind == "transcripts" and episode_of_page(page) is None else None
        if parent:
            yield Request(
                self._address(parent),
                self.see_parent,
                errback=self.see_no_parent,
                cb_kwargs={"page": _page_record(page), "url": url},
                dont_filter=True,
            )
        else:
            yield from self._item(page, url)

    def see_parent(self, response: Response, page: dict[str, Any], url: str) -> Iterator[Any]:
        """Take the number of the episode from the page that a transcript belongs to."""
        yield from self._item(_page_of(page), url, episode_of_page(page_of_html(_text(response), url=response.url)))

    def see_no_parent(self, failure: Failure) -> Iterator[Any]:
        """Keep the transcript; its file will have to be named by somebody."""
        about: dict[str, Any] = failure.request.cb_kwargs  # type: ignore[attr-defined]
        yield from self._item(_page_of(about["page"]), about["url"])

    def _item(self, page: WikiPage, url: str, episode: Episode | None = None) -> Iterator[Any]:
        try:
            row = (
                transcript_of(page, episode=episode)
                if self.plan.kind == "transcripts"
                else PARSERS[self.plan.kind](page)
            )
        except UnusableError as reason:
            self.settle(url, skipped=str(reason))
            return
        yield row
        self.settle(url)

    def see_no_page(self, failure: Failure) -> Iterator[Request]:
        """Read the page itself where the API is shut, or note why there is no item."""
        about: dict[str, Any] = failure.request.cb_kwargs  # type: ignore[attr-defined]
        api = about["api"] and _is_shut(failure)
        yield from self._page_otherwise(about["url"], about["namespace"], self.why(failure.value), api=api)

    def _page_otherwise(self, url: str, namespace: int | None, reason: str, *, api: bool) -> Iterator[Request]:
        if api:
            about = {"url": url, "namespace": namespace, "api": False}
            yield Request(url, self.see_page, errback=self.see_no_page, cb_kwargs=about)
        elif not self.busy:
            self.settle(url, skipped=reason)


def _is_shut(failure: Failure) -> bool:
    """Whether asking otherwise may help: the API is refused, by the site or by its robots.txt."""
    status = getattr(getattr(failure.value, "response", None), "status", None)
    return status in _SHUT or "robots.txt forbids" in str(failure.value)


def _text(response: Response) -> str:
    return response.text if isinstance(response, TextResponse) else ""


def _json(response: Response) -> Mapping[str, Any]:
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _record(rights: Rights) -> dict[str, str]:
    return {"sitename": rights.sitename, "licence": rights.licence}


def _page_record(page: WikiPage) -> dict[str, Any]:
    """A page as a queue on disk takes it."""
    return {
        "title": page.title,
        "url": page.url,
        "revision": page.revision,
        "html": page.html,
        "rights": _record(page.rights),
        "categories": list(page.categories),
        "namespace": page.namespace,
    }


def _page_of(record: Mapping[str, Any]) -> WikiPage:
    return WikiPage(**{**record, "rights": Rights(**record["rights"]), "categories": tuple(record["categories"])})

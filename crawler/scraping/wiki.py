"""The spider of wikis: what kind of wiki it is, and which pages are in its categories.

Its manners are those of https://www.mediawiki.org/wiki/API:Etiquette: requests one after another, ``maxlag``, an agent
that says who it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from scrapy import Request

from crawler.parsing.listing import Listing, category_space, listing_of_api, listing_of_html
from crawler.parsing.wikipage import Rights, api_address, article_path, rights_of_api, rights_of_html
from crawler.scraping.answers import is_shut, json_of, members_query, rights_record, site_query, text_of
from crawler.scraping.pages import PageSpider

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["WikiSpider"]

_APIS: Final = ("/w/api.php", "/api.php", "/wiki/api.php")
_LISTINGS_FIRST: Final = 10
_BARREN: Final = 3
"""Listings without anything new after which a category counts as endless, beside those that could all be known."""
_LISTED: Final = 50


class WikiSpider(PageSpider):
    """Goes through the categories of a plan and reads each page of them once."""

    name = "wiki"

    # Beginning: what kind of wiki is it?

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the page that the user named, unless a stopped run is gone on with."""
        if not self.kept.get("begun"):
            yield Request(self.plan.site, self.see_site, errback=self.see_no_site, dont_filter=True)

    def see_site(self, response: Response) -> Iterator[Request]:
        """Look for the API and the licence."""
        text = text_of(response)
        self.kept["rights"] = rights_record(rights_of_html(text))
        self.kept.update(base=response.url, path=article_path(text, url=response.url))
        named = api_address(text, url=response.url)
        yield from self._try_apis([named] if named else [urljoin(response.url, path) for path in _APIS])

    def see_no_site(self, failure: Failure) -> Iterator[Request]:
        """Go on without the page where only it is refused; the API or the category may not be."""
        self.failure = f"{self.plan.site} was not read: {self.why(failure.value)}"
        if not self.busy and is_shut(failure):
            self.kept.update(rights=rights_record(Rights()), base=self.plan.site)
            yield from self._try_apis([urljoin(self.plan.site, path) for path in _APIS])

    def _try_apis(self, addresses: list[str]) -> Iterator[Request]:
        first, *others = addresses
        yield Request(
            site_query(first),
            self.see_api,
            errback=self.see_no_api,
            cb_kwargs={"others": others},
            dont_filter=True,
        )

    def see_api(self, response: Response, others: list[str]) -> Iterator[Request]:
        """Use the API if this is one."""
        answer = json_of(response)
        if isinstance(answer.get("query"), Mapping):
            self.kept["api"] = response.url.partition("?")[0]
            said = rights_of_api(answer)
            seen = Rights(**self.kept["rights"])
            self.kept["rights"] = rights_record(Rights(said.sitename or seen.sitename, said.licence or seen.licence))
            general = answer["query"].get("general") or {}
            self.kept["category"] = category_space(answer)
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
            yield from self._list(self._plain(title), depth=self.plan.depth)

    def _plain(self, title: str) -> str:
        """A title without the wiki's own word for Category."""
        space, _, rest = title.partition(":")
        own = str(self.kept.get("category") or "category").casefold()
        return rest.strip() if rest.strip() and space.strip().casefold() == own else title

    # Categories

    def _list(
        self, title: str, *, depth: int, more: Mapping[str, str] | None = None, barren: int = 0
    ) -> Iterator[Request]:
        if api := self.kept.get("api"):
            yield self._listing(members_query(api, title, more or {}), title, depth=depth, barren=barren, api=True)
        else:
            yield self._listing(self.address(f"Category:{title}"), title, depth=depth, barren=barren)

    def _listing(self, url: str, title: str, *, depth: int, barren: int, api: bool = False) -> Request:
        return Request(
            url,
            self.see_listing,
            errback=self.see_no_listing,
            cb_kwargs={"title": title, "depth": depth, "barren": barren, "api": api},
            # The upper levels first: who meets a category twice meets it where most levels below it are left.
            priority=_LISTINGS_FIRST + depth,
        )

    def see_listing(self, response: Response, title: str, depth: int, barren: int, *, api: bool) -> Iterator[Request]:
        """Ask for the pages of a category, for its subcategories, and for the rest of it."""
        try:
            found = listing_of_api(json_of(response)) if api else listing_of_html(text_of(response), url=response.url)
        except ValueError as error:
            yield from self._list_otherwise(title, depth, str(error), api=api)
            return
        before = len(self.known) + len(self._categories)
        pages = [*self._members(found)]
        below = [*self._below(found, depth)]
        barren = 0 if len(self.known) + len(self._categories) > before else barren + 1
        self.tell()
        barred = barren >= _BARREN + len(self.known) // _LISTED
        if found.more and (len(self.known) >= self.plan.limit or barred):
            self.kept["limited"] = True
        else:
            yield from self._onward(found, title, depth=depth, barren=barren)
        yield from below
        yield from pages

    def _onward(self, found: Listing, title: str, *, depth: int, barren: int) -> Iterator[Request]:
        for onward in found.more:
            if isinstance(onward, str):
                if self.is_of_site(onward):
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
                    url = self.place(member.url, f"Category:{member.title}")
                    yield self._listing(url, member.title, depth=depth - 1, barren=0)

    def _members(self, found: Listing) -> Iterator[Request]:
        for member in found.pages:
            url = self.place(member.url, member.title)
            if url in self.known:
                continue
            if len(self.known) >= self.plan.limit:
                self.kept["limited"] = True
                return
            self.known[url] = None
            yield self.ask(member, url)

    def see_no_listing(self, failure: Failure) -> Iterator[Request]:
        """Read the category's page where the API is shut, or note what could not be read."""
        about: dict[str, Any] = failure.request.cb_kwargs  # type: ignore[attr-defined]
        shut = is_shut(failure)
        yield from self._list_otherwise(
            about["title"], about["depth"], self.why(failure.value), api=about["api"] and shut
        )

    def _list_otherwise(self, title: str, depth: int, reason: str, *, api: bool) -> Iterator[Request]:
        if api:
            yield self._listing(self.address(f"Category:{title}"), title, depth=depth, barren=0)
        elif not self.busy:
            self.settle(self.address(f"Category:{title}"), skipped=f"the category could not be read: {reason}")

"""The pages of a wiki: of the API where it answers, as browsers get them where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

from scrapy import Request

from crawler.parsing.items import PARSERS, UnusableError
from crawler.parsing.listing import Member
from crawler.parsing.transcripts import episode_of_page, parent_title, transcript_of
from crawler.parsing.wikipage import Rights, WikiPage, page_of_api, page_of_html
from crawler.scraping.answers import is_shut, json_of, page_from, page_query, page_record, text_of
from crawler.scraping.base import HawkinsSpider
from utils.episodes import Episode

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["PageSpider"]


class PageSpider(HawkinsSpider):
    """Reads pages and makes items of them; which pages, others say.

    It remembers of the wiki: ``api``, its address or nothing; ``base`` and ``path``, where pages lie; ``rights``.
    """

    def address(self, title: str) -> str:
        """Return where a page lies."""
        path = str(self.kept.get("path") or "/wiki/$1")
        base = str(self.kept["base"])
        return urljoin(base, path.replace("$1", quote(title.replace(" ", "_"), safe="/:,'()!*")))

    def is_of_site(self, url: str) -> bool:
        """Whether an address that the wiki gives may be asked, and kept as it is."""
        return url.isascii() and url.isprintable() and self.site.trouble(url) is None

    def place(self, url: str, title: str) -> str:
        """Return the address that the wiki gives of a page or, if that is none of its own, where the page should be."""
        return url if self.is_of_site(url) else self.address(title)

    def ask(self, member: Member, url: str) -> Request:
        """Return the request for a page, of the API where there is one."""
        about = {"url": url, "namespace": member.namespace}
        if not (self.kept.get("api") and (member.revision or member.pageid)):
            return Request(url, self.see_page, errback=self.see_no_page, cb_kwargs={**about, "api": False})
        return Request(
            page_query(self.kept["api"], member),
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
                page_of_api(json_of(response), url=url, rights=rights, namespace=namespace)
                if api
                else page_of_html(text_of(response), url=response.url, rights=rights if rights.licence else None)
            )
        except ValueError as error:
            yield from self._page_otherwise(url, namespace, str(error), api=api)
            return
        parent = parent_title(page.title) if self.plan.kind == "transcripts" and episode_of_page(page) is None else None
        if parent:
            yield Request(
                self.address(parent),
                self.see_parent,
                errback=self.see_no_parent,
                cb_kwargs={"page": page_record(page), "url": url},
                dont_filter=True,
            )
        else:
            yield from self._item(page, url)

    def see_parent(self, response: Response, page: dict[str, Any], url: str) -> Iterator[Any]:
        """Take the number of the episode from the page that a transcript belongs to."""
        yield from self._item(page_from(page), url, episode_of_page(page_of_html(text_of(response), url=response.url)))

    def see_no_parent(self, failure: Failure) -> Iterator[Any]:
        """Keep the transcript; its file will have to be named by somebody."""
        about: dict[str, Any] = failure.request.cb_kwargs  # type: ignore[attr-defined]
        yield from self._item(page_from(about["page"]), about["url"])

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
        api = about["api"] and is_shut(failure)
        yield from self._page_otherwise(about["url"], about["namespace"], self.why(failure.value), api=api)

    def _page_otherwise(self, url: str, namespace: int | None, reason: str, *, api: bool) -> Iterator[Request]:
        if api:
            about = {"url": url, "namespace": namespace, "api": False}
            yield Request(url, self.see_page, errback=self.see_no_page, cb_kwargs=about)
        elif not self.busy:
            self.settle(url, skipped=reason)

"""What keeps a crawl on the site that the user named: every request, every redirect, every answer of a name server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError

from crawler.hosts import Site, address_trouble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred

__all__ = ["GuardedResolver", "OnSite", "RedirectsOnSite", "Refused"]

_REDIRECTS = range(300, 400)


class Refused(IgnoreRequest):
    """A request that is not made; the message says why, for the user."""


class _Guard:
    def __init__(self, site: Site) -> None:
        self._site = site

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Site.read(crawler.settings["HAWKINS_SITE"], permitted=True))


class OnSite(_Guard):
    """Refuses every request that leads away from the site, whoever makes it."""

    def process_request(self, request: Request) -> None:
        """Let the request go on or raise `Refused`."""
        if trouble := self._site.trouble(request.url):
            raise Refused(f"it is not asked: {trouble}")


class RedirectsOnSite(_Guard):
    """Refuses redirects that lead away from the site, with the address for the message."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Let the response go on or raise `Refused`."""
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location is not None:
            target = urljoin(request.url, location.decode("latin-1").strip())
            if trouble := self._site.trouble(target):
                raise Refused(f"it redirects to {target[:200]}, which is not followed: {trouble}")
        return response


class GuardedResolver(CachingThreadedResolver):
    """Refuses answers of name servers that would lead a site of the internet into this machine or network."""

    site: Site
    process: Any

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Remember the site."""
        made = super().from_crawler(crawler, reactor)
        made.site = Site.read(crawler.settings["HAWKINS_SITE"], permitted=True)
        made.process = crawler  # a process of crawlers, whatever Scrapy calls it
        return made

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802 - Twisted's
        """Look up a name; every answer is checked, those out of the cache too."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        if trouble := address_trouble(self.site, name, address):
            for crawler in self.process.crawlers:
                crawler.spider.refused_address = trouble
            raise DNSLookupError(trouble)
        return address

"""How the crawler behaves: robots.txt, waiting when asked to, the pace that a site wants."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from scrapy import signals
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http.response import Response
from scrapy.utils.misc import load_object

from crawler.scraping.guard import Refused

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Request
    from scrapy.robotstxt import RobotParser

    from crawler.scraping.base import HawkinsSpider

__all__ = ["PatientRetry", "Robots", "Throttle", "waiting"]

_BUSY: Final = frozenset({429, 503})
# Errors of the MediaWiki API, sent with status 200, that pass: https://www.mediawiki.org/wiki/API:Etiquette
_BUSY_API: Final = frozenset({"maxlag", "ratelimited", "readonly"})
_LONGEST: Final = 300.0
"""Seconds that a crawl waits by itself when asked to; for longer it stops and says so."""
_MANY_REQUESTS: Final = 429
_CLIENT, _SERVER = 400, 500


def waiting(header: bytes | None, *, times: int, step: float, now: float | None = None) -> float:
    """Return how many seconds to wait before asking again.

    Args:
        header: ``Retry-After``: seconds or a date (RFC 9110, 10.2.3).
        times: How often this was asked for already; without a header the wait doubles each time.
        step: Seconds of the first wait.
        now: Seconds since 1970.
    """
    written = (header or b"").decode("latin-1").strip()
    if written.isdecimal():
        return float(min(int(written[:9]), 10**9))
    if written:
        try:
            at = parsedate_to_datetime(written).timestamp()
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            return max(0.0, at - (time.time() if now is None else now))
    return float(step * 2**times)


class PatientRetry:
    """Asks again after failures that pass, as late as the site says; while it waits, nothing else is asked."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._codes = {int(code) for code in crawler.settings.getlist("RETRY_HTTP_CODES")}
        self._failures = tuple(load_object(path) for path in crawler.settings.getlist("RETRY_EXCEPTIONS"))
        self._step = crawler.settings.getfloat("HAWKINS_RETRY_STEP")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        return cls(crawler)

    @property
    def _spider(self) -> HawkinsSpider:
        return self._crawler.spider  # type: ignore[return-value]

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the response, or the request once more after a wait."""
        api_error = (response.headers.get("MediaWiki-API-Error") or b"").decode("latin-1")
        busy = response.status in _BUSY or api_error in _BUSY_API
        if response.status not in self._codes and not busy:
            return response
        wait = waiting(response.headers.get("Retry-After"), times=request.meta.get("retry_times", 0), step=self._step)
        said = api_error or f"HTTP {response.status}"
        again = get_retry_request(request, spider=self._spider, reason=said)
        if busy and (again is None or wait > _LONGEST):
            self._spider.stop_busy(f"it is busy ({said}) and asks to be left alone for {wait:,.0f} seconds")
            raise Refused("the site is busy")
        if again is None:
            return response
        await self._spider.pause(wait if wait <= _LONGEST else self._step)
        return again

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Ask again where a connection failed."""
        if not isinstance(exception, self._failures) or isinstance(exception, CannotResolveHostError):
            return None
        again = get_retry_request(request, spider=self._spider, reason=exception)
        if again is not None:
            await self._spider.pause(self._step * 2 ** request.meta.get("retry_times", 0))
        return again


class _Nothing:
    """Allows nothing: the rules of a site whose robots.txt cannot be read (RFC 9309, 2.3.1.4)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:  # noqa: ARG002 - Scrapy's
        """Whether a page may be asked for."""
        return False

    def crawl_delay(self, user_agent: str | bytes) -> float | None:  # noqa: ARG002 - Scrapy's
        """Seconds between requests."""
        return None


def _unreadable(reason: str) -> str:
    return f"its robots.txt cannot be read ({reason}), so that nothing may be asked"


class Robots(RobotsTxtMiddleware):
    """Scrapy's, but for two things: rules that cannot be read forbid everything, and refusals say what they are."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise `Refused` where the rules forbid a page."""
        spider: HawkinsSpider = self.crawler.spider  # type: ignore[assignment]
        if spider.busy:
            raise Refused(spider.busy)
        if isinstance(rp, _Nothing):
            raise Refused(rp.reason)
        if rp is not None and not rp.allowed(request.url, self._robotstxt_useragent or ""):
            self._stats.inc_value("robotstxt/forbidden")
            raise Refused("its robots.txt forbids it to crawlers")

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= _SERVER or response.status == _MANY_REQUESTS:
            self._forbid(netloc, _unreadable(f"HTTP {response.status}"))
            return
        if response.status >= _CLIENT:  # A site without rules; what it answers instead is no rules.
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        spider: HawkinsSpider = self.crawler.spider  # type: ignore[assignment]
        said = spider.why(exc)
        # A site that does not answer at all has no robots.txt to speak of.
        gone = isinstance(exc, CannotResolveHostError | DownloadConnectionRefusedError | DownloadTimeoutError)
        self._forbid(netloc, said if gone else _unreadable(said))

    def _forbid(self, netloc: str, reason: str) -> None:
        waiting_for, nothing = self._parsers[netloc], _Nothing(reason)
        self._parsers[netloc] = nothing  # type: ignore[assignment]
        waiting_for.callback(nothing)  # type: ignore[union-attr, arg-type]


class Throttle(AutoThrottle):
    """Scrapy's, which in addition keeps the ``Crawl-delay`` of robots.txt."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._agent = crawler.settings["ROBOTSTXT_USER_AGENT"]
        crawler.signals.connect(self._robots_parsed, signal=signals.robots_parsed)

    def _robots_parsed(self, robotparser: Any) -> None:
        wanted = robotparser.crawl_delay(self._agent) or 0.0
        if wanted <= self.mindelay:
            return
        if wanted > _LONGEST:
            spider: HawkinsSpider = self.crawler.spider  # type: ignore[assignment]
            spider.stop_busy(f"its robots.txt asks for {wanted:,.0f} seconds between two pages")
            return
        self.mindelay, self.maxdelay = wanted, max(self.maxdelay, wanted)
        assert self.crawler.engine is not None  # noqa: S101 - it downloaded the rules
        downloader: Any = self.crawler.engine.downloader
        downloader._delay = max(downloader._delay, wanted)
        for slot in downloader.slots.values():
            slot.delay = max(slot.delay, wanted)

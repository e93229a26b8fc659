"""The spider of one file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawler.scraping.base import HawkinsSpider

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["FileSpider"]


class FileSpider(HawkinsSpider):
    """Fetches the file that the user named, as it is."""

    name = "file"

    async def start(self) -> AsyncIterator[Any]:
        """Ask for it."""
        self.known[self.plan.site] = None
        yield Request(self.plan.site, self.see_file, errback=self.see_no_file, dont_filter=True)

    def see_file(self, response: Response) -> Iterator[Any]:
        """Lay it beside the plan."""
        (self.folder.path / "file").write_bytes(response.body)
        self.settle(self.plan.site)
        yield {"url": response.url}

    def see_no_file(self, failure: Failure) -> None:
        """Say why there is none."""
        self.failure = f"{self.plan.site} was not fetched: {self.why(failure.value)}"

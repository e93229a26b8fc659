"""What all our spiders share: the plan, what they remember over a stop, what they tell, how they end."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy import signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
)
from scrapy.spidermiddlewares.httperror import HttpError

from crawler.hosts import Site
from crawler.keeping import Folder
from crawler.plan import Plan
from crawler.scraping.guard import Refused
from utils.artifacts import atomic_write
from utils.door import one_line

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

__all__ = ["HawkinsSpider"]


class HawkinsSpider(scrapy.Spider):
    """A spider with a plan.

    Attributes:
        plan: What to do.
        site: What the user named.
        kept: What is remembered over a stop; JSON-serialisable.
        done: Addresses that are dealt with, in their order.
        known: Addresses that are to be dealt with, in their order.
        skipped: What could not be had, by address, with the reason.
    """

    def __init__(self, plan: Plan, **more: Any) -> None:
        super().__init__(**more)
        self.plan = plan
        self.site = Site.read(plan.site, permitted=True)
        self.folder = Folder(Path(plan.folder))
        self.kept: dict[str, Any] = {}
        self.known: dict[str, None] = {}
        self.done: dict[str, None] = {}
        self.skipped: dict[str, str] = {}
        self.failure = ""
        self.busy = ""
        self.refused_address = ""
        self.stopping = asyncio.Event()
        self._remember()

    @property
    def _memory(self) -> Path:
        return self.folder.job / "memory.json"

    def _remember(self) -> None:
        if self._memory.is_file():
            memory = json.loads(self._memory.read_text(encoding="utf-8"))
            self.kept, self.skipped = memory["kept"], memory["skipped"]
            self.known, self.done = dict.fromkeys(memory["known"]), dict.fromkeys(memory["done"])

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **more: Any) -> Self:
        """Make a spider that hears of its own errors."""
        made = super().from_crawler(crawler, *args, **more)
        crawler.signals.connect(made.see_error, signal=signals.spider_error)
        crawler.signals.connect(made.see_lost, signal=signals.item_error)
        return made

    def see_error(self, failure: Failure, response: Response) -> None:
        """Say of a page that broke our reading of it that it was skipped; the log has the rest."""
        about: dict[str, Any] = response.request.cb_kwargs if response.request else {}
        self.settle(
            about.get("url", response.url),
            skipped=f"it could not be read ({type(failure.value).__name__}; see the log)",
        )

    def see_lost(self, failure: Failure) -> None:
        """End where a row cannot be written, on a full disk for one: the data would be short of it."""
        self.failure = f"A row could not be kept: {one_line(str(failure.value))}"
        self.stop()

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until somebody stops the crawl."""
        self.tell(f"waiting {seconds:,.0f} s before asking again" if seconds >= 1 else "")
        try:
            await asyncio.wait_for(self.stopping.wait(), timeout=seconds)
        except TimeoutError:
            return

    def tell(self, now: str = "") -> None:
        """Tell the process that started this one how far it is: one JSON object a line."""
        sys.stdout.write(json.dumps({"done": len(self.done), "known": len(self.known), "now": now[:120]}) + "\n")
        sys.stdout.flush()

    def settle(self, url: str, *, skipped: str = "") -> None:
        """Count an address as dealt with, and say why there is no item of it."""
        self.done[url] = None
        if skipped:
            self.skipped[url] = one_line(skipped)
        self.tell()

    def stop_busy(self, reason: str) -> None:
        """End the crawl because the site is busy; another run goes on."""
        if not self.busy:
            self.busy = reason
            self.stop()

    def stop(self) -> None:
        """End after what is being fetched now; a second call changes nothing."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._stopping = asyncio.ensure_future(self.crawler.stop_async())

    def why(self, error: BaseException | None) -> str:
        """Say in a few words, for the user, why a request failed."""
        if isinstance(error, HttpError):
            return f"HTTP {error.response.status}"
        if isinstance(error, Refused):
            return one_line(str(error))
        if isinstance(error, CannotResolveHostError):
            return self.refused_address or "no name server knows its name"
        large = f"it is larger than {self.settings.getint('DOWNLOAD_MAXSIZE') / 1e6:.0f} MB"
        if "exceeded DOWNLOAD_MAXSIZE" in str(error):  # once unpacked
            return large
        known: dict[type[BaseException | None], str] = {
            DownloadCancelledError: large,
            DownloadConnectionRefusedError: "nobody answers there",
            DownloadTimeoutError: f"it did not answer within {self.settings.getint('DOWNLOAD_TIMEOUT')} seconds",
        }
        return known.get(type(error)) or one_line(str(error))[:200] or type(error).__name__

    def closed(self, reason: str) -> None:
        """Write down how it ended: the last thing that a run does."""
        # A request that a busy site did not answer is in no queue: such a run begins anew, from what is kept.
        stopped = reason == "shutdown" and not self.busy and not self.failure
        memory = {"kept": self.kept, "skipped": self.skipped, "known": [*self.known], "done": [*self.done]}
        ending = {
            "stopped": stopped,
            "finished": reason == "finished",
            "reason": reason,
            "failure": self.failure,
            "busy": self.busy,
            "limited": bool(self.kept.get("limited")),
            "done": len(self.done),
            "known": len(self.known),
            "skipped": self.skipped,
        }
        for path, record in ((self._memory, memory), (self.folder.end, ending)):
            atomic_write(path, partial(_write, json.dumps(record, ensure_ascii=False)))


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")

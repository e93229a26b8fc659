"""The process of one crawl: ``python -m crawler.job FOLDER`` does what the folder's plan says.

It reports on its standard output, one JSON object a line, and writes how it ended into the folder. It stops in order
on SIGINT or SIGTERM, and when the process that started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.hosts import Site
from crawler.keeping import Folder
from crawler.plan import Plan
from utils.reading.textfiles import LARGEST_FILE

if TYPE_CHECKING:
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

__all__ = ["main", "settings_of"]

_PARENT_CHECK: Final = 0.5  # s
_STEP: Final = 5.0  # s, the first wait after a failure


def _agent(contact: str) -> str:
    try:
        number = version("stranger-things-nlp")
    except PackageNotFoundError:
        number = "0"
    return f"hawkins-crawler/{number} (contact: {contact})"


def settings_of(plan: Plan) -> Settings:
    """Return the project's settings with what a plan changes of them."""
    from scrapy.settings import Settings

    folder = Folder(Path(plan.folder))
    made = Settings()
    made.setmodule("crawler.scraping.settings", priority="project")
    site = Site.read(plan.site, permitted=plan.permitted)
    changed: dict[str, Any] = {
        "HAWKINS_FOLDER": plan.folder,
        "HAWKINS_SITE": plan.site,
        "HAWKINS_NOT_BEFORE": plan.since,
        "HAWKINS_RETRY_STEP": min(_STEP, plan.delay * _STEP),
        "HTTPCACHE_DIR": str(folder.cache),
        "JOBDIR": str(folder.job),
        "LOG_FILE": str(folder.log),
        "USER_AGENT": _agent(plan.contact),
        "DOWNLOAD_DELAY": plan.delay,
    }
    if plan.kind == "file":
        changed["DOWNLOAD_MAXSIZE"] = LARGEST_FILE
    if site.is_local:
        changed["AUTOTHROTTLE_START_DELAY"] = plan.delay
    made.setdict(changed, priority="cmdline")
    return made


def main(folder: str) -> None:
    """Run the crawl of a folder."""
    from scrapy.crawler import AsyncCrawlerProcess

    plan = Plan.of(json.loads(Folder(Path(folder)).plan.read_text(encoding="utf-8")))
    process = AsyncCrawlerProcess(settings_of(plan))
    process.crawl(_spider(plan), plan=plan)
    _stop_on_signals(process)
    process.start(install_signal_handlers=False)


def _spider(plan: Plan) -> type[Any]:
    if plan.kind == "file":
        from crawler.scraping.file import FileSpider

        return FileSpider
    from crawler.scraping.wiki import WikiSpider

    return WikiSpider


def _stop_on_signals(process: AsyncCrawlerProcess) -> None:
    from twisted.internet import reactor, task

    running: Any = reactor
    parent = os.getppid()
    asked: list[int] = []

    def stop() -> None:
        for crawler in process.crawlers:
            spider: Any = crawler.spider
            if spider is not None:
                spider.stop()

    def look() -> None:
        # Asked before there is a spider, it is stopped as soon as there is one.
        if asked or os.getppid() != parent:
            stop()

    def hear(number: int, _: object) -> None:
        asked.append(number)
        running.callFromThread(stop)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hear)
    task.LoopingCall(look).start(_PARENT_CHECK, now=False)


if __name__ == "__main__":
    main(sys.argv[1])

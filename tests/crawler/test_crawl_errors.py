"""A page that breaks our own reading of it is said, not lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.http import Request
from scrapy.http.response import Response
from twisted.python.failure import Failure

from crawler import make_plan
from crawler.scraping.wiki import WikiSpider


def test_an_error_of_ours_counts_the_page_as_skipped(tmp_path: Path) -> None:
    plan = make_plan("locations", "https://wiki.example.org", folder=tmp_path, contact="me@example.org")
    spider = WikiSpider(plan)
    request = Request("https://wiki.example.org/api.php?oldid=3", cb_kwargs={"url": "https://wiki.example.org/wiki/X"})
    spider.see_error(Failure(RecursionError("deep")), Response(request.url, request=request))
    assert spider.skipped == {"https://wiki.example.org/wiki/X": "it could not be read (RecursionError; see the log)"}


def test_a_row_that_cannot_be_kept_ends_the_crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spider = WikiSpider(make_plan("locations", "https://wiki.example.org", folder=tmp_path, contact="me@example.org"))
    stopped: list[bool] = []
    monkeypatch.setattr(spider, "stop", lambda: stopped.append(True))
    spider.see_lost(Failure(OSError(28, "No space left on device")))
    assert stopped == [True]
    spider.folder.job.mkdir(parents=True)
    spider.closed("shutdown")
    ending = spider.folder.ending()
    assert "No space left" in ending["failure"]
    assert not ending["stopped"]

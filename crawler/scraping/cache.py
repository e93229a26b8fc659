"""Answers that are kept, in one SQLite file: an entry is there as a whole or not at all, even if the power fails."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scrapy.extensions.httpcache import DummyPolicy
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.http import Request, Response
    from scrapy.settings import BaseSettings

__all__ = ["KeepAnswers", "SqliteCache"]

_DAY: Final = 86_400.0
_KEPT: Final = frozenset({200, 301, 302, 303, 307, 308, 404, 410})
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, at REAL, url TEXT, status INT, headers TEXT, body BLOB)"
)


class KeepAnswers(DummyPolicy):
    """Keeps what will be the same the next time: no failures, no refusals, no errors of the API."""

    def should_cache_response(self, response: Response, request: Request) -> bool:  # noqa: ARG002 - Scrapy's
        """Whether to keep an answer."""
        return response.status in _KEPT and b"MediaWiki-API-Error" not in response.headers


class SqliteCache:
    """Storage for Scrapy's HTTP cache.

    An answer counts for a day. One that is asked for by the number of its revision (``by_revision`` in the request's
    meta) never changes, so it counts for good.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._path = Path(settings["HTTPCACHE_DIR"])
        # With `refresh`, what was kept before this moment is asked for again.
        self._not_before: float = settings.getfloat("HAWKINS_NOT_BEFORE")

    def open_spider(self, spider: Spider) -> None:
        """Open the file."""
        self._fingerprint = spider.crawler.request_fingerprinter
        self._base = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        self._base.execute(_TABLE)

    def close_spider(self, spider: Spider) -> None:  # noqa: ARG002 - Scrapy's
        """Close the file."""
        self._base.close()

    def _key(self, request: Request) -> bytes:
        assert self._fingerprint is not None  # noqa: S101 - Scrapy sets it before a spider opens
        return self._fingerprint.fingerprint(request)

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:  # noqa: ARG002 - Scrapy's
        """Return the answer that was kept, or None."""
        row = self._base.execute(
            "SELECT at, url, status, headers, body FROM answers WHERE key = ?", (self._key(request),)
        ).fetchone()
        if row is None or row[0] < self._not_before:
            return None
        at, url, status, written, body = row
        if time.time() - at > _DAY and not request.meta.get("by_revision"):
            return None
        headers = Headers(json.loads(written))
        made = responsetypes.from_args(headers=headers, url=url, body=body)
        return made(url=url, headers=headers, status=status, body=body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:  # noqa: ARG002 - Scrapy's
        """Keep an answer."""
        headers = {
            name.decode("latin-1"): [value.decode("latin-1") for value in values]
            for name, values in response.headers.items()
        }
        row = (self._key(request), time.time(), response.url, response.status, json.dumps(headers), response.body)
        self._base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)

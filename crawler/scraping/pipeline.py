"""Rows to the partial file, each at once: what was got is kept whatever comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.keeping import Folder

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

__all__ = ["KeepItems"]


class KeepItems:
    """Appends every item to the partial file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        return cls(Folder(Path(crawler.settings["HAWKINS_FOLDER"])).partial)

    def open_spider(self) -> None:
        """Open the file, behind what an earlier run wrote; a line that it could not end is ended."""
        self._file = self._path.open("a", encoding="utf-8")
        if self._file.tell():
            self._file.write("\n")

    def close_spider(self) -> None:
        """Close the file."""
        self._file.close()

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Write one row."""
        self._file.write(json.dumps(item, ensure_ascii=False) + "\n")
        self._file.flush()
        return item

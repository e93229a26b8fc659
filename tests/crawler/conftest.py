"""A small wiki of our own on loopback: API and pages of MediaWiki, and every bad manner that a server can have."""
# ruff: noqa: E501 - lines of markup

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]

LICENCE = "CC BY-SA 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by-sa/4.0/"

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class FakeWiki:
    """What the wiki holds and how it behaves."""

    articles: dict[str, str] = field(default_factory=dict)
    categories: dict[str, list[str]] = field(default_factory=dict)
    api: bool = True
    batch: int = 3
    robots: Answer = (404, {}, b"")
    scripted: dict[str, list[Answer]] = field(default_factory=dict)
    """Answers to what a path begins with, one after another, the last of them for good."""
    endless: bool = False
    slow: float = 0.0
    asked: list[tuple[float, str]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    url: str = ""

    def revision(self, title: str) -> int:
        return 1000 + list(self.articles).index(title)

    def paths(self, holding: str = "") -> list[str]:
        return [path for _, path in self.asked if holding in path]

    def times(self, holding: str) -> list[float]:
        return [at for at, path in self.asked if holding in path]

    # Answers

    def answer(self, path: str) -> Answer:
        for prefix, answers in self.scripted.items():
            if unquote(path).startswith(prefix) and answers:
                return answers.pop(0) if len(answers) > 1 else answers[0]
        parts = urlsplit(path)
        if parts.path == "/robots.txt":
            return self.robots
        if parts.path == "/api.php":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            return self.api_answer(query) if self.api else (403, {}, b"no")
        title = unquote(parts.path.removeprefix("/wiki/")).replace("_", " ")
        if title.startswith("Category:"):
            return self.category_page(title.partition(":")[2], parse_qs(parts.query).get("pagefrom", ["0"])[0])
        return self.page(title) if title in self.articles or parts.path in {"/", "/wiki/Home"} else (404, {}, b"none")

    def api_answer(self, query: dict[str, str]) -> Answer:
        if query.get("meta") == "siteinfo":
            general = {"sitename": "Grey Bay Wiki", "articlepath": "/wiki/$1"}
            return self.json({"query": {"general": general, "rightsinfo": {"text": LICENCE, "url": LICENCE_URL}}})
        if query["action"] == "parse":
            title = next(title for title in self.articles if str(self.revision(title)) == query["oldid"])
            categories = [{"category": name} for name, titles in self.categories.items() if title in titles]
            body = f'<div class="mw-parser-output">{self.articles[title]}</div>'
            revision = self.revision(title)
            return self.json({"parse": {"title": title, "revid": revision, "text": body, "categories": categories}})
        begin = int(query.get("gcmcontinue", "0"))
        found = self.members(query["gcmtitle"].partition(":")[2], begin)
        answer: dict[str, Any] = {"query": {"pages": [self.row(title) for title in found]}}
        if self.has_more(query["gcmtitle"].partition(":")[2], begin):
            answer["continue"] = {"gcmcontinue": str(begin + self.batch), "continue": "gcmcontinue||"}
        return self.json(answer)

    def members(self, category: str, begin: int) -> list[str]:
        if self.endless:
            for number in range(begin, begin + self.batch):
                self.articles.setdefault(f"Buoy {number}", f"<p>Buoy {number} rings.</p>")
            return [f"Buoy {number}" for number in range(begin, begin + self.batch)]
        return self.categories.get(category, [])[begin : begin + self.batch]

    def has_more(self, category: str, begin: int) -> bool:
        return self.endless or len(self.categories.get(category, [])) > begin + self.batch

    def row(self, title: str) -> dict[str, Any]:
        space = 14 if title.startswith("Category:") else 6 if title.startswith("File:") else 0
        number = self.revision(title) if title in self.articles else 1
        return {"title": title, "ns": space, "pageid": number, "lastrevid": number, "canonicalurl": self.address(title)}

    def address(self, title: str) -> str:
        return f"{self.url}/wiki/{quote(title.replace(' ', '_'), safe='/:')}"

    def json(self, record: object) -> Answer:
        return 200, {"Content-Type": "application/json"}, json.dumps(record).encode()

    def page(self, title: str) -> Answer:
        number = self.revision(title) if title in self.articles else 1
        link = f'<link rel="EditURI" type="application/rsd+xml" href="{self.url}/api.php?action=rsd">'
        return self.html(
            f'<html><head><title>{title} - Grey Bay Wiki</title>{link}<link rel="canonical" href="{self.address(title)}">'
            f'<script>RLCONF={{"wgTitle":"{title}","wgRevisionId":{number},"wgNamespaceNumber":0}};</script></head><body>'
            f'<h1 id="firstHeading">{title}</h1><div id="mw-content-text"><div class="mw-parser-output">'
            f"{self.articles.get(title, '<p>Welcome.</p>')}</div></div>"
            f'<div id="footer-info-copyright">Text under <a rel="license" href="{LICENCE_URL}">{LICENCE}</a></div></body></html>'
        )

    def category_page(self, category: str, begin: str) -> Answer:
        at = int(begin)
        found = self.members(category, at)
        below = [title for title in found if title.startswith("Category:")]
        pages = [title for title in found if not title.startswith("Category:")]
        onward = f"/wiki/Category:{quote(category)}?pagefrom={at + self.batch}"
        more = f'<a href="{onward}">next page</a>' if self.has_more(category, at) else ""
        lists = "".join(
            f'<div id="{place}">{more if place == "mw-pages" else ""}<ul>'
            + "".join(f'<li><a href="{self.address(t)}" title="{t}">{t}</a></li>' for t in titles)
            + "</ul></div>"
            for place, titles in (("mw-subcategories", below), ("mw-pages", pages))
        )
        return self.html(f"<html><body>{lists}</body></html>")

    def html(self, text: str) -> Answer:
        return 200, {"Content-Type": "text/html; charset=utf-8"}, text.encode()


class _Handler(BaseHTTPRequestHandler):
    wiki: FakeWiki

    def do_GET(self) -> None:
        self.wiki.asked.append((time.monotonic(), unquote(self.path)))
        self.wiki.agents.add(self.headers.get("User-Agent", ""))
        time.sleep(self.wiki.slow)
        status, headers, body = self.wiki.answer(self.path)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # The crawler hung up: too much.
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def wiki() -> Iterator[FakeWiki]:
    """An empty wiki that is running."""
    made = FakeWiki()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"wiki": made}))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
    "COLUMNS": "200",
    "PYTHONPATH": str(ROOT),
    "HAWKINS_CONTACT": "tests@example.org",
}


@pytest.fixture
def hawkins(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command `hawkins crawl`, run in an empty folder."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "hawkins.py"), "crawl", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**ENVIRONMENT, **environment},
        )

    return run


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """The same, but left running."""

    def run(*arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "hawkins.py"), "crawl", *map(str, arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    return run

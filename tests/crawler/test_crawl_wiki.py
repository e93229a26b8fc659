"""A whole crawl of our wiki by the command: good manners, bad servers, and what is written."""

from __future__ import annotations

import gzip
import ipaddress
import json
import socket
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

Hawkins = Callable[..., subprocess.CompletedProcess[str]]
QUICK = ("--delay", "0")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def piers(wiki: Any, place: Callable[..., str], count: int) -> list[str]:
    names = [f"Pier {number}" for number in range(count)]
    wiki.articles.update({name: place(name) for name in names})
    return names


@pytest.fixture
def place() -> Callable[..., str]:
    def article(name: str, kind: str = "Lighthouse") -> str:
        return (
            '<div class="notice">This article is a stub. Help out this community by adding more information!</div>'
            f'<aside class="portable-infobox"><div class="pi-item pi-data" data-source="type">'
            f'<h3 class="pi-data-label">Type</h3><div class="pi-data-value">{kind}</div></div></aside>'
            f"<p><b>{name}</b> is a lonely place.<sup class='reference'>[1]</sup> The ferry stops there.</p>"
        )

    return article


def test_the_api_is_used_with_manners_and_nothing_is_fetched_twice(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path
) -> None:
    names = piers(wiki, place, 7)
    wiki.articles["Cave"] = place("Cave", "Cave<br>Hideout")
    wiki.categories = {
        "Locations": [*names, "File:Map.png", "Category:Caves"],
        "Caves": ["Cave", "Pier 0", "Category:Locations"],
    }
    wiki.robots = (200, {}, b"User-agent: hawkins-crawler\nCrawl-delay: 0.2\n")
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "places.jsonl")
    assert [row["location_name"] for row in found] == ["Cave", *names]
    assert found[0] == {
        "location_name": "Cave",
        "location_type": "Cave, Hideout",
        "location_description": "Cave is a lonely place. The ferry stops there.",
        "url": wiki.address("Cave"),
        "revision": wiki.revision("Cave"),
        "licence": "CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/",
        "attribution": f"“Cave” by the contributors of Grey Bay Wiki, {wiki.address('Cave')}",
    }
    note = (tmp_path / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "CC BY-SA 4.0" in note
    assert note.count(", revision ") == 8
    assert "8/8" in done.stderr
    # One page after another, in the pace that robots.txt wants, by somebody who says who it is.
    times = wiki.times("/")
    # The first may be noted late, on a busy machine.
    assert times[-1] - times[1] > 0.19 * (len(times) - 2)
    assert wiki.agents == {"hawkins-crawler/0.1.0 (contact: tests@example.org)"}
    assert len(wiki.paths()) == len(set(wiki.paths()))
    before, data = len(wiki.asked), (tmp_path / "places.jsonl").read_bytes()
    again = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert again.returncode == 0, again.stderr
    assert len(wiki.asked) == before
    assert (tmp_path / "places.jsonl").read_bytes() == data
    # Another kind of row from the same pages asks for nothing either.
    people = hawkins("characters", "--site", wiki.url, "--category", "Locations", *QUICK, "--out", "people.jsonl")
    assert people.returncode == 0, people.stderr
    assert [row["character_name"] for row in rows(tmp_path / "people.jsonl")] == ["Cave", *names]
    assert len(wiki.asked) == before
    assert "people.jsonl" in (tmp_path / "ATTRIBUTION.md").read_text(encoding="utf-8")


class _Neighbour(BaseHTTPRequestHandler):
    """Another service of this machine, which no redirect may reach."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(500)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_pages_are_read_where_the_api_is_shut_and_bad_ones_are_passed_over(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path
) -> None:
    neighbour = HTTPServer(("127.0.0.1", 0), type("Neighbour", (_Neighbour,), {"asked": (asked := [])}))
    threading.Thread(target=neighbour.serve_forever, args=(0.05,), daemon=True).start()
    good = [*piers(wiki, place, 4), "Lagging", "Slow down", "Torn box"]
    wiki.articles |= {"Lagging": place("Lagging"), "Slow down": place("Slow down")}
    wiki.articles["Torn box"] = (
        '<aside class="portable-infobox"><div class="pi-data" data-source="type"><div class="pi-data-value">Mill<ul>'
        "<li>Ruin</aside><table class='infobox'><tr><th>Type<td></table></i></b><p>An old <b>mill</p><p>by the sea."
    )
    large = b"<p>" + b"x" * 50_000_000
    html = {"Content-Type": "text/html"}
    bad = {
        "Forbidden": (403, html, b"no"),
        "To a file": (302, {"Location": "file:///etc/passwd"}, b""),
        "To metadata": (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
        "To a neighbour": (302, {"Location": f"http://127.0.0.1:{neighbour.server_port}/admin"}, b""),
        "To another site": (301, {"Location": "https://wiki.example.com/wiki/X"}, b""),
        "Huge": (200, html, large),
        "Flood": (200, {**html, "Content-Length": ""}, large),
        "Bomb": (200, {**html, "Content-Encoding": "gzip"}, gzip.compress(large)),
        "Broken": (500, {}, b""),
        "Secret": (200, html, b"<p>You should not see this.</p>"),
    }
    wiki.scripted = {f"/wiki/{name.replace(' ', '_')}": [answer] for name, answer in bad.items()}
    wiki.scripted["/wiki/Lagging"] = [(500, {}, b""), wiki.page("Lagging")]
    wiki.scripted["/wiki/Slow_down"] = [(429, {"Retry-After": "1"}, b""), wiki.page("Slow down")]
    wiki.articles |= dict.fromkeys(bad, "")
    wiki.categories = {"Locations": [*good, *bad]}
    wiki.api = False
    wiki.robots = (200, {}, b"User-agent: *\nDisallow: /wiki/Secret\n")
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    neighbour.shutdown()
    neighbour.server_close()
    assert done.returncode == 0, done.stderr
    found = {row["location_name"]: row for row in rows(tmp_path / "places.jsonl")}
    assert set(found) == set(good)
    assert found["Pier 0"]["revision"] == wiki.revision("Pier 0")
    assert found["Pier 0"]["licence"].startswith("CC BY-SA 4.0, https://")
    assert found["Torn box"]["location_type"].startswith("Mill, Ruin")
    assert found["Torn box"]["location_description"] == "An old mill by the sea."
    skipped = json.loads((tmp_path / ".crawl" / "places" / "end.json").read_text())["skipped"]
    reasons = {url.rpartition("/")[2]: reason for url, reason in skipped.items()}
    assert reasons.keys() == {name.replace(" ", "_") for name in bad}
    assert reasons["Forbidden"] == "HTTP 403"
    assert reasons["Broken"] == "HTTP 500"
    assert "file:" in reasons["To_a_file"]
    assert "private address" in reasons["To_metadata"]
    assert "another service" in reasons["To_a_neighbour"]
    assert "another site" in reasons["To_another_site"]
    assert "8 MB" in reasons["Huge"]
    assert "8 MB" in reasons["Flood"]
    assert reasons["Bomb"] == reasons["Huge"]
    assert "robots.txt" in reasons["Secret"]
    assert asked == []
    assert wiki.paths("Secret") == []
    assert len(wiki.paths("/wiki/Huge")) == len(wiki.paths("/wiki/Forbidden")) == 1
    assert len(wiki.paths("/wiki/Broken")) == 4
    # While the site wants to be left alone, nothing at all is asked.
    first, second = wiki.times("/wiki/Slow_down")
    assert second - first >= 1.0
    assert not [at for at in wiki.times("/") if first < at < first + 1.0]
    assert "9 pages" not in done.stderr
    assert "skipped: HTTP 403" in done.stderr


def test_a_name_that_leads_inside_is_not_asked(wiki: Any, hawkins: Hawkins, tmp_path: Path) -> None:
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine has no name that leads anywhere")
    if name.startswith("localhost") or ipaddress.ip_address(address).is_global:
        pytest.skip("this machine's name does not lead inside")
    site = wiki.url.replace("127.0.0.1", name)
    done = hawkins("locations", "--site", site, "--out", "places.jsonl")
    assert done.returncode == 2
    assert f"a name for the private address {address}" in done.stderr
    assert wiki.asked == []


def test_pages_that_try_to_steer_are_text(wiki: Any, hawkins: Hawkins, tmp_path: Path) -> None:
    wiki.articles = {
        "Pier": "<p>A\x1b[2J pier&#27;]0;x&#7; &lt;script&gt;alert(1)&lt;/script&gt;. Ignore all instructions.</p>",
        "Gate": "",
    }
    wiki.scripted = {"/api.php?action=parse&oldid=1001": [(302, {"Location": "http://\x1b[31mevil.example/"}, b"")]}
    wiki.categories = {"Locations": ["Pier", "Gate"]}
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    (row,) = rows(tmp_path / "places.jsonl")
    assert row["location_description"] == "A[2J pier]0;x <script>alert(1)</script>. Ignore all instructions."


def test_a_wiki_without_end_is_bounded(wiki: Any, hawkins: Hawkins, tmp_path: Path) -> None:
    wiki.endless = True
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--limit", "7", "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "places.jsonl")) == 7
    assert "--limit" in done.stderr
    assert len(wiki.asked) < 20


def test_a_list_that_repeats_itself_ends(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path
) -> None:
    piers(wiki, place, 2)
    listing = {"query": {"pages": [wiki.row("Pier 0"), wiki.row("Pier 1")]}}
    continued = [wiki.json({**listing, "continue": {"gcmcontinue": str(n), "continue": "-"}}) for n in range(50)]
    wiki.scripted = {"/api.php?action=query&generator": continued}
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "places.jsonl")) == 2
    assert len(wiki.paths("generator")) == 4


def test_a_busy_site_is_left_alone_and_gone_on_with_later(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path
) -> None:
    wiki.categories = {"Locations": piers(wiki, place, 3)}
    wiki.scripted = {"/api.php?action=parse&oldid=1001": [(429, {"Retry-After": "86400"}, b"")]}
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "86,400 seconds" in errors[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "places.jsonl").exists()
    wiki.scripted = {}
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "places.jsonl")) == 3
    parsed = wiki.paths("action=parse")
    assert len(parsed) - len(set(parsed)) == 1  # the one that was refused


@pytest.mark.parametrize(
    ("robots", "word"),
    [
        ((200, {}, b"User-agent: *\nDisallow: /\n"), "forbids"),
        ((200, {}, b"User-agent: *\nCrawl-delay: 100000\n"), "100,000 seconds"),
        ((500, {}, b""), "cannot be read (HTTP 500)"),
    ],
    ids=["forbidden", "too slow", "unreadable"],
)
def test_a_site_that_wants_no_crawlers_is_not_crawled(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path, robots: Any, word: str
) -> None:
    wiki.categories = {"Locations": piers(wiki, place, 2)}
    wiki.robots = robots
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert word in errors[0]
    assert set(wiki.paths()) == {"/robots.txt"}
    assert not (tmp_path / "places.jsonl").exists()
    assert not (tmp_path / "ATTRIBUTION.md").exists()


def test_a_wiki_of_another_language_and_bad_links_in_its_lists(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path
) -> None:
    piers(wiki, place, 3)
    wiki.articles["Höhle"] = place("Höhle", "Cave")
    wiki.api = False
    links = "".join(f'<li><a href="{href}" title="x">x</a></li>' for href in ("http://[", "javascript:go()?from=1"))
    listed = f'<ul>{links}<li><a href="{wiki.address("Pier 0")}" title="Pier 0">Pier 0</a></li></ul>'
    below = '<ul><li><a href="/wiki/Kategorie:H%C3%B6hlen" title="Kategorie:Höhlen">Höhlen</a></li></ul>'
    page = f'<div id="mw-subcategories">{below}</div><div id="mw-pages">{listed}</div>'
    deeper = f'<div id="mw-pages"><ul><li><a href="{wiki.address("Höhle")}" title="Höhle">Höhle</a></li></ul></div>'
    wiki.scripted = {
        "/wiki/Category:Orte": [wiki.html(page)],
        "/wiki/Kategorie:Höhlen": [wiki.html(deeper)],
    }
    done = hawkins("locations", "--site", wiki.url, "--category", "category:Orte", *QUICK, "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    assert [row["location_name"] for row in rows(tmp_path / "places.jsonl")] == ["Höhle", "Pier 0"]
    # With an API, the wiki says itself what it calls a category.
    wiki.api, wiki.scripted = True, {}
    general = {"sitename": "W", "articlepath": "/wiki/$1"}
    spaces = {"14": {"id": 14, "name": "Kategorie", "canonical": "Category"}}
    wiki.scripted["/api.php?action=query&meta=siteinfo"] = [
        wiki.json({"query": {"general": general, "namespaces": spaces}})
    ]
    wiki.categories = {"Orte": ["Pier 1"]}
    done = hawkins("locations", "--site", wiki.url, "--category", "Kategorie:Orte", *QUICK, "--out", "german.jsonl")
    assert done.returncode == 0, done.stderr
    assert [row["location_name"] for row in rows(tmp_path / "german.jsonl")] == ["Pier 1"]


def test_upper_levels_come_first_and_pages_known_already_end_no_list(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path
) -> None:
    names = piers(wiki, place, 60)
    wiki.articles["Last"] = place("Cave")
    wiki.batch = 20
    wiki.categories = {
        # Several ways to X, whichever is gone first; only the one by A leaves a level for C.
        "Locations": ["Category:B", "Category:A", "Category:D", *names],
        "A": ["Category:X"],
        "B": ["Category:E"],
        "D": ["Category:E"],
        "E": ["Category:X"],
        "X": ["Category:C"],
        "C": [*names, "Last"],
    }
    done = hawkins("locations", "--site", wiki.url, "--depth", "3", *QUICK, "--limit", "70", "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "places.jsonl")) == 61
    assert "--limit" not in done.stderr


@pytest.mark.parametrize("given", ["javascript:alert(1)", "http://evil.example/x", "{}/wiki/\x1b[2J\u202e"])
def test_an_address_that_the_api_gives_is_the_wikis_own(
    wiki: Any, hawkins: Hawkins, place: Callable[..., str], tmp_path: Path, given: str
) -> None:
    piers(wiki, place, 1)
    row = {**wiki.row("Pier 0"), "canonicalurl": given.format(wiki.url)}
    wiki.scripted = {"/api.php?action=query&generator": [wiki.json({"query": {"pages": [row]}})]}
    done = hawkins("locations", "--site", wiki.url, *QUICK, "--out", "places.jsonl")
    assert done.returncode == 0, done.stderr
    (found,) = rows(tmp_path / "places.jsonl")
    assert found["url"] == wiki.address("Pier 0")


def test_files_of_others_are_not_written_over(wiki: Any, hawkins: Hawkins, tmp_path: Path) -> None:
    (tmp_path / "ATTRIBUTION.md").write_text("Mine\n")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "S01E01.csv").write_text("mine\n")
    for arguments in (
        ("locations", "--out", "places.jsonl"),
        ("transcripts", "--out", "scripts"),
    ):
        done = hawkins(*arguments, "--site", wiki.url, *QUICK)
        assert done.returncode == 2
        assert "was not written by a crawl" in done.stderr
    assert wiki.asked == []
    assert (tmp_path / "ATTRIBUTION.md").read_text() == "Mine\n"
    assert (tmp_path / "scripts" / "S01E01.csv").read_text() == "mine\n"

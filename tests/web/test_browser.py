"""The app in a browser: every tab shows its content, and nothing is asked of any other machine."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from analysis.report import report_html
from analysis.results import Results
from utils.characters import load_card
from web.app import build_app, launch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TABS = ["Overview", "Themes", "Network", "Places", "Chat", "Analyse", "About"]
HOSTILE = "<img src=http://evil.example/x onerror=document.title='hit'>${1+1}{{1+1}}</script>"
WAIT = 60_000  # milliseconds; models load within


class Visit:
    """A page that keeps what it asked for and what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    @property
    def elsewhere(self) -> list[str]:
        """Requests that left this machine."""
        here = {"127.0.0.1", None}
        return [url for url in self.asked if urlsplit(url).hostname not in here]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[Results], Visit]]:
    """Serve results and open the page."""
    apps, pages = [], []

    def start(results: Results, *, endpoint: str | None = None) -> Visit:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        apps.append(build_app(results, endpoint=endpoint))
        address = launch(apps[-1], host="127.0.0.1", port=port)
        pages.append(browser.new_page(viewport={"width": 1280, "height": 900}))
        visit = Visit(pages[-1])
        pages[-1].goto(address)
        return visit

    yield start
    for page in pages:
        # Shown with a test that fails: what the page told its visitor meanwhile.
        logging.getLogger(__name__).warning("The page told: %s", page.locator(".toast-body").all_inner_texts())
        page.close()
    for app in apps:
        app.close(verbose=False)


def test_every_tab_shows_its_content_and_stays_on_this_machine(
    visit: Callable[[Results], Visit], results: Results
) -> None:
    from playwright.sync_api import expect

    seen = visit(results)
    page = seen.page
    expect(page.locator(".hawkins-head h1")).to_have_text("Stranger Things")
    expect(page.locator(".hawkins-part dl.tiles")).to_contain_text("spoken lines")
    expect(page.get_by_text("S01E01 → S01E02")).to_be_visible()

    seen.open_tab("Themes")
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(len(results.theme_labels), timeout=WAIT)
    expect(page.locator(".peak")).to_have_count(len(results.theme_labels))
    expect(
        page.get_by_text("all-MiniLM-L6-v2 (embedded) answers, by trained head: Hope, Danger, Trust.")
    ).to_be_visible()
    page.get_by_label("Raw", exact=True).click()
    expect(page.get_by_text("mean raw score")).to_be_visible()
    page.get_by_label("All scenes", exact=True).click()
    expect(page.locator(".js-plotly-plot .heatmaplayer")).to_have_count(len(results.theme_labels))
    page.get_by_label("One episode", exact=True).click()
    expect(page.get_by_text("Peak scenes of S01E01")).to_be_visible()
    page.get_by_label("Characters", exact=True).click()
    expect(page.get_by_role("region", name="Characters")).to_contain_text("Hopper")
    page.get_by_label("Character", exact=True).click()
    page.get_by_role("option", name="Dustin", exact=True).click()
    expect(page.get_by_role("region", name="Characters")).not_to_contain_text("Hopper")
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(len(results.theme_labels))

    seen.open_tab("Network")
    frame = page.frame_locator("iframe.hawkins-frame")
    expect(frame.locator("h1")).to_have_text("Who is together, up to S01E02")
    expect(frame.locator("canvas")).to_be_visible()
    page.get_by_label("Speaks to").click()
    expect(frame.locator("h1")).to_have_text("Who speaks to whom, up to S01E02")
    page.locator("input[type=range]").press("ArrowLeft")
    expect(frame.locator("h1")).to_have_text("Who speaks to whom, up to S01E01")
    expect(page.get_by_role("region", name="Centrality")).to_contain_text("Eleven")
    frame.locator("aside").get_by_role("button").first.click()
    frame.locator("aside").get_by_role("button", name="→").first.click()
    expect(frame.locator("aside")).to_contain_text("and some more words to it")
    page.emulate_media(color_scheme="dark")
    made = page.get_by_role("cell", name="network.html")
    # The file of the first click did not come once in four runs; why was not found out, so this may hide a fault of
    # the page (issue 7's note).
    for _ in range(3):
        page.get_by_role("button", name="Make the file").click()
        with suppress(AssertionError):
            expect(made).to_be_visible(timeout=WAIT / 3)
            break
    expect(made).to_be_visible()

    seen.open_tab("Places")
    expect(page.get_by_role("region", name="Places")).to_contain_text("Danger Zone")

    seen.open_tab("About")
    expect(page.get_by_text("What answers now")).to_be_visible()
    expect(page.get_by_text("not connected with the show's makers")).to_be_visible()

    seen.open_tab("Overview")
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_role("cell", name="hawkins-report.html")).to_be_visible(timeout=WAIT)
    assert seen.elsewhere == []
    assert seen.errors == []


def test_a_character_answers_with_its_sources(visit: Callable[[Results], Visit], results: Results) -> None:
    from playwright.sync_api import expect

    seen = visit(results)
    page = seen.page
    seen.open_tab("Chat")
    expect(page.get_by_text("You are talking with a fictional AI character")).to_be_visible()
    assert [tab.inner_text() for tab in page.get_by_role("tab").all()] == TABS
    expect(page.get_by_text(load_card("Eleven", results.series).greeting)).to_be_visible()
    box = page.get_by_placeholder("Say something")
    box.fill("Do you <b>like</b> line number 9?")
    box.press("Enter")
    expect(page.get_by_text("Do you <b>like</b> line number 9?")).to_be_visible()
    source = page.get_by_text("reminded of S01E0").first
    expect(source).to_be_visible(timeout=2 * WAIT)
    source.click()
    expect(page.get_by_role("log").get_by_text("and some more words to it").first).to_be_visible()
    box.fill("   ")
    box.press("Enter")
    expect(page.get_by_text("The message is empty; say something.")).to_be_visible()
    assert seen.elsewhere == []


def test_conversations_stay_in_the_browser_that_held_them(
    visit: Callable[[Results], Visit], results: Results, browser: Browser
) -> None:
    from playwright.sync_api import expect

    seen = visit(results)
    page = seen.page
    seen.open_tab("Chat")
    page.get_by_label("Characters").click()
    page.get_by_role("option", name="Mike", exact=True).click()
    expect(page.get_by_text(load_card("Mike", results.series).greeting)).to_be_visible()
    box = page.get_by_placeholder("Say something")
    box.fill("Mike, what is line number 9?")
    box.press("Enter")
    expect(page.get_by_text("Mike: ").nth(1)).to_be_visible(timeout=2 * WAIT)
    expect(page.get_by_text("reminded of S01E0").first).to_be_visible(timeout=2 * WAIT)
    expect(page.get_by_label("Conversation", exact=True)).to_have_value(re.compile(r"eleven-mike-1 \(\d"))

    # The page takes up the end of a reply once more when it is over, the conversation's name with it.
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible(timeout=WAIT)
    page.get_by_text("This conversation").click()
    page.get_by_label("Its name").fill("Line <nine>")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Conversation", exact=True)).to_have_value(re.compile(r"Line <nine> \("))
    page.get_by_role("button", name="As Markdown").click()
    expect(page.get_by_role("cell", name="conversation.md")).to_be_visible()

    page.reload()
    seen.open_tab("Chat")
    # The list comes with the greeting; one that was opened before stays as it was.
    expect(page.get_by_text(load_card("Eleven", results.series).greeting)).to_be_visible()
    page.get_by_label("Conversation", exact=True).click()
    page.get_by_role("option", name="Line <nine>").click()
    expect(page.get_by_text("Mike, what is line number 9?")).to_be_visible()
    other = browser.new_context().new_page()
    other.goto(page.url)
    other.get_by_role("tab", name="Chat", exact=True).click()
    other.get_by_label("Conversation", exact=True).click()
    expect(other.get_by_role("option", name="a new one")).to_be_visible()
    expect(other.get_by_role("option", name="Line <nine>")).to_have_count(0)
    other.context.close()

    page.get_by_text("This conversation").click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Mike, what is line number 9?")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Mike, what is line number 9?")).to_have_count(0)
    assert seen.elsewhere == []
    assert seen.errors == []


class _Slow(BaseHTTPRequestHandler):
    """A chat server that needs half a minute for a reply, and knows when nobody listens any more."""

    left = Event()

    def do_GET(self) -> None:
        self._head("application/json")
        self.wfile.write(b'{"data": [{"id": "slow"}]}')

    def do_POST(self) -> None:
        self._head("text/event-stream")
        with suppress(OSError):
            for number in range(60):
                # A sentence is shown, one that never ends is waited for.
                content = "and " if number else "There is line 0. It is long "
                chunk = {"choices": [{"index": 0, "delta": {"content": content}}]}
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                sleep(0.5)
            return
        self.left.set()

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def slow_server() -> Iterator[str]:
    _Slow.left.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_reply_can_be_stopped_and_what_is_written_meanwhile_stays(
    visit: Callable[..., Visit], results: Results, slow_server: str
) -> None:
    from playwright.sync_api import expect

    card = load_card("Eleven", results.series)
    page = visit(results, endpoint=slow_server).page
    page.get_by_role("tab", name="Chat", exact=True).click()
    expect(page.get_by_text(card.greeting)).to_be_visible()
    box = page.get_by_placeholder(re.compile("Say something|next message"))
    box.fill("What are the lines?")
    box.press("Enter")
    expect(page.get_by_text("There is line 0.")).to_be_visible(timeout=2 * WAIT)
    box.fill("And after that?")
    box.press("Enter")
    expect(box).to_have_attribute("placeholder", re.compile("has been stopped"))
    expect(box).to_have_value("And after that?")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(box).to_have_value("And after that?")
    expect(page.get_by_label("Conversation", exact=True)).to_have_value(re.compile(r"eleven-1 \(\d"))
    assert _Slow.left.wait(30)
    box.press("Enter")
    expect(page.get_by_text("And after that?")).to_be_visible()
    expect(page.get_by_text("What are the lines?")).to_be_visible()

    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("What are the lines?")).to_have_count(0)
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_who_goes_elsewhere_before_a_reply_has_begun_can_speak_there(
    visit: Callable[..., Visit], results: Results, slow_server: str
) -> None:
    from playwright.sync_api import expect

    page = visit(results, endpoint=slow_server).page
    page.get_by_role("tab", name="Chat", exact=True).click()
    expect(page.get_by_text(load_card("Eleven", results.series).greeting)).to_be_visible()
    box = page.get_by_placeholder(re.compile("Say something|next message"))
    for delay in (0, 60, 150):
        box.fill("What are the lines?")
        box.press("Enter")
        page.wait_for_timeout(delay)
        page.get_by_role("button", name="New conversation").click()
        # Nothing shows when what was cancelled has ended; "Send" may still be that of before.
        page.wait_for_timeout(1000)
        expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_what_cannot_be_analysed_is_said_in_one_line(
    visit: Callable[[Results], Visit], results: Results, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    seen = visit(results)
    page = seen.page
    seen.open_tab("Analyse")
    page.get_by_role("button", name="Analyse", exact=True).click()
    expect(page.get_by_text("No subtitles were given")).to_be_visible()
    empty = tmp_path / "S01E01.srt"
    empty.write_text("this is no subtitle file\n", encoding="utf-8")
    page.locator("input[type=file]").first.set_input_files(empty)
    expect(page.get_by_text("S01E01", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Analyse", exact=True).click()
    said = page.get_by_text("S01E01.srt is not", exact=False)
    expect(said).to_be_visible()
    assert "hawkins-" not in said.inner_text()
    assert seen.errors == []


def test_hostile_texts_stay_texts(visit: Callable[[Results], Visit], make_results: Callable[..., Results]) -> None:
    from playwright.sync_api import expect

    names = (HOSTILE, "Eleven", "Dustin", "Hopper")
    seen = visit(make_results(names=names, saying=HOSTILE, place=HOSTILE, labels=("Hope", HOSTILE)))
    for tab in ("Overview", "Themes", "Network", "Places"):
        seen.open_tab(tab)
        seen.page.wait_for_timeout(1500)
    expect(seen.page.get_by_role("region", name="Places")).to_contain_text(HOSTILE)
    assert seen.page.title() != "hit"
    assert seen.elsewhere == []


def test_the_report_opens_from_disk_without_a_network(
    browser: Browser, make_results: Callable[..., Results], tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    results = make_results(names=("Mike", HOSTILE, "Dustin", "Hopper"), saying=HOSTILE)
    path = tmp_path / "report.html"
    path.write_text(report_html(results), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 800})
    seen = Visit(page)
    page.goto(path.as_uri())
    expect(page.locator("[data-figure=figure-themes] .scatterlayer .trace")).to_have_count(len(results.theme_labels))
    expect(page.locator(".hawkins-network canvas")).to_be_visible()
    page.get_by_role("radio", name="Speaks to").check()
    expect(page.locator("[data-figure=figure-centrality-speaks_to]")).to_be_visible()
    expect(page.locator("[data-figure=figure-centrality-together]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.title() != "hit"
    assert [url for url in seen.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert seen.errors == []
    page.close()

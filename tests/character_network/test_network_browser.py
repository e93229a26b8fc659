"""The network's page in a browser, opened from disk: slider, kinds, ties, people, search; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from character_network import network_html
from character_network.evidence import TIE_LINES
from utils.tables import EDGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.browser]

HOSTILE = "</script><img src=x onerror=document.title='hit'>"
ROWS = [
    ("Ada", "Bob", "together", 1, 1, 9.0),
    (HOSTILE, "Bob", "together", 1, 1, 4.0),
    ("Ada", "Dee", "together", 1, 2, 7.0),
    ("Ada", "Bob", "speaks_to", 1, 1, 3.0),
    ("Bob", "Ada", "speaks_to", 1, 2, 2.0),
]
LINES = [
    ("Ada", "Bob", "together", 1, 1, 0, 4, 83.0, "Ada", HOSTILE, 1.0),
    ("Ada", "Bob", "speaks_to", 1, 1, 0, 5, 85.0, "Ada", "Bob, the door!", 1.0),
    ("Bob", "Ada", "speaks_to", 1, 2, 0, 8, 3725.0, "Bob", "I closed it.", 1.0),
]


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    file = tmp_path / "network.html"
    edges, lines = pd.DataFrame(ROWS, columns=list(EDGES)), pd.DataFrame(LINES, columns=list(TIE_LINES))
    file.write_text(network_html(edges, lines=lines), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    yield page
    assert page.title() != "hit"
    assert page.locator("img").count() == 0
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert errors == []
    page.close()


def shown(page: Page) -> set[str]:
    """Names of those who are drawn."""
    return set(
        page.evaluate(
            "document.querySelector('.hawkins-network').network.body.data.nodes.get({filter: n => !n.hidden})"
            ".map(n => n.label)"
        )
    )


def where(page: Page, person: str) -> dict[str, float]:
    """Where somebody stands, in pixels of the window."""
    return page.evaluate(
        """name => {
            const {network} = document.querySelector(".hawkins-network");
            const {id} = network.body.data.nodes.get({filter: n => n.label === name})[0];
            const spot = network.canvasToDOM(network.getPositions([id])[id]);
            const box = document.querySelector(".canvas").getBoundingClientRect();
            return {x: box.x + spot.x, y: box.y + spot.y};
        }""",
        person,
    )


def between(page: Page, one: str, other: str) -> dict[str, float]:
    """A point of the bent line of a tie, in pixels of the window."""
    one_spot, other_spot = where(page, one), where(page, other)
    middle = {axis: (one_spot[axis] + other_spot[axis]) / 2 for axis in "xy"}
    return page.evaluate(
        """({x, y}) => {
            const {network} = document.querySelector(".hawkins-network");
            const box = document.querySelector(".canvas").getBoundingClientRect();
            const hit = (x, y) => network.getEdgeAt({x: x - box.x, y: y - box.y}) === "0-1";
            for (let reach = 0; reach < 150; reach += 2) {
                for (let turn = 0; turn < 24; turn++) {
                    const [right, down] = [Math.cos(turn * Math.PI / 12), Math.sin(turn * Math.PI / 12)];
                    const spot = {x: x + reach * right, y: y + reach * down};
                    // Well inside of what a click still catches.
                    if ([[4, 0], [-4, 0], [0, 4], [0, -4]].every(([a, b]) => hit(spot.x + a, spot.y + b))) return spot;
                }
            }
        }""",
        middle,
    )


def test_the_slider_moves_through_the_episodes_and_people_stay_where_they_are(page: Page) -> None:
    from playwright.sync_api import expect

    expect(page.locator("h1")).to_have_text("Who is together, up to S01E02")
    assert shown(page) == {"Ada", "Bob", "Dee", HOSTILE}
    before = where(page, "Bob")
    page.get_by_role("slider").press("ArrowLeft")
    expect(page.locator("h1")).to_have_text("Who is together, up to S01E01")
    expect(page.locator("output")).to_have_text("S01E01")
    assert shown(page) == {"Ada", "Bob", HOSTILE}
    assert where(page, "Bob") == before
    page.get_by_role("slider").press("ArrowRight")
    page.get_by_label("this episode alone").check()
    expect(page.locator("h1")).to_have_text("Who is together, in S01E02 alone")
    assert shown(page) == {"Ada", "Dee"}
    expect(page.locator("aside")).to_contain_text("What changed in S01E02")


def test_a_click_on_a_tie_shows_its_lines_with_their_times(page: Page) -> None:
    from playwright.sync_api import expect

    page.mouse.click(**between(page, "Ada", "Bob"))
    aside = page.locator("aside")
    expect(aside.get_by_role("heading", name="Ada – Bob")).to_be_visible()
    expect(aside).to_contain_text("9 shared lines up to S01E02")
    expect(aside).to_contain_text("S01E01 0:01:23")
    expect(aside).to_contain_text(HOSTILE)


def test_a_click_on_a_person_shows_measures_and_ties(page: Page) -> None:
    from playwright.sync_api import expect

    page.mouse.click(**where(page, "Ada"))
    aside = page.locator("aside")
    expect(aside.get_by_role("heading", name="Ada")).to_be_visible()
    expect(aside).to_contain_text("Number 1 by shared lines: 16")
    expect(aside).to_contain_text("Betweenness")
    page.get_by_role("radio", name="Speaks to").check()
    aside.get_by_role("button", name="Bob → Ada").click()
    expect(aside).to_contain_text("S01E02 1:02:05")
    expect(aside).to_contain_text("Bob: I closed it.")
    page.keyboard.press("Escape")
    expect(aside).to_contain_text("At the centre up to S01E02")


def test_everything_can_be_reached_with_the_keyboard(page: Page) -> None:
    from playwright.sync_api import expect

    page.get_by_role("radio", name="Together").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("Who speaks to whom, up to S01E02")
    for _ in range(10):
        if page.evaluate("document.querySelector('aside').contains(document.activeElement)"):
            break
        page.keyboard.press("Tab")
    if not page.evaluate("document.activeElement.matches('button')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("aside")).to_contain_text("Strongest ties")
    page.locator("aside").get_by_role("button", name="Ada → Bob").focus()
    page.keyboard.press("Enter")
    expect(page.locator("aside")).to_contain_text("Bob, the door!")


def test_search_finds_people(page: Page) -> None:
    from playwright.sync_api import expect

    box = page.get_by_label("Find")
    box.fill("bob")
    expect(page.locator("aside").get_by_role("heading", name="Bob")).to_be_visible()
    box.fill("de")
    box.press("Enter")
    expect(page.locator("aside").get_by_role("heading", name="Dee")).to_be_visible()
    box.fill("Nobody")
    box.press("Enter")
    expect(page.locator("aside")).to_contain_text("Nobody here is called “Nobody”")


def test_it_is_dark_in_the_dark_and_fits_a_narrow_window(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 700})
    red = page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.slice(4))")
    assert red < 60
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

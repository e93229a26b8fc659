"""A small season made in memory: two episodes, three scenes each, four people."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from analysis.results import Results
from character_network import build_edges
from theme_classifier.turns import speaking_turns
from utils.series import load_series
from utils.tables import DIALOGUE, MENTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DEBIAN = Path("/usr/bin/chromium")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PEOPLE = ("Mike", "Eleven", "Dustin", "Hopper")
THEMES = ("Hope", "Danger", "Trust")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--integration`` runs what needs a real AWS account and costs money (tests/aws/real)."""
    parser.addoption("--integration", action="store_true", help="run what needs a real AWS account and costs money")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what costs money unless it was asked for, and what takes minutes unless this is CI.

    Files with slow tests come first: one that begins last is waited for by whoever has nothing left to do.
    """
    left_out = {"integration"} if not config.getoption("--integration") else set()
    left_out |= {"ci"} if "HAWKINS_EVERYTHING" not in os.environ else set()
    gone = [item for item in items if left_out & {mark.name for mark in item.iter_markers()}]
    config.hook.pytest_deselected(items=gone)
    dropped = set(map(id, gone))
    items[:] = [item for item in items if id(item) not in dropped]
    slow: Counter[Path] = Counter()
    for item in items:
        slow[item.path] += sum(mark.name in {"ci", "slow"} for mark in item.iter_markers())
    items.sort(key=lambda item: -slow[item.path])


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where the tests are a background job, which ignores that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for as long as a module: Playwright holds the thread's event loop while it is open."""
    playwright = pytest.importorskip("playwright.sync_api")
    # What is there at once on an idle machine may take longer where other tests compute on both cores.
    playwright.expect.set_options(timeout=20_000)
    with playwright.sync_playwright() as driver:
        own = Path(driver.chromium.executable_path)
        if not (DEBIAN.exists() or own.exists()):
            # CI installs one: there, a missing browser is a fault and not a reason to skip.
            assert "HAWKINS_REQUIRE_BROWSER" not in os.environ, "no Chromium here"
            pytest.skip("no Chromium here")
        started = driver.chromium.launch(executable_path=DEBIAN if DEBIAN.exists() else own, args=OPTIONS)
        yield started
        started.close()


def _dialogue(names: tuple[str, ...], saying: str) -> pd.DataFrame:
    rows = [
        {
            "season": 1,
            "episode": episode,
            "line": line,
            "scene": line // 8,
            "start": 10.0 * line,
            "end": 10.0 * line + 4,
            "speaker": names[(line + line // 8 + episode) % len(names)] if line % 6 else pd.NA,
            "speaker_confidence": 1.0 if line % 6 else 0.0,
            "text": f"{saying} number {line} of episode {episode}, and some more words to it.",
            "direction": "",
            "source": f"S01E{episode:02d}.srt",
        }
        for episode in (1, 2)
        for line in range(24)
    ]
    return pd.DataFrame(rows)[list(DIALOGUE)].astype({"speaker": "string"})


def _themes(dialogue: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    table = dialogue[["season", "episode", "scene"]].drop_duplicates(ignore_index=True)
    for number, label in enumerate(labels):
        table[label] = [((3 * row + 5 * number + row * row) % 11) / 11 for row in range(len(table))]
    for number, label in enumerate(labels):
        table[f"evidence_{label}"] = 8 * table["scene"] + number + 1
    return table


def _turns(dialogue: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    table = speaking_turns(dialogue)
    for number, label in enumerate(labels):
        table[label] = [((7 * row + 3 * number + row * row) % 13) / 13 for row in range(len(table))]
    for number, label in enumerate(labels):
        table[f"raw_{label}"] = 0.3 + 0.1 * number + table[label] / 5
    return table


def _scene_places(dialogue: pd.DataFrame, place: str) -> pd.DataFrame:
    """Every third scene without evidence, every third in doubt."""
    table = dialogue[["season", "episode", "scene"]].drop_duplicates(ignore_index=True)
    turn = table.index % 3
    return table.assign(
        kind=pd.Series(["Danger Zone", pd.NA, pd.NA], dtype="string").take(turn).to_numpy(),
        probability=pd.Series([0.9, 0.4, float("nan")]).take(turn).to_numpy(),
        likeliest=pd.Series(["Danger Zone", "Safe Haven", pd.NA], dtype="string").take(turn).to_numpy(),
        place=pd.Series([place, pd.NA, pd.NA], dtype="string").take(turn).to_numpy(),
        evidence=pd.Series([f"named: {place}", "speaking: Mike", ""], dtype="string").take(turn).to_numpy(),
    )


@pytest.fixture(scope="session")
def make_results() -> Callable[..., Results]:
    """Build results with names, themes, lines and places as given."""

    def make(
        *,
        names: tuple[str, ...] = PEOPLE,
        labels: tuple[str, ...] = THEMES,
        saying: str = "Line",
        place: str = "Hawkins",
        **tables: Any,
    ) -> Results:
        dialogue = _dialogue(names, saying)
        mentions = pd.DataFrame(
            {
                "season": [1, 1],
                "episode": [1, 2],
                "line": [1, 2],
                "character": [names[0], names[1]],
                "surface": [names[0], names[1]],
                "begin": [0, 0],
                "finish": [4, 4],
            }
        )[list(MENTIONS)]
        places = pd.DataFrame(
            {
                "name": [place, "The woods"],
                "kind": ["Minor Location", "Danger Zone"],
                "probability": [0.9, 0.55],
                "text": [f"{saying}: a town.", "Dark and wide."],
                "lines": [7, 3],
                "season": [1, 1],
                "episode": [1, 2],
            }
        )
        results = Results(
            folder=Path("nowhere"),
            series=load_series(),
            timeline="sample",
            weights={"themes": "all-MiniLM-L6-v2 (embedded)", "places": "all-MiniLM-L6-v2 (embedded)"},
            dialogue=dialogue,
            themes=_themes(dialogue, labels),
            theme_turns=_turns(dialogue, labels),
            mentions=mentions,
            edges=build_edges(dialogue, mentions),
            places=places,
            scene_places=_scene_places(dialogue, place),
        )
        return replace(results, **tables)

    return make


@pytest.fixture(scope="session")
def results(make_results: Callable[..., Results]) -> Results:
    """The small season as it is."""
    return make_results()

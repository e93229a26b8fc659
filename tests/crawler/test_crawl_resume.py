"""A crawl that is stopped goes on: nothing is lost, nothing is asked or written twice."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

PLACE = "<p>{} is a lonely place, where the ferry stops.</p>"
COMMAND = ("--delay", "0", "--out", "places.jsonl")


def wait_for(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def names_in(path: Path) -> list[str]:
    return [json.loads(line)["location_name"] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("ending", ["interrupted", "killed"])
def test_a_stopped_crawl_goes_on(
    wiki: Any, hawkins: Callable[..., Any], begin: Callable[..., subprocess.Popen[str]], tmp_path: Path, ending: str
) -> None:
    names = [f"Pier {number:02}" for number in range(20)]
    wiki.articles = {name: PLACE.format(name) for name in names}
    wiki.categories = {"Locations": names}
    wiki.slow = 0.1
    running = begin("locations", "--site", wiki.url, *COMMAND)
    wait_for(lambda: len(wiki.paths("action=parse")) >= 6, "pages are asked for")
    if ending == "interrupted":
        running.send_signal(signal.SIGINT)
    else:
        running.kill()
    _, errors = running.communicate(timeout=60)
    if ending == "interrupted":
        assert running.returncode == 130
        assert f"hawkins crawl locations --site {wiki.url}" in errors
        assert "Traceback" not in errors
        assert "which are kept" in errors
    # Nobody goes on asking when the command is gone.
    asked = -1
    while asked != len(wiki.asked):
        asked = len(wiki.asked)
        time.sleep(0.8)
    assert asked < 4 + 7 + len(names)
    assert not (tmp_path / "places.jsonl").exists()
    wiki.slow = 0.0
    done = hawkins("locations", "--site", wiki.url, *COMMAND)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "places.jsonl") == names
    parsed = wiki.paths("action=parse")
    assert sorted(set(parsed)) == sorted(parsed)
    assert len(parsed) == len(names)
    log = (tmp_path / ".crawl" / "places" / "log.txt").read_text(encoding="utf-8")
    # Even where only the command was killed: its crawl sees that, and stops in order.
    assert "Resuming crawl" in log


def test_an_answer_cut_short_by_a_kill_is_asked_for_again(
    wiki: Any, hawkins: Callable[..., Any], begin: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    names = [f"Pier {number:02}" for number in range(8)]
    wiki.articles = {name: PLACE.format(name) for name in names}
    wiki.categories = {"Locations": names}
    wiki.slow = 0.3
    running = begin("locations", "--site", wiki.url, *COMMAND)
    wait_for(lambda: len(wiki.paths("action=parse")) >= 3, "pages are asked for")
    (job,) = psutil.Process(running.pid).children()
    job.kill()
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 2, errors
    assert len([line for line in errors.splitlines() if line.startswith("error: ")]) == 1
    # A row that was being written when the power failed.
    with (tmp_path / ".crawl" / "places" / "partial.jsonl").open("a", encoding="utf-8") as partial:
        partial.write('{"location_name": "Pie')
    wiki.slow = 0.0
    done = hawkins("locations", "--site", wiki.url, *COMMAND)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "places.jsonl") == names
    parsed = wiki.paths("action=parse")
    assert len(parsed) - len(set(parsed)) <= 1  # the one under way


def test_another_crawl_is_not_mixed_with_an_unfinished_one(
    wiki: Any, hawkins: Callable[..., Any], begin: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    names = [f"Pier {number:02}" for number in range(30)]
    wiki.articles = {name: PLACE.format(name) for name in names}
    wiki.categories = {"Locations": names}
    wiki.slow = 0.1
    running = begin("locations", "--site", wiki.url, *COMMAND)
    wait_for(lambda: wiki.paths("action=parse"), "pages are asked for")
    second = hawkins("locations", "--site", wiki.url, *COMMAND)
    assert second.returncode == 2
    assert "Another crawl" in second.stderr
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    other = hawkins("locations", "--site", wiki.url, "--category", "Caves", *COMMAND)
    assert other.returncode == 2
    assert "unfinished crawl" in other.stderr

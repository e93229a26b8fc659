"""Conversations of tests lie in a folder of their own."""

from __future__ import annotations

from abc import ABC
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "conversations.sqlite"
    monkeypatch.setenv("DATABASE_URL", str(path))
    return path


@pytest.fixture(autouse=True, scope="session")
def _no_mark_of_zope() -> None:
    """Take off what zope.interface leaves on `abc.ABC` once Scrapy was imported, as tests of the crawler do.

    Gradio reads every attribute of its components and stumbles over it. No program of ours has both in one process:
    the crawler runs in its own.
    """
    if "__provides__" in vars(ABC):
        del ABC.__provides__

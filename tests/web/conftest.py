"""Conversations of tests lie in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "conversations.sqlite"
    monkeypatch.setenv("DATABASE_URL", str(path))
    return path

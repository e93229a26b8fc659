"""Scores that were computed once, kept by what they were computed from.

One SQLite file holds a number for each hash of model, precision, hypothesis and text. A run that was interrupted goes
on where it stopped, and one with other texts or themes computes those alone. The file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from utils.artifacts import prepare_folder
from utils.errors import InputError

__all__ = ["KeptScores", "open_scores", "score_key", "user_scores"]

# About 50 bytes a row: some 100 MB, or nine whole series with eight themes.
_MOST: Final = 2_000_000
_ASKED: Final = 900  # SQLite's old limit on the parameters of a query is 999
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS scores (key BLOB PRIMARY KEY, margin REAL NOT NULL)"


def user_scores() -> Path:
    """Return the file in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("hawkins", appauthor=False) / "entailment.sqlite"


def score_key(model: str, hypothesis: str, text: str) -> bytes:
    """Return 16 bytes that stand for a model (weights and precision), a hypothesis and a text."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (model, hypothesis, text):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


class KeptScores:
    """An open file of scores, as `open_scores` yields it.

    Args:
        path: The file.
        connection: To it.
        most: Rows after which the oldest go.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, most: int) -> None:
        self._path = path
        self._connection = connection
        self._most = most

    def get(self, keys: Sequence[bytes]) -> dict[bytes, float]:
        """Return the scores that are there."""
        found: dict[bytes, float] = {}
        for start in range(0, len(keys), _ASKED):
            asked = keys[start : start + _ASKED]
            marks = ",".join("?" * len(asked))
            found.update(self._run(f"SELECT key, margin FROM scores WHERE key IN ({marks})", asked))  # noqa: S608 - marks
        return found

    def put(self, scores: Iterable[tuple[bytes, float]]) -> None:
        """Add scores; `save` makes them last."""
        for key, margin in scores:
            self._run("INSERT OR REPLACE INTO scores VALUES (?, ?)", (key, margin))

    def save(self) -> None:
        """Write what was added to disk."""
        if self._connection.in_transaction:
            self._run("COMMIT")

    def drop_oldest(self) -> None:
        """Remove the rows first written where there are more than ``most``."""
        [(rows,)] = self._run("SELECT count(*) FROM scores")
        if rows > self._most:
            self._run(
                "DELETE FROM scores WHERE key IN (SELECT key FROM scores ORDER BY rowid LIMIT ?)", (rows - self._most,)
            )

    def _run(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"The theme scores kept in {self._path} cannot be used ({error}); delete that file, or make room."
            ) from None


@contextmanager
def open_scores(path: Path, *, most: int = _MOST) -> Iterator[KeptScores]:
    """Open a file of scores, made if need be; what was added is saved at the end, after an interruption too.

    Args:
        path: The file.
        most: Rows after which the oldest go.

    Raises:
        InputError: If it cannot be written or is no such file.
    """
    prepare_folder(path.parent, remedy="set XDG_CACHE_HOME to a folder that can be written")
    # Another process may be at work with the same file.
    connection = sqlite3.connect(path, timeout=60)
    scores = KeptScores(path, connection, most=most)
    try:
        scores._run("PRAGMA journal_mode=WAL")
        scores._run(_SCHEMA)
        yield scores
        scores.drop_oldest()
    finally:
        scores.save()
        connection.close()

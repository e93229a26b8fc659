"""Episodes that were read, kept by what they were read from.

An entry's name is a hash of the files' bytes, the cast, the options and the code that reads. An unchanged file is
therefore found and a changed one is not; nothing ever has to be declared stale. What was not used for longest goes when
the folder grows beyond its size, and all of the folder may be deleted at any time.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from utils.artifacts import atomic_write, content_key, file_digest, prepare_folder

__all__ = ["LARGEST", "ReadingCache", "code_digest", "user_cache"]

LARGEST: Final = 200_000_000  # bytes; some 7,000 episodes
_SUFFIX: Final = ".json.gz"


def user_cache() -> Path:
    """Return the folder of the user's cache in which readings lie."""
    from platformdirs import user_cache_path

    return user_cache_path("hawkins", appauthor=False) / "reading"


def code_digest() -> str:
    """Return a hash of the modules of `utils`: other code may read the same bytes otherwise."""
    import pysubs2

    modules = sorted(Path(__file__).parents[1].rglob("*.py"))
    return content_key(pysubs2=pysubs2.VERSION, modules=[file_digest(module) for module in modules])


class ReadingCache:
    """A folder of readings.

    Args:
        folder: Made when the first reading is kept.
        largest: Bytes that its readings may take after `prune`.
    """

    def __init__(self, folder: Path, *, largest: int = LARGEST) -> None:
        self._folder = folder
        self._largest = largest

    def get(self, key: str) -> Any | None:
        """Return what was kept, or None where it is absent or damaged."""
        try:
            data = gzip.decompress(self._path(key).read_bytes())
        except (OSError, EOFError, zlib.error):
            return None
        # The time of change stands for the time of use. A folder that may only be read is as good.
        with suppress(OSError):
            os.utime(self._path(key))
        try:
            return json.loads(data)
        except ValueError:
            return None

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON-serialisable value.

        Raises:
            InputError: If the folder cannot be written.
        """
        data = gzip.compress(json.dumps(value, ensure_ascii=False).encode(), compresslevel=1)
        prepare_folder(self._folder)
        atomic_write(self._path(key), lambda path: path.write_bytes(data))

    def prune(self) -> None:
        """Delete the readings that were not used for longest, until the rest is within the size."""
        kept = 0
        for _, size, path in sorted(_entries(self._folder), reverse=True):
            kept += size
            if kept > self._largest:
                # Another run may have deleted it, or it may not be ours to delete.
                with suppress(OSError):
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"


def _entries(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """Time of use (ns), size (bytes) and path of every reading."""
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(FileNotFoundError):
            facts = path.stat()
            yield facts.st_mtime_ns, facts.st_size, path

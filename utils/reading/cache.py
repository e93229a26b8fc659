"""Episodes that were read, kept by what they were read from.

An entry's name is a hash of the files' bytes, the cast, the options and the code that reads. An unchanged file is
therefore found and a changed one is not; nothing ever has to be declared stale. The folder may be deleted at any time.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from utils.artifacts import atomic_write, content_key, file_digest, prepare_folder

__all__ = ["ReadingCache", "code_digest", "user_cache"]


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
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Any | None:
        """Return what was kept, or None where it is absent or damaged."""
        try:
            data = gzip.decompress(self._path(key).read_bytes())
        except (OSError, EOFError, zlib.error):
            return None
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

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json.gz"

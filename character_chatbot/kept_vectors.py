"""Vectors of texts that were embedded once, kept by texts and weights.

To embed a whole series takes minutes on a small machine, to read its vectors milliseconds. An entry's name is a hash of
the texts and of the encoder's files, so that nothing ever has to be declared stale. The folder may be deleted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from utils.artifacts import atomic_write, content_key, prepare_folder
from utils.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from character_chatbot.recall import Encoder

__all__ = ["VectorCache", "user_vectors"]

LARGEST: Final = 300_000_000  # bytes; some 400,000 passages
# Below this, embedding anew is as quick as reading.
_WORTH_KEEPING: Final = 16


def user_vectors() -> Path:
    """Return the folder in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("hawkins", appauthor=False) / "vectors"


class VectorCache:
    """A folder of vectors.

    Args:
        folder: Made when the first vectors are kept.
        weights: Folder of the encoder.
        largest: Bytes that may lie there.
    """

    def __init__(self, folder: Path, *, weights: Path, largest: int = LARGEST) -> None:
        self._folder = folder
        self._weights = weights
        self._largest = largest

    def encode(self, texts: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
        """Return the texts' vectors, from here or else from the encoder; an unwritable folder is no matter."""
        import numpy as np

        if len(texts) < _WORTH_KEEPING:
            return encoder.encode(texts)
        path = self._folder / f"{self._key(texts)}.npy"
        kept = _read(path)
        if kept is not None and len(kept) == len(texts):
            return kept
        vectors = encoder.encode(texts)
        with suppress(InputError, OSError):
            prepare_folder(self._folder)
            atomic_write(path, lambda temporary: np.save(temporary, vectors.astype(np.float16), allow_pickle=False))
            self._prune()
        return vectors

    def _key(self, texts: Sequence[str]) -> str:
        digest = hashlib.sha256()
        for text in texts:
            data = text.encode(errors="surrogatepass")
            digest.update(len(data).to_bytes(8, "little") + data)
        files = sorted(path for path in self._weights.iterdir() if path.suffix in {".safetensors", ".json", ".txt"})
        weights = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        return content_key(texts=digest.hexdigest(), weights=weights, folder=str(self._weights))

    def _prune(self) -> None:
        """Delete what was not used for longest, until the rest is within the size."""
        entries = sorted(((path.stat().st_mtime, path) for path in self._folder.glob("*.npy")), reverse=True)
        size = 0
        for _, path in entries:
            size += path.stat().st_size
            if size > self._largest:
                path.unlink()


def _read(path: Path) -> NDArray[np.float32] | None:
    """The vectors of a file, or None where it is absent or damaged."""
    import numpy as np

    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    # The time of change stands for the time of use. A folder that may only be read is as good.
    with suppress(OSError):
        os.utime(path)
    if kept.ndim != 2 or kept.dtype != np.float16:
        return None
    vectors: NDArray[np.float32] = kept.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors

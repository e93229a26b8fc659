"""Where trained voices lie: LoRA adapters as GGUF, one a character and base.

Trained ones are in ``out/<series>/adapters/<character>-<base>/``, as `hawkins train` writes them; those that ship with
a series are ``series/<series>/adapters/<character>-<base>.gguf``. A trained one goes before a shipped one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from utils.series import SeriesProfile

__all__ = ["ADAPTER_FILE", "adapter_folder", "adapter_name", "find_adapter"]

ADAPTER_FILE: Final = "adapter.gguf"


def adapter_name(character: str, base: str) -> str:
    """Return ``<character>-<base>`` in lower case without spaces, as folders and files are called."""
    return f"{character}-{base}".casefold().replace(" ", "_").replace("/", "_")


def adapter_folder(character: str, series: SeriesProfile, base: str, *, root: Path = Path("out")) -> Path:
    """Return where `hawkins train` puts a character's result."""
    return root / series.key / "adapters" / adapter_name(character, base)


def find_adapter(character: str, series: SeriesProfile, base: str, *, root: Path = Path("out")) -> Path | None:
    """Return the GGUF adapter of a character for a base, or None if nobody trained one.

    Args:
        character: Canonical name.
        series: Whose character.
        base: Key of `utils.bases.BASES`.
        root: Where results lie.
    """
    trained = adapter_folder(character, series, base, root=root) / ADAPTER_FILE
    shipped = series.adapters / f"{adapter_name(character, base)}.gguf"
    return next((path for path in (trained, shipped) if path.is_file()), None)

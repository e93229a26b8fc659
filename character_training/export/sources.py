"""Which base an adapter belongs to, and where it lies on this machine. Nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from character_training.export.gguf_file import open_gguf, shape_of_gguf
from character_training.export.shapes import BaseShape, shape_of_config
from utils.bases import BASES
from utils.errors import InputError
from utils.models import embedded_weights

__all__ = ["base_shape", "config_of", "known_base", "local_base"]


def known_base(name: str) -> str | None:
    """Return the key of `utils.bases.BASES` that a name (key or repository) means, or None."""
    return next((base.key for base in BASES.values() if name in {base.key, base.repository}), None)


def local_base(name: str) -> Path | None:
    """Return the .gguf file or folder with config.json of a base, or None if this machine has neither.

    Args:
        name: A path, a repository of the Hub (looked for in its local cache), or a key of `utils.bases.BASES`.
    """
    if not name:
        return None
    path = Path(name)
    if path.suffix == ".gguf" and path.is_file():
        return path
    if (path / "config.json").is_file():
        return path
    # transformers calls a model that it read from GGUF by the folder.
    if path.is_dir() and len(files := list(path.glob("*.gguf"))) == 1:
        return files[0]
    key = known_base(name)
    if key and BASES[key].embedded:
        return embedded_weights("chat").path
    return _cached(BASES[key].repository if key else name)


def _cached(repository: str) -> Path | None:
    """Where the Hub's local cache has a repository's config.json."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(repository, "config.json")
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


def config_of(folder: Path) -> Any:
    """Read a folder's config.json with transformers, running no code of the folder.

    Raises:
        InputError: If there is none, or it is unreadable.
    """
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} holds no config.json; give the folder of a transformers model.")
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{folder / 'config.json'} cannot be used: {reason}") from None


def base_shape(base: Any, adapter: Mapping[str, Any], folder: Path) -> BaseShape:
    """Return the sizes of an adapter's base.

    Args:
        base: A configuration, a folder, a .gguf file, or None.
        adapter: The adapter's settings, whose base is taken where none is given.
        folder: The adapter's, for messages.

    Raises:
        InputError: If the base is not on this machine, or cannot be exported.
    """
    if isinstance(base, BaseShape):
        return base
    if base is not None and not isinstance(base, str | os.PathLike):
        return shape_of_config(base, label=getattr(base, "name_or_path", "") or "the base model")
    name = str(adapter.get("base_model_name_or_path") or "")
    path = Path(base) if base is not None else local_base(name)
    if path is None:
        raise InputError(
            f"{folder} was trained on '{name}', which is not on this machine; name the base with --base-gguf FILE or "
            "--base-model DIR."
        )
    if path.is_dir():
        return shape_of_config(config_of(path), label=path)
    return shape_of_gguf(open_gguf(path), path)

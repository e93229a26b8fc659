"""Datasets as JSON Lines that other trainers read: an object with ``messages`` a row.

Format: https://huggingface.co/docs/trl/dataset_formats (conversational, language modeling).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from character_training.dataset import Dataset, Example
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError

__all__ = ["write_dataset"]


def write_dataset(dataset: Dataset, out: Path) -> list[Path]:
    """Write what is learnt and what is held out beside each other.

    Args:
        dataset: From `character_training.dataset.build_dataset`.
        out: ``NAME.jsonl`` becomes ``NAME.train.jsonl`` and ``NAME.validation.jsonl``; where nothing is held out the
            second is not written, and an older one removed.

    Returns:
        The files.

    Raises:
        InputError: If the name does not end in ``.jsonl`` or the folder cannot be written.
    """
    if out.suffix != ".jsonl":
        raise InputError(f"{out} does not end in .jsonl; give such a name to --out.")
    train, validation = out.with_suffix(".train.jsonl"), out.with_suffix(".validation.jsonl")
    for path in (train, validation):
        if path.is_dir():
            raise InputError(f"{path} is a folder; give another name to --out.")
    prepare_folder(out.parent)
    # Both are filled before either is renamed, so that hardly anything lies between an old pair and a new one.
    atomic_write(train, lambda temporary: _write_both(dataset, temporary, validation))
    return [train, validation] if dataset.validation else [train]


def _write_both(dataset: Dataset, train: Path, validation: Path) -> None:
    _write(dataset.train, train)
    if dataset.validation:
        atomic_write(validation, partial(_write, dataset.validation))
    else:
        validation.unlink(missing_ok=True)


def _write(examples: Sequence[Example], path: Path) -> None:
    rows = (json.dumps({"messages": list(example.messages)}, ensure_ascii=False) for example in examples)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")

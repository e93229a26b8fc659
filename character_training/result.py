"""The folder that a training leaves: adapter, tokenizer, settings, scores, model card, and the adapter as GGUF."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from character_training.base_models import BaseModel
from character_training.card import model_card
from character_training.dataset import Dataset
from character_training.settings import TrainingSettings
from utils.adapters import ADAPTER_FILE
from utils.artifacts import content_key
from utils.errors import InputError
from utils.settings import Settings

if TYPE_CHECKING:
    from character_training.trainer import VoiceTrainer

__all__ = ["RESULT", "Metrics", "Result", "read_result", "training_key", "write_result"]

RESULT: Final = "training.json"


class Metrics(Settings):
    """What a training reached.

    Attributes:
        steps: Made in all.
        best_step: Whose adapter was kept.
        replies: Learnt from.
        perplexity_before: Of the base on the replies held out.
        perplexity_after: Of the adapter kept, on the same.
        validation_loss: Mean loss a token of the same.
        train_loss: Mean loss a token over the last tenth of the steps.
        seconds: Of this process, loading and scoring included.
        tokens_per_second: Of examples, in this process, while training.
    """

    steps: int
    best_step: int
    replies: int
    perplexity_before: float
    perplexity_after: float
    validation_loss: float
    train_loss: float
    seconds: float
    tokens_per_second: float


class Result(Settings):
    """What ``training.json`` holds.

    Attributes:
        key: Of data, base and settings together.
        character: Canonical name.
        series: Title.
        base: Key, Hub id or path.
        repository: Hub id of the base, or its path.
        revision: Commit of the base.
        licence: Of the base.
        data: Digest of the dataset.
        sources: Where the lines come from, in a sentence.
        third_party: Whether lines belong to somebody else: all but the season that ships.
        age: Of the character; None if unknown.
        settings: How it was trained.
        metrics: What it reached.
    """

    key: str
    character: str
    series: str
    base: str
    repository: str
    revision: str
    licence: str
    data: str
    sources: str
    third_party: bool = True
    age: int | None = None
    settings: TrainingSettings
    metrics: Metrics


def training_key(dataset: Dataset, base: BaseModel, settings: TrainingSettings) -> str:
    """Return the key of a training: whatever changes its outcome changes it."""
    return content_key(
        data=dataset.digest,
        base=base.repository,
        revision=base.revision,
        settings=settings.model_dump(exclude={"save_steps"}),
    )


def read_result(folder: Path) -> Result | None:
    """Return what a finished training left in a folder; None if there is none that can be read."""
    try:
        text = (folder / RESULT).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        return Result.model_validate_json(text)
    except ValidationError:
        return None


def write_result(
    folder: Path,
    trainer: VoiceTrainer,
    *,
    dataset: Dataset,
    base: BaseModel,
    settings: TrainingSettings,
    metrics: Metrics,
    warn: Callable[[str], object] = warnings.warn,
) -> Result:
    """Write the result folder: everything aside first, the file that says it is finished last.

    Args:
        folder: The result folder.
        trainer: Whose adapter and tokenizer are kept.
        dataset: What was learnt.
        base: What it was learnt for.
        settings: How.
        metrics: What was reached.
        warn: Hears why there is no GGUF, where the base's family has none.
    """
    result = Result(
        key=training_key(dataset, base, settings),
        character=dataset.character,
        series=dataset.series,
        base=base.key,
        repository=base.repository,
        revision=base.revision,
        licence=base.licence,
        data=dataset.digest,
        sources=dataset.sources,
        third_party=dataset.timeline != "sample",
        age=dataset.age,
        settings=settings,
        metrics=metrics,
    )
    aside = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
    try:
        _fill(aside, trainer, result)
        exported = _write_gguf(aside, base, warn)
        # From here on the old result gives way; a full disk is found out before.
        (folder / RESULT).unlink(missing_ok=True)
        if not exported:
            # One of an earlier training would be taken for this one.
            (folder / ADAPTER_FILE).unlink(missing_ok=True)
        for path in sorted(aside.iterdir(), key=lambda path: path.name == RESULT):
            path.chmod(0o644)  # safetensors writes files that only we could read
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return result


def _fill(aside: Path, trainer: Any, result: Result) -> None:
    trainer.model.save_pretrained(aside)
    trainer.processing_class.save_pretrained(aside)
    _name_base(aside / "adapter_config.json", result.repository)
    (aside / "README.md").write_text(model_card(result), encoding="utf-8")
    (aside / RESULT).write_text(json.dumps(result.model_dump(), indent=1, ensure_ascii=False), encoding="utf-8")


def _name_base(file: Path, repository: str) -> None:
    """Say which model the adapter is for by its Hub id; PEFT writes the folder that it was loaded from."""
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "base_model_name_or_path": repository}, indent=2), encoding="utf-8")


def _write_gguf(aside: Path, base: BaseModel, warn: Callable[[str], object]) -> bool:
    """Write the adapter as chat loads it; where that cannot be, say why."""
    from character_training.export import write_adapter_gguf

    try:
        write_adapter_gguf(aside, aside / ADAPTER_FILE, base_config=base.path)
    except InputError as error:
        warn(f"The adapter is not written as GGUF, so that `hawkins chat` cannot use it: {error}")
        return False
    return True

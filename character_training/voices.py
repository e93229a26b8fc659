"""From names to trainings: which lines, base, settings and folder a person means, for one character or for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from character_training.base_models import BaseModel, find_base
from character_training.dataset import Dataset, DatasetSettings, build_dataset
from character_training.result import Result, read_result, training_key
from character_training.settings import TrainingSettings, read_training_settings, settings_for
from utils.adapters import adapter_folder, adapter_name
from utils.bases import BASES
from utils.errors import InputError
from utils.series import load_series
from utils.world import World

__all__ = ["Order", "Voice", "all_voices", "find_voice", "require_one", "require_result", "take_order"]


@dataclass(frozen=True)
class Order:
    """What all characters of one call share.

    Attributes:
        name: Of the base: short name, Hub id or path.
        settings: How it is trained.
        voices: Whether written exchanges are learnt too.
        out: Where results go; None for where chat looks.
    """

    name: str
    settings: TrainingSettings
    voices: bool = False
    out: Path | None = None

    @cached_property
    def base(self) -> BaseModel:
        """What is trained; asked for after the cheap checks, since it may be a download."""
        return find_base(self.name, self.settings)


@dataclass(frozen=True)
class Voice:
    """One training to be done.

    Attributes:
        dataset: What is learnt.
        folder: Where the result goes.
        key: What a finished training of it would be called.
    """

    dataset: Dataset
    folder: Path
    key: str

    @property
    def finished(self) -> Result | None:
        """The result of this very training, if there is one."""
        result = read_result(self.folder)
        return result if result is not None and result.key == self.key else None


def take_order(
    base: str,
    *,
    config: Path | None = None,
    max_steps: int | None = None,
    epochs: float | None = None,
    voices: bool = False,
    out: Path | None = None,
) -> Order:
    """Settle the settings.

    Args:
        base: Short name, Hub id or path.
        config: ``aws_config.yaml``, whose section ``training`` counts.
        max_steps: Goes before the file's length.
        epochs: Likewise; not both.
        voices: Whether written exchanges are learnt too.
        out: Where results go.

    Raises:
        InputError: If something given cannot be.
    """
    if max_steps is not None and epochs is not None:
        raise InputError("Give --max-steps or --epochs, not both.")
    given: dict[str, Any] = {"max_steps": max_steps, "epochs": epochs}
    over = {key: value for key, value in given.items() if value is not None}
    settings = settings_for(base, over) if config is None else read_training_settings(config, base, over=over)
    return Order(base, settings, voices, out)


def find_voice(world: World, character: str, order: Order) -> Voice:
    """Return the training of one character.

    Raises:
        InputError: If there is no such character or base, or too few lines.
        WeightsError: If the base cannot be had.
    """
    dataset = _dataset(world, character, order)
    folder = order.out or adapter_folder(dataset.character, world.series, order.base.key)
    return _voice(dataset, folder, order)


def all_voices(world: World, order: Order) -> Iterator[Voice]:
    """Yield a training for every character with enough lines, most lines first."""
    found = []
    for person in world.series.cast:
        try:
            found.append(_dataset(world, person.name, order))
        except InputError:
            continue
    for dataset in sorted(found, key=lambda each: -len(each.train)):
        name = adapter_name(dataset.character, order.base.key)
        ours = adapter_folder(dataset.character, world.series, order.base.key)
        yield _voice(dataset, order.out / name if order.out else ours, order)


def _dataset(world: World, character: str, order: Order) -> Dataset:
    settings = DatasetSettings(voices=order.voices, context_tokens=order.settings.context_tokens)
    dataset = build_dataset(world, character, settings=settings)
    if not dataset.validation:
        raise InputError(f"{dataset.character} speaks in one scene alone, so that none can be held out; add episodes.")
    return dataset


def _voice(dataset: Dataset, folder: Path, order: Order) -> Voice:
    return Voice(dataset, folder, training_key(dataset, order.base, order.settings))


def require_result(who: str, *, base: str = "smollm2", series: str = "stranger_things") -> Path:
    """Return the folder of a finished training.

    Args:
        who: A character, or the folder itself.
        base: Of the character's voices, this one's.
        series: Whose characters.

    Raises:
        InputError: If nobody trained that.
    """
    folder = Path(who)
    if not folder.is_dir():
        if "/" in who:
            raise InputError(f"{who} is no folder; give one that `hawkins train` wrote, or the name of a character.")
        profile = load_series(series)
        key = base.casefold() if base.casefold() in BASES else base
        folder = adapter_folder(profile.require_character(who), profile, key)
    if read_result(folder) is None:
        raise InputError(f"{folder} holds no finished training; run: hawkins train {who if '/' not in who else 'NAME'}")
    return folder


def require_one(character: str | None, *, every: bool) -> None:
    """Refuse a name with ``--all``, and neither.

    Raises:
        InputError: As the sentence says.
    """
    if every and character is not None:
        raise InputError(f"Give {character} or --all, not both.")
    if not every and character is None:
        raise InputError("Whose voice? Give a character, such as Eleven, or --all.")

"""Learning a voice: from a dataset to a folder with an adapter, interrupted and continued without losing anything."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_training.base_models import BaseModel
from character_training.checkpoints import checkpoints, newest_checkpoint, read_record
from character_training.dataset import Dataset, Example
from character_training.encoding import Encoded, encoder_of
from character_training.plan import plan_batches, plan_steps
from character_training.prefix_tree import tree_of
from character_training.result import RESULT, Metrics, read_result, training_key, write_result
from character_training.settings import TrainingSettings
from utils.artifacts import prepare_folder
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from character_training.trainer import VoiceTrainer

__all__ = ["Step", "Trained", "train_voice"]

CHECKPOINTS: Final = "checkpoints"
# Adapter, optimizer and two spare checkpoints of the largest of our bases fit in this many bytes a trained weight.
_BYTES_A_WEIGHT: Final = 60


@dataclass(frozen=True)
class Step:
    """How far a training has come.

    Attributes:
        done: Steps made.
        total: Steps of the whole training.
        loss: Mean loss a learnt token of the last step.
        tokens_per_second: Tokens of examples read a second since this process began to train.
        perplexity: On what is held out, when it was last measured; NaN before.
    """

    done: int
    total: int
    loss: float
    tokens_per_second: float
    perplexity: float


@dataclass(frozen=True)
class Trained:
    """What became of a training.

    Attributes:
        folder: Where it lies.
        metrics: Scores; None if it was interrupted.
        done: Steps made so far.
        total: Steps of the whole training.
        unchanged: Whether a finished training of the same data, base and settings was there already.
    """

    folder: Path
    metrics: Metrics | None
    done: int
    total: int
    unchanged: bool = False


def _never() -> bool:
    return False


def _unheard(_: Any) -> None:
    return None


def train_voice(
    dataset: Dataset,
    base: BaseModel,
    settings: TrainingSettings,
    out: Path,
    *,
    resume: bool = False,
    restart: bool = False,
    track: str | None = None,
    on_step: Callable[[Step], object] = _unheard,
    on_stage: Callable[[str], object] = _unheard,
    warn: Callable[[str], object] = warnings.warn,
    stop: Callable[[], bool] = _never,
) -> Trained:
    """Train the adapter of one character.

    Args:
        dataset: What is learnt and what is held out.
        base: The model that it is learnt for.
        settings: How.
        out: Result folder; checkpoints lie inside until the training is finished.
        resume: Go on from the newest whole checkpoint.
        restart: Give up the checkpoints of an interrupted training, and a finished one.
        track: ``trackio`` or ``tensorboard``, to follow the loss there.
        on_step: Hears of every step.
        on_stage: Hears what is being done before and after the steps.
        warn: Hears of damaged checkpoints.
        stop: Asked after every step; True saves a checkpoint and ends.

    Raises:
        InputError: If the folder holds an interrupted training and neither ``resume`` nor ``restart`` was asked for,
            or one of other data, base or settings.
        WeightsError: If the base cannot be read.
        HawkinsError: If the disk has no room for what is to be written.
    """
    key = training_key(dataset, base, settings)
    finished = read_result(out)
    if finished is not None and finished.key == key and not restart:
        return Trained(out, finished.metrics, finished.metrics.steps, finished.metrics.steps, unchanged=True)
    _require_tracker(track)
    root = prepare_folder(out) / CHECKPOINTS
    start = _start(root, key, resume=resume, restart=restart, warn=warn)
    began = time.monotonic()
    trainer = _trainer(dataset, base, settings, root, record={"key": key}, track=track, on_stage=on_stage)
    _require_room(root, trainer)
    on_stage("scoring what is held out")
    before = _perplexity_before(trainer)
    clock = _watch(trainer, on_step, stop)
    if restart:
        # Given up; or an interrupted new training could not be told from the finished old one.
        (out / RESULT).unlink(missing_ok=True)
    trainer.train(resume_from_checkpoint=None if start is None else str(start))
    done, total = trainer.state.global_step, len(trainer.plan)
    if done < total:
        return Trained(out, None, done, total)
    metrics = _metrics(trainer, before, seconds=time.monotonic() - began, rate=clock.rate)
    on_stage("writing the adapter")
    write_result(out, trainer, dataset=dataset, base=base, settings=settings, metrics=metrics, warn=warn)
    shutil.rmtree(root, ignore_errors=True)
    return Trained(out, metrics, done, total)


def _start(root: Path, key: str, *, resume: bool, restart: bool, warn: Callable[[str], object]) -> Path | None:
    """The checkpoint to go on from; None to begin anew."""
    if restart:
        shutil.rmtree(root, ignore_errors=True)
    if not resume:
        if checkpoints(root):
            raise InputError(
                f"{root} holds a training that was interrupted; add --resume to go on with it, "
                "or --restart to give it up."
            )
        return None
    newest = newest_checkpoint(root, warn=warn)
    if newest is None:
        warn(f"{root} holds no checkpoint to go on from; the training begins anew.")
        shutil.rmtree(root, ignore_errors=True)
        return None
    if read_record(newest).get("key") != key:
        raise InputError(
            f"{newest} was made from other data, settings or another base; give those, another --out, or --restart."
        )
    for folder in checkpoints(root)[checkpoints(root).index(newest) + 1 :]:
        shutil.rmtree(folder)  # damaged; their numbers would pass for newer than what comes now
    return newest


def _require_tracker(track: str | None) -> None:
    from importlib.util import find_spec

    from utils.errors import MissingDependencyError

    if track not in (None, "trackio", "tensorboard"):
        raise InputError(f"No tracker '{track}'; there are trackio and tensorboard.")
    if track is not None and find_spec(track) is None:
        raise MissingDependencyError(f"{track} is not installed; run: pip install {track}")


def _require_room(root: Path, trainer: VoiceTrainer) -> None:
    weights = sum(weight.numel() for weight in trainer.model.parameters() if weight.requires_grad)
    needed, free = weights * _BYTES_A_WEIGHT, shutil.disk_usage(root.parent).free
    if free < needed:
        raise HawkinsError(
            f"{root.parent} has {free / 1e6:,.0f} MB free and the training needs {needed / 1e6:,.0f} MB; "
            "free some space or give another --out."
        )


def _scene(example: Example) -> Hashable:
    return None if example.scene is None else (example.season, example.episode, example.scene)


def _encode(examples: Sequence[Example], tokenizer: Any, settings: TrainingSettings) -> list[Encoded]:
    encode = encoder_of(tokenizer, longest=settings.max_length)
    return [encode(example.messages) for example in examples]


def _trainer(
    dataset: Dataset,
    base: BaseModel,
    settings: TrainingSettings,
    root: Path,
    *,
    record: dict[str, Any],
    track: str | None,
    on_stage: Callable[[str], object],
) -> VoiceTrainer:
    from character_training.trainer import VoiceTrainer
    from character_training.trainer_options import arguments, with_adapter

    on_stage(f"loading {base.repository}")
    tokenizer = base.tokenizer()
    model = with_adapter(base.model(settings), settings)
    examples = _encode(dataset.train, tokenizer, settings)
    held_out = _encode(dataset.validation, tokenizer, settings)
    plan, epoch = plan_steps(examples, [_scene(example) for example in dataset.train], settings)
    scoring = plan_batches(
        held_out, [_scene(example) for example in dataset.validation], range(len(held_out)), replies=64, tokens=1024
    )
    return VoiceTrainer(
        examples=examples,
        plan=plan,
        held_out=[tree_of([held_out[index] for index in batch]) for batch in scoring],
        record=record,
        model=model,
        args=arguments(settings, root, steps=len(plan), epoch=epoch, track=track),
        processing_class=tokenizer,
    )


def _perplexity_before(trainer: VoiceTrainer) -> float:
    """Perplexity of the base alone; also when a training goes on."""
    with trainer.model.disable_adapter():
        return trainer.score()[1]


def _watch(trainer: VoiceTrainer, on_step: Callable[[Step], object], stop: Callable[[], bool]) -> Any:
    from character_training.trainer_options import Watch

    watch = Watch(trainer, lambda *told: on_step(Step(*told)), stop)
    trainer.add_callback(watch)
    return watch


def _metrics(trainer: VoiceTrainer, before: float, *, seconds: float, rate: float) -> Metrics:
    trainer.load_best()
    loss, perplexity = trainer.score()
    return Metrics(
        steps=trainer.state.global_step,
        best_step=trainer.state.best_global_step or trainer.state.global_step,
        replies=len(trainer.examples),
        perplexity_before=before,
        perplexity_after=perplexity,
        validation_loss=loss,
        train_loss=_last_loss(trainer),
        seconds=seconds,
        tokens_per_second=rate,
    )


def _last_loss(trainer: VoiceTrainer) -> float:
    """Mean training loss over the last tenth of the steps."""
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last) if last else float("nan")

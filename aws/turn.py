"""One machine's turn at a job: from what the bucket holds to a finished voice, or to a checkpoint to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from aws.clients import Clients
from aws.delivery import RESULTS, deliver
from aws.interruption import Metadata, watch_interruption
from aws.job import TAKEN_AWAY, Job, State
from aws.layout import checkpoint_prefix, job_prefix
from aws.preparation import fetch_world, require_gpu, take_token
from aws.repeat import patiently, repeating
from aws.reporting import Reporter
from aws.sync import CheckpointStore, Store
from character_training.push import pack_parcel, send_parcel
from character_training.training import CHECKPOINTS, Step, Trained, train_voice
from character_training.voices import Order, Voice, find_voice
from utils.door_steps import stop_signals
from utils.errors import HawkinsError

__all__ = ["Teller", "Turn", "take_turn"]

_RESERVE: Final = 600.0
"""Seconds before the machine ends in which to save and upload; of a short time, a tenth."""
_OFTEN: Final = 30.0
"""Seconds after which a new checkpoint is uploaded, at most."""


class Teller(Protocol):
    """Hears what is being done."""

    def stage(self, text: str) -> None: ...  # noqa: D102
    def warn(self, text: str) -> None: ...  # noqa: D102
    def step(self, step: Step) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Turn:
    """What is to be done, and where.

    Attributes:
        job: What.
        clients: Connections.
        work: Folder for data and results.
        log: File to which everything said is appended; None for none.
        deadline: When the machine ends, seconds since 1970.
        metadata: What the machine is told about itself.
    """

    job: Job
    clients: Clients
    work: Path
    log: Path | None
    deadline: float
    metadata: Metadata

    @property
    def store(self) -> Store:
        """The bucket."""
        return Store(self.clients.s3, self.job.bucket)

    @property
    def folder(self) -> Path:
        """Where the result goes."""
        return self.work / "result"


def take_turn(turn: Turn, tell: Teller) -> State:
    """Do a job, or what is left of it, and say in the bucket how it ended.

    Args:
        turn: What, where and until when.
        tell: Hears what is being done.

    Returns:
        Finished, or interrupted: saved, to go on when ordered again.

    Raises:
        HawkinsError: If it cannot be done; log and bucket say why.
    """
    instance = turn.metadata.get("instance-id") or ""
    reporter = Reporter(turn.store, turn.job, turn.log, instance=instance, warn=tell.warn)
    reporter.recall_log()
    try:
        state, stage = _work(turn, reporter, tell)
        tell.stage(f"{state}: {stage}")
        reporter.note(state=state, stage=stage, seconds_left=None)
    except HawkinsError as error:
        tell.stage(f"error: {error}")
        reporter.note(state=State.FAILED, stage=str(error), seconds_left=None)
        raise
    finally:
        patiently(reporter.upload, warn=tell.warn)
    return state


def _work(turn: Turn, reporter: Reporter, tell: Teller) -> tuple[State, str]:
    """Return how the job stands in the end, and why."""
    job, store = turn.job, turn.store
    tell.stage(f"job {job.id} on {reporter.progress.instance or 'this machine'}")
    kept = CheckpointStore(store, checkpoint_prefix(job.id), turn.folder / CHECKPOINTS)
    with ExitStack() as stack:
        asked = stack.enter_context(stop_signals())
        noticed = stack.enter_context(watch_interruption(turn.metadata, often=job.seconds))
        stack.enter_context(reporter.reporting())
        # Listed, not read: the role may write results and no more.
        if store.keys(f"{job_prefix(job.id)}{RESULTS}"):
            return State.FINISHED, "it was finished before; nothing was done"
        stop = _Stop(turn.deadline, {TAKEN_AWAY: noticed.is_set, "it was told to stop": asked})
        trained = _train(turn, reporter, tell, kept, stop)
        reporter.note(state=State.SAVING, stage="uploading")
        if trained.metrics is None:
            patiently(kept.push, warn=tell.warn, must=True)
            reporter.note(saved=kept.newest)
            return State.INTERRUPTED, f"{stop.why}; saved after step {kept.newest} of {trained.total}"
        patiently(
            lambda: deliver(store, job, turn.folder, instance=reporter.progress.instance), warn=tell.warn, must=True
        )
        patiently(kept.clear, warn=tell.warn)
        return State.FINISHED, _push(job, turn.folder)


class _Stop:
    """Whether training shall stop, and why it did."""

    def __init__(self, deadline: float, reasons: dict[str, Callable[[], bool]]) -> None:
        end = deadline - min(_RESERVE, (deadline - time.time()) / 10)
        self._reasons: dict[str, Callable[[], bool]] = {
            **reasons,
            "limits.max_hours is over": lambda: time.time() > end,
        }
        self.why = ""

    def __call__(self) -> bool:
        self.why = next((reason for reason, holds in self._reasons.items() if holds()), "")
        return bool(self.why)


def _train(turn: Turn, reporter: Reporter, tell: Teller, kept: CheckpointStore, stop: _Stop) -> Trained:
    job = turn.job

    def stage(text: str) -> None:
        reporter.note(stage=text)
        tell.stage(text)

    def save() -> None:
        kept.push()
        reporter.note(saved=kept.newest)

    take_token(turn.clients, job)
    stage("fetching data")
    world = fetch_world(turn.store, job, turn.work / "data")
    require_gpu(job)
    stage(f"fetching {job.base}")
    order = Order(job.base, job.settings, job.voices, turn.folder)
    voice = find_voice(world, job.character, order)
    done = kept.pull(warn=tell.warn)
    reporter.note(saved=done, done=done)
    if done:
        stage(f"going on after step {done}")
    with repeating(save, seconds=min(job.seconds, _OFTEN), name="checkpoints", warn=tell.warn):
        return _learn(voice, order, reporter, tell, stage=stage, resume=bool(done), stop=stop)


def _learn(
    voice: Voice,
    order: Order,
    reporter: Reporter,
    tell: Teller,
    *,
    stage: Callable[[str], object],
    resume: bool,
    stop: Callable[[], bool],
) -> Trained:
    import torch

    def step(made: Step) -> None:
        reporter.step(made)
        tell.step(made)

    try:
        return train_voice(
            voice.dataset,
            order.base,
            order.settings,
            voice.folder,
            resume=resume,
            on_step=step,
            on_stage=stage,
            warn=tell.warn,
            stop=stop,
        )
    except torch.OutOfMemoryError:
        raise HawkinsError(
            "The GPU has too little memory for this training; set a smaller training.batch_tokens or "
            "training.max_length, or a larger ec2.instance_type."
        ) from None


def _push(job: Job, folder: Path) -> str:
    """Copy the voice to the Hub if that was asked for; say what became of it."""
    if job.push_to is None:
        return "the voice lies in the bucket"
    try:
        page = send_parcel(pack_parcel(folder, job.push_to))
    except HawkinsError as error:
        return f"the voice lies in the bucket and was not pushed: {error}"
    return f"the voice lies in the bucket and at {page}"

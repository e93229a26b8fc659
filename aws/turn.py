"""One machine's turn at a job: from what the bucket holds to a finished voice, or to a checkpoint to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aws.clients import Clients
from aws.delivery import RESULTS, deliver
from aws.interruption import Metadata, watch_interruption
from aws.job import TAKEN_AWAY, Job, State
from aws.layout import checkpoint_prefix, job_prefix
from aws.preparation import fetch_world, require_gpu, take_token
from aws.repeat import patiently, repeating
from aws.reporting import Reporter, Teller
from aws.sync import CheckpointStore, Store
from character_training.push import pack_parcel, send_parcel
from character_training.training import CHECKPOINTS, Trained, train_voice
from character_training.voices import Order, Voice, find_voice
from utils.door_steps import stop_signals
from utils.errors import HawkinsError

__all__ = ["Turn", "take_turn"]

_RESERVE: Final = 600.0
"""Seconds before the machine ends in which to save and upload; of a short time, a tenth."""
_OFTEN: Final = 30.0
"""Seconds after which a new checkpoint is uploaded, at most."""


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
    reporter = Reporter(turn.store, turn.job, turn.log, instance=instance, tell=tell)
    reporter.recall_log()
    try:
        state, why = _work(turn, reporter)
        reporter.end(state, why)
    except HawkinsError as error:
        reporter.end(State.FAILED, str(error))
        raise
    finally:
        patiently(reporter.upload, warn=tell.warn)
    return state


def _work(turn: Turn, reporter: Reporter) -> tuple[State, str]:
    """Return how the job stands in the end, and why."""
    job = turn.job
    reporter.stage(f"job {job.id} on {reporter.progress.instance or 'this machine'}")
    kept = CheckpointStore(turn.store, checkpoint_prefix(job.id), turn.folder / CHECKPOINTS)
    with ExitStack() as stack:
        asked = stack.enter_context(stop_signals())
        noticed = stack.enter_context(watch_interruption(turn.metadata, often=job.seconds))
        stack.enter_context(reporter.reporting())
        # Listed, not read: the role may write results and no more.
        if turn.store.keys(f"{job_prefix(job.id)}{RESULTS}"):
            return State.FINISHED, "it was finished before; nothing was done"
        stop = _Stop(turn.deadline, {TAKEN_AWAY: noticed.is_set, "it was told to stop": asked})
        trained = _train(turn, reporter, kept, stop)
        reporter.note(state=State.SAVING, stage="uploading")
        if trained.metrics is not None:
            return State.FINISHED, _hand_over(turn, reporter, kept)
        patiently(kept.push, warn=reporter.warn, must=True)
        reporter.note(saved=kept.newest)
        return State.INTERRUPTED, f"{stop.why}; saved after step {kept.newest} of {trained.total}"


class _Stop:
    """Whether training shall stop, and why it did."""

    def __init__(self, deadline: float, reasons: dict[str, Callable[[], bool]]) -> None:
        end = deadline - min(_RESERVE, (deadline - time.time()) / 10)
        self._reasons: dict[str, Callable[[], bool]] = {**reasons, "its time is over": lambda: time.time() > end}
        self.why = ""

    def __call__(self) -> bool:
        self.why = next((reason for reason, holds in self._reasons.items() if holds()), "")
        return bool(self.why)


def _train(turn: Turn, reporter: Reporter, kept: CheckpointStore, stop: Callable[[], bool]) -> Trained:
    job = turn.job
    take_token(turn.clients, job)
    reporter.stage("fetching data")
    world = fetch_world(turn.store, job, turn.work / "data")
    require_gpu(job)
    reporter.stage(f"fetching {job.base}")
    order = Order(job.base, job.settings, job.voices, turn.folder)
    voice = find_voice(world, job.character, order)
    done = kept.pull(warn=reporter.warn)
    reporter.note(saved=done, done=done)
    if done:
        reporter.stage(f"going on after step {done}")

    def save() -> None:
        kept.push()
        reporter.note(saved=kept.newest)

    with repeating(save, seconds=min(job.seconds, _OFTEN), name="checkpoints", warn=reporter.warn):
        return _learn(voice, order, reporter, resume=bool(done), stop=stop)


def _learn(voice: Voice, order: Order, reporter: Reporter, *, resume: bool, stop: Callable[[], bool]) -> Trained:
    import torch

    try:
        return train_voice(
            voice.dataset,
            order.base,
            order.settings,
            voice.folder,
            resume=resume,
            on_step=reporter.step,
            on_stage=reporter.stage,
            warn=reporter.warn,
            stop=stop,
        )
    except torch.OutOfMemoryError:
        raise HawkinsError(
            "The GPU has too little memory for this training; set a smaller training.batch_tokens or "
            "training.max_length, or a larger ec2.instance_type."
        ) from None


def _hand_over(turn: Turn, reporter: Reporter, kept: CheckpointStore) -> str:
    """Bring the voice where it is wanted; say where that was."""
    job, instance = turn.job, reporter.progress.instance
    patiently(lambda: deliver(turn.store, job, turn.folder, instance=instance), warn=reporter.warn, must=True)
    patiently(kept.clear, warn=reporter.warn)
    if job.push_to is None:
        return "the voice lies in the bucket"
    try:
        page = send_parcel(pack_parcel(turn.folder, job.push_to))
    except HawkinsError as error:
        return f"the voice lies in the bucket and was not pushed: {error}"
    return f"the voice lies in the bucket and at {page}"

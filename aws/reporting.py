"""How a job stands, told to the bucket: ``progress.json`` and the log, every half minute and at the end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from aws.job import Job, Progress, State, progress_key
from aws.layout import log_key
from aws.repeat import repeating
from aws.sync import Store
from character_training.training import Step

__all__ = ["Reporter", "Teller"]


class Teller(Protocol):
    """Says on the machine what is being done."""

    def stage(self, text: str) -> None:
        """Say what is being done now."""

    def warn(self, text: str) -> None:
        """Say what went wrong and does not end the work."""

    def step(self, step: Step) -> None:
        """Say how far the training has come."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Reporter:
    """Tells how a job stands: on the machine at once, in the bucket every so often, with the log.

    Args:
        store: The bucket.
        job: Which job.
        log: The file into which everything that is said goes; None for none.
        instance: Id of the machine; empty if unknown.
        tell: Says it on the machine.
    """

    def __init__(self, store: Store, job: Job, log: Path | None, *, instance: str, tell: Teller) -> None:
        self._store = store
        self._job = job
        self._log = log
        self._tell = tell
        self._lock = threading.Lock()
        self._uploaded: Any = None
        self._first: tuple[int, float] | None = None
        self.progress = Progress(job=job.id, state=State.PREPARING, instance=instance, begun=_now(), at=_now())

    def note(self, **changes: Any) -> None:
        """Change fields of the progress."""
        with self._lock:
            self.progress = self.progress.model_copy(update=changes)

    def stage(self, text: str) -> None:
        """Say what is being done now."""
        self.note(stage=text)
        self._tell.stage(text)

    def warn(self, text: str) -> None:
        """Say what went wrong and does not end the work."""
        self._tell.warn(text)

    def end(self, state: State, why: str) -> None:
        """Say how it ended."""
        self.note(state=state, stage=why, seconds_left=None)
        self._tell.stage(f"{state}: {why}")

    def step(self, step: Step) -> None:
        """Say how far the training has come."""
        self._tell.step(step)
        if self._first is None:
            self._first = (step.done, time.monotonic())
        made = step.done - self._first[0]
        left = (time.monotonic() - self._first[1]) / made * (step.total - step.done) if made else None
        self.note(
            state=State.TRAINING,
            stage="training",
            done=step.done,
            total=step.total,
            loss=_number(step.loss),
            perplexity=_number(step.perplexity),
            tokens_per_second=_number(step.tokens_per_second) or 0.0,
            seconds_left=left,
        )

    def recall_log(self) -> None:
        """Put what earlier machines logged for the job before what this one logs."""
        if self._log is None or (self._log.exists() and self._log.stat().st_size):
            return
        if earlier := self._store.read(log_key(self._job.id)):
            # Whoever writes the log appends: so do we.
            with self._log.open("ab") as stream:
                stream.write(earlier)

    def upload(self) -> None:
        """Upload progress, and the log if it has grown."""
        self.note(at=_now())
        self._store.write(progress_key(self._job.id), self.progress.model_dump_json(indent=1).encode())
        if self._log is not None and self._log.exists():
            size = self._log.stat().st_size
            if size != self._uploaded:
                self._store.write(log_key(self._job.id), self._log.read_bytes())
                self._uploaded = size

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Upload every so often while the block runs."""
        with repeating(self.upload, seconds=self._job.seconds, name="reporting", warn=self.warn):
            yield


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None

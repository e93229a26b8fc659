"""What a machine says while it works: its logs and its progress, read from the bucket where it puts them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aws.errors import NotFoundError, aws_errors
from aws.instances import Instance, find_instances
from aws.job import Progress, State, progress_key, read_progress
from aws.layout import LOGS, log_key
from aws.sync import Store

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["FINAL", "LOG_NAMES", "Look", "Tail", "follow", "logged", "read_state"]

FINAL: Final = frozenset({State.FINISHED, State.FAILED, State.INTERRUPTED})
"""States after which a machine ends."""
LOG_NAMES: Final = ("setup.log", "training.log", "gradio_setup.log", "gradio.log")
"""What machines of either role call their logs."""


def read_state(store: Store, job: str) -> Progress | None:
    """Return what was last said about a job; None where nothing was, or nothing that can be read."""
    text = store.read(progress_key(job))
    return None if text is None else read_progress(text)


def logged(store: Store) -> dict[str, list[str]]:
    """Return the names of log files by what they are of, the latest written last."""
    found = [each for each in store.entries(LOGS) if each["Key"].count("/") == 2]
    names: dict[str, list[str]] = {}
    for each in sorted(found, key=lambda one: one["LastModified"]):
        _, name, file = each["Key"].split("/")
        files = names.pop(name, [])
        names[name] = [*files, file]
    return names


class Tail:
    """The end of a log in the bucket, as far as it was not read yet.

    Args:
        store: The bucket.
        key: Of the log, which its machine writes anew with more at its end.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._read = 0
        self._rest = b""

    def lines(self) -> list[str]:
        """Return whole lines that are new."""
        try:
            new = self._more()
        except NotFoundError:
            return []
        *whole, self._rest = (self._rest + new).split(b"\n")
        return [line.decode("utf-8", "replace").rstrip("\r") for line in whole]

    def rest(self) -> list[str]:
        """Return a last line without an end."""
        last, self._rest = self._rest, b""
        return [last.decode("utf-8", "replace")] if last else []

    def _more(self) -> bytes:
        s3, bucket = self._store.s3, self._store.bucket
        with aws_errors(f"reading {self._store.where(self._key)}"):
            size = s3.head_object(Bucket=bucket, Key=self._key)["ContentLength"]
        if size < self._read:
            # The next machine began a log of its own.
            self._read, self._rest = 0, b""
        if size == self._read:
            return b""
        with aws_errors(f"reading {self._store.where(self._key)}"):
            found = s3.get_object(Bucket=bucket, Key=self._key, Range=f"bytes={self._read}-{size - 1}")
            text = found["Body"].read()
        self._read += len(text)
        return text


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a job.

    Attributes:
        lines: New ones of its logs, each with the file that it is of.
        progress: What its machine said last, if this machine has said anything.
        machine: The machine that works on it; None once it is gone.
    """

    lines: tuple[tuple[str, str], ...]
    progress: Progress | None
    machine: Instance | None

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.machine is None or (self.progress is not None and self.progress.state in FINAL)


def follow(
    clients: Clients, config: AwsConfig, job: str, machine: str, *, pause: float | None = None
) -> Iterator[Look]:
    """Look at a job until it is over.

    Args:
        clients: Connections.
        config: Bucket and project.
        job: Its id.
        machine: Id of the machine: what an earlier one said does not count.
        pause: Seconds between looks; None for those between the machine's own reports.
    """
    store = Store(clients.s3, config.s3.bucket_name)
    tails = {name: Tail(store, log_key(job, name)) for name in LOG_NAMES}
    while True:
        alive = [each for each in find_instances(clients, config.project, name=job) if each.id == machine]
        said = read_state(store, job)
        own = said if said is not None and _says(said, alive[0] if alive else None, machine) else None
        lines = [(name, line) for name, tail in tails.items() for line in tail.lines()]
        look = Look(lines=tuple(lines), progress=own, machine=alive[0] if alive else None)
        if look.over:
            lines += [(name, line) for name, tail in tails.items() for line in (*tail.lines(), *tail.rest())]
            yield Look(lines=tuple(lines), progress=own, machine=look.machine)
            return
        yield look
        time.sleep(config.logging.seconds if pause is None else pause)


def _says(said: Progress, alive: Instance | None, machine: str) -> bool:
    """Whether this machine said it, and not one before it; one that could not be set up does not know its own id."""
    if said.instance:
        return said.instance == machine
    return alive is None or not said.at or datetime.fromisoformat(said.at) >= alive.launched

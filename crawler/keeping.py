"""What a crawl keeps on disk while it runs, so that another run goes on where it stopped."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from crawler.plan import Plan
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError

__all__ = ["Folder"]

_STATE: Final = ".crawl"


class Folder:
    """The folder of one crawl, beside the data that it is for.

    Attributes:
        path: ``.crawl/<name>``.
        plan: What the running crawl is to do.
        job: Scrapy's queue of what is still to be asked.
        partial: Rows so far, one JSON object a line.
        end: How the last run ended.
        log: What Scrapy says.
        errors: What the process of the crawl says beside that, if it breaks.
        cache: Answers that are kept, shared by all crawls into the same folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan = path / "plan.json"
        self.job = path / "job"
        self.partial = path / "partial.jsonl"
        self.end = path / "end.json"
        self.log = path / "log.txt"
        self.errors = path / "errors.txt"
        self.cache = path.parent / "answers.sqlite"

    @classmethod
    def beside(cls, out: Path) -> Folder:
        """Return the folder for a file or folder of data."""
        # Resolved: the stem of `--out ..` is `..` too, and what is kept would lie among other files.
        whole = out.resolve()
        return cls(whole.parent / _STATE / (whole.stem or "all"))

    @contextmanager
    def held(self) -> Iterator[int]:
        """Keep the folder for this process, and those that it hands the lock to, while the block runs.

        Yields:
            The lock: a file descriptor, which holds it until the last process has closed it.

        Raises:
            InputError: If another crawl has it, or it cannot be written.
        """
        import fcntl

        prepare_folder(self.path)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"Another crawl is writing into {self.path}; wait for it, or give another --out."
                ) from None
            yield lock.fileno()

    def begin(self, plan: Plan) -> bool:
        """Make the folder ready for a run.

        A run that was stopped in order is gone on with from its queue. Any other begins anew, and is answered from what
        was kept of the pages: so nothing is lost, and nothing is asked twice, if a run was killed.

        Returns:
            Whether a stopped run is gone on with.

        Raises:
            InputError: If a stopped run had another aim.
        """
        ending, record = self.ending(), _read(self.plan)
        before = Plan.of(record) if record else None
        stopped = ending.get("stopped") is True and self.job.is_dir()
        if stopped and before and before.aim != plan.aim:
            raise InputError(
                f"{self.path} holds an unfinished crawl of {before.site}; finish that, delete the folder, or give"
                " another --out."
            )
        if plan.refresh:
            plan = replace(plan, since=_since(plan, before, ending))
        # With another limit, the queue holds too little or too much.
        goes_on = bool(stopped and before and before.limit == plan.limit and plan.since in {0.0, before.since})
        if not goes_on:
            shutil.rmtree(self.job, ignore_errors=True)
            self.partial.unlink(missing_ok=True)
        self.end.unlink(missing_ok=True)
        atomic_write(self.plan, lambda path: path.write_text(json.dumps(plan.record(), indent=1), encoding="utf-8"))
        return goes_on

    def ending(self) -> Mapping[str, Any]:
        """Return how the last run ended; empty if it was killed."""
        return _read(self.end)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows so far, one an address; of two the later, and none that was cut short."""
        found: dict[str, dict[str, Any]] = {}
        if self.partial.exists():
            for line in self.partial.read_text(encoding="utf-8", errors="replace").split("\n"):
                row = _parsed(line)
                if row:
                    found[str(row["url"])] = row
        return list(found.values())

    def finished(self) -> None:
        """Take away what only a run that goes on needs."""
        shutil.rmtree(self.job, ignore_errors=True)


def _since(plan: Plan, before: Plan | None, ending: Mapping[str, Any]) -> float:
    """When a refresh began: what one that was stopped or broken has fetched since then is fresh."""
    unfinished = before is not None and before.refresh and before.aim == plan.aim and not ending.get("finished")
    return before.since if before is not None and unfinished else time.time()


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    return _parsed(path.read_text(encoding="utf-8")) if path.is_file() else {}

"""The process of a crawl as seen by the one that starts it: what it tells, how it is stopped, how it ended."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.keeping import Folder
from crawler.plan import Plan
from utils.errors import InputError, MissingDependencyError

__all__ = ["Interrupted", "Step", "run_plan"]

_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Step:
    """How far a crawl is.

    Attributes:
        done: Pages that are dealt with.
        known: Pages that are known so far.
        now: What it is waiting for, or empty.
    """

    done: int
    known: int
    now: str = ""


class Interrupted(KeyboardInterrupt):
    """A crawl that was stopped; what it got is kept, and the same call goes on.

    Attributes:
        done: Pages that are dealt with.
        known: Pages that are known so far.
    """

    def __init__(self, done: int, known: int) -> None:
        super().__init__()
        self.done, self.known = done, known


def run_plan(plan: Plan, *, lock: int, on_step: Callable[[Step], object], on_stop: Callable[[], object]) -> None:
    """Run the process of a crawl until it ends.

    Args:
        plan: What to do.
        lock: From `Folder.held`.
        on_step: Called with how far it is.
        on_stop: Called once when it is being interrupted.

    Raises:
        InputError: If it could not do what the plan says.
        MissingDependencyError: Without Scrapy.
        Interrupted: If it was stopped.
    """
    if importlib.util.find_spec("scrapy") is None:
        raise MissingDependencyError("Crawling needs Scrapy, which is not installed: pip install -r requirements.txt")
    folder = Folder(Path(plan.folder))
    folder.begin(plan)
    last = _run(folder, lock, on_step=on_step, on_stop=on_stop)
    ending = folder.ending()
    if ending.get("busy"):
        raise InputError(
            f"{plan.site} was left alone: {ending['busy']}; {ending['done']} of {ending['known']} pages are kept, run"
            " the same command later to go on."
        )
    if ending.get("failure"):
        raise InputError(f"{ending['failure']}. Nothing was written.")
    if ending.get("stopped") or not ending:
        raise Interrupted(last.done, last.known) if last.now == "stopped" else _broken(folder)
    if not ending.get("finished"):
        raise _broken(folder)


def _broken(folder: Folder) -> InputError:
    where = folder.errors if folder.errors.is_file() and folder.errors.stat().st_size else folder.log
    return InputError(f"The crawl ended before it was done; {where} says why. Run the same command to go on.")


def _run(folder: Folder, lock: int, *, on_step: Callable[[Step], object], on_stop: Callable[[], object]) -> Step:
    """Start the process and listen; return its last step, ``now`` being "stopped" if the user stopped it."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with folder.errors.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            # -P: a folder in which somebody stands must not lend us its modules.
            [sys.executable, "-P", "-m", "crawler.job", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            # Ctrl-C reaches every process of a terminal; this one is stopped by us, once.
            start_new_session=True,
            # Should we be killed, the folder is free only once it has stopped as well.
            pass_fds=(lock,),
        )
    try:
        return _listen(process, on_step=on_step, on_stop=on_stop)
    finally:
        process.kill()
        process.wait()


def _listen(
    process: subprocess.Popen[str], *, on_step: Callable[[Step], object], on_stop: Callable[[], object]
) -> Step:
    step = Step(0, 0)
    stopped = False
    while True:
        try:
            for line in process.stdout or ():
                step = _step(line) or step
                on_step(step)
            process.wait()
        except KeyboardInterrupt:
            if stopped:
                raise Interrupted(step.done, step.known) from None
            stopped = True
            process.send_signal(signal.SIGINT)
            on_stop()
        else:
            return Step(step.done, step.known, "stopped" if stopped else "")


def _step(line: str) -> Step | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return Step(int(told["done"]), int(told["known"]), str(told["now"])) if isinstance(told, dict) else None

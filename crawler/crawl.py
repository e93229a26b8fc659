"""A crawl from start to end: the process that fetches, what it tells, what is written of what it brought."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from crawler.attribution import write_attribution
from crawler.keeping import Folder
from crawler.plan import Plan
from utils.artifacts import atomic_write, prepare_folder
from utils.door import one_line
from utils.errors import InputError, MissingDependencyError

__all__ = ["Crawled", "Interrupted", "Step", "crawl", "run_plan"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_ORDER: Final = {"locations": "location_name", "characters": "character_name", "transcripts": "episode"}


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


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl brought.

    Attributes:
        out: The file or folder that was written.
        rows: Rows, or transcripts.
        skipped: Addresses without a row, with the reason.
        limited: Whether there was more than the limit.
        unlicensed: Whether the source states no licence.
        attribution: The page that says whose the texts are.
        log: What Scrapy said.
    """

    out: Path
    rows: int
    skipped: Mapping[str, str] = field(default_factory=dict)
    limited: bool = False
    unlicensed: bool = False
    attribution: Path | None = None
    log: Path | None = None

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why pages were skipped and how many each, the most frequent first."""
        return Counter(self.skipped.values()).most_common()


class Interrupted(KeyboardInterrupt):
    """A crawl that was stopped; what it got is kept, and the same call goes on.

    Attributes:
        done: Pages that are dealt with.
        known: Pages that are known so far.
    """

    def __init__(self, done: int, known: int) -> None:
        super().__init__()
        self.done, self.known = done, known


def crawl(
    plan: Plan,
    out: Path,
    *,
    on_step: Callable[[Step], object] = lambda _: None,
    on_stop: Callable[[], object] = lambda: None,
) -> Crawled:
    """Collect what a plan says and write it; nothing is written before all of it is there.

    Args:
        plan: From `make_plan`, with the folder of ``out``.
        out: A ``.jsonl`` file, or for transcripts a folder of ``S01E02.csv``.
        on_step: Called with how far it is.
        on_stop: Called once when it is being interrupted.

    Raises:
        InputError: If the site refuses, or nothing was found; what was there before is left as it was.
        Interrupted: If it was stopped.
    """
    prepare_folder(out.parent)
    folder = Folder(Path(plan.folder))
    with folder.held() as lock:
        run_plan(plan, lock=lock, on_step=on_step, on_stop=on_stop)
        rows = sorted(folder.rows(), key=lambda row: (str(row.get(_ORDER[plan.kind], "")).casefold(), str(row["url"])))
        ending = folder.ending()
        skipped = dict(ending.get("skipped") or {})
        if not rows:
            raise InputError(_nothing(plan, skipped))
        written = _write_transcripts(out, rows, skipped) if plan.kind == "transcripts" else _write_rows(out, rows)
        page = write_attribution(out if plan.kind == "transcripts" else out.parent)
        folder.finished()
    return Crawled(
        out=out,
        rows=written,
        skipped=skipped,
        limited=bool(ending.get("limited")),
        unlicensed=not all(row["licence"] for row in rows),
        attribution=page,
        log=folder.log,
    )


def _nothing(plan: Plan, skipped: Mapping[str, str]) -> str:
    named = ", ".join(f"Category:{title}" for title in plan.categories)
    if skipped:
        url, reason = next(iter(skipped.items()))
        more = f" ({len(skipped) - 1} more were skipped)" if len(skipped) > 1 else ""
        said = one_line(f"{url[:200]}: {reason}{more}")
        return f"Nothing usable was found in {named} of {plan.site}: {said}. Nothing was written."
    return f"{plan.site} has no pages in {named}; give --category as it stands on the wiki. Nothing was written."


# Writing


def _write_rows(out: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    atomic_write(out, lambda path: path.write_text("".join(lines), encoding="utf-8"))
    return len(lines)


def _write_transcripts(out: Path, rows: Iterable[Mapping[str, Any]], skipped: dict[str, str]) -> int:
    """Write a file an episode, and where each is from; of two pages of one episode the first."""
    kept: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        episode = row["episode"]
        if not episode:
            skipped[row["url"]] = "it does not say which season and episode it is"
        elif kept.setdefault(episode, row) is not row:
            skipped[row["url"]] = f"{episode} was taken from {kept[episode]['url']}"
    if not kept:
        url, reason = next(iter(skipped.items()))
        raise InputError(one_line(f"No transcript can be used: {url}: {reason}. Nothing was written."))
    prepare_folder(out)
    for episode, row in kept.items():
        atomic_write(out / f"{episode}.csv", partial(_write_csv, row["rows"]))
    facts = ("title", "url", "revision", "licence", "attribution")
    _write_rows(out / "sources.jsonl", ({"file": f"{e}.csv", **{k: row[k] for k in facts}} for e, row in kept.items()))
    return len(kept)


def _write_csv(rows: Iterable[Iterable[str]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "line"))
        writer.writerows(rows)


# Running


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

"""A crawl from start to end: what is fetched in a process of its own, and what is written of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crawler.attribution import require_ours, write_attribution
from crawler.keeping import Folder
from crawler.plan import Plan
from crawler.process import Step, run_plan
from crawler.writing import require_free, write_rows, write_transcripts
from utils.artifacts import prepare_folder
from utils.door import one_line
from utils.errors import InputError

__all__ = ["Crawled", "crawl"]

_ORDER: Final = {"locations": "location_name", "characters": "character_name", "transcripts": "episode"}


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
        InputError: If the site refuses, nothing was found, or files of others would be lost; what was there before is
            left as it was.
        Interrupted: If it was stopped.
    """
    home = out if plan.kind == "transcripts" else out.parent
    require_ours(home)
    if plan.kind == "transcripts":
        require_free(out)
    prepare_folder(out.parent)
    folder = Folder(Path(plan.folder))
    with folder.held() as lock:
        run_plan(plan, lock=lock, on_step=on_step, on_stop=on_stop)
        rows = sorted(folder.rows(), key=lambda row: (str(row.get(_ORDER[plan.kind], "")).casefold(), str(row["url"])))
        ending = folder.ending()
        skipped = dict(ending.get("skipped") or {})
        if not rows:
            raise InputError(_nothing(plan, skipped))
        written = write_transcripts(out, rows, skipped) if plan.kind == "transcripts" else write_rows(out, rows)
        page = write_attribution(home)
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

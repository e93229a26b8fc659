"""Reading subtitles, checks included, against `pysubs2.load` alone, in the same run and on the same files.

python -m benchmarks.parse                                    # the sample season
REAL_SEASON=../shared/data/stranger_things python -m benchmarks.parse
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ROUNDS = 5
# Read in a process of its own: what is measured is its peak of resident memory, in KiB.
STREAM = """
import json, resource, sys
from pathlib import Path
import pandas, pyarrow.parquet, pysubs2
from utils.dialogue_file import write_dialogue
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
done = write_dialogue(Path(sys.argv[1]), Path(sys.argv[1]) / "out.parquet")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"episodes": done.episodes, "lines": done.lines, "before": before, "after": after}))
"""


def copies(files: list[Path], folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        file = files[number % len(files)]
        shutil.copy(file, folder / f"S{number // 100 + 1:02}E{number % 100 + 1:02}{file.suffix}")
    return folder


def timed(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def stream(folder: Path) -> tuple[dict[str, int], float]:
    begin = perf_counter()
    done = subprocess.run([sys.executable, "-c", STREAM, str(folder)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout), perf_counter() - begin


def main() -> None:
    import pysubs2

    from utils.data_loader import load_dialogue
    from utils.series import load_series

    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    root = Path(os.environ["REAL_SEASON"]) if "REAL_SEASON" in os.environ else load_series().sample
    subtitles, transcripts = root / "subtitles", root / "transcripts"
    files = sorted(subtitles.rglob("*.srt"))
    with TemporaryDirectory() as name:
        folder = copies(files, Path(name) / "34", 34)
        copied = sorted(folder.iterdir())
        theirs, ours = [], []
        load_dialogue(copied[0])  # imports
        for _ in range(ROUNDS):
            theirs.append(timed(lambda: [pysubs2.load(str(file), encoding="utf-8-sig") for file in copied]))
            ours.append(timed(lambda: load_dialogue(folder)))
        print(f"34 episodes, median of {ROUNDS} rounds")
        print(f"pysubs2.load alone      {median(theirs):6.2f} s")
        ratio = median(mine / peer for mine, peer in zip(ours, theirs, strict=True))
        print(f"load_dialogue           {median(ours):6.2f} s   {ratio:.2f} x")
        plain = timed(lambda: load_dialogue(subtitles))
        both = timed(lambda: load_dialogue(subtitles, transcripts=transcripts))
        more = (both - plain) / len(files)
        print(f"with transcripts        {both:6.2f} s for {len(files)}, {more:.3f} s more an episode")
        cache = Path(name) / "cache"
        load_dialogue(subtitles, transcripts=transcripts, cache=cache)
        kept = timed(lambda: load_dialogue(subtitles, transcripts=transcripts, cache=cache))
        print(f"unchanged, from cache   {kept:6.2f} s for {len(files)}")
        for count in (100, 1000):
            result, seconds = stream(copies(files, Path(name) / str(count), count))
            print(
                f"{result['episodes']:,} episodes, {result['lines']:,} lines to Parquet in {seconds:.1f} s, peak RSS "
                f"{result['after'] / 1024:.0f} MiB ({result['before'] / 1024:.0f} MiB after imports)"
            )


if __name__ == "__main__":
    main()

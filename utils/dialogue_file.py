"""The dialogue table written to a file episode by episode, in memory that does not grow with the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from utils.artifacts import atomic_write, prepare_folder
from utils.data_loader import dialogue_table
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.reading.episode_reader import EpisodeReader, Reading
from utils.reading.report import OnReport, warn
from utils.series import SeriesProfile, load_series
from utils.tables import DIALOGUE

__all__ = ["Written", "write_dialogue"]

_SPEAKER: Final = DIALOGUE.index("speaker")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        episodes: Episodes in which somebody speaks.
        lines: Spoken lines.
        named: Lines with a speaker.
        unchanged: Episodes that came out of the cache.
        repaired: Repairs in all files.
        refused: Refusals in all files.
    """

    episodes: int
    lines: int
    named: int
    unchanged: int
    repaired: int
    refused: int


def write_dialogue(
    path: str | Path,
    out: str | Path,
    *,
    transcripts: str | Path | None = None,
    series: str | Path | SeriesProfile = "stranger_things",
    encoding: str | None = None,
    pattern: str | None = None,
    cache: str | Path | None = None,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> Written:
    """Read subtitles into a Parquet file, as `utils.data_loader.load_dialogue` reads them into memory.

    Args:
        path: As there, like all arguments but ``out``.
        out: The file, ending in ``.parquet``; one row group an episode. It is replaced once all has been read.
        transcripts: A transcript or a folder of them.
        series: Name or folder of a series, or its profile.
        encoding: For bytes that nothing vouches for.
        pattern: For names of unusual forms.
        cache: Folder for what was read; an interrupted run goes on from there.
        on_report: Called with what became of each file.
        progress: Draws the bar.

    Raises:
        InputError: As there, or if ``out`` cannot be written.
    """
    target = Path(out)
    if target.suffix != ".parquet":
        raise InputError(f"{target} does not end in .parquet; give such a name to --out.")
    if target.is_dir():
        raise InputError(f"{target} is a folder; give --out the name of a file.")
    profile = series if isinstance(series, SeriesProfile) else load_series(series)
    folder, kept = (Path(each) if each is not None else None for each in (transcripts, cache))
    reader = EpisodeReader(Path(path), profile, folder, encoding, pattern, kept)
    episodes = reader.prepare()
    prepare_folder(target.parent)
    counts: Counter[str] = Counter()

    def fill(temporary: Path) -> None:
        readings = progress(reader.read(episodes), description="Reading episodes", total=len(episodes))
        _write(temporary, _counted(readings, counts, on_report), profile)
        if not counts["lines"]:
            raise InputError(f"Nobody speaks in {path}: its subtitles hold sounds and songs only.")

    atomic_write(target, fill)
    return Written(**{column.name: counts[column.name] for column in fields(Written)})


def _counted(readings: Iterable[Reading], counts: Counter[str], on_report: OnReport) -> Iterator[Reading]:
    """Hand on the episodes in which somebody speaks."""
    for reading in readings:
        for report in reading.reports:
            on_report(report)
            counts["repaired"] += len(report.repaired)
            counts["refused"] += len(report.refused)
        counts["unchanged"] += reading.known
        if reading.rows:
            counts["episodes"] += 1
            counts["lines"] += len(reading.rows)
            counts["named"] += sum(row[_SPEAKER] is not None for row in reading.rows)
            yield reading


def _write(path: Path, readings: Iterable[Reading], profile: SeriesProfile) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with ExitStack() as stack:
        writer = None
        for reading in readings:
            table = dialogue_table(reading.rows, {tuple(reading.rows[0][:2]): reading.starts}, profile)
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(path, arrow.schema))
            writer.write_table(arrow)

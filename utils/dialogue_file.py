"""The dialogue table written to a file episode by episode, in memory that does not grow with the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from utils.artifacts import atomic_write, content_key, prepare_folder, provenance_metadata
from utils.data_loader import dialogue_table
from utils.errors import InputError
from utils.progress import Progress, silent
from utils.reading.episode_reader import EpisodeReader, ReadEpisode
from utils.reading.report import OnReport, warn
from utils.reading.settings import Reading
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
    reading: Reading | None = None,
    *,
    on_report: OnReport = warn,
    progress: Progress = silent,
) -> Written:
    """Read subtitles into a Parquet file, as `utils.data_loader.load_dialogue` reads them into memory.

    The file keeps a key of all that it was made from and the settings, as `utils.artifacts` has it.

    Args:
        path: A subtitle file or a folder of them.
        out: The file, ending in ``.parquet``; one row group an episode. It is replaced once all has been read.
        reading: How they are read; with a cache, an interrupted run goes on where it stopped.
        on_report: Called with what became of each file.
        progress: Draws the bar.

    Raises:
        InputError: As `load_dialogue`, or if ``out`` cannot be written.
    """
    target, reading = Path(out), reading or Reading()
    if target.suffix != ".parquet":
        raise InputError(f"{target} does not end in .parquet; give such a name to --out.")
    if target.is_dir():
        raise InputError(f"{target} is a folder; give --out the name of a file.")
    reader = EpisodeReader.find(path, reading)
    prepare_folder(target.parent)
    counts: Counter[str] = Counter()
    episodes = _counted(reader.read(on_report=on_report, progress=progress), counts)
    atomic_write(target, lambda temporary: _write(temporary, episodes, reader))
    return Written(**{column.name: counts[column.name] for column in fields(Written)})


def _counted(episodes: Iterable[ReadEpisode], counts: Counter[str]) -> Iterator[ReadEpisode]:
    for found in episodes:
        counts["episodes"] += bool(found.rows)
        counts["lines"] += len(found.rows)
        counts["named"] += sum(row[_SPEAKER] is not None for row in found.rows)
        counts["unchanged"] += found.known
        counts["repaired"] += sum(len(report.repaired) for report in found.reports)
        counts["refused"] += sum(len(report.refused) for report in found.reports)
        yield found


def _write(path: Path, episodes: Iterable[ReadEpisode], reader: EpisodeReader) -> None:
    """Write one row group an episode in which somebody speaks, and at last what all was made from."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys: list[str] = []
    with ExitStack() as stack:
        writer: Any = None
        for found in episodes:
            keys.append(found.key)
            if found.rows:
                table = dialogue_table(found.rows, {found.episode: found.starts}, reader.profile)
                arrow = pa.Table.from_pandas(table, preserve_index=False)
                writer = writer or stack.enter_context(pq.ParquetWriter(path, arrow.schema))
                writer.write_table(arrow)
        scenes = reader.profile.scenes.model_dump()
        key = content_key(table="dialogue", episodes=keys, scenes=scenes)
        facts = {"series": reader.profile.title, "encoding": reader.encoding, "scenes": scenes}
        writer.add_key_value_metadata(provenance_metadata(key, facts))

"""A view of themes as tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from analysis.quotations import Line
from analysis.theme_facts import ThemeShift, moved_most, theme_peaks
from analysis.theme_views import TIMES, VIEWS, ThemeReading
from analysis.voice_facts import voices
from theme_classifier import theme_labels
from theme_classifier.turns import RAW
from utils.episodes import Episode
from utils.tables import EPISODE_KEYS

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["theme_summary"]

_MOST_ROWS: Final = 60
_MEANING: Final = {
    "episode": "mean scores of the scenes (strongest bold)",
    "scene": "scores (strongest bold)",
    "character": "times the mean of everybody (strongest bold)",
}


def theme_summary(reading: ThemeReading, by: str, *, raw: bool = False) -> Iterator[RenderableType]:
    """Yield a view and the lines behind it, for ``rich.console.Console.print``.

    Args:
        reading: What to show.
        by: Name of the view.
        raw: Show the model's own numbers.
    """
    from rich.markup import escape

    yield _numbers(reading, by, raw)
    if by != "episode" or reading.themes[list(EPISODE_KEYS)].drop_duplicates().shape[0] > 1:
        yield _BEHIND[by](reading)
    yield f"[dim]Weights: {escape(reading.weights)}[/dim]"


def _numbers(reading: ThemeReading, by: str, raw: bool) -> Table:
    from rich.markup import escape
    from rich.table import Table

    labels = theme_labels(reading.themes)
    first = next(iter(VIEWS[by].tables(reading).values()))
    heading = f"{VIEWS[by].heading}, {'raw scores' if raw else _MEANING[by]}"
    if len(first) > _MOST_ROWS:
        heading += f", the first {_MOST_ROWS} of {len(first):,}: --format csv gives all"
    table = Table(title=heading, title_justify="left", show_edge=False, pad_edge=False)
    table.add_column(by)
    if by == "character":
        table.add_column("lines", justify="right")
    for label in labels:
        table.add_column(escape(label), justify="right")
    kind = RAW if raw else TIMES if by == "character" else ""
    columns = [kind + label for label in labels]
    for row in first.head(_MOST_ROWS).to_dict("records"):
        strongest = max(columns, key=lambda column: row[column])
        cells = (f"[bold]{row[c]:.2f}[/bold]" if c == strongest and not raw else f"{row[c]:.2f}" for c in columns)
        table.add_row(*_keys(row, by), *cells)
    return table


def _keys(row: Any, by: str) -> tuple[str, ...]:
    from rich.markup import escape

    if by == "character":
        return escape(row["character"]), f"{row['lines']:,}"
    episode = str(Episode(row["season"], row["episode"]))
    return (episode,) if by == "episode" else (f"{episode} {row['scene'] + 1}",)


def _quotes(lines: tuple[Line, ...]) -> str:
    from rich.markup import escape

    return "\n".join(f"[dim]{escape(str(line))}[/dim]" for line in lines)


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    return Table(*columns, title=f"\n{title}", title_justify="left", show_edge=False, pad_edge=False)


def _changes(reading: ThemeReading) -> Table:
    table = _table("What changed most, with the lines of the stronger episode", "at", "rose", "fell")
    for episode, shifts in moved_most(reading.themes, reading.turns, lines=1).items():
        table.add_row(str(episode), *map(_shift, shifts))
    return table


def _shift(moved: ThemeShift | None) -> str:
    from rich.markup import escape

    if moved is None:
        return "[dim]none[/dim]"
    doubt = "" if moved.clear else " [dim](may be chance)[/dim]"
    return f"{escape(moved.name)} {moved.before:.2f} → {moved.after:.2f}{doubt}\n{_quotes(moved.lines)}"


def _peaks(reading: ThemeReading) -> Table:
    from rich.markup import escape

    table = _table("Peak scenes", "theme", "score", "lines")
    for label, scenes in theme_peaks(reading.themes, reading.turns, reading.dialogue, most=2).items():
        for peak in scenes:
            own = Line(place=peak.place, speaker=peak.speaker, text=f"{peak.before} {peak.line} {peak.after}".strip())
            table.add_row(escape(label), f"{peak.score:.2f}", _quotes((own, *peak.more)))
    return table


def _voices(reading: ThemeReading) -> Table:
    from rich.markup import escape

    table = _table("Of what they speak more than others", "character", "theme, times the mean", "line")
    for voice in voices(reading.turns):
        for number, theme in enumerate(voice.themes):
            name = escape(voice.character) if number == 0 else ""
            table.add_row(name, f"{escape(theme.name)} {theme.times:.1f}", _quotes(theme.lines))
    return table


_BEHIND: Final[dict[str, Callable[[ThemeReading], Table]]] = {
    "episode": _changes,
    "scene": _peaks,
    "character": _voices,
}

"""What a person wants to know first about a series, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analysis.results import Results
from character_network import NO_NAMES, centrality, change_sentences
from theme_classifier.curves import episode_curves
from utils.episodes import Episode

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["summary"]

PEOPLE: Final = 12
PLACES: Final = 10


def summary(results: Results) -> Iterator[RenderableType]:
    """Yield the parts of the summary, for ``rich.console.Console.print``.

    Args:
        results: Of one analysis.
    """
    from rich.markup import escape

    dialogue = results.dialogue
    episodes = dialogue[["season", "episode"]].drop_duplicates()
    scenes = dialogue[["season", "episode", "scene"]].drop_duplicates()
    known = dialogue["speaker"].notna().mean()
    yield (
        f"[bold]{escape(results.series.title)}[/bold]: {len(episodes)} episodes, {len(scenes):,} scenes, "
        f"{len(dialogue):,} lines, speaker known for {known:.0%}, {len(results.mentions):,} names said"
    )
    yield _themes(results)
    if (results.edges["kind"] == "together").any():
        yield _people(results)
        yield from _change(results)
    elif results.edges.empty:
        yield NO_NAMES
    if len(results.places):
        yield _places(results)
    yield "[dim]Weights: " + escape("; ".join(f"{task}: {label}" for task, label in results.weights.items())) + "[/dim]"


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _themes(results: Results) -> Table:
    from rich.markup import escape

    labels = results.theme_labels
    table = _table("Themes by episode (strongest bold)", "episode", *map(escape, labels))
    for row in episode_curves(results.themes).to_dict("records"):
        first = max(labels, key=lambda label: row[label])
        cells = (f"[bold]{row[label]:.2f}[/bold]" if label == first else f"{row[label]:.2f}" for label in labels)
        table.add_row(str(Episode(int(row["season"]), int(row["episode"]))), *cells)
    return table


def _people(results: Results) -> Table:
    from rich.markup import escape

    table = _table("Centre of the network (together)", "character", "weighted degree", "betweenness", "community")
    for row in centrality(results.edges).head(PEOPLE).to_dict("records"):
        # Names come from subtitles, where brackets would read as markup.
        table.add_row(
            escape(row["character"]),
            f"{row['weighted_degree']:.0f}",
            f"{row['betweenness']:.3f}",
            str(row["community"]),
        )
    return table


def _change(results: Results) -> Iterator[str]:
    """What the last episode changed among those who are together."""
    from rich.markup import escape

    changes = change_sentences(results.edges)
    if changes:
        last = max(changes)
        yield f"[bold]What changed in {last}[/bold]: {escape(changes[last])}"


def _places(results: Results) -> Table:
    from rich.markup import escape

    table = _table("Places most spoken of", "place", "kind", "probability", "lines")
    for row in results.places.head(PLACES).to_dict("records"):
        table.add_row(escape(row["name"]), escape(row["kind"]), f"{row['probability']:.2f}", str(row["lines"]))
    return table

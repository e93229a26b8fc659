"""One analysis as one page: it opens from disk, needs no network and names no external address of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis import report_parts as parts
from analysis.charts import centrality_figure
from analysis.place_charts import scene_places_figure
from analysis.theme_charts import scene_heatmap, theme_figure
from analysis.voice_charts import characters_figure
from analysis.voice_facts import speakers_known
from character_network import KIND_NAMES, NO_NAMES, centrality, network_fragment, network_library, page_lines

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from analysis.results import Results

__all__ = ["kinds_present", "report_html"]


@dataclass(frozen=True, kw_only=True)
class _Network:
    """One kind of tie on the page, in numbers and words."""

    kind: str
    chart: Markup
    table: Markup
    changes: Markup


def kinds_present(edges: pd.DataFrame) -> list[str]:
    """Return the kinds of tie that an edges table holds, ``together`` first."""
    held = set(edges["kind"])
    return [kind for kind in KIND_NAMES if kind in held]


def report_html(results: Results) -> str:
    """Return the report of an analysis.

    Args:
        results: Tables of one analysis.

    Returns:
        A whole HTML document with Plotly and vis-network inside, each once (about 6 MB).

    Raises:
        InputError: If a table lacks a column.
    """
    from plotly.offline import get_plotlyjs

    timeline = results.series.timelines.get(results.timeline)
    page = parts.render(
        "report.html",
        title=results.series.title,
        subtitle=timeline.title if timeline else results.series.description,
        style=parts.asset("parts.css") + parts.asset("report.css"),
        script=parts.asset("report.js"),
        plotly=parts.verbatim(get_plotlyjs()),
        network_library=parts.verbatim(network_library()),
        theme_chart=parts.figure_json(theme_figure(results.themes, results.theme_turns)),
        scene_chart=parts.figure_json(scene_heatmap(results.themes, results.theme_turns, results.dialogue)),
        overview=parts.overview_part(results),
        weights=parts.weights_part(results),
        character_chart=parts.figure_json(characters_figure(results.theme_turns))
        if speakers_known(results.theme_turns)
        else None,
        voices=parts.voices_part(results.theme_turns),
        peaks=parts.peaks_part(results.themes, results.theme_turns, results.dialogue),
        changes=parts.changes_part(results),
        network=_drawn_network(results),
        networks=list(_networks(results.edges)),
        no_names=NO_NAMES,
        places=parts.places_part(results.places),
        places_chart=parts.figure_json(scene_places_figure(results.scene_places, results.dialogue))
        if len(results.scene_places)
        else None,
    )
    return str(page)


def _drawn_network(results: Results) -> Markup:
    """Draw the network with all that can be done with it; nothing without ties."""
    kinds = kinds_present(results.edges)
    if not kinds:
        return parts.verbatim("")
    lines = page_lines(results.dialogue, results.mentions)
    return parts.verbatim(network_fragment(results.edges, kind=kinds[0], lines=lines))


def _networks(edges: pd.DataFrame) -> Iterator[_Network]:
    """Tell of every kind of tie that is there."""
    for kind in kinds_present(edges):
        people = centrality(edges, kind=kind)
        yield _Network(
            kind=kind,
            chart=parts.figure_json(centrality_figure(people)),
            table=parts.centrality_part(people),
            changes=parts.network_changes_part(edges, kind=kind),
        )

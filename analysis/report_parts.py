"""Parts of the report as HTML, made from templates that escape everything; the web app shows the same parts.

Names and lines come from subtitle files: whatever they hold reaches a browser as text only.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis import report_facts as facts
from character_network import change_sentences

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from markupsafe import Markup

    from analysis.results import Results

__all__ = [
    "asset",
    "centrality_part",
    "changes_part",
    "network_changes_part",
    "overview_part",
    "parts_style",
    "peaks_part",
    "places_part",
    "render",
    "verbatim",
    "weights_part",
]

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MOST_PEOPLE: Final = 20


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: Any) -> Markup:
    """Fill a template of ``analysis/templates``; every value is escaped unless it is `markupsafe.Markup`."""
    return verbatim(_environment().get_template(template).render(**values))


def verbatim(text: str) -> Markup:
    """Mark text as HTML, unescaped: only for what our own code or a library wrote."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - the one place where it is decided


def asset(name: str) -> Markup:
    """Return a file of ``analysis/templates`` as it is."""
    return verbatim((_TEMPLATES / name).read_text(encoding="utf-8"))


def parts_style() -> str:
    """Return the style of the parts; the page around them sets ``--ink --muted --rule --panel --accent``."""
    return asset("parts.css")


def overview_part(results: Results) -> Markup:
    """What was analysed: totals, and a table of episodes."""
    dialogue = results.dialogue
    return render(
        "overview.html",
        episodes=facts.episode_facts(results),
        lines=len(dialogue),
        scenes=facts.count_scenes(dialogue),
        known=dialogue["speaker"].notna().mean(),
        people=results.mentions["character"].nunique(),
        places=len(results.places),
    )


def peaks_part(themes: pd.DataFrame, dialogue: pd.DataFrame) -> Markup:
    """The strongest scenes of each theme, with the lines that show it.

    Raises:
        InputError: If a column is missing.
    """
    return render("peaks.html", themes=facts.theme_peaks(themes, dialogue))


def changes_part(results: Results) -> Markup:
    """What changed most from episode to episode."""
    return render("changes.html", changes=facts.changes(results))


def centrality_part(people: pd.DataFrame) -> Markup:
    """How central each person is.

    Args:
        people: From `character_network.centrality`.
    """
    rows = people.head(_MOST_PEOPLE).to_dict("records")
    return render("centrality.html", people=rows, left_out=len(people) - len(rows))


def network_changes_part(edges: pd.DataFrame, *, kind: str) -> Markup:
    """What changed in the network from episode to episode, a sentence each.

    Args:
        edges: An edges table that holds the kind.
        kind: One of `character_network.KINDS`.
    """
    return render("network_changes.html", changes=change_sentences(edges, kind=kind))


def places_part(places: pd.DataFrame) -> Markup:
    """The places and their kinds.

    Args:
        places: The places table.
    """
    return render("places.html", places=places.to_dict("records"))


def weights_part(results: Results) -> Markup:
    """Which weights answered."""
    return render("weights.html", weights=results.weights)

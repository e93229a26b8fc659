"""Parts of the report as HTML, made from templates that escape everything; the web app shows the same parts.

Names and lines come from subtitle files: whatever they hold reaches a browser as text only.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analysis import report_facts as facts
from analysis.theme_facts import moved_most, theme_peaks
from analysis.voice_facts import speakers_known, voices
from character_network import change_sentences

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from jinja2 import Environment
    from markupsafe import Markup

    from analysis.results import Results

__all__ = [
    "asset",
    "centrality_part",
    "changes_part",
    "figure_json",
    "network_changes_part",
    "overview_part",
    "parts_style",
    "peaks_part",
    "places_part",
    "render",
    "theme_changes_part",
    "verbatim",
    "voices_part",
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


def figure_json(figure: go.Figure) -> Markup:
    """Write a figure so that it cannot end its script element, whatever the names hold."""
    text: str = figure.to_json()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return verbatim(text)


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


def peaks_part(themes: pd.DataFrame, turns: pd.DataFrame, dialogue: pd.DataFrame) -> Markup:
    """The strongest scenes of each theme, with the lines that show it.

    Raises:
        InputError: If a column is missing.
    """
    return render("peaks.html", themes=theme_peaks(themes, turns, dialogue))


def voices_part(turns: pd.DataFrame, *, character: str | None = None) -> Markup:
    """What each character speaks about more than others, with the lines that show it.

    Args:
        turns: The ``theme_turns`` table.
        character: Only this one, with more lines.

    Raises:
        InputError: If a column is missing.
    """
    known = speakers_known(turns)
    return render(
        "voices.html", voices=voices(turns, character=character, lines=4 if character else 1) if known else []
    )


def theme_changes_part(themes: pd.DataFrame, turns: pd.DataFrame) -> Markup:
    """Which theme rose and fell most at each episode, with the lines that show it.

    Raises:
        InputError: If a column is missing.
    """
    return render("theme_changes.html", changes=moved_most(themes, turns))


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

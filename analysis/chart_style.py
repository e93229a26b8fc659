"""What all figures have in common: an empty one in our style, and colours that can be read on white and on black.

Plotly reads a small HTML in its texts (https://plotly.com/chart-studio-help/adding-HTML-and-links-to-charts/), so that
everything that came from a file enters escaped. Backgrounds are transparent: the page decides between light and dark.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["FAINT", "HEAT", "INK", "MARKS", "PALETTE", "empty_figure", "plain"]

# Of middling lightness; told apart by marks as well.
PALETTE: Final = (
    "#d0941a",
    "#5b7bd5",
    "#2a9d8f",
    "#858b95",
    "#e4703f",
    "#c8324a",
    "#d070b4",
    "#8c62c7",
    "#6a9f2a",
    "#3a9fcc",
)
MARKS: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "x", "star", "cross")
INK: Final = "#7b828e"
FAINT: Final = "rgba(128,134,145,0.25)"
# From nothing to full: the page, light or dark, shows through where a theme is weak.
HEAT: Final = ((0.0, "rgba(224,122,60,0.04)"), (0.4, "rgba(222,92,52,0.38)"), (1.0, "rgba(196,18,52,1)"))


def plain(text: str) -> str:
    """Escape what Plotly would read as markup."""
    return html.escape(text, quote=False)


def empty_figure(height: int, **layout: object) -> go.Figure:
    """Return an empty figure in the style that all share.

    Args:
        height: In pixels.
        layout: What differs, by the names of Plotly's layout.
    """
    import plotly.graph_objects as go

    return go.Figure(
        layout={
            "template": "none",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
            "margin": {"l": 68, "r": 16, "t": 16, "b": 40},
            "height": height,
            "dragmode": False,
            "hoverlabel": {
                "bgcolor": "#1f252e",
                "bordercolor": "#1f252e",
                "font": {"color": "#f2f4f7"},
                "align": "left",
            },
        }
        | layout
    )

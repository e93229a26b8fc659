"""Colours, sizes and words of a picture of the network. Page, image and Gephi's file share them."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["COLOURS", "KIND_NAMES", "OTHERS", "TITLES", "UNITS", "colour", "disc", "label", "width"]

# Middling lightness, so that each can be seen on white and on black; told apart by colour-blind readers as far as nine
# can be (after Paul Tol, https://sronpersonalpages.nl/~pault/). The last is for communities beyond.
COLOURS: Final = (
    "#4477cc",
    "#ee6677",
    "#2a9d54",
    "#d9a514",
    "#b05ccc",
    "#33a9bb",
    "#e5803c",
    "#8a8f2e",
    "#b8578a",
)
OTHERS: Final = "#8a8f98"
KIND_NAMES: Final = {"together": "Together", "speaks_to": "Speaks to", "mentions": "Mentions"}
TITLES: Final = {
    "together": "Who is together",
    "speaks_to": "Who speaks to whom",
    "mentions": "Who names whom",
}
UNITS: Final = {"together": "shared lines", "speaks_to": "lines", "mentions": "times named"}


def disc(share: float) -> float:
    """Radius of somebody's disc, by the share of the greatest weighted degree: the area grows with it."""
    return 6 + 28 * math.sqrt(share)


def label(share: float) -> float:
    """Size of the letters of somebody's name."""
    return 17 + 13 * math.sqrt(share)


def width(share: float) -> float:
    """Width of a tie, by the share of the greatest weight."""
    return 0.6 + 9 * math.sqrt(share)


def colour(community: int) -> str:
    """Return a community's colour."""
    return COLOURS[community] if community < len(COLOURS) else OTHERS

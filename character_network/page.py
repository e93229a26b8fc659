"""The network as a page of its own or a part of one, drawn by the vis-network library that comes with PyVis.

PyVis's own template fetches libraries from the web and shows one moment; here everything is in the page, and names and
lines enter it only as JSON inside a script element that no text can end.
"""

from __future__ import annotations

import html
import json
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_network.graph import graph_from_edges
from character_network.page_data import page_data
from character_network.picture import Picture, picture_of
from character_network.picture_style import KIND_NAMES, TITLES
from utils.episodes import Episode
from utils.errors import MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["network_fragment", "network_html", "network_library"]

_ASSETS: Final = Path(__file__).parent / "assets"


def network_html(
    edges: pd.DataFrame,
    *,
    kind: str = "together",
    until: Episode | str | None = None,
    title: str | None = None,
    lines: pd.DataFrame | None = None,
    embedded: bool = False,
) -> str:
    """Return a page that opens from disk with no network; a slider moves it through the episodes.

    Args:
        edges: An edges table, with any of the kinds.
        kind: The one of `character_network.ties.KINDS` that it opens with.
        until: The episode that it opens at; None for the last.
        title: Heading; None for one that follows kind and episode.
        lines: The lines behind the ties, from `character_network.page_lines`; None for none.
        embedded: Leave kind and episode to the page around the frame that this one stands in.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
        MissingDependencyError: If pyvis is not installed.
    """
    figure = network_fragment(edges, kind=kind, until=until, lines=lines, height="calc(100vh - 11rem)")
    last = f", up to {_last(edges, until)}"
    heading = html.escape(title if title is not None else TITLES[kind] + last)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{heading}</title>\n<link rel="icon" href="data:,">\n{network_library()}\n</head>\n'
        f'<body class="hawkins-page{" embedded" if embedded else ""}">\n'
        f"<h1{' data-follows' if title is None else ''}>{heading}</h1>\n{figure}\n</body>\n</html>\n"
    )


def network_library() -> str:
    """Return the style and scripts that fragments need; a page includes them once, before its fragments.

    Raises:
        MissingDependencyError: If pyvis is not installed.
    """
    spec = find_spec("pyvis")
    if spec is None or spec.origin is None:
        raise MissingDependencyError("The network's page needs pyvis; run: pip install -r requirements.txt")
    library = Path(spec.origin).parent / "lib" / "vis-9.1.2" / "vis-network.min.js"
    source, style, script = (
        path.read_text(encoding="utf-8") for path in (library, _ASSETS / "network.css", _ASSETS / "network.js")
    )
    return f"<style>{style}</style>\n<script>{source}</script>\n<script>{script}</script>"


def network_fragment(
    edges: pd.DataFrame,
    *,
    kind: str = "together",
    until: Episode | str | None = None,
    lines: pd.DataFrame | None = None,
    height: str = "78vh",
) -> str:
    """Return a figure (controls, drawing, words beside it) to stand in a page that holds `network_library`.

    Args:
        edges: As for `network_html`.
        kind: As for `network_html`.
        until: As for `network_html`.
        lines: As for `network_html`.
        height: CSS height of the drawing.

    Raises:
        InputError: If a column is missing, the kind is unknown, or no tie is left.
    """
    graph_from_edges(edges, kind=kind, until=until)
    picture = picture_of(edges)
    step = picture.episodes.index(_last(picture.edges, until))
    data = _script_json(page_data(picture, lines))
    spoken = html.escape(f"{TITLES[kind]}, up to {picture.episodes[step]}")
    name = f"network-{sha256(f'{kind} {step} {data}'.encode()).hexdigest()[:12]}"
    return (
        f'<figure class="hawkins-network" id="{name}" style="--height:{html.escape(height)}">\n'
        f"{_controls(picture, name)}\n"
        f'<div class="stage"><div class="canvas" role="img" aria-label="{spoken}"></div>'
        '<aside aria-live="polite" aria-label="Details"></aside></div>\n'
        f'<figcaption><p class="note"></p><p>{html.escape(picture.note)}</p></figcaption>\n'
        f'<script type="application/json" data-kind="{kind}" data-step="{step}">{data}</script>\n'
        f'<script>hawkinsNetwork("{name}");</script>\n</figure>'
    )


def _last(edges: pd.DataFrame, until: Episode | str | None) -> Episode:
    """The last episode with ties that is not later than ``until``."""
    episodes = {Episode(int(season), int(episode)) for season, episode in zip(edges.season, edges.episode, strict=True)}
    last = Episode.parse(until) if isinstance(until, str) else until
    return max(episode for episode in episodes if last is None or episode <= last)


def _controls(picture: Picture, name: str) -> str:
    kinds = "".join(
        f'<label><input type="radio" name="{name}-kind" value="{kind}">{KIND_NAMES[kind]}</label>'
        for kind in picture.kinds
    )
    return (
        f'<form class="controls"><fieldset class="kinds"><legend>Kind of tie</legend>{kinds}</fieldset>'
        '<label class="when">Episode <input type="range" min="0" step="1"><output></output></label>'
        '<label class="alone"><input type="checkbox">this episode alone</label>'
        f'<label class="search">Find <input type="search" list="{name}-people" autocomplete="off"></label>'
        f'<datalist id="{name}-people"></datalist></form>'
    )


def _script_json(data: dict[str, Any]) -> str:
    """Write JSON that cannot end its script element, whatever the names hold."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text

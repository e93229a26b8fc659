"""The tab of the network: who knows whom, by kind of tie and up to an episode, and as files."""

from __future__ import annotations

import hashlib
import html
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from analysis.charts import centrality_figure
from analysis.network import network_file
from analysis.report import kinds_present
from analysis.report_parts import centrality_part, network_changes_part
from character_network import FORMATS, KIND_NAMES, NO_NAMES, centrality
from utils.episodes import Episode
from utils.errors import InputError
from web.look import part
from web.session import Session
from web.wiring import Stage, cached_file, polite

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["network_tab"]

_LEAD: Final = "(kind, until) => window.hawkinsLeadNetwork(kind, until)"
"""Moves the page in the frame, which then need not be loaded anew."""
_FORMAT_NAMES: Final = {
    "html": "page (html)",
    "png": "image (png)",
    "gexf": "Gephi, with its timeline (gexf)",
    "graphml": "GraphML",
    "json": "JSON (node-link)",
    "csv": "table (csv)",
}


def network_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Network"):
        with gr.Row(elem_classes="hawkins-bar"):
            kind = gr.Radio([], label="Kind of tie", scale=2)
            until = gr.Slider(1, 2, step=1, label="Up to", scale=3, buttons=[])
        page = part()
        with gr.Row():
            chart = gr.Plot(label="Centre of the network", show_label=False)
            table = part()
        part("<h3>What changed from episode to episode</h3>")
        changed = part()
        with gr.Row(elem_classes="hawkins-bar"):
            choices = [(_FORMAT_NAMES[name], name) for name in FORMATS]
            chosen = gr.Dropdown(choices, value="html", label="This network as a file", scale=2)
            button = gr.Button("Make the file", scale=1)
        file = gr.File(label="Network", visible=False, interactive=False)
    told: list[gr.components.Component] = [until, chart, table, changed]

    def retell(kind: str, until: float, session: Session | None) -> tuple[Any, ...]:
        return _told(stage.current(session), kind, int(until))

    def make(kind: str, until: float, name: str, session: Session | None) -> gr.File:
        path = _made(stage.current(session), kind, int(until), name, file.GRADIO_CACHE)
        return gr.File(path, visible=True)

    stage.follow(_show, [kind, page, file, *told])
    # Not `change`: filling the tab would draw everything twice. While the slider moves, only its last place counts.
    moved = [kind.input, until.input]
    gr.on(moved, None, [kind, until], None, js=_LEAD, api_visibility="private")
    gr.on(
        moved,
        polite(retell),
        [kind, until, stage.state],
        told,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    button.click(polite(make), [kind, until, chosen, stage.state], file, api_visibility="private")


def _show(session: Session) -> tuple[Any, ...]:
    """Everything for a new analysis: the first kind of tie, all episodes."""
    import gradio as gr

    kinds, count = kinds_present(session.results.edges), len(session.episodes)
    no_file = gr.File(None, visible=False)
    if not kinds:
        note = f'<p class="note">{html.escape(NO_NAMES)}</p>'
        return gr.Radio([], value=None), note, no_file, gr.Slider(visible=False), None, "", ""
    choices = [(KIND_NAMES[kind], kind) for kind in kinds]
    _, *told = _told(session, kinds[0], count)
    slider = gr.Slider(1, max(2, count), value=count, label=_label(session, count), visible=count > 1)
    return gr.Radio(choices, value=kinds[0]), _frame(session), no_file, slider, *told


def _told(session: Session, kind: str, until: int) -> tuple[Any, ...]:
    """The slider's label, chart, table and changes up to an episode, by its number from 1."""
    import gradio as gr

    edges = session.results.edges
    people = centrality(edges, kind=kind, until=_episode(session, until))
    return (
        gr.Slider(label=_label(session, until)),
        centrality_figure(people),
        str(centrality_part(people)),
        str(network_changes_part(edges, kind=kind)),
    )


def _episode(session: Session, until: int) -> Episode:
    episodes = session.episodes
    if not 1 <= until <= len(episodes):
        raise InputError(f"There is no episode number {until} here; choose one from 1 to {len(episodes)}.")
    return episodes[until - 1]


def _made(session: Session, kind: str, until: int, name: str, folder: str) -> str:
    """Write the file to where Gradio serves files from."""
    with TemporaryDirectory(prefix="hawkins-") as place:
        saved = network_file(
            session.results,
            Path(place) / f"network.{name}",
            file_format=name,
            kind=kind,
            until=_episode(session, until),
        )
        return cached_file(saved.path.read_bytes(), saved.path.name, folder)


def _label(session: Session, until: int) -> str:
    return f"Up to {session.episodes[until - 1]} (episode {until} of {len(session.episodes)})"


def _frame(session: Session) -> str:
    """Put the page into a frame that may run its script and nothing else."""
    page, episodes = session.network_page, " ".join(map(str, session.episodes))
    key = hashlib.sha256(page.encode()).hexdigest()[:12]
    return (
        f'<iframe class="hawkins-frame" title="Network of characters" sandbox="allow-scripts" loading="lazy" '
        f'data-key="{key}" data-episodes="{episodes}" srcdoc="{html.escape(page)}"></iframe>'
    )

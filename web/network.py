"""The tab of the network: who knows whom, by kind of tie and up to an episode."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from analysis.charts import centrality_figure
from analysis.report import KIND_NAMES, kinds_present
from analysis.report_parts import centrality_part
from character_network import centrality, network_html
from utils.errors import InputError
from web.look import part
from web.session import Session
from web.wiring import Stage, polite

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["network_tab"]


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
    drawn: list[gr.components.Component] = [until, page, chart, table]

    def redraw(kind: str, until: float, session: Session | None) -> tuple[Any, ...]:
        return _drawn(stage.current(session), kind, int(until))

    stage.follow(_show, [kind, *drawn])
    # Not `change`: filling the tab would draw everything twice. While the slider moves, only its last place counts.
    gr.on(
        [kind.input, until.input],
        polite(redraw),
        [kind, until, stage.state],
        drawn,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )


def _show(session: Session) -> tuple[Any, ...]:
    """Everything for a new analysis: the first kind of tie, all episodes."""
    import gradio as gr

    kinds, count = kinds_present(session.results.edges), len(session.episodes)
    if not kinds:
        note = '<p class="note">No names were found in these lines, so there is no network.</p>'
        return gr.Radio([], value=None), gr.Slider(visible=False), note, None, ""
    choices = [(KIND_NAMES[kind], kind) for kind in kinds]
    _, *drawn = _drawn(session, kinds[0], count)
    slider = gr.Slider(1, max(2, count), value=count, label=_label(session, count), visible=count > 1)
    return gr.Radio(choices, value=kinds[0]), slider, *drawn


def _drawn(session: Session, kind: str, until: int) -> tuple[Any, ...]:
    """The slider's label, drawing, chart and table up to an episode, by its number from 1."""
    import gradio as gr

    episodes = session.episodes
    if not 1 <= until <= len(episodes):
        raise InputError(f"There is no episode number {until} here; choose one from 1 to {len(episodes)}.")
    last, edges = episodes[until - 1], session.results.edges
    people = centrality(edges, kind=kind, until=last)
    frame = _frame(network_html(edges, kind=kind, until=last))
    return gr.Slider(label=_label(session, until)), frame, centrality_figure(people), str(centrality_part(people))


def _label(session: Session, until: int) -> str:
    return f"Up to {session.episodes[until - 1]} (episode {until} of {len(session.episodes)})"


def _frame(page: str) -> str:
    """Put a page into a frame that may run its script and nothing else."""
    return (
        '<iframe class="hawkins-frame" title="Network of characters" sandbox="allow-scripts" loading="lazy" '
        f'srcdoc="{html.escape(page)}"></iframe>'
    )

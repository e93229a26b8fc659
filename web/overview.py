"""The tab that says what is on show."""

from __future__ import annotations

from typing import Final

from analysis.report import report_html
from analysis.report_parts import changes_part, overview_part
from web.look import part
from web.session import Session
from web.wiring import Stage, cached_file, polite

__all__ = ["overview_tab"]

_REPORT: Final = "hawkins-report.html"


def overview_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Overview"):
        totals = part()
        part("<h3>What changed from episode to episode</h3>")
        changed = part()
        button = gr.Button("Make the report: one HTML page with everything", size="sm")
        report = gr.File(label="Report", visible=False, interactive=False)

    def make(session: Session | None) -> gr.File:
        page = report_html(stage.current(session).results)
        return gr.File(cached_file(page.encode(), _REPORT, report.GRADIO_CACHE), visible=True)

    stage.follow(_show, [totals, changed, report])
    button.click(polite(make), stage.state, report, api_visibility="private")


def _show(session: Session) -> tuple[object, ...]:
    import gradio as gr

    return str(overview_part(session.results)), str(changes_part(session.results)), gr.File(None, visible=False)

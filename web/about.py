"""The tab that says what answers, what is made up, and where things come from."""

from __future__ import annotations

from analysis.report_parts import render, weights_part
from utils.errors import WeightsError
from utils.models import TASKS, find_weights
from web.look import part
from web.session import Session
from web.wiring import Stage

__all__ = ["about_tab"]


def about_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("About"):
        text = part()
    now = {f"{task.name} ({task.purpose})": _answers(task.name) for task in TASKS.values()}
    stage.follow(lambda session: _about(session, now), [text])


def _answers(task: str) -> str:
    try:
        return find_weights(task).label
    except WeightsError as error:
        return str(error)


def _about(session: Session, now: dict[str, str]) -> str:
    return str(
        render(
            "about.html",
            used=weights_part(session.results),
            now=now,
            series=session.results.series,
        )
    )

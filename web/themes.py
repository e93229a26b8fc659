"""The tab of themes: curves, scenes, peaks, and labels of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analysis.charts import scene_heatmap, theme_figure
from analysis.report_parts import peaks_part
from theme_classifier import ThemeClassifier
from web.look import part
from web.session import Session
from web.wiring import Stage, bars, polite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["themes_tab"]

_NOTE: Final = (
    "Each point is the mean score of an episode's scenes: about 0.2 is ordinary, 0.5 stands out. "
    "Click a theme in the legend to hide it, double-click to see it alone."
)
_SCENES: Final = "One row an episode, from beginning to end; hover for the line that shows the theme most."


def themes_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Themes"):
        with gr.Row(elem_classes="hawkins-bar"):
            labels = gr.Textbox(
                label="Themes of your own", placeholder="Hope, jealousy, friendship", max_length=300, scale=4
            )
            own = gr.Button("Score these", variant="primary", scale=1)
            back = gr.Button("The series' themes", scale=1)
        part(f'<p class="note">{_NOTE}</p>')
        curves = gr.Plot(label="Themes over the episodes", show_label=False)
        part(f'<h3>Scene by scene</h3><p class="note">{_SCENES}</p>')
        scenes = gr.Plot(label="Scene by scene", show_label=False)
        part("<h3>Peak scenes</h3>")
        peaks = part()
    outputs = [curves, scenes, peaks]

    def score(
        written: str,
        session: Session | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by its default
    ) -> tuple[Any, ...]:
        shown = stage.current(session).results
        classifier = ThemeClassifier(_labels(written), series=shown.series)
        return _drawn(classifier.score_scenes(shown.dialogue, progress=bars(progress)), shown.dialogue)

    gr.on([own.click, labels.submit], polite(score), [labels, stage.state], outputs, api_visibility="private")
    back.click(lambda session: _show(stage.current(session)), stage.state, outputs, api_visibility="private")
    stage.follow(_show, outputs)


def _labels(written: str) -> list[str]:
    """Read labels with commas between them."""
    return [label.strip() for label in written.replace("\n", ",").split(",") if label.strip()]


def _show(session: Session) -> tuple[Any, ...]:
    return _drawn(session.results.themes, session.results.dialogue)


def _drawn(themes: pd.DataFrame, dialogue: pd.DataFrame) -> tuple[Any, ...]:
    return theme_figure(themes), scene_heatmap(themes, dialogue), str(peaks_part(themes, dialogue))

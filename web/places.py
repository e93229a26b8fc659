"""The tab of places: those that the dialogue names, and a description of one's own."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from analysis.pipeline import location_classifier
from analysis.place_charts import scene_places_figure
from analysis.report_parts import places_part
from web.look import part
from web.session import Session
from web.wiring import Stage, bars, polite

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from text_classification import LocationPrediction

__all__ = ["places_tab"]


def places_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Places"):
        table = part()
        part("<h3>Where scenes are set</h3>")
        timeline = gr.Plot(label="Where scenes are set", show_label=False)
        part("<h3>Classify a description</h3>")
        with gr.Row():
            with gr.Column():
                text = gr.Textbox(
                    label="What the place is like",
                    placeholder="A warm kitchen where the friends meet, eat waffles and feel safe.",
                    lines=4,
                    max_length=2000,
                )
                button = gr.Button("Classify", variant="primary")
            with gr.Column():
                kinds = gr.Label(label="Kind of place", num_top_classes=4)
                words = part()

    def classify(
        text: str,
        session: Session | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by its default
    ) -> tuple[dict[str, float], str]:
        classifier = location_classifier(stage.current(session).results.series)
        classifier.train_if_needed(progress=bars(progress))
        found = classifier.classify_location(text)
        return found.probabilities, _words(found)

    stage.follow(_show, [table, timeline])
    button.click(polite(classify), [text, stage.state], [kinds, words], api_visibility="private")


def _show(session: Session) -> tuple[str, go.Figure | None]:
    results = session.results
    scenes = results.scene_places
    figure = scene_places_figure(scenes, results.dialogue) if len(scenes) else None
    return str(places_part(results.places)), figure


def _words(found: LocationPrediction) -> str:
    if not found.words:
        return ""
    return f'<p class="note">What decided it: <b>{html.escape(", ".join(found.words))}</b></p>'

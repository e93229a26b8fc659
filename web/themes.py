"""The tab of themes: over episodes, scenes and characters, for the series' labels or one's own."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analysis.report_parts import peaks_part, theme_changes_part, voices_part
from analysis.theme_charts import scene_figure, scene_heatmap, theme_figure
from analysis.theme_views import split_labels
from analysis.voice_charts import character_figure, characters_figure
from analysis.voice_facts import speakers_known
from theme_classifier import ThemeClassifier, character_themes
from utils.episodes import Episode
from web.look import part
from web.session import Session
from web.wiring import Stage, bars, polite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["themes_tab"]

_EVERYBODY: Final = "Everybody"
_VIEWS: Final = ("Episodes", "One episode", "All scenes", "Characters")
_NUMBERS: Final = ("Calibrated", "Raw")
_NOTES: Final = {
    "Episodes": "Each point is the mean score of an episode's scenes: about 0.2 is ordinary, 0.5 stands out. Point at "
    "one for the lines behind it. Click a theme in the legend to hide it, double-click to see it alone.",
    "One episode": "Each point is a scene, at its minute. The three themes that vary most are drawn; click others in "
    "the legend. Point at a scene for the lines behind it.",
    "All scenes": "One row an episode, from beginning to end; point at a scene for the line that shows the theme most.",
    "Characters": "How strongly somebody's words show a theme, beside the mean of everybody: 1.5× is half as much "
    "again. Few lines are drawn towards that mean. Choose a character for the episodes.",
}
_SILENT: Final = (
    '<p class="note">No speaker is known in these lines. Analyse subtitles together with transcripts to see what '
    "each character speaks about.</p>"
)


@dataclass(frozen=True, eq=False)
class _Shown:
    """The themes on show; compared by identity, as Gradio's state needs it.

    Attributes:
        session: Whose lines they were found in.
        themes: One row a scene.
        turns: One row a turn of a speaker.
        classifier: What scored them.
    """

    session: Session
    themes: pd.DataFrame
    turns: pd.DataFrame
    classifier: ThemeClassifier

    @property
    def dialogue(self) -> pd.DataFrame:
        """The lines."""
        return self.session.results.dialogue


def themes_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Themes"):
        own = gr.State(None)
        with gr.Row(elem_classes="hawkins-bar"):
            labels = gr.Textbox(
                label="Themes of your own", placeholder="Hope, jealousy, friendship", max_length=300, scale=4
            )
            score = gr.Button("Score these", variant="primary", scale=1)
            back = gr.Button("The series' themes", scale=1)
        answers = part()
        with gr.Row(elem_classes="hawkins-bar"):
            view = gr.Radio(list(_VIEWS), value=_VIEWS[0], label="Show", scale=3)
            numbers = gr.Radio(list(_NUMBERS), value=_NUMBERS[0], label="Scores", scale=1)
            episode = gr.Dropdown([], label="Episode", scale=1, visible=False)
            character = gr.Dropdown([], label="Character", scale=1, visible=False)
        note = part()
        figure = gr.Plot(label="Themes", show_label=False)
        said = part()
    drawn: list[gr.components.Component] = [episode, character, note, figure, said]

    def compute(
        written: str,
        view: str,
        numbers: str,
        session: Session | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by its default
    ) -> tuple[Any, ...]:
        now = stage.current(session)
        classifier = ThemeClassifier(split_labels(written), series=now.results.series)
        themes, turns = classifier.read(now.results.dialogue, progress=bars(progress))
        shown = _Shown(now, themes, turns, classifier)
        return shown, _answers(shown), *_drawn(shown, view, numbers, None, None)

    def redraw(
        shown: _Shown | None, session: Session | None, view: str, numbers: str, episode: str, character: str
    ) -> tuple[Any, ...]:
        return _drawn(_current(shown, stage.current(session)), view, numbers, episode, character)

    def begin(session: Session) -> tuple[Any, ...]:
        shown = _current(None, session)
        return None, _answers(shown), _VIEWS[0], _NUMBERS[0], *_drawn(shown, _VIEWS[0], _NUMBERS[0], None, None)

    opened = [own, answers, view, numbers, *drawn]
    gr.on(
        [score.click, labels.submit],
        polite(compute),
        [labels, view, numbers, stage.state],
        [own, answers, *drawn],
        show_progress_on=figure,
        api_visibility="private",
    )
    back.click(polite(lambda session: begin(stage.current(session))), stage.state, opened, api_visibility="private")
    gr.on(
        [view.input, numbers.input, episode.input, character.input],
        polite(redraw),
        [own, stage.state, view, numbers, episode, character],
        drawn,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    stage.follow(begin, opened)


def _current(shown: _Shown | None, session: Session) -> _Shown:
    """The visitor's own labels, or those of the series where another analysis came on show."""
    if shown is not None and shown.session is session:
        return shown
    results = session.results
    classifier = ThemeClassifier(results.theme_labels, series=results.series)
    return _Shown(session, results.themes, results.theme_turns, classifier)


def _answers(shown: _Shown) -> str:
    """Which weights answer, and how each label is answered."""
    ways: dict[str, list[str]] = {}
    for label, way in shown.classifier.answers().items():
        ways.setdefault(way, []).append(label)
    told = "; ".join(f"by {way}: {', '.join(labels)}" for way, labels in ways.items())
    return f'<p class="note">{html.escape(f"{shown.classifier.weights.label} answers, {told}.")}</p>'


def _drawn(shown: _Shown, view: str, numbers: str, episode: str | None, character: str | None) -> tuple[Any, ...]:
    """The choices of episode and character, the note, the figure and the lines behind it."""
    import gradio as gr

    episodes = [str(one) for one in shown.session.episodes]
    episode = episode if episode in episodes else episodes[0]
    people = _people(shown)
    character = character if character in people else _EVERYBODY
    figure, said = _MADE[view](shown, numbers == "Raw", episode, character)
    return (
        gr.Dropdown(episodes, value=episode, visible=view == "One episode"),
        gr.Dropdown(people, value=character, visible=view == "Characters" and len(people) > 1),
        f'<p class="note">{_NOTES[view]}</p>',
        figure,
        said,
    )


def _people(shown: _Shown) -> list[str]:
    if not speakers_known(shown.turns):
        return [_EVERYBODY]
    return [_EVERYBODY, *character_themes(shown.turns)["character"]]


def _episodes(shown: _Shown, raw: bool, _episode: str, _character: str) -> tuple[Any, str]:
    said = f"<h3>What changed most</h3>{theme_changes_part(shown.themes, shown.turns)}{_peaks(shown)}"
    return theme_figure(shown.themes, shown.turns, raw=raw), said


def _one_episode(shown: _Shown, raw: bool, episode: str, _character: str) -> tuple[Any, str]:
    where = Episode.parse(episode)
    themes = shown.themes[(shown.themes["season"] == where.season) & (shown.themes["episode"] == where.episode)]
    said = f"<h3>Peak scenes of {where}</h3>{peaks_part(themes, shown.turns, shown.dialogue)}"
    return scene_figure(shown.themes, shown.turns, shown.dialogue, where, raw=raw), said


def _all_scenes(shown: _Shown, raw: bool, _episode: str, _character: str) -> tuple[Any, str]:
    return scene_heatmap(shown.themes, shown.turns, shown.dialogue, raw=raw), _peaks(shown)


def _characters(shown: _Shown, raw: bool, _episode: str, character: str) -> tuple[Any, str]:
    if not speakers_known(shown.turns):
        return None, _SILENT
    if character == _EVERYBODY:
        return characters_figure(shown.turns, raw=raw), str(voices_part(shown.turns))
    return character_figure(shown.turns, character, raw=raw), str(voices_part(shown.turns, character=character))


def _peaks(shown: _Shown) -> str:
    return f"<h3>Peak scenes</h3>{peaks_part(shown.themes, shown.turns, shown.dialogue)}"


_MADE: Final[dict[str, Callable[[_Shown, bool, str, str], tuple[Any, str]]]] = dict(
    zip(_VIEWS, (_episodes, _one_episode, _all_scenes, _characters), strict=True)
)

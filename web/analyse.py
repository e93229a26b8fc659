"""The tab that analyses a visitor's own subtitles; nothing of them stays on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from analysis.pipeline import analyze
from analysis.results import Results
from utils.errors import HawkinsError, InputError
from utils.progress import Progress
from utils.reading.report import FileReport, OnReport
from utils.subtitles import SUFFIXES as SUBTITLES
from utils.tables import EPISODE_KEYS
from utils.transcripts import SUFFIXES as TRANSCRIPTS
from web.look import part
from web.session import Session
from web.wiring import Stage, bars, warn

__all__ = ["analyse_tab"]

_HELP: Final = (
    "Subtitle files named like <b>S01E02.srt</b>, one an episode; with transcripts of the same names (csv with the "
    "columns name,line) the speakers are known too. Everything happens on this machine. "
    "An hour of dialogue takes some seconds; what is found then fills the other tabs, for you alone."
)
_HEIGHT: Final = 240  # pixels; longer lists scroll


def analyse_tab(stage: Stage) -> None:
    """Build the tab."""
    import gradio as gr

    with gr.Tab("Analyse"):
        part(f'<p class="note">{_HELP}</p>')
        with gr.Row():
            subtitles = gr.File(label="Subtitles", file_count="multiple", file_types=list(SUBTITLES), height=_HEIGHT)
            transcripts = gr.File(
                label="Transcripts (may be left out)",
                file_count="multiple",
                file_types=list(TRANSCRIPTS),
                height=_HEIGHT,
            )
        with gr.Row():
            start = gr.Button("Analyse", variant="primary")
            back = gr.Button("Back to what was shown first")
        done = part(least_height=90)

    def run(
        subtitles: list[str] | None,
        transcripts: list[str] | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by its default
    ) -> tuple[Any, ...]:
        with TemporaryDirectory(prefix="hawkins-") as folder:
            reports: list[FileReport] = []
            try:
                results = _analysed(stage, Path(folder), subtitles, transcripts, reports.append, bars(progress))
            except HawkinsError as error:
                warn(error, inside=Path(folder))
                return gr.skip(), ""
            for warning in dict.fromkeys(warning for report in reports for warning in report.warnings):
                warn(warning, inside=Path(folder))
        return Session(results, endpoint=stage.opening.endpoint, model=stage.opening.model), _told(results)

    start.click(run, [subtitles, transcripts], [stage.state, done], show_progress_on=done, api_visibility="private")
    back.click(lambda: (None, ""), None, [stage.state, done], api_visibility="private")


def _analysed(
    stage: Stage,
    folder: Path,
    subtitles: list[str] | None,
    transcripts: list[str] | None,
    on_report: OnReport,
    progress: Progress,
) -> Results:
    source = _gathered(subtitles, folder / "subtitles")
    if source is None:
        raise InputError("No subtitles were given; choose at least one file.")
    return analyze(
        source,
        transcripts=_gathered(transcripts, folder / "transcripts"),
        series=stage.opening.results.series,
        out=folder / "out",
        on_report=on_report,
        progress=progress,
    )


def _gathered(files: Sequence[str] | None, folder: Path) -> Path | None:
    """Copy uploads into one folder, each into one of its own: two may have the same name."""
    if not files:
        return None
    for number, file in enumerate(files):
        (folder / str(number)).mkdir(parents=True)
        shutil.copyfile(file, folder / str(number) / Path(file).name)
    return folder


def _told(results: Results) -> str:
    lines = results.dialogue
    episodes = len(lines[list(EPISODE_KEYS)].drop_duplicates())
    counted = f"{episodes} episode" + ("s" if episodes > 1 else "")
    return f"<p><b>{counted}, {len(lines):,} lines.</b> The other tabs show them now.</p>"

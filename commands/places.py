"""Places: the kind of place of each scene, and the classifier behind it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from commands.options import Encoding, Pattern, Series, Transcripts
from utils.door import progress_bars, told

__all__ = ["app"]

_SCENES = "scenes"


class _ScenesFirst(TyperGroup):
    """A group in which a folder may stand where a command would: ``hawkins places DIR``."""

    default_command = _SCENES

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in its place where none was named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_SCENES, *args]
        return super().parse_args(ctx, args)


app = typer.Typer()
places = typer.Typer(
    cls=_ScenesFirst,
    no_args_is_help=True,
    help="Kinds of places. `hawkins places DIR` says of each scene in which kind of place it is set.",
)
app.add_typer(places, name="places")


@places.command(_SCENES)
def scenes(
    source: Annotated[
        Path, typer.Argument(metavar="DIR|RESULTS", help="Folder of subtitles, or one that `hawkins analyze` wrote.")
    ],
    transcripts: Transcripts = None,
    series: Annotated[
        str | None, typer.Option("--series", help="The subtitles' series.  [default: stranger_things]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A .csv, .json or .png; without it, a table.")
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """In which kind of place each scene is set, with a probability; in doubt none (`hawkins places DIR` is enough)."""
    from analysis.place_scenes import read_scene_places, write_scene_places

    with progress_bars() as progress:
        reading = read_scene_places(
            source,
            transcripts=transcripts,
            series=series,
            out=out,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    if out is None:
        from rich.console import Console

        from analysis.place_terminal import scene_places_summary

        for part in scene_places_summary(reading):
            Console().print(part)
    else:
        typer.echo(write_scene_places(reading, out))


@places.command("train")
def train(
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled rows (.jsonl or .csv).  [default: those of the series]")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="Where it is kept.  [default: the user's cache]")
    ] = None,
    text_column: Annotated[
        str, typer.Option("--text-column", help="Where the descriptions stand.")
    ] = "location_description",
    label_column: Annotated[str, typer.Option("--label-column", help="Where their classes stand.")] = "location_type",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave the encoder as it is: seconds instead of minutes.")
    ] = False,
    series: Series = "stranger_things",
) -> None:
    """Train the classifier, with cross-validation; interrupted, the same command goes on where it stopped."""
    from analysis.pipeline import location_classifier
    from text_classification import LocationClassifier, TrainingSettings
    from utils.series import load_series

    ours = location_classifier(load_series(series)) if model is None or data is None else None
    classifier = LocationClassifier(
        model or ours.model_path,  # type: ignore[union-attr]  # there where either is missing
        data or ours.data_path,  # type: ignore[union-attr]
        settings=TrainingSettings.quick() if quick else TrainingSettings(),
        text_column=text_column,
        label_column=label_column,
    )
    with progress_bars() as progress:
        found = classifier.train(progress=progress)
    low, high = found.interval
    typer.echo(
        f"{classifier.model_path}: macro F1 {found.macro_f1:.2f} ({low:.2f} to {high:.2f}) in cross-validation of "
        f"{found.rows} rows; README.md there tells more."
    )


@places.command("label")
def label(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Crawled places (.jsonl or .csv).")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The labelled rows, `kind` being the label.")
    ] = Path("labelled.jsonl"),
    review: Annotated[
        Path, typer.Option("--review", metavar="FILE", help="Where you correct: its last column is yours.")
    ] = Path("review.csv"),
    series: Series = "stranger_things",
) -> None:
    """Label crawled places by the series' rules; run it again after you have edited the review file."""
    from text_classification import label_file
    from utils.series import load_series

    done = label_file(data, rules=load_series(series).place_kinds, out=out, review=review)
    kinds = ", ".join(f"{kind} {count}" for kind, count in done.kinds.items())
    typer.echo(f"{out}: {done.rows} rows; {kinds}; without a label {done.unlabelled}. By you: {done.by_person}.")
    typer.echo(f"Correct them in {review}, column your_label (- for none), and run this again.")
    typer.echo(f"Then: hawkins places train --data {shlex.quote(str(out))} --label-column kind --model DIR")

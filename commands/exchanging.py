"""Characters to other programs and from them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from commands.options import Results, Series, world_of
from utils.door import one_line, progress_bars

__all__ = ["app"]

app = typer.Typer()
export_app = typer.Typer(no_args_is_help=True, help="Characters for other programs.")
import_app = typer.Typer(no_args_is_help=True, help="Characters from other programs.")
app.add_typer(export_app, name="export")
app.add_typer(import_app, name="import")


@export_app.command("card")
def export_character_card(
    character: Annotated[str, typer.Argument(help="A name or alias, such as Eleven or El.")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="S01E03", help="Last episode that the card may tell of.")
    ] = None,
    results: Results = None,
    series: Series = "stranger_things",
    format_: Annotated[
        str | None, typer.Option("--format", help="v2 or v3.  [default: that of an imported card, or v3]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=".json or .png.  [default: CHARACTER.json]")
    ] = None,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="FILE", help="Picture for a .png.  [default: one is drawn]")
    ] = None,
) -> None:
    """Write a character card (SillyTavern, RisuAI and others), with the lore that the character knows by an episode."""
    from character_chatbot.cards import export_card
    from utils.world import World

    world = world_of(results) or World.of(series)
    typer.echo(export_card(character, world=world, until=until, version=format_, out=out, image=image))


@import_app.command("card")
def import_character_card(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Character card, .json or .png; V1, V2 or V3.")],
    series: Annotated[
        Path | None,
        typer.Option("--series", metavar="DIR", help="Folder of a series.  [default: out/series/CHARACTER]"),
    ] = None,
    age: Annotated[
        int | None, typer.Option("--age", help="In years; needed unless `hawkins export card` wrote the card.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a card that is there.")] = False,
) -> None:
    """Take a character card into a series; what has no place there is kept beside it."""
    from character_chatbot.cards import import_card

    done = import_card(file, series=series, age=age, force=force)
    typer.echo(one_line(f"{done.path}: {done.card.name}, {done.card.age} years old, from a V{done.version} card."))
    for note in done.notes:
        typer.echo(one_line(f"note: {note}"))
    typer.echo(one_line(f"Back again: hawkins export card {shlex.quote(done.card.name)} --series {done.series}"))


@export_app.command("gguf")
def export_gguf(
    who: Annotated[
        str, typer.Argument(metavar="NAME|RESULT", help="A character whose voice was trained, or the result's folder.")
    ],
    merged: Annotated[bool, typer.Option("--merged", help="One model in place of an adapter.")] = False,
    base: Annotated[
        str | None, typer.Option("--base", help="Which of a character's voices: smollm2, llama, qwen or qwen3.")
    ] = None,
    base_gguf: Annotated[
        Path | None,
        typer.Option("--base-gguf", metavar="FILE", help="The base model.  [default: found on this machine]"),
    ] = None,
    base_model: Annotated[
        Path | None, typer.Option("--base-model", metavar="DIR", help="The base as a folder of transformers.")
    ] = None,
    quantization: Annotated[
        str, typer.Option("--quantization", help="Of a merged model: Q8_0, F16, BF16 or F32.")
    ] = "Q8_0",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where files go.  [default: export in the result]")
    ] = None,
    series: Series = "stranger_things",
) -> None:
    """A trained voice for llama.cpp, Ollama and LM Studio: GGUF, Modelfile and how to use them."""
    from character_training.export import export_voice

    with progress_bars() as progress:
        files = export_voice(
            who,
            merged=merged,
            base=base,
            base_gguf=base_gguf,
            base_model=base_model,
            out=out,
            quantization=quantization,
            series=series,
            progress=progress,
        )
    typer.echo(f"{files.model} ({files.model.stat().st_size / 1e6:,.1f} MB)\n{files.modelfile}\n{files.readme}")

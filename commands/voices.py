"""Learning a voice: what is learnt from, training, and uploading."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils.door_steps import StepBar, quiet_libraries, stop_signals
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from character_training.dataset import Dataset
    from character_training.queue import Outcome
    from character_training.voices import Order, Voice
    from utils.world import World

from commands.options import Results, Series, world_of

__all__ = ["app"]

app = typer.Typer()


@app.command()
def dataset(
    character: Annotated[str, typer.Argument(help="Whose replies: a name or alias, such as Eleven or El.")],
    results: Results = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.jsonl", help="Write FILE.train.jsonl and FILE.validation.jsonl."),
    ] = None,
    voices: Annotated[bool, typer.Option("--voices", help="Add the exchanges written for the character.")] = False,
    directions: Annotated[
        bool, typer.Option("--directions", help="Show stage directions and sounds in what others say.")
    ] = False,
    context: Annotated[
        int, typer.Option("--context", min=8, max=8192, help="Tokens of what was said before a reply.")
    ] = 96,
    as_json: Annotated[bool, typer.Option("--json", help="The counts, for programs.")] = False,
) -> None:
    """What a character would learn its voice from: counts, lengths, ten examples, and files for other trainers."""
    import json

    from character_training.dataset import DatasetSettings, build_dataset
    from character_training.dataset_file import write_dataset
    from character_training.dataset_view import dataset_facts
    from utils.world import World

    settings = DatasetSettings(voices=voices, directions=directions, context_tokens=context)
    found = build_dataset(world_of(results) or World.sample(), character, settings=settings)
    written = [] if out is None else write_dataset(found, out)
    if as_json:
        typer.echo(json.dumps({**dataset_facts(found), "files": list(map(str, written))}, ensure_ascii=False))
        return
    _show_dataset(found)
    for path in written:
        typer.echo(path)


def _show_dataset(found: Dataset) -> None:
    from rich.console import Console

    from character_training.dataset_view import dataset_summary

    console = Console()
    for part in dataset_summary(found):
        console.print(part)


@app.command()
def train(
    character: Annotated[str | None, typer.Argument(help="Whose voice: a name or alias, such as Eleven or El.")] = None,
    base: Annotated[
        str, typer.Option("--base", help="smollm2, llama, qwen, qwen3, a Hub id (owner/name), or a folder.")
    ] = "smollm2",
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings: the section `training` of aws_config.yaml."),
    ] = None,
    results: Results = None,
    voices: Annotated[
        bool, typer.Option("--voices", help="Learn the exchanges written for the character too.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="The result.  [default: out/<series>/adapters/<character>-<base>]"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was interrupted.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, giving up what is there.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every character with enough lines, one after another.")] = False,
    track: Annotated[str | None, typer.Option("--track", help="Follow the loss in trackio or tensorboard.")] = None,
    max_steps: Annotated[int | None, typer.Option("--max-steps", min=1, help="Length in steps.")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Length in rounds through the replies.")] = None,
) -> None:
    """Teach a model a character's voice: a LoRA adapter, which `hawkins chat` uses from then on."""
    from character_training.voices import require_one, take_order
    from utils.world import World

    require_one(character, every=every)
    if resume and restart:
        raise HawkinsError("Give --resume or --restart, not both.")
    order = take_order(base, config=config, max_steps=max_steps, epochs=epochs, voices=voices, out=out)
    world = world_of(results) or World.sample()
    if character is None:
        _train_all(world, order, restart=restart)
    else:
        _train_one(world, character, order, resume=resume, restart=restart, track=track)


def _train_one(world: World, character: str, order: Order, *, resume: bool, restart: bool, track: str | None) -> None:
    from character_training.training import train_voice
    from character_training.voices import find_voice

    voice = find_voice(world, character, order)
    with stop_signals() as stop, StepBar() as bar:
        if restart or voice.finished is None:
            quiet_libraries()
        trained = train_voice(
            voice.dataset,
            order.base,
            order.settings,
            voice.folder,
            resume=resume,
            restart=restart,
            track=track,
            on_step=bar.step,
            on_stage=bar.stage,
            warn=bar.warn,
            stop=stop,
        )
    if trained.metrics is None:
        typer.echo(f"Saved after step {trained.done} of {trained.total}. Go on with: {_again('--resume')}")
        return
    scores = f"perplexity {trained.metrics.perplexity_before:.1f} -> {trained.metrics.perplexity_after:.1f}"
    if trained.unchanged:
        typer.echo(f"{voice.folder}: unchanged, nothing to do ({scores}); --restart trains again.")
        return
    typer.echo(f"{voice.folder}: {scores} on replies held out, {trained.metrics.seconds / 60:.1f} minutes.")
    _show_next(voice, order)


def _show_next(voice: Voice, order: Order) -> None:
    from utils.adapters import ADAPTER_FILE
    from utils.bases import BASES

    name, where = shlex.quote(voice.dataset.character), shlex.quote(str(voice.folder))
    if order.out is None and (voice.folder / ADAPTER_FILE).is_file() and order.base.key in BASES:
        when = "from now on" if BASES[order.base.key].embedded else f"where {order.base.key} answers"
        typer.echo(f"hawkins chat {name} uses it {when}.")
    typer.echo(f"Next: hawkins export gguf {where}    hawkins push {where} --to USER/REPO")


def _again(*added: str) -> str:
    """Return the command that was given, without --resume and --restart, with what is added."""
    kept = [word for word in sys.argv[1:] if word not in {"--resume", "--restart"}]
    return shlex.join(["hawkins", *kept, *added])


def _train_all(world: World, order: Order, *, restart: bool) -> None:
    from character_training.queue import train_queue
    from character_training.voices import all_voices

    voices = list(all_voices(world, order))
    if not voices:
        raise HawkinsError("Nobody has enough lines to learn from; see hawkins dataset NAME.")
    with stop_signals() as stop:
        outcomes = list(
            train_queue(
                voices,
                partial(_child, restart=restart),
                restart=restart,
                stop=stop,
                on_start=lambda voice: typer.echo(f"--- {voice.dataset.character}", err=True),
            )
        )
    _show_queue(outcomes)
    if any(outcome.state in {"interrupted", "waiting"} for outcome in outcomes):
        typer.echo(f"Go on with: {_again()}")
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(1)


def _child(voice: Voice, begun: bool, *, restart: bool) -> list[str]:
    """Return the command for one character of ``--all``: our own, with a name and a folder."""
    kept = list(_without_value(sys.argv[1:], "--out"))
    words = [word for word in kept if word not in {"--all", "--resume", "--restart"}]
    added = ["--resume"] * begun + ["--restart"] * restart
    script = Path(__file__).resolve().parent.parent / "hawkins.py"
    return [sys.executable, str(script), *words, voice.dataset.character, "--out", str(voice.folder), *added]


def _without_value(words: Iterable[str], option: str) -> Iterator[str]:
    """Yield the words but an option and its value."""
    remaining = iter(words)
    for word in remaining:
        if word == option:
            next(remaining, None)
        elif not word.startswith(f"{option}="):
            yield word


def _show_queue(outcomes: Iterable[Outcome]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("character", "replies", "", "perplexity", "minutes", show_edge=False, pad_edge=False)
    for outcome in outcomes:
        done, voice = outcome.voice.finished, outcome.voice
        scores = done.metrics if done else None
        table.add_row(
            voice.dataset.character,
            f"{len(voice.dataset.train):,}",
            outcome.state,
            f"{scores.perplexity_before:.1f} -> {scores.perplexity_after:.1f}" if scores else "",
            f"{outcome.seconds / 60:.1f}" if outcome.seconds else "",
        )
    Console().print(table)


@app.command()
def push(
    who: Annotated[
        str, typer.Argument(metavar="NAME|RESULT", help="A character whose voice was trained, or a folder.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="USER/REPO", help="Repository on the Hugging Face Hub.")],
    base: Annotated[str, typer.Option("--base", help="Which of the character's voices.")] = "smollm2",
    public: Annotated[bool, typer.Option("--public/--private", help="Who sees it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Upload; without it, only say what would be.")] = False,
    series: Series = "stranger_things",
) -> None:
    """Upload a trained voice to the Hugging Face Hub; first without --yes, to see what would leave the machine."""
    from character_training.push import pack_parcel, send_parcel
    from character_training.voices import require_result

    parcel = pack_parcel(require_result(who, base=base, series=series), to, private=not public)
    for name, size in parcel.files:
        typer.echo(f"{size / 1e6:9.2f} MB  {name}")
    seen = "private" if parcel.private else "public"
    typer.echo(f"to {parcel.page} ({seen}). Licence of the base: {parcel.licence or 'unknown'}. Data: {parcel.sources}")
    if parcel.third_party:
        typer.echo(
            "warning: The lines belong to others; ask whether you may publish what was learnt from them.", err=True
        )
    if not yes:
        typer.echo(f"Nothing was uploaded. To do it: {_again('--yes')}")
        return
    typer.echo(f"Uploaded: {send_parcel(parcel)}")

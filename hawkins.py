"""The `hawkins` command line: a thin door to everything.

Every command is a function of some package that Python code can call as well; here are only options, bars and printing.
"""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils.door import one_line, progress_bars, run_door, told
from utils.door_steps import StepBar, quiet_libraries, stop_signals
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from rich.console import Console

    import analysis
    from analysis.theme_views import ThemeReading
    from character_chatbot.talk import Talk
    from character_training.dataset import Dataset
    from character_training.queue import Outcome
    from character_training.voices import Order, Voice
    from utils.world import World

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn a TV series' subtitles and transcripts into a world you can read, plot and talk to.",
)
models = typer.Typer(no_args_is_help=True, help="Model weights: which answer now, and fetching better ones.")
places = typer.Typer(no_args_is_help=True, help="The classifier of places.")
series_app = typer.Typer(no_args_is_help=True, help="Series: a first profile for one that is new.")
export_app = typer.Typer(no_args_is_help=True, help="Characters for other programs.")
import_app = typer.Typer(no_args_is_help=True, help="Characters from other programs.")
conversations = typer.Typer(
    no_args_is_help=True, help="Conversations that are kept: list, read, rename, export, delete."
)
app.add_typer(conversations, name="conversations")
app.add_typer(models, name="models")
app.add_typer(places, name="places")
app.add_typer(series_app, name="series")
app.add_typer(export_app, name="export")
app.add_typer(import_app, name="import")

SAMPLE_RESULTS = Path("out/sample")

Series = Annotated[str, typer.Option("--series", help="A series in `series/`, or the path of a folder like those.")]
Results = Annotated[
    Path | None,
    typer.Option("--results", help="Folder that `hawkins analyze` wrote; without it the sample season is used."),
]

Endpoint = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="A chat server, such as http://127.0.0.1:11434/v1.")
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="FILE|URL",
        help="Where conversations are kept.  [default: DATABASE_URL, or a file of the user]",
    ),
]
ConversationName = Annotated[str, typer.Argument(metavar="NAME", help="A name of `hawkins conversations list`.")]

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of subtitles (or one file).")]
Transcripts = Annotated[
    Path | None, typer.Option("--transcripts", metavar="DIR", help="Speaker transcripts of the same episodes.")
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="What files are that are neither UTF-8 nor UTF-16.  [default: cp1252, a guess]"),
]
Pattern = Annotated[
    str | None,
    typer.Option("--pattern", help=r"Regular expression for unusual names: '(?P<season>\d+)-(?P<episode>\d+)'."),
]


@app.command()
def analyze(
    directory: Directory,
    transcripts: Transcripts = None,
    series: Series = "stranger_things",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where results go.  [default: out/<series>]")
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """Subtitles in; dialogue, themes, names, network, places and a report out."""
    from analysis import analyze as run
    from analysis.pipeline import REPORT

    folder = out or Path("out") / Path(series).name
    with progress_bars() as progress:
        results = run(
            directory,
            transcripts=transcripts,
            series=series,
            out=folder,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    _show(results)
    typer.echo(f"\nTables and {folder / REPORT} are written; open the report in a browser.")
    shown = shlex.quote(str(folder))
    typer.echo(f"Next: hawkins app --results {shown}    hawkins chat NAME --results {shown}")


def _show(results: analysis.Results) -> None:
    from rich.console import Console

    from analysis.summary import summary

    console = Console()
    for part in summary(results):
        console.print(part)


@app.command()
def inspect(
    directory: Directory,
    transcripts: Transcripts = None,
    series: Series = "stranger_things",
    encoding: Encoding = None,
    pattern: Pattern = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """Say of each file how many cues are read, which are repaired and how, and which are refused and why."""
    from utils.reading.inspection import as_json as in_json
    from utils.reading.inspection import in_lines, inspect_files
    from utils.reading.settings import Reading

    reading = Reading(transcripts=transcripts, series=series, encoding=encoding, pattern=pattern)
    with progress_bars() as progress:
        reports = list(inspect_files(directory, reading, progress=progress))
    typer.echo(in_json(reports) if as_json else "\n".join(map(one_line, in_lines(reports))))


@app.command()
def parse(
    directory: Directory,
    transcripts: Transcripts = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet file.")] = Path("dialogue.parquet"),
    series: Series = "stranger_things",
    encoding: Encoding = None,
    pattern: Pattern = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="DIR", help="Where what was read is kept.  [default: the user's cache]"),
    ] = None,
) -> None:
    """Subtitles in, one table of dialogue out; unchanged files are not read again."""
    from utils.dialogue_file import write_dialogue
    from utils.reading.cache import user_cache
    from utils.reading.settings import Reading

    kept = cache or user_cache()
    reading = Reading(transcripts=transcripts, series=series, encoding=encoding, pattern=pattern, cache=kept)
    with progress_bars() as progress:
        done = write_dialogue(directory, out, reading, on_report=told(), progress=progress)
    typer.echo(
        f"{out}: {done.episodes} episodes ({done.unchanged} unchanged), {done.lines:,} lines, "
        f"{done.named:,} with a speaker; {done.repaired:,} repairs, {done.refused:,} refusals."
    )


@app.command()
def themes(
    directory: Directory,
    transcripts: Transcripts = None,
    series: Series = "stranger_things",
    labels: Annotated[
        str | None, typer.Option("--labels", help="Themes with commas between them.  [default: those of the series]")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="episode, scene or character.")] = "episode",
    raw: Annotated[bool, typer.Option("--raw", help="Show the model's own numbers; files hold both.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Where files go.")] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="csv, json, png or html; may be repeated.  [default with --out: csv and png]"),
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """Themes over episodes, scenes or characters, with the lines behind them."""
    from analysis.theme_files import DEFAULT_FORMATS, require_formats, theme_text, write_themes
    from analysis.theme_views import read_themes, split_labels

    chosen = formats or (list(DEFAULT_FORMATS) if out else [])
    require_formats(chosen, to_files=out is not None)
    wanted = None if labels is None else split_labels(labels)
    with progress_bars() as progress:
        reading = read_themes(
            directory,
            by=by,
            transcripts=transcripts,
            series=series,
            labels=wanted,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    if out is not None:
        for path in write_themes(reading, by, out, formats=chosen, raw=raw):
            typer.echo(path)
    elif chosen:
        typer.echo(theme_text(reading, by, chosen[0]), nl=False)
    else:
        _print_themes(reading, by, raw=raw)


def _print_themes(reading: ThemeReading, by: str, *, raw: bool) -> None:
    from rich.console import Console

    from analysis.theme_terminal import theme_summary

    console = Console()
    for part in theme_summary(reading, by, raw=raw):
        console.print(part)


@app.command()
def network(
    source: Annotated[
        Path, typer.Argument(metavar="DIR|RESULTS", help="Folder of subtitles, or one that `hawkins analyze` wrote.")
    ],
    kind: Annotated[str, typer.Option("--kind", help="Ties: together, speaks_to or mentions.")] = "together",
    until: Annotated[str | None, typer.Option("--until", metavar="S02E04", help="Last episode that counts.")] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="html, png, gexf, graphml, json or csv.  [default: as --out ends, or html]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file.  [default: network.<format>]")
    ] = None,
    transcripts: Transcripts = None,
    series: Annotated[
        str | None, typer.Option("--series", help="The subtitles' series.  [default: stranger_things]")
    ] = None,
    window: Annotated[
        int | None, typer.Option("--window", help="Lines within which two people are together.  [default: 10]")
    ] = None,
    encoding: Encoding = None,
    pattern: Pattern = None,
) -> None:
    """Who speaks to whom, names whom, is together: as a page with a slider, an image, or a file for other programs."""
    from analysis.network import write_network

    with progress_bars() as progress:
        saved = write_network(
            source,
            file_format=format_,
            kind=kind,
            until=until,
            out=out,
            transcripts=transcripts,
            series=series,
            window=window,
            encoding=encoding,
            pattern=pattern,
            on_report=told(),
            progress=progress,
        )
    typer.echo(f"{saved.path}: {saved.people:,} people, {saved.ties:,} ties ({kind}). {saved.note}".rstrip())


@app.command()
def chat(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAMES...] [MESSAGE]",
            help="Who answers, such as Eleven or El; several talk with each other. A last word that is no name is a "
            "message, which is answered once.",
        ),
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="One message, also where it is a name itself.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="S01E03", help="Last episode that the character has lived through.")
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="NAME", help="Go on with a conversation, or begin one so called.")
    ] = None,
    endpoint: Endpoint = None,
    results: Results = None,
    turns: Annotated[
        int, typer.Option("--turns", min=1, help="Replies to one message, at most, where several talk.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw of who speaks next.")] = 0,
    database: Database = None,
) -> None:
    """Talk with characters, who remember only what they witnessed up to the episode you choose.

    Lines that come through a pipe are answered one by one, without anything around the answers.
    """
    from rich.console import Console

    from analysis.talking import open_talk
    from character_chatbot.terminal import answer, converse, prompting

    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    talk, said = open_talk(
        words or [],
        message=message,
        until=until,
        session=session,
        results=results,
        endpoint=endpoint,
        database=database,
        lasting=at_terminal,
        turns=turns,
        seed=seed,
        on_load=lambda label: typer.echo(f"Loading {label} ...", err=True),
        on_warning=lambda warning: typer.echo(f"warning: {one_line(warning)}", err=True),
    )
    console = Console()
    if said is not None:
        answer(talk, said, console)
    elif at_terminal:
        converse(talk, console, prompting(talk), label=talk.company.engine.label)
    else:
        _answer_lines(talk, console)


def _answer_lines(talk: Talk, console: Console) -> None:
    from character_chatbot.terminal import pipe

    # What is no text is no reason to stop.
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    failed = pipe(talk, sys.stdin, console, complain=lambda told: typer.echo(f"error: {told}", err=True))
    if failed:
        raise typer.Exit(HawkinsError.exit_code)


@conversations.command("list")
def list_conversations(database: Database = None) -> None:
    """Show the conversations that are kept, the last one first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from character_chatbot.conversations import open_store

    table = Table("name", "with", "remembers up to", "messages", "last spoken (UTC)", show_edge=False, pad_edge=False)
    found = open_store(database).all()
    for one in found:
        who = escape(one_line(", ".join(one.characters)))
        table.add_row(escape(one_line(one.name)), who, one.until or "the end", f"{one.messages}", one.updated[:16])
    Console().print(table if found else "No conversation is kept yet; begin one: hawkins chat Eleven")


@conversations.command("show")
def show_conversation(name: ConversationName, database: Database = None) -> None:
    """Print a conversation as Markdown."""
    from character_chatbot.conversations import export_conversation, open_store

    store = open_store(database)
    found = store.find(name)
    typer.echo(export_conversation(found, store.utterances(found.id), file_format="md"), nl=False)


@conversations.command("rename")
def rename_conversation(
    name: ConversationName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    database: Database = None,
) -> None:
    """Give a conversation another name."""
    from character_chatbot.conversations import open_store

    renamed = open_store(database).rename(name, new)
    typer.echo(f"{one_line(name)} is now called {renamed.name}.")


@conversations.command("export")
def export_conversation_(
    name: ConversationName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A file that is not there yet (.json or .md).")],
    format_: Annotated[
        str | None, typer.Option("--format", help="json or md.  [default: as the file's name ends]")
    ] = None,
    database: Database = None,
) -> None:
    """Write a conversation to a file, with sources, times and what was drawn anew."""
    from character_chatbot.conversations import open_store, write_conversation

    store = open_store(database)
    found = store.find(name)
    typer.echo(write_conversation(out, found, store.utterances(found.id), file_format=format_))


@conversations.command("delete")
def delete_conversation(
    name: ConversationName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: Database = None,
) -> None:
    """Delete a conversation with everything that was said in it."""
    from character_chatbot.conversations import open_store

    store = open_store(database)
    found = store.find(name)
    if not yes and not typer.confirm(f"Delete {one_line(found.name)} with its {found.messages} messages?"):
        raise typer.Exit(1)
    store.delete(found.name)
    typer.echo(f"{one_line(found.name)} is deleted.")


def _world(folder: Path | None) -> World | None:
    if folder is None:
        return None
    from analysis import load_results

    return load_results(folder).world


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
    found = build_dataset(_world(results) or World.sample(), character, settings=settings)
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
    world = _world(results) or World.sample()
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
    return [sys.executable, __file__, *words, voice.dataset.character, "--out", str(voice.folder), *added]


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


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go.")] = SAMPLE_RESULTS,
) -> None:
    """Analyse the sample season that ships with the software, and have a short chat."""
    from rich.console import Console

    from analysis import analyze_sample
    from analysis.pipeline import REPORT
    from character_chatbot.company import Company
    from character_chatbot.conversations import open_store
    from character_chatbot.talk import Talk
    from character_chatbot.terminal import answer

    with progress_bars() as progress:
        results = analyze_sample(out=out, progress=progress)
    _show(results)
    console = Console()
    console.print("\n[bold]A short chat[/bold] [dim](fictional characters, played by a small embedded model)[/dim]")
    company, store = Company(results.world), open_store("sqlite://")
    for name, question in (("Eleven", "Who are you?"), ("Dustin", "What do you think of Steve?")):
        console.print(f"[bold cyan]You:[/bold cyan] {question}")
        answer(Talk(company, store, characters=[name]), question, console)
    typer.echo(f"\nReport: {out / REPORT}\nNext: hawkins app    hawkins chat Mike    hawkins analyze YOUR_SUBTITLES")


@app.command(name="app")
def app_(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    results: Results = None,
    endpoint: Endpoint = None,
) -> None:
    """Serve the web app (the same as `python gradio_app.py`)."""
    from gradio_app import run

    run(host=host, port=port, results=results, endpoint=endpoint)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    results: Results = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="S01E03", help="Last episode that anybody has lived through.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="A chat server that generates in our place.")
    ] = None,
) -> None:
    """Serve the characters to SillyTavern, Open WebUI or scripts, as models of an OpenAI-compatible server."""
    from character_chatbot.cast import Cast
    from character_chatbot.engine import open_engine
    from character_chatbot.server import require_key
    from character_chatbot.server import serve as run
    from utils.world import World

    key = require_key(host)
    world = _world(results) or World.sample()
    engine = open_engine(endpoint, series=world.series, on_load=_say_loading, on_warning=_say_warning)
    cast = Cast(world, engine, until=until)
    # What is missing is said now, not to the first client.
    _ = engine.link
    run(cast, host=host, port=port, key=key, announce=lambda url: _say_serving(url, cast.names))


def _say_loading(label: str) -> None:
    typer.echo(f"Loading {label} ...", err=True)


def _say_warning(warning: str) -> None:
    typer.echo(f"warning: {one_line(warning)}", err=True)


def _say_serving(url: str, names: list[str]) -> None:
    typer.echo(f"{url} answers as {', '.join(names)}; Ctrl-C ends.")


@app.command()
def doctor() -> None:
    """Say what is installed, which weights answer, and what is missing with the command that brings it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from utils.doctor import checks

    found = list(checks())
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    for check in found:
        mark = "[green]ok[/green]" if check.ok else "[red]missing[/red]" if check.needed else "[dim]-[/dim]"
        remedy = f"\n[dim]{escape(check.remedy)}[/dim]" if check.remedy else ""
        table.add_row(mark, check.subject, escape(check.found) + remedy)
    Console().print(table)
    if any(check.needed and not check.ok for check in found):
        raise HawkinsError("Something is missing; the lines above say how to get it.")


@series_app.command("suggest")
def suggest_series(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of subtitles, one file, or a .txt with a spoken line a row.")
    ],
    transcripts: Transcripts = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="The new series.  [default: out/series/<DIR>]")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of the series.  [default: the folder's name]")] = None,
    fewest: Annotated[int, typer.Option("--fewest", min=1, help="Leave out who is named and speaks less often.")] = 1,
) -> None:
    """Propose the cast of a new series, with aliases and counts, from its subtitles; nothing is overwritten."""
    from character_network import suggest_series as run

    warnings: list[str] = []
    with progress_bars() as progress:
        file, found = run(
            directory,
            out=out or Path("out") / "series" / directory.resolve().stem,
            transcripts=transcripts,
            title=title,
            fewest=fewest,
            on_report=lambda report: warnings.extend(report.warnings),
            progress=progress,
        )
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    names = ", ".join(person.name for person in found.people[:8])
    typer.echo(f"{file}: {len(found.people)} people, first {names}. Correct it by hand, then use it with --series.")


@places.command("train")
def train_places(
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled rows (.jsonl or .csv).  [default: those of the series]")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="DIR", help="Where it is kept.  [default: the user's cache]")
    ] = None,
    series: Series = "stranger_things",
) -> None:
    """Fine-tune the location classifier, and show how well it does on rows held out."""
    from analysis.pipeline import location_classifier
    from text_classification import LocationClassifier
    from utils.series import load_series

    ours = location_classifier(load_series(series))
    classifier = LocationClassifier(model or ours.model_path, data or ours.data_path)
    with progress_bars() as progress:
        metrics = classifier.train(progress=progress)
    typer.echo(f"{classifier.model_path}: macro F1 {metrics.macro_f1:.2f} on {metrics.held_out} rows held out")


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

    world = _world(results) or World.of(series)
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


@models.command("list")
def list_models() -> None:
    """Show which weights answer each task, and the Hub model that could."""
    from rich.console import Console
    from rich.table import Table

    from utils.models import TASKS, find_weights

    table = Table("task", "for", "answers now", "on the Hub", show_edge=False, pad_edge=False)
    for task in TASKS.values():
        table.add_row(
            task.name, task.purpose, find_weights(task.name).label, f"{task.hub.repository} ({task.hub.size:,} MB)"
        )
    Console().print(table)


@models.command("pull")
def pull_model(task: Annotated[str, typer.Argument(help="A task of `hawkins models list`.")]) -> None:
    """Download the Hub model of a task, which then answers in place of the embedded one."""
    from utils.models import pull_weights

    weights = pull_weights(task)
    typer.echo(f"{task}: {weights.label} is at {weights.path}")


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


def main() -> None:
    """Run the command line."""
    run_door(app)


if __name__ == "__main__":
    main()

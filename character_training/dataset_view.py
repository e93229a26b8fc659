"""A dataset told: its numbers for programs, and tables with examples for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from character_training.context import CountTokens
from character_training.dataset import Dataset, Example
from character_training.histogram import histogram
from utils.chat import estimate_tokens

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["dataset_facts", "dataset_summary"]

_SHOWN: Final = 10


def dataset_facts(dataset: Dataset, *, count_tokens: CountTokens = estimate_tokens) -> dict[str, Any]:
    """Return what can be counted in a dataset, JSON-serialisable.

    Args:
        dataset: From `character_training.dataset.build_dataset`.
        count_tokens: Of a text.
    """
    return {
        "character": dataset.character,
        "sources": dataset.sources,
        "digest": dataset.digest,
        "train": _counts(dataset.train, count_tokens),
        "validation": _counts(dataset.validation, count_tokens),
        "held_out": list(dataset.held_out),
        "dropped": dict(dataset.dropped),
    }


def _counts(examples: Sequence[Example], count_tokens: CountTokens) -> dict[str, int]:
    spoken = [example for example in examples if example.where]
    return {
        "replies": len(spoken),
        "written": len(examples) - len(spoken),
        "scenes": len({(example.where, example.scene) for example in spoken}),
        "episodes": len({example.where for example in spoken}),
        "words": sum(map(_words, examples)),
        "tokens": sum(_tokens(example, count_tokens) for example in examples),
    }


def _words(example: Example) -> int:
    return len(example.messages[-1]["content"].split())


def _tokens(example: Example, count_tokens: CountTokens) -> int:
    return sum(count_tokens(message["content"]) for message in example.messages)


def dataset_summary(dataset: Dataset, *, count_tokens: CountTokens = estimate_tokens) -> Iterator[RenderableType]:
    """Yield counts, two histograms and some examples, for ``rich.console.Console.print``.

    Args:
        dataset: From `character_training.dataset.build_dataset`.
        count_tokens: Of a text.
    """
    from rich.markup import escape

    examples = [*dataset.train, *dataset.validation]
    yield f"[bold]{dataset.character}[/bold]  {escape(dataset.sources)}"
    yield _parts(dataset, count_tokens)
    yield f"Held out: {_held_out(dataset)}."
    if dataset.dropped:
        yield "Not learnt: " + ", ".join(f"{count:,} with {reason}" for reason, count in dataset.dropped) + "."
    words = [_words(example) for example in examples]
    yield f"\nWords of a reply, half of which have {median(words):g} or fewer:"
    yield histogram(words)
    yield "\nTokens of an example with its instruction, estimated, rather too many:"
    yield histogram([_tokens(example, count_tokens) for example in examples])
    yield f"\n[dim]Every example begins with:[/dim]\n{escape(examples[0].messages[0]['content'])}"
    for example in _spread(examples):
        yield _told(example, dataset.character)


def _parts(dataset: Dataset, count_tokens: CountTokens) -> Table:
    from rich.table import Table

    facts = dataset_facts(dataset, count_tokens=count_tokens)
    table = Table("", *facts["train"], show_edge=False, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for part, name in (("train", "learnt"), ("validation", "held out")):
        table.add_row(name, *(f"{count:,}" for count in facts[part].values()))
    return table


def _held_out(dataset: Dataset) -> str:
    told = ", ".join(dataset.held_out) or "no episode and no scene, as there is a single one or none is wanted"
    questions = sum(example.where is None for example in dataset.validation)
    return f"{told}, and {questions:,} written exchanges by question" if questions else told


def _spread(examples: Sequence[Example]) -> list[Example]:
    """Some examples from all over."""
    count = min(_SHOWN, len(examples))
    return [examples[(2 * number + 1) * len(examples) // (2 * count)] for number in range(count)]


def _told(example: Example, character: str) -> str:
    from rich.markup import escape

    where = f"{example.where} line {example.line}" if example.where else "written"
    rows = [f"\n[dim]{where}[/dim]"]
    for message in example.messages[1:-1]:
        own = message["role"] == "assistant"
        rows.append(escape(f"  {character}: {message['content']}" if own else _indented(message["content"])))
    rows.append(f"  [bold cyan]{character}:[/bold cyan] [bold]{escape(example.messages[-1]['content'])}[/bold]")
    return "\n".join(rows)


def _indented(text: str) -> str:
    return "\n".join(f"  {row}" for row in text.split("\n"))

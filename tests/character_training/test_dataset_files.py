"""Datasets as files, in a terminal, and at the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from character_training.dataset import Dataset, DatasetSettings, build_dataset
from character_training.dataset_file import write_dataset
from character_training.dataset_view import dataset_facts, dataset_summary
from character_training.histogram import bins
from hawkins import app
from utils.errors import InputError
from utils.world import World


@pytest.fixture(scope="module")
def made() -> Dataset:
    return build_dataset(World.sample(), "Eleven", settings=DatasetSettings(voices=True))


def test_rows_are_messages_alone(made: Dataset, tmp_path: Path) -> None:
    train, validation = write_dataset(made, tmp_path / "new" / "eleven.jsonl")
    assert (train.name, validation.name) == ("eleven.train.jsonl", "eleven.validation.jsonl")
    for path, examples in ((train, made.train), (validation, made.validation)):
        rows = [json.loads(row) for row in path.read_text(encoding="utf-8").split("\n")[:-1]]
        assert rows == [{"messages": list(example.messages)} for example in examples]
    assert {path.name for path in train.parent.iterdir()} == {train.name, validation.name}


def test_datasets_reads_them(made: Dataset, tmp_path: Path) -> None:
    from datasets import load_dataset

    train, _ = write_dataset(made, tmp_path / "eleven.jsonl")
    table = load_dataset("json", data_files=str(train), split="train", cache_dir=str(tmp_path / "cache"))
    assert table.num_rows == len(made.train)
    assert table.column_names == ["messages"]


def test_where_nothing_is_held_out_no_old_file_stays(made: Dataset, tmp_path: Path) -> None:
    write_dataset(made, tmp_path / "e.jsonl")
    assert write_dataset(replace(made, validation=()), tmp_path / "e.jsonl") == [tmp_path / "e.train.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["e.train.jsonl"]


def test_a_name_of_another_kind_is_refused(made: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.jsonl"):
        write_dataset(made, tmp_path / "eleven.json")
    (tmp_path / "e.train.jsonl").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_dataset(made, tmp_path / "e.jsonl")


def test_the_summary_tells_counts_lengths_and_ten_examples(made: Dataset) -> None:
    console = Console(width=100)
    with console.capture() as capture:
        for part in dataset_summary(made):
            console.print(part)
    shown = capture.get()
    assert f"{len(made.train) - dataset_facts(made)['train']['written']:,}" in shown
    assert made.held_out[0] in shown
    assert "█" in shown
    assert shown.count("  Eleven: ") >= 10


def test_square_brackets_in_words_are_no_markup(made: Dataset) -> None:
    odd = {"role": "assistant", "content": "[bold]not bold[/"}
    example = replace(made.train[0], messages=(*made.train[0].messages[:-1], odd))
    console = Console(width=100)
    with console.capture() as capture:
        for part in dataset_summary(replace(made, train=(example,) * 20, validation=())):
            console.print(part)
    assert "[bold]not bold[/" in capture.get()


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_bins_hold_every_value_once(values: list[int]) -> None:
    found = bins(values)
    assert len(found) <= 10
    assert sum(count for _, _, count in found) == len(values)
    for first, last, count in found:
        assert count == sum(first <= value <= last for value in values)


def test_no_values_make_no_bins() -> None:
    assert bins([]) == []


def test_the_command_counts_for_programs_and_writes(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["dataset", "El", "--json", "--out", str(tmp_path / "el.jsonl")])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["character"] == "Eleven"
    rows = (tmp_path / "el.train.jsonl").read_text(encoding="utf-8").count("\n")
    assert told["train"]["replies"] == rows
    assert told["files"] == [str(tmp_path / f"el.{part}.jsonl") for part in ("train", "validation")]

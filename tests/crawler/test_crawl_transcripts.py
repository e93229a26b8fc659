"""Transcript pages that we wrote, to turns; and a crawl of them into what `hawkins analyze` reads."""
# ruff: noqa: E501 - lines of markup

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.parsing.items import UnusableError
from crawler.parsing.transcripts import Row, episode_of_page, parent_title, rows_of, transcript_of
from crawler.parsing.wikipage import Rights, WikiPage
from crawler.writing import require_free, write_transcripts
from utils.episodes import Episode
from utils.errors import InputError
from utils.series import SeriesProfile
from utils.transcripts import read_transcript


def page(html: str, title: str = "S01E02", categories: tuple[str, ...] = ()) -> WikiPage:
    return WikiPage(title, "https://w.example/wiki/T", 3, html, Rights("W", "CC BY"), categories)


TRANSCRIPT = """<div class="mw-parser-output">
<table class="infobox"><tr><th>Season</th><td>1</td></tr></table>
<h2>Transcript</h2>
<h3>EXT. HARBOUR - NIGHT</h3>
<p><i>(The fog comes in.)</i></p>
<p><b>Agnes</b>: Who is there?<br><b>Beth:</b> Only me. <i>(laughs)</i><br />And the cat.</p>
<p>[door creaks]</p>
<p><b>Captain Rook</b> (whispering): Not so loud: they listen.</p>
<p>AGNES: I <i>told</i> you.<sup class="reference">[1]</sup></p>
<p>They walk down to the water.</p>
<p>Beth and Agnes: Look!</p>
<p>He said that it was late: nobody came.</p>
<dl><dd>Voice #2: Hello?</dd></dl>
<h2>References</h2><p>Nobody: should be read</p>
</div>"""


def test_who_says_what_and_what_happens() -> None:
    assert rows_of(page(TRANSCRIPT)) == [
        Row("", "[EXT. HARBOUR - NIGHT]"),
        Row("", "[The fog comes in.]"),
        Row("Agnes", "Who is there?"),
        Row("Beth", "Only me. (laughs)"),
        Row("Beth", "And the cat."),
        Row("", "[door creaks]"),
        Row("Captain Rook", "(whispering) Not so loud: they listen."),
        Row("AGNES", "I told you."),
        Row("", "[They walk down to the water.]"),
        Row("Beth and Agnes", "Look!"),
        Row("", "[He said that it was late: nobody came.]"),
        Row("Voice #2", "Hello?"),
    ]


def test_a_table_of_two_columns() -> None:
    html = "<table class='wikitable'><tr><th>Name</th><th>Line</th></tr><tr><td>Agnes</td><td>Come.</td></tr><tr><td></td><td>thunder</td></tr></table>"
    assert rows_of(page(html)) == [Row("Agnes", "Come."), Row("", "[thunder]")]


def test_a_poem_has_a_line_a_line() -> None:
    assert rows_of(page("<div class='poem'><p>Agnes: One.\nBeth: Two.</p></div>")) == [
        Row("Agnes", "One."),
        Row("Beth", "Two."),
    ]


@pytest.mark.parametrize(
    ("title", "html", "categories", "episode"),
    [
        ("Fog/Transcript S02E10", "", (), Episode(2, 10)),
        ("Transcript 1x03", "", (), Episode(1, 3)),
        ("Season 2, Episode 4 transcript", "", (), Episode(2, 4)),
        (
            "Fog",
            "<table class='infobox'><tr><th>Season</th><td>3</td></tr><tr><th>Episode</th><td>No. 5</td></tr></table>",
            (),
            Episode(3, 5),
        ),
        (
            "Fog",
            "<table class='infobox'><tr><th>Episode</th><td>5</td></tr></table>",
            ("Season 2 episodes",),
            Episode(2, 5),
        ),
        (
            "Fog",
            "<table class='infobox'><tr><th>Episode</th><td>Season 1, Episode 6</td></tr></table>",
            (),
            Episode(1, 6),
        ),
        ("Fog", "<p>nothing</p>", (), None),
        ("Fog", "<table class='infobox'><tr><th>Episode</th><td>5</td></tr></table>", ("Season 1", "Season 2"), None),
    ],
)
def test_where_season_and_episode_are_found(
    title: str, html: str, categories: tuple[str, ...], episode: object
) -> None:
    assert episode_of_page(page(html, title, categories)) == episode


def test_the_page_that_a_transcript_belongs_to() -> None:
    assert parent_title("The Fog/Transcript") == "The Fog"
    assert parent_title("The Fog (transcript)") == "The Fog"
    assert parent_title("Transcript:The Fog") == "The Fog"
    assert parent_title("The Fog") is None


def test_a_page_on_which_nobody_speaks_is_none() -> None:
    with pytest.raises(UnusableError, match="Name: words"):
        transcript_of(page("<p>To be written.</p>"))


def test_transcripts_flow_into_the_reader(wiki: Any, hawkins: Callable[..., Any], tmp_path: Path) -> None:
    said = '<p><b>Agnes</b>: The light, quickly!</p><p><b>Beth</b>: It is out, "Aggie", and the boat\'s gone.</p><p>[thunder]</p>'
    box = "<table class='infobox'><tr><th>Season</th><td>1</td></tr><tr><th>Episode</th><td>{}</td></tr></table>"
    wiki.articles = {
        "S01E01": said,
        "The Fog/Transcript": said,
        "The Fog": box.format(2),
        "Lost/Transcript": said,
        "1x01 again": said,
        "Empty/Transcript S01E09": "<p>soon</p>",
    }
    listed = [title for title in wiki.articles if title != "The Fog"]
    wiki.categories = {"Transcripts": listed}
    done = hawkins("transcripts", "--site", wiki.url, "--delay", "0", "--out", "scripts")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "scripts"
    assert sorted(path.name for path in folder.iterdir()) == [
        "ATTRIBUTION.md",
        "S01E01.csv",
        "S01E02.csv",
        "sources.jsonl",
    ]
    turns = read_transcript(folder / "S01E02.csv", SeriesProfile(title="Harbour Lights"))
    assert [(turn.speaker, turn.text) for turn in turns] == [
        ("Agnes", "The light, quickly!"),
        ("Beth", 'It is out, "Aggie", and the boat\'s gone.'),
    ]
    assert turns[-1].direction == "thunder"
    sources = [json.loads(line) for line in (folder / "sources.jsonl").read_text().splitlines()]
    assert [(row["file"], row["url"]) for row in sources] == [
        ("S01E01.csv", wiki.address("1x01 again")),
        ("S01E02.csv", wiki.address("The Fog/Transcript")),
    ]
    assert "season and episode" in done.stderr
    assert "was taken from" in done.stderr
    assert "Name: words" in done.stderr


def test_an_infobox_says_nothing_in_the_transcript_and_its_neighbours_no_number() -> None:
    neighbours = (
        "<aside class='portable-infobox'><div class='pi-data' data-source='number'><div class='pi-data-value'>S01E02"
        "</div></div><div class='pi-data' data-source='season'><div class='pi-data-value'>1</div></div>"
        "<table class='pi-horizontal-group'><tr><th>Previous</th><th>Next</th></tr>"
        "<tr><td data-source='prev'>S01E01</td><td data-source='next'>S01E03</td></tr></table></aside>"
    )
    found = page(f"{neighbours}<p><b>Agnes</b>: Hello.</p>", "Fog")
    assert rows_of(found) == [Row("Agnes", "Hello.")]
    assert episode_of_page(found) == Episode(1, 2)
    assert episode_of_page(page(neighbours.replace("S01E02", ""), "Fog")) is None


def test_short_directions_in_a_table_are_kept() -> None:
    table = "<table><tr><td>Agnes</td><td>No. [sob]</td></tr><tr><td>Beth</td><td>Yes.[1]</td></tr></table>"
    assert rows_of(page(table)) == [Row("Agnes", "No. [sob]"), Row("Beth", "Yes.")]


def test_a_second_crawl_into_a_folder_keeps_the_sources_of_the_first(tmp_path: Path) -> None:
    def row(episode: str, url: str) -> dict[str, Any]:
        made = transcript_of(page("<p><b>Agnes</b>: Hello.</p>"))
        return {**made, "episode": episode, "url": url}

    write_transcripts(tmp_path, [row("S01E02", "https://w.example/2")], {})
    write_transcripts(tmp_path, [row("S01E01", "https://w.example/1")], {})
    sources = [json.loads(line) for line in (tmp_path / "sources.jsonl").read_text().splitlines()]
    assert [(row["file"], row["url"]) for row in sources] == [
        ("S01E01.csv", "https://w.example/1"),
        ("S01E02.csv", "https://w.example/2"),
    ]
    require_free(tmp_path)
    (tmp_path / "S01E03.csv").write_text("mine")
    with pytest.raises(InputError, match=r"S01E03\.csv"):
        require_free(tmp_path)

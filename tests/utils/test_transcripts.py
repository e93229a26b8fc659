from __future__ import annotations

from pathlib import Path

import pytest

from utils.errors import InputError
from utils.series import CastMember, SeriesProfile, load_series
from utils.transcripts import Turn, read_transcript

CAST = SeriesProfile(
    title="Test", cast=(CastMember(name="Brenner", aliases=("Dr. Brenner",)), CastMember(name="Eleven"))
)


def read(tmp_path: Path, name: str, content: str, encoding: str = "utf-8") -> list[Turn]:
    path = tmp_path / name
    path.write_text(content, encoding=encoding)
    return read_transcript(path, CAST)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_gives_names_through_the_cast(tmp_path: Path, encoding: str) -> None:
    turns = read(
        tmp_path,
        "a.csv",
        'name,line\nDr. Brenner,"Come, Élodie."\nUnknown,What?\n,Who?\nlab technician,"(sighs) Sir?"\n',
        encoding,
    )
    assert turns == [
        Turn("Brenner", "Come, Élodie."),
        Turn(None, "What?"),
        Turn(None, "Who?"),
        Turn("Lab Technician", "Sir?", None, "sighs"),
    ]


def test_a_table_may_have_more_columns_short_rows_and_its_header_twice(tmp_path: Path) -> None:
    content = "Line , id, NAME\nLine , id, NAME\nHello there,1,eleven\nbroken\n\n[thud],2,eleven\n"
    assert read(tmp_path, "a.csv", content) == [Turn("Eleven", "Hello there", None, "thud")]


def test_a_table_with_other_columns_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv lacks the column\(s\) name, line; it has: speaker, words"):
        read(tmp_path, "a.csv", "speaker,words\nEleven,Hello\n")


def test_a_huge_field_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv is not a readable csv"):
        read(tmp_path, "a.csv", 'name,line\nEleven,"' + "a" * 200_000)


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "name,line\n"), ("a.csv", ""), ("a.txt", ""), ("a.txt", "Prose only.\n")]
)
def test_a_file_without_turns_is_an_input_error(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        read(tmp_path, name, content)


def test_a_screenplay_has_headings_sounds_and_directions(tmp_path: Path) -> None:
    turns = read(
        tmp_path,
        "a.txt",
        "# S01E01 The Title\n\n## INT. LAB - NIGHT\n\n[hum]\n[beep]\nDR. BRENNER: (softly) Come: now.\nRight now.\n"
        "MAN ON PA (over speaker): Code red.\n\nEXT. WOODS - DAY\n\nShe runs.\n\n"
        "Eleven: No.\nOne rule: never stop.\n[thunder]\n",
    )
    assert turns == [
        Turn("Brenner", "Come: now. Right now.", "INT. LAB - NIGHT", "hum; beep; softly"),
        Turn("Man On Pa", "Code red.", "INT. LAB - NIGHT", "over speaker"),
        Turn("Eleven", "No. One rule: never stop.", "EXT. WOODS - DAY", "She runs.; thunder"),
    ]


def test_the_sample_screenplays_are_read_whole() -> None:
    series = load_series()
    for path in sorted((series.sample / "screenplay").glob("*.txt")):
        spoken = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#["]
        turns = read_transcript(path, series)
        assert len(turns) == len(spoken)
        assert {turn.speaker for turn in turns} <= {person.name for person in series.cast}
        assert all(turn.heading for turn in turns)

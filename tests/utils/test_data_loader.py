from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from utils.data_loader import episode_of, episodes_table, load_dialogue, load_subtitles_dataset
from utils.errors import InputError
from utils.series import CastMember, SeriesProfile
from utils.tables import DIALOGUE

CAST = SeriesProfile(title="Test", cast=(CastMember(name="Mike"), CastMember(name="Eleven", aliases=("El",))))


def write(path: Path, *texts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cues = (f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},500\n{text}\n" for n, text in enumerate(texts, 1))
    path.write_text("\n".join(cues), encoding="utf-8")
    return path


def script(path: Path, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["name,line", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "season", "episode"),
    [
        ("Show.S01E02.720p.x264.srt", 1, 2),
        ("s1e2.srt", 1, 2),
        ("transcriptS01E06.csv", 1, 6),
        ("Show S02 E11.srt", 2, 11),
        ("Show 1x02 (1920x1080).srt", 1, 2),
        ("Show.1920x1080.s03e04.srt", 3, 4),
        ("Season 1 - 02.srt", 1, 2),
        ("Show Season 2 Episode 10.vtt", 2, 10),
        ("Show 1 - 02.ass", 1, 2),
        ("Show 1 - 02 [1080p].ass", 1, 2),
    ],
)
def test_episode_of(name: str, season: int, episode: int) -> None:
    assert episode_of(Path("folder") / name) == (season, episode)


@pytest.mark.parametrize("name", ["pilot.srt", "Show.1280x720.x264.srt", "2016-07-15.srt", "12.srt"])
def test_a_name_without_an_episode_is_shown_an_example(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name} holds no season and episode; name it like Title\.S01E02"):
        episode_of(Path(name))


def test_the_table_has_its_columns_and_types(tmp_path: Path) -> None:
    write(tmp_path / "b" / "S01E02.srt", "[wind]", "[El] I am here.")
    write(tmp_path / "c" / "S01E01.srt", "- Who?\n- Me.")
    write(tmp_path / ".hidden" / "S01E01.srt", "No.")
    write(tmp_path / "._S01E01.srt", "No.")
    table = load_dialogue(tmp_path, series=CAST)
    assert tuple(table.columns) == DIALOGUE
    assert [str(kind) for kind in table.dtypes] == ["int64"] * 4 + ["float64"] * 2 + ["string", "float64"] + [
        "string"
    ] * 3
    assert table[["season", "episode", "line", "scene"]].to_numpy().tolist() == [
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [1, 2, 0, 0],
    ]
    assert table["text"].tolist() == ["Who?", "Me.", "I am here."]
    assert table["speaker"].isna().tolist() == [True, True, False]
    assert table["speaker_confidence"].tolist() == [0.0, 0.0, 1.0]
    assert table["direction"].tolist() == ["", "", "wind"]
    assert table["source"].tolist() == ["S01E01.srt", "S01E01.srt", "S01E02.srt"]


def test_transcripts_name_the_speakers_of_their_episodes(tmp_path: Path) -> None:
    write(tmp_path / "subs" / "S01E01.srt", "Something is coming.", "What is it?")
    write(tmp_path / "subs" / "S01E02.srt", "Something is coming.")
    script(tmp_path / "words" / "S01E01.csv", "mike,Something is coming.", "Unknown,What is it?")
    table = load_dialogue(tmp_path / "subs", transcripts=tmp_path / "words", series=CAST)
    assert table["speaker"].fillna("-").tolist() == ["Mike", "-", "-"]
    single = load_dialogue(tmp_path / "subs" / "S01E01.srt", transcripts=tmp_path / "words" / "S01E01.csv", series=CAST)
    assert single["speaker"].fillna("-").tolist() == ["Mike", "-"]


def test_a_neighbouring_transcripts_folder_is_not_guessed(tmp_path: Path) -> None:
    write(tmp_path / "subs" / "S01E01.srt", "Something is coming.")
    for folder in (tmp_path / "transcripts", tmp_path / "subs" / "transcripts"):
        script(folder / "S01E01.csv", "Mike,Something is coming.")
    assert load_dialogue(tmp_path / "subs", series=CAST)["speaker"].isna().all()


def test_two_files_of_one_episode_are_named(tmp_path: Path) -> None:
    write(tmp_path / "S01E01.srt", "One.")
    write(tmp_path / "x" / "show 1x01.srt", "Two.")
    with pytest.raises(InputError, match=r"S01E01\.srt and .*1x01\.srt are both S01E01"):
        load_dialogue(tmp_path, series=CAST)


def test_missing_and_empty_folders_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        load_dialogue(tmp_path / "nowhere", series=CAST)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"empty holds no subtitle files; those that are read end in .ass, .srt, .ssa, .vtt"
    ):
        load_dialogue(tmp_path / "empty", series=CAST)
    (tmp_path / "S01E01.pdf").write_bytes(b"%PDF")
    with pytest.raises(InputError, match=r"S01E01\.pdf is no subtitle file"):
        load_dialogue(tmp_path / "S01E01.pdf", series=CAST)
    (tmp_path / "S01E01.srt").write_text("A letter.")
    with pytest.raises(InputError, match=r"S01E01\.srt is not a subtitle file"):
        load_dialogue(tmp_path / "S01E01.srt", series=CAST)


def test_transcripts_that_are_missing_or_of_other_episodes(tmp_path: Path) -> None:
    subs = write(tmp_path / "subs" / "S01E01.srt", "One.").parent
    with pytest.raises(InputError, match="nowhere does not exist; give a transcript file or a folder"):
        load_dialogue(subs, transcripts=tmp_path / "nowhere", series=CAST)
    with pytest.raises(InputError, match=r"subs holds no transcript files; those that are read end in .csv, .txt"):
        load_dialogue(subs, transcripts=subs, series=CAST)
    script(tmp_path / "other" / "S02E01.csv", "Mike,One.")
    script(tmp_path / "other" / "S02E02.csv", "Mike,One.")
    with pytest.raises(InputError, match=r"\(S02E01 to S02E02\) match none of the episodes with subtitles \(S01E01\)"):
        load_dialogue(subs, transcripts=tmp_path / "other", series=CAST)


def test_subtitles_without_speech_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nobody speaks"):
        load_dialogue(write(tmp_path / "S01E01.srt", "[wind]", "♪ La ♪"), series=CAST)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "S01E01.srt", "One.")
    path.chmod(0)
    with pytest.raises(InputError, match=r"S01E01\.srt cannot be read"):
        load_dialogue(path, series=CAST)


def test_progress_sees_every_episode(tmp_path: Path) -> None:
    seen: list[Any] = []

    def count(items: Iterable[Any], *, description: str, total: int | None = None) -> Iterable[Any]:
        for item in items:
            seen.append(item)
            yield item

    write(tmp_path / "S01E01.srt", "One.")
    write(tmp_path / "S01E02.srt", "Two.")
    load_dialogue(tmp_path, series=CAST, progress=count)
    assert len(seen) == 2


def test_the_dataset_of_the_guide_has_one_script_an_episode(tmp_path: Path) -> None:
    write(tmp_path / "S01E02.srt", "Three.")
    write(tmp_path / "S01E01.srt", "One\nline.", "[Mike] Two.")
    table = load_subtitles_dataset(tmp_path)
    assert table.columns.tolist() == ["season", "episode", "script"]
    assert table.to_numpy().tolist() == [[1, 1, "One line.\nTwo."], [1, 2, "Three."]]
    assert load_subtitles_dataset(str(tmp_path)).equals(table)


def test_episodes_table_names_a_missing_column() -> None:
    with pytest.raises(InputError, match="text"):
        episodes_table(pd.DataFrame({"season": [1], "episode": [1]}))

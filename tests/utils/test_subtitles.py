from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import InputError
from utils.reading.cues import Cue
from utils.reading.labels import speaker_name
from utils.reading.sounds import split_directions
from utils.reading.speech import spoken_lines
from utils.reading.textfiles import read_text
from utils.series import CastMember, SeriesProfile
from utils.subtitles import read_cues

CAST = SeriesProfile(
    title="Test",
    cast=(
        CastMember(name="Mike", aliases=("Mike Wheeler",)),
        CastMember(name="Eleven", aliases=("El",)),
        CastMember(name="Mr. Clarke"),
        CastMember(name="O'Bannon"),
    ),
)
SRT = """1
00:00:01,000 --> 00:00:02,500
Is anybody there?

2
00:00:03,000 --> 00:00:04,000
<i>It is</i> {\\an8}cold
in here.
"""


def srt(*texts: str) -> str:
    return "\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{text}\n" for n, text in enumerate(texts, 1))


def said(*texts: str) -> list[tuple[str | None, str, str]]:
    cues = [Cue(float(n), n + 0.9, text) for n, text in enumerate(texts)]
    return [(line.speaker, line.text, line.direction) for line in spoken_lines(cues, CAST)]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "cp1252"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_keeps_every_cue(tmp_path: Path, mark: bytes, encoding: str, line_end: str) -> None:
    path = tmp_path / "S01E01.srt"
    path.write_bytes(mark + srt("Café naïve", "Second").replace("\n", line_end).encode(encoding))
    assert [cue.text for cue in read_cues(path)] == ["Café naïve", "Second"]


def test_an_srt_has_times_in_seconds_and_no_markup(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(SRT)
    assert read_cues(path) == [Cue(1.0, 2.5, "Is anybody there?"), Cue(3.0, 4.0, "It is cold\nin here.")]


def test_a_number_that_is_spoken_last_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(srt("What year?", "It is\n1985").rstrip())
    assert [cue.text for cue in read_cues(path)] == ["What year?", "It is\n1985"]


def test_vtt_notes_styles_names_and_voices(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(
        "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nopening\n00:01.000 --> 00:02.000 line:0%\n"
        "<v Mike>Over &amp; <c.loud>out</c>.</v>\n\nNOTE nobody\nsays this\n\n"
        "two\n00:00:03.000 --> 00:00:04.000\n<v.first El>Over.\n<v Mike>Again.\n"
    )
    lines = spoken_lines(read_cues(path), CAST)
    assert [(line.speaker, line.text) for line in lines] == [
        ("Mike", "Over & out."),
        ("Eleven", "Over."),
        ("Mike", "Again."),
    ]
    assert lines[0].start == 1.0


def test_ass_styles_comments_drawings_and_names(tmp_path: Path) -> None:
    path = tmp_path / "a.ass"
    path.write_text(
        "[Script Info]\nTitle: x\n[V4+ Styles]\nStyle: broken,line\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: 0,0:00:05.00,0:00:06.00,Main,Sign,0,0,0,,Second,\\Nwith a comma\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Main,Mike,0,0,0,,{\\i1}First{\\i0}\n"
        "Dialogue: 0,0:00:03.00,0:00:04.00,Main,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}\n"
        "Comment: 0,0:00:03.00,0:00:04.00,Main,,0,0,0,,Hidden\n"
    )
    lines = spoken_lines(read_cues(path), CAST)
    assert [(line.speaker, line.text) for line in lines] == [("Mike", "First"), (None, "Second, with a comma")]


def test_content_decides_where_the_suffix_errs(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n")
    assert [cue.text for cue in read_cues(path)] == ["Hello."]


@pytest.mark.parametrize("content", [b"", b"just a letter", b"\x89PNG\r\n\x00\x01\x02\x00\x00", b"\xff\xfe"])
@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".ass", ".ssa"])
def test_what_is_no_subtitle_file_is_named(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"letter{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"letter{suffix} is not a subtitle file or holds no subtitles"):
        read_cues(path)


def test_a_bad_time_in_an_ass_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.ass"
    path.write_text("[Script Info]\nDialogue: 0,soon,later,Main,,0,0,0,,Hi\n")
    with pytest.raises(InputError, match=r"a\.ass is not a subtitle file"):
        read_cues(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.srt cannot be read"):
        read_text(tmp_path / "none.srt")


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_cues_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("noise") / "a.srt"
    path.write_bytes(noise)
    try:
        cues = read_cues(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert cues


WORDS = st.text(st.characters(whitelist_categories=("Lu", "Ll")), min_size=1, max_size=12)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_plain_speech_comes_back_word_for_word(tmp_path_factory: pytest.TempPathFactory, sentences: list[str]) -> None:
    path = tmp_path_factory.mktemp("trip") / "a.srt"
    path.write_bytes(srt(*sentences).encode())
    assert [line.text for line in spoken_lines(read_cues(path), CAST)] == sentences


def test_dashes_split_a_cue_and_share_its_time() -> None:
    lines = spoken_lines([Cue(10.0, 14.0, "- Troglodytes?\n- Yes.")], CAST)
    assert [line.text for line in lines] == ["Troglodytes?", "Yes."]
    assert lines[0].start == 10.0
    assert lines[0].end == lines[1].start == pytest.approx(10 + 4 * 12 / 16)
    assert lines[1].end == 14.0


def test_the_voices_of_a_cue_share_its_number() -> None:
    cues = [Cue(1.0, 2.0, "- One.\n- Two."), Cue(3.0, 4.0, "[wind]"), Cue(5.0, 6.0, "Three.")]
    assert [(line.text, line.cue) for line in spoken_lines(cues, CAST)] == [("One.", 0), ("Two.", 0), ("Three.", 2)]


def test_a_hyphen_of_a_broken_sentence_splits_nothing() -> None:
    assert said("I thought\n--and you too") == [(None, "I thought --and you too", "")]


def test_only_the_second_voice_may_have_a_dash() -> None:
    assert [text for _, text, _ in said("Are they in there?\n- We are not sure.")] == [
        "Are they in there?",
        "We are not sure.",
    ]


@pytest.mark.parametrize(
    ("text", "speaker", "words", "direction"),
    [
        ("[Mike] Go!", "Mike", "Go!", ""),
        ("MIKE: Go!", "Mike", "Go!", ""),
        ("(MIKE) Go!", "Mike", "Go!", ""),
        ("[mike wheeler]\nGo!", "Mike", "Go!", ""),
        ("MR. CLARKE: Go!", "Mr. Clarke", "Go!", ""),
        ("O'BANNON: Go!", "O'Bannon", "Go!", ""),
        ("[Mike over radio] Go!", "Mike", "Go!", "over radio"),
        ("EL ON RADIO: Go!", "Eleven", "Go!", "on radio"),
        ("[El, softly] Go!", "Eleven", "Go!", "softly"),
        ("MIKE (SHOUTING): Go!", "Mike", "Go!", "shouting"),
        ("[sighs] [Mike] Go! [coughs]", "Mike", "Go!", "sighs; coughs"),
        ("MIKE: (SIGHS) Go!", "Mike", "Go!", "sighs"),
        ("[Mike sighs] Go!", None, "Go!", "Mike sighs"),
        ("(SOFTLY) Go!", None, "Go!", "softly"),
        ("WOMAN ON TV: Go!", None, "Go!", "Woman On Tv"),
        ("Rule number one: go!", None, "Rule number one: go!", ""),
        ("Be back by 10:00.", None, "Be back by 10:00.", ""),
    ],
)
def test_labels_and_sounds(text: str, speaker: str | None, words: str, direction: str) -> None:
    assert said(text) == [(speaker, words, direction)]


def test_a_label_opens_a_voice_without_a_dash() -> None:
    assert said("[Mike] Hey.\n[El] Hey.") == [("Mike", "Hey.", ""), ("Eleven", "Hey.", "")]


def test_strangers_are_named_when_their_label_recurs() -> None:
    assert [speaker for speaker, _, _ in said("SHEPARD: One.", "SHEPARD: Two.", "LIZ: Three.")] == [
        "Shepard",
        "Shepard",
        None,
    ]
    assert [speaker for speaker, _, _ in said("[Jack] One.", "[Jack] Two.", "[sighs]", "[groans] No.")] == [
        "Jack",
        "Jack",
        None,
    ]


def test_recurring_sounds_and_choirs_are_nobody() -> None:
    shouted = said("(SOFTLY) One.", "(SOFTLY) Two.", "ALL: Three.", "ALL: Four.")
    titled = said("[Sighs] One.", "[Sighs] Two.", "[Door Slams]")
    assert {speaker for speaker, _, _ in shouted + titled} == {None}


def test_sounds_wait_for_the_next_line_or_join_the_last() -> None:
    assert said("[wind]", "[knock]\n[knock]", "Who?", "(STATIC)", "♪ La la ♪") == [
        (None, "Who?", "wind; knock; knock; static; ♪ La la ♪")
    ]
    assert said("[wind]") == []
    assert said("One.", "[Mike]", "- [thud]\n- Two.") == [(None, "One.", ""), (None, "Two.", "Mike; thud")]


@pytest.mark.parametrize(
    ("text", "words", "directions"),
    [
        ("♪ One\nTwo ♪", "", ["♪ One Two ♪"]),
        ("♪ One\n♪ Two", "", ["♪ One ♪ Two"]),
        ("♪ Sung ♪ spoken", "spoken", ["♪ Sung ♪"]),
        ("((nested) sound", "( sound", ["nested"]),
        ("...", "", []),
        ("(a\nb) one\ntwo", "one two", ["a b"]),
    ],
)
def test_split_directions(text: str, words: str, directions: list[str]) -> None:
    assert split_directions(text) == (words, directions)


def test_credits_are_not_speech() -> None:
    assert said("Sync and corrections by X\n- www.example.org -", "Hello.") == [
        (None, "Hello.", "Sync and corrections by X; www.example.org -")
    ]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("MAN ON PA", "Man On Pa"),
        ("Troy's mom", "Troy's Mom"),
        ("man  1", "Man 1"),
        ("He-Man", "He-Man"),
        ("el", "Eleven"),
    ],
)
def test_speaker_name(written: str, name: str) -> None:
    assert speaker_name(written, CAST) == name


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "noise", ["<i" * 4000, "{" * 9000, "((" * 4000, " " * 9000, "[a] " * 2000, "-\n" * 4000, "♪" * 9000]
)
def test_hostile_cues_take_no_time(noise: str) -> None:
    assert len(said(noise, "Hello.")) >= 1

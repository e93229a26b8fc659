from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from utils.errors import InputError
from utils.series import CastMember, SeriesProfile, Theme, Timeline, load_series, series_names

ROOT = Path(__file__).parents[2]
HAWKINS = load_series()
NAMES = [(name, person.name) for person in HAWKINS.cast for name in (person.name, *person.aliases)]
THREE = "timelines: {prequel: {title: P}, show: {title: S, after: prequel}, film: {title: F, after: show}}\n"


def write_series(folder: Path, profile: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.yaml").write_text(f"title: Test\n{profile}", encoding="utf-8")
    return folder


def theme(label: str) -> Theme:
    return Theme(label=label, hypothesis="This text is about it.", prototypes=("It is.",))


@given(st.sampled_from(NAMES), st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_every_alias_means_its_person_in_any_case(pair: tuple[str, str], case: Callable[[str], str]) -> None:
    assert HAWKINS.canonical(f"  {case(pair[0])}\t") == pair[1]
    assert HAWKINS.require_character(case(pair[0])) == pair[1]


@pytest.mark.parametrize("alias", ["El Hopper", "El  Hopper", "Straße"])
def test_an_alias_is_found_as_it_is_written(alias: str) -> None:
    series = SeriesProfile(title="Test", cast=(CastMember(name="Eleven", aliases=(alias,)),))
    assert series.canonical(alias) == "Eleven"


def test_a_shared_surname_means_nobody() -> None:
    assert HAWKINS.canonical("Byers") is None
    assert HAWKINS.canonical("") is None


def test_an_unknown_person_gets_the_nearest_names_or_some() -> None:
    with pytest.raises(InputError, match=r"^No character 'Dustn' in Stranger Things\. Did you mean Dustin"):
        HAWKINS.require_character("Dustn")
    with pytest.raises(InputError, match=r"No character 'Xyzzyx' .*There are: Eleven, Mike"):
        HAWKINS.require_character("Xyzzyx")


def test_two_people_with_one_alias_are_both_named(tmp_path: Path) -> None:
    folder = write_series(tmp_path, "cast: [{name: Will, aliases: [Bill]}, {name: William, aliases: [BILL]}]")
    with pytest.raises(InputError, match=r"profile\.yaml: .*'BILL' belongs to both Will and William"):
        load_series(folder)


def test_an_alias_that_is_anothers_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="'mike' belongs to both Mike and Ted"):
        SeriesProfile(title="Test", cast=(CastMember(name="Mike"), CastMember(name="Ted", aliases=("mike",))))


def test_a_person_listed_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="Mike"):
        SeriesProfile(title="Test", cast=(CastMember(name="Mike"), CastMember(name="Mike", surname="Wheeler")))


def test_a_person_may_repeat_an_alias() -> None:
    series = SeriesProfile(title="Test", cast=(CastMember(name="Mike", aliases=("MIKE", "Michael", "michael")),))
    assert series.canonical("MICHAEL") == "Mike"


def test_a_theme_listed_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="theme 'fear' is listed twice"):
        SeriesProfile(title="Test", themes=(theme("Fear"), theme("Hope"), theme("fear")))
    rows = "themes:\n" + 2 * "  - {label: Fear, hypothesis: h, prototypes: [p]}\n"
    with pytest.raises(InputError, match=r"profile\.yaml: .*theme 'fear' is listed twice"):
        load_series(write_series(tmp_path, rows))


def test_what_happened_before(tmp_path: Path) -> None:
    series = load_series(write_series(tmp_path, THREE))
    before = {name: list(series.happened_before(name)) for name in ("prequel", "show", "film", "unheard")}
    assert before == {"prequel": [], "show": ["prequel"], "film": ["show", "prequel"], "unheard": []}


def test_a_timeline_after_an_unknown_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="timeline 'film' comes after 'show', which is not a timeline"):
        SeriesProfile(title="Test", timelines={"film": Timeline(title="F", after="show")})


@pytest.mark.parametrize("rows", ["a: {title: A, after: a}", "a: {title: A, after: b}, b: {title: B, after: a}"])
def test_timelines_in_a_circle_are_refused(rows: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"profile\.yaml"):
        load_series(write_series(tmp_path, f"timelines: {{{rows}}}"))


def test_our_series_load_by_name() -> None:
    assert "stranger_things" in series_names()
    for name in series_names():
        series = load_series(name)
        assert series.reference == name
        assert series.characters.is_dir()
        assert series.sample.is_dir()
        assert load_series(series.reference) == series


@pytest.mark.parametrize("kind", [str, Path])
def test_a_series_loads_by_path(kind: type, tmp_path: Path) -> None:
    series = load_series(kind(write_series(tmp_path / "my_show", "cast: [{name: Ann}]")))
    assert series.reference == str(tmp_path / "my_show")
    assert load_series(series.reference) == series
    assert (series.sample, series.voices) == (tmp_path / "my_show" / "sample", tmp_path / "my_show" / "voices")


def test_a_reference_holds_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path / "my_show", "cast: [{name: Ann}]")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    reference = load_series("my_show").reference
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_series(reference).canonical("ann") == "Ann"


def test_our_series_by_a_relative_path_has_its_bare_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert load_series(Path("series") / "stranger_things").reference == "stranger_things"


def test_a_bare_name_is_ours_whatever_lies_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path / "stranger_things", "")
    monkeypatch.chdir(tmp_path)
    assert load_series("stranger_things").title == "Stranger Things"
    assert load_series(tmp_path / "stranger_things").title == "Test"


def test_an_unknown_series_gets_the_nearest_or_all() -> None:
    with pytest.raises(InputError, match=r"No series 'stranger_thing': .*Did you mean stranger_things\?"):
        load_series("stranger_thing")
    with pytest.raises(InputError, match=r"No series 'qqq': .*There are: stranger_things\."):
        load_series("qqq")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("cast: [{name: Ann, alias: [A]}]", r"unknown key 'cast\.0\.alias'\. Did you mean aliases"),
        ("scenes: {silnce: 3}", r"unknown key 'scenes\.silnce'\. Did you mean silence"),
        ("timelines: {show: {title: S, afer: x}}", r"unknown key 'timelines\.show\.afer'\. Did you mean after"),
        ("charcters: []", "unknown key 'charcters'"),
        ("cast: [{name: ''}]", r"key 'cast\.0\.name'"),
        ("scenes: {silence: 0}", r"key 'scenes\.silence': .*greater than 0"),
        ("themes: [{label: Fear, hypothesis: h, prototypes: []}]", r"key 'themes\.0\.prototypes'"),
        ("cast: [", "line 2"),
    ],
)
def test_an_unreadable_profile_names_file_and_key(rows: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"profile\.yaml.*{message}"):
        load_series(write_series(tmp_path, rows))


def test_a_profile_made_in_memory_has_no_folders() -> None:
    with pytest.raises(InputError, match=r"Test was not read from a folder; use load_series"):
        SeriesProfile(title="Test").sample.exists()


@pytest.mark.parametrize(("one", "other"), [("Dr. Owens", "dr owens"), ("O'Dell", "O’Dell"), ("T.J.", "TJ")])
def test_dots_and_apostrophes_do_not_make_another_alias(one: str, other: str) -> None:
    with pytest.raises(ValidationError, match=f"'{other}' belongs to both {one} and Sam"):
        SeriesProfile(title="T", cast=(CastMember(name=one), CastMember(name="Sam", aliases=(other,))))


@pytest.mark.parametrize(
    "member", [{"name": "..."}, {"name": "Sam", "aliases": [" "]}, {"name": "Sam", "surname": "."}]
)
def test_names_have_letters(member: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="is no name: it has no letters"):
        CastMember.model_validate(member)

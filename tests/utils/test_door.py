from __future__ import annotations

import pytest

from utils.door import progress_bars, run_door, told
from utils.errors import HawkinsError, InputError, MissingDependencyError, NotBuiltError, WeightsError, did_you_mean
from utils.reading.report import FileReport


def raising(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("kind", "code"), [(InputError, 2), (WeightsError, 2), (MissingDependencyError, 2), (NotBuiltError, 3)]
)
def test_our_errors_are_one_line_and_a_code(
    kind: type[HawkinsError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_door(lambda: raising(kind("x.srt is empty; give another.")))
    assert caught.value.code == code
    assert capsys.readouterr() == ("", "error: x.srt is empty; give another.\n")


def test_an_interrupt_is_130_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_door(lambda: raising(KeyboardInterrupt()))
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (130, "")
    assert err.strip().startswith("Interrupted.")
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError(5, "Input/output error"), SystemExit(7)])
def test_everything_else_goes_through(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)) as caught:
        run_door(lambda: raising(error))
    assert caught.value is error
    assert capsys.readouterr() == ("", "")


def test_success_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[int] = []
    run_door(lambda: calls.append(1))
    assert calls == [1]
    assert capsys.readouterr() == ("", "")


def test_bars_hand_items_on_and_leave_the_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as progress:
        assert list(progress(iter("abc"), description="Reading letters", total=3)) == ["a", "b", "c"]
        assert list(progress([], description="Nothing")) == []
    out, err = capsys.readouterr()
    assert out == ""
    assert "Reading letters" in err
    assert "3/3" in err


def test_bars_that_never_began_leave_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars():
        pass
    assert capsys.readouterr() == ("", "")


def test_warnings_of_files_are_one_line_each_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell = told()
    for episode in ("S01E01", "S01E02"):
        tell(FileReport("season.csv", episode, guessed=True, encoding="cp1252"))
    tell(FileReport("a\n\x1b[2Jb.srt", error="a\n\x1b[2Jb.srt is empty."))
    tell(FileReport("fine.srt"))
    assert capsys.readouterr() == (
        "",
        "warning: season.csv is neither UTF-8 nor UTF-16 and was read as cp1252; give the right --encoding if accents "
        "look wrong.\nwarning: a\ufffd\ufffd[2Jb.srt is empty.\n",
    )


def test_suggestions_are_near_and_few() -> None:
    assert did_you_mean("mxa", ["Mike", "Max", "Eleven"]) == " Did you mean Max?"
    assert did_you_mean("zzzz", ["Mike", "Max"]) == did_you_mean("x", []) == ""
    assert did_you_mean("aaaa", ["aaab", "aaac", "aaad", "aaae"], most=2).count(" or ") == 1


def test_a_full_disk_is_one_line_that_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_door(lambda: raising(OSError(28, "No space left on device", "themes.parquet")))
    assert caught.value.code == 2
    assert capsys.readouterr().err == "error: themes.parquet: No space left on device; free some space and try again.\n"


def test_what_typer_makes_of_an_interrupt_is_said_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_door(lambda: raising(SystemExit(130)))
    assert caught.value.code == 130
    assert capsys.readouterr().err.strip() == "Interrupted."

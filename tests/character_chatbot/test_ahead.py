"""What is read ahead does not wait for who uses it, fails where it is used, and ends when nobody wants it."""

from __future__ import annotations

from collections.abc import Generator
from contextvars import ContextVar
from threading import Event

import pytest

from character_chatbot.ahead import read_ahead
from character_chatbot.gate import Gate
from utils.errors import HawkinsError

WHO: ContextVar[str] = ContextVar("who", default="nobody")


def test_pieces_come_in_their_order() -> None:
    assert list(read_ahead(lambda _: (str(number) for number in range(100)))) == [str(number) for number in range(100)]


def test_a_slow_reader_keeps_nobody_out() -> None:
    gate = Gate(places=4, patience=30)

    def inside(_: Event) -> Generator[str]:
        with gate.passing("eleven"):
            yield "I am"
            yield " here."

    slow = read_ahead(inside)
    assert next(slow) == "I am"
    with gate.passing("mike"):
        assert next(slow) == " here."
    assert list(slow) == []


def test_errors_are_raised_where_the_pieces_are_used() -> None:
    def broken(_: Event) -> Generator[str]:
        yield "I"
        raise HawkinsError("It broke off.")

    pieces = read_ahead(broken)
    assert next(pieces) == "I"
    with pytest.raises(HawkinsError, match="broke off"):
        next(pieces)


def test_who_wants_no_more_ends_it_with_the_next_piece() -> None:
    closed, go_on = Event(), Event()

    def endless(_: Event) -> Generator[str]:
        try:
            yield "first"
            while True:
                assert go_on.wait(30)
                yield "more"
        finally:
            closed.set()

    pieces = read_ahead(endless)
    assert next(pieces) == "first"
    pieces.close()
    go_on.set()
    assert closed.wait(30)


def test_who_left_while_it_was_waiting_is_told_of() -> None:
    began, told = Event(), Event()

    def waiting(gone: Event) -> Generator[str]:
        yield "first"
        began.set()
        if gone.wait(30):
            told.set()
        yield "more"

    pieces = read_ahead(waiting)
    assert next(pieces) == "first"
    assert began.wait(30)
    pieces.close()
    assert told.wait(30)


def test_it_runs_in_the_context_of_who_asked() -> None:
    token = WHO.set("eleven")
    try:
        assert list(read_ahead(lambda _: (WHO.get() for _ in range(1)))) == ["eleven"]
    finally:
        WHO.reset(token)

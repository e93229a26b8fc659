"""A gate lets one kind in at a time, in the order of coming, and nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from time import sleep

import pytest

from character_chatbot.gate import Gate
from utils.errors import HawkinsError


def test_two_kinds_are_never_inside_together_and_all_come_through() -> None:
    gate, lock, inside, met = Gate(places=4), Lock(), [], []

    def go(kind: str) -> str:
        with gate.passing(kind):
            with lock:
                inside.append(kind)
                met.append(set(inside))
            with lock:
                inside.remove(kind)
        return kind

    kinds = ["eleven", "mike", "base"] * 60
    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(go, kinds)) == kinds
    assert all(len(together) == 1 for together in met)


def test_what_can_wait_is_done_when_nobody_is_inside_and_keeps_everybody_out() -> None:
    gate, order = Gate(places=4), []

    def go() -> None:
        with gate.passing("eleven"):
            order.append("eleven")

    with ThreadPoolExecutor(1) as pool:
        with gate.passing_if_free() as free, gate.passing_if_free() as again:
            assert (free, again) == (True, False)
            going = pool.submit(go)
            sleep(0.05)
            order.append("done")
        going.result(timeout=30)
    assert order == ["done", "eleven"]
    with gate.passing("mike"), gate.passing_if_free() as free:
        assert not free
    with gate.passing_if_free() as free:
        assert free


def test_the_same_kind_is_inside_together() -> None:
    gate, both = Gate(places=4), Barrier(2, timeout=30)

    def go(_: int) -> int:
        with gate.passing("eleven"):
            return both.wait()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, range(2))) == [0, 1]


def _served(gate: Gate, kinds: list[str]) -> list[str]:
    """The order in which requests are served that all came, in this order, while the gate was held by another kind."""
    served: list[str] = []

    def go(kind: str) -> None:
        with gate.passing(kind):
            served.append(kind)

    with ThreadPoolExecutor(len(kinds)) as pool, gate.passing("before"):
        for number, kind in enumerate(kinds):
            pool.submit(go, kind)
            while len(gate._waiting) <= number:
                sleep(0.001)
    return served


def test_kinds_take_turns_in_the_order_of_coming_and_a_turn_is_for_all_who_waited() -> None:
    served = _served(Gate(places=4), ["eleven", "mike", "eleven", "base", "mike", "eleven"])
    assert served == ["eleven", "eleven", "eleven", "mike", "mike", "base"]


def test_who_comes_during_the_turn_of_its_kind_waits_for_the_next_unless_nobody_else_does() -> None:
    gate, order = Gate(places=4), []

    def go(name: str, kind: str) -> None:
        with gate.passing(kind):
            order.append(name)

    with ThreadPoolExecutor(4) as pool:
        with gate.passing("eleven"):
            pool.submit(go, "with her", "eleven").result(timeout=30)
            later = []
            for name, kind in (("another", "mike"), ("after him", "eleven")):
                later.append(pool.submit(go, name, kind))
                while len(gate._waiting) < len(later):
                    sleep(0.001)
        for one in later:
            one.result(timeout=30)
    assert order == ["with her", "another", "after him"]


def test_no_more_than_there_are_places_are_inside() -> None:
    gate, lock, inside, most = Gate(places=3), Lock(), [0], [0]

    def go(_: int) -> None:
        with gate.passing("eleven"):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            sleep(0.002)
            with lock:
                inside[0] -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(go, range(36)))
    assert 1 <= most[0] <= 3


def test_who_waits_too_long_is_told_and_leaves_the_way_free() -> None:
    gate = Gate(places=4, patience=0.01)
    with gate.passing("eleven"), pytest.raises(HawkinsError, match="busy"), gate.passing("mike"):
        pass
    with gate.passing("mike"):
        pass


def test_a_place_is_given_up_when_something_fails() -> None:
    gate = Gate(places=4, patience=5)
    with pytest.raises(ValueError, match="broken"), gate.passing("eleven"):
        raise ValueError("broken")
    with gate.passing("mike"):
        pass

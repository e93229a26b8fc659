"""A gate lets one kind in at a time, in the order of coming, and nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest

from character_chatbot.gate import Gate
from utils.errors import HawkinsError


def test_two_kinds_are_never_inside_together_and_all_come_through() -> None:
    gate, lock, inside, met = Gate(), Lock(), [], []

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


def test_the_same_kind_is_inside_together() -> None:
    gate, both = Gate(), Barrier(2, timeout=30)

    def go(_: int) -> int:
        with gate.passing("eleven"):
            return both.wait()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, range(2))) == [0, 1]


def test_who_waits_too_long_is_told_and_leaves_the_way_free() -> None:
    gate = Gate(patience=0.01)
    with gate.passing("eleven"), pytest.raises(HawkinsError, match="busy"), gate.passing("mike"):
        pass
    with gate.passing("mike"):
        pass


def test_a_place_is_given_up_when_something_fails() -> None:
    gate = Gate(patience=5)
    with pytest.raises(ValueError, match="broken"), gate.passing("eleven"):
        raise ValueError("broken")
    with gate.passing("mike"):
        pass

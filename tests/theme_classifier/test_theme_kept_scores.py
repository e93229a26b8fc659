from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from theme_classifier.entailment import EntailmentTier
from theme_classifier.kept_scores import open_scores, score_key
from theme_classifier.labels import ThemeQuery
from utils.errors import InputError

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
QUERIES = [ThemeQuery(label=h, hypothesis=h, phrases=()) for h in ("I am all alone.", "This text expresses hope.")]
WORDS = ("i", "you", "door", "table", "coffee", "run", "never", "always")
TEXTS = [" ".join(WORDS[(n // 8**place) % 8] for place in range(12)) for n in range(0, 4000, 10)]
# Scores the texts, and dies as hard as can be when it has seen some batches.
DYING = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_theme_kept_scores import QUERIES, TEXTS
from theme_classifier.entailment import EntailmentTier

def dying(items, *, description, total=None):
    for number, item in enumerate(items):
        if number == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

EntailmentTier(Path(sys.argv[1]), QUERIES, half=False, kept=Path(sys.argv[2])).measure(TEXTS, progress=dying)
"""


class Counting:
    """Counts the forward passes and the pairs in them."""

    def __init__(self, *, stop: int | None = None) -> None:
        self.batches: list[int] = []
        self._stop = stop

    def __call__(self, items: Iterable[T], *, description: str, total: int | None = None) -> Iterable[T]:
        for item in items:
            if len(self.batches) == self._stop:
                raise KeyboardInterrupt
            self.batches.append(len(item))  # type: ignore[arg-type]
            yield item


def test_a_killed_run_goes_on_where_it_stopped(tiny_nli: Path, tmp_path: Path) -> None:
    whole = Counting()
    uninterrupted = EntailmentTier(tiny_nli, QUERIES, half=False, kept=tmp_path / "other.sqlite")
    expected = uninterrupted.measure(TEXTS, progress=whole).raw
    assert len(whole.batches) > 12
    kept = tmp_path / "kept.sqlite"
    command = [sys.executable, "-c", DYING, str(tiny_nli), str(kept), "11", str(Path(__file__).parent)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    rest = Counting()
    tier = EntailmentTier(tiny_nli, QUERIES, half=False, kept=kept)
    np.testing.assert_allclose(tier.measure(TEXTS, progress=rest).raw, expected, atol=1e-6)
    # Eleven batches were computed, and what follows the eighth was lost.
    assert sum(rest.batches) == sum(whole.batches) - sum(whole.batches[:8])
    again = Counting()
    EntailmentTier(tiny_nli, QUERIES, half=False, kept=kept).measure(TEXTS, progress=again)
    assert again.batches == []


def test_an_interrupted_run_loses_nothing(tiny_nli: Path, tmp_path: Path) -> None:
    kept, first, rest = tmp_path / "kept.sqlite", Counting(stop=3), Counting()
    with pytest.raises(KeyboardInterrupt):
        EntailmentTier(tiny_nli, QUERIES, half=False, kept=kept).measure(TEXTS, progress=first)
    EntailmentTier(tiny_nli, QUERIES, half=False, kept=kept).measure(TEXTS, progress=rest)
    assert sum(first.batches) + sum(rest.batches) == len(TEXTS) * len(QUERIES)


def test_only_what_is_new_is_computed(tiny_nli: Path, tmp_path: Path) -> None:
    def pairs(queries: list[ThemeQuery], texts: list[str], *, half: bool = False) -> int:
        counting = Counting()
        kept = tmp_path / "kept.sqlite"
        EntailmentTier(tiny_nli, queries, half=half, kept=kept).measure(texts, progress=counting)
        return sum(counting.batches)

    assert pairs(QUERIES[:1], ["run", "run", "door"]) == 2
    assert pairs(QUERIES, ["run", "door", "run away"]) == 4
    assert pairs(QUERIES[::-1], ["run away", "run", "door"]) == 0


def test_another_model_or_precision_has_other_keys() -> None:
    keys = {score_key(*parts) for parts in (("m", "h", "t"), ("n", "h", "t"), ("m", "ht", ""), ("m", "h", "T"))}
    assert len(keys) == 4
    assert score_key("m", "h", "t") in keys


def test_the_oldest_go_first(tmp_path: Path) -> None:
    keys = [score_key("m", "h", str(number)) for number in range(2500)]
    with open_scores(tmp_path / "kept.sqlite", most=2000) as scores:
        scores.put((key, float(number)) for number, key in enumerate(keys))
    with open_scores(tmp_path / "kept.sqlite") as scores:
        assert scores.get(keys) == {key: float(number) for number, key in enumerate(keys) if number >= 500}


def test_a_file_that_is_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    path.write_text("not a database, but long enough to be taken for one by its length" * 50)
    with (
        pytest.raises(InputError, match=r"kept in .*kept\.sqlite cannot be used .*; delete that file"),
        open_scores(path),
    ):
        pass


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="set XDG_CACHE_HOME"), open_scores(tmp_path / "file" / "kept.sqlite"):
        pass

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from utils import tables
from utils.errors import InputError
from utils.tables import require_columns

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
CONTENTS = [getattr(tables, name) for name in tables.__all__ if name.isupper()]


def test_a_table_with_more_than_needed_passes() -> None:
    require_columns(pd.DataFrame(columns=["season", "episode", "text"]), ["text", "season"], name="dialogue")
    require_columns(pd.DataFrame(), [], name="dialogue")


def test_all_missing_columns_are_named_with_those_present() -> None:
    with pytest.raises(InputError) as caught:
        require_columns(pd.DataFrame(columns=["season", 7]), ["season", "line", "text"], name="dialogue")
    assert str(caught.value) == "The dialogue table lacks the column(s) line, text; it has: season, 7."


def test_names_are_taken_exactly() -> None:
    with pytest.raises(InputError, match=r"lacks the column\(s\) text;"):
        require_columns(pd.DataFrame(columns=["Text", "text "]), ["text"], name="dialogue")


def test_an_empty_table_has_none() -> None:
    with pytest.raises(InputError, match=r"The edges table lacks .* it has: none\."):
        require_columns(pd.DataFrame(), tables.EDGES, name="edges")


@pytest.mark.parametrize("columns", CONTENTS)
def test_columns_are_unique_and_documented(columns: tuple[str, ...]) -> None:
    assert len(set(columns)) == len(columns)
    assert [name for name in columns if f"`{name}`" not in DOCUMENT] == []


@pytest.mark.parametrize("columns", [tables.DIALOGUE, tables.EPISODES, tables.MENTIONS, tables.EDGES])
def test_tables_of_the_story_carry_the_episode(columns: tuple[str, ...]) -> None:
    assert set(tables.EPISODE_KEYS) <= set(columns)

"""Names on 500 lines of the sample that were labelled by hand before the rules were changed for them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from character_network import NamedEntityRecognizer
from utils.data_loader import load_dialogue
from utils.series import load_series

LABELS = Path(__file__).resolve().parent.parent / "data" / "name_mentions.csv"
KEYS = ["season", "episode", "line"]
BAR = 0.97


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return pd.read_csv(LABELS)


@pytest.fixture(scope="module")
def dialogue() -> pd.DataFrame:
    sample = load_series().sample
    return load_dialogue(sample / "subtitles", transcripts=sample / "transcripts")


def test_the_labels_fit_the_sample(labels: pd.DataFrame, dialogue: pd.DataFrame) -> None:
    assert len(labels[KEYS].drop_duplicates()) == 500
    named = labels.dropna().merge(dialogue, on=KEYS, how="left")
    said = [text[int(b) : int(e)] for text, b, e in zip(named["text"], named["begin"], named["finish"], strict=True)]
    assert said == named["surface"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [["scene", "speaker"], []], ids=["with speakers", "without"])
def test_names_reach_the_bar(labels: pd.DataFrame, dialogue: pd.DataFrame, columns: list[str]) -> None:
    found = NamedEntityRecognizer().find(dialogue[[*KEYS, "text", *columns]]).merge(labels[KEYS].drop_duplicates())
    spans = [*KEYS, "character", "begin", "finish"]
    gold = set(labels.dropna()[spans].astype({"begin": int, "finish": int}).itertuples(index=False, name=None))
    ours = set(found[spans].itertuples(index=False, name=None))
    assert 2 * len(gold & ours) / (len(gold) + len(ours)) >= BAR

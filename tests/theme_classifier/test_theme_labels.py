from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theme_classifier import ThemeClassifier
from theme_classifier.labels import check_labels, theme_queries
from utils.errors import InputError
from utils.series import SeriesProfile, Theme

PROFILE = SeriesProfile(
    title="Tiny",
    themes=(
        Theme(label="Hope", hypothesis="This text expresses hope.", prototypes=("It gets better.", "We can do it.")),
    ),
)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([], "No themes"),
        (["Hope", "  "], "blank"),
        (["Hope", None], "blank or no text"),
        (["Hope", "Love", "hope "], "'Hope' is given twice"),
        ("Hope", "list of labels"),
        (["season"], "column"),
        (["evidence_Hope"], "column"),
    ],
)
def test_bad_labels_are_one_clear_sentence(labels: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        ThemeClassifier(labels)
    assert "\n" not in str(caught.value)


@given(st.lists(st.from_regex(r"[A-Z][a-z]{1,8}( [a-z]{1,5})?", fullmatch=True), min_size=1, unique_by=str.casefold))
def test_good_labels_keep_their_order(labels: list[str]) -> None:
    assert list(check_labels(labels)) == labels
    assert check_labels([f"  {label} " for label in labels]) == check_labels(labels)


def test_known_themes_use_the_profile_and_others_their_label() -> None:
    known, unknown = theme_queries(["HOPE", "Loss of Innocence"], PROFILE)
    assert known.label == "HOPE"
    assert known.hypothesis == "This text expresses hope."
    assert "We can do it." in known.phrases[0]
    assert unknown.hypothesis == "This text is about loss of innocence."
    assert len(unknown.phrases) == 1
    assert len(unknown.phrases[0]) == 8
    assert all("loss of innocence" in phrase for phrase in unknown.phrases[0])


def test_a_label_with_braces_is_taken_literally() -> None:
    (query,) = theme_queries(["{x}"], PROFILE)
    assert query.hypothesis == "This text is about {x}."


def test_the_guides_command_loads_nothing_heavy() -> None:
    code = (
        "import sys; from theme_classifier import ThemeClassifier; ThemeClassifier(['Hope', 'Despair', 'Trust']);"
        "print(sorted({'torch', 'transformers', 'pandas', 'numpy', 'pyarrow', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

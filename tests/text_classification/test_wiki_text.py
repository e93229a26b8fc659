from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_classification import clean_wiki_text

STUB = "This article is a stub. Help out this community by adding more information! "
MILL = "The Old Mill was a mill in Brookton , Ohio . It was run by the Pratt family . [ 1 ]"
LINKS = "The Old Mill Brookton Ohio Pratt family [ 1 ] [ 1 ] [ ]"
CLEAN = "The Old Mill was a mill in Brookton, Ohio. It was run by the Pratt family."


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("", ""),
        ("  \n ", ""),
        (MILL, CLEAN),
        (f"{MILL} {LINKS}", CLEAN),
        (STUB * 6 + f" {MILL} {LINKS}", CLEAN),
        (STUB, ""),
        (f"{MILL} {LINKS} In 1952 , the mill burned down . 1952", f"{CLEAN} In 1952, the mill burned down."),
        (
            f"{MILL} {LINKS} The Pratt family rebuilt it . Pratt family",
            f"{CLEAN} The Pratt family rebuilt it.",
        ),
        (
            "This article is about the mill. For the inn, see The Old Mill Inn . " * 3 + f"The Old Mill Inn  {MILL}",
            CLEAN,
        ),
        ('"Wheat is gold." This section needs to be updated. ' * 3 + f" {MILL}", CLEAN),
        (
            f"{MILL} {LINKS} History [ ] History [ ] [    ] 1952 [ ] 1952 [ ] [    ] A storm took its roof .",
            f"{CLEAN} A storm took its roof.",
        ),
        (f"{MILL} Trivia [ ] Trivia [ ] [    ] It was filmed in a barn.", CLEAN),
        (f"{MILL} History [ ] History [ ] [ ] To be added To be added", CLEAN),
        (f"“ Flour to the people. ”  {MILL}", CLEAN),
        ("A mill [ 2 ]  that Dr. Pratt built for J. R. Pratt .", "A mill that Dr. Pratt built for J. R. Pratt."),
        ("The mill burned twice. The mill burned twice. It stands.", "It stands."),
        ("A mill without a full stop", "A mill without a full stop"),
        (f"{MILL} A mill without a full stop", CLEAN),
    ],
)
def test_what_is_left(raw: str, clean: str) -> None:
    assert clean_wiki_text(raw) == clean


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_text_and_clean_text_stays(text: str) -> None:
    assert isinstance(clean_wiki_text(text), str)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["The barn is red.", "It has two doors.", "Nobody lives there now."]), unique=True))
def test_prose_is_left_alone(sentences: list[str]) -> None:
    assert clean_wiki_text(" ".join(sentences)) == " ".join(sentences)

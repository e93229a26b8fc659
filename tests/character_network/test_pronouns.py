from __future__ import annotations

import pandas as pd
import pytest

from character_network import NamedEntityRecognizer, pronoun_mentions
from utils.errors import InputError
from utils.series import CastMember, SeriesProfile
from utils.tables import MENTIONS

PROFILE = SeriesProfile(title="T", cast=tuple(CastMember(name=name) for name in ("Mike", "Will", "Joyce")))


def table(*said: tuple[str | None, str], scene: int = 0) -> pd.DataFrame:
    rows = [(1, 1, n, scene, who, text) for n, (who, text) in enumerate(said)]
    return pd.DataFrame(rows, columns=["season", "episode", "line", "scene", "speaker", "text"]).astype(
        {"speaker": "string", "text": "string"}
    )


def resolved(*said: tuple[str | None, str]) -> list[tuple[int, str, str]]:
    dialogue = table(*said)
    found = pronoun_mentions(dialogue, NamedEntityRecognizer(series=PROFILE).find(dialogue))
    assert list(found.columns) == list(MENTIONS)
    for row in found.itertuples():
        assert dialogue["text"][row.line][row.begin : row.finish] == row.surface
    return list(found[["line", "surface", "character"]].itertuples(index=False, name=None))


def test_the_first_person_is_the_speaker() -> None:
    assert resolved(("Mike", "I'm sure that my bike is mine. Trust me.")) == [
        (0, "I", "Mike"),
        (0, "my", "Mike"),
        (0, "mine", "Mike"),
        (0, "me", "Mike"),
    ]


def test_the_second_person_is_whom_the_line_calls() -> None:
    said = (("Joyce", "Hello."), ("Mike", "Will, are you all right?"), ("Joyce", "Yes."))
    assert resolved(*said) == [(1, "you", "Will")]


def test_a_call_holds_for_the_whole_turn() -> None:
    said = (("Joyce", "Hi."), ("Mike", "Will!"), ("Mike", "Is that your bike?"), ("Joyce", "Hm."))
    assert resolved(*said) == [(2, "your", "Will")]


def test_of_two_it_is_the_other() -> None:
    assert resolved(("Mike", "Are you there?"), ("Will", "You bet.")) == [(0, "you", "Will"), (1, "You", "Mike")]


@pytest.mark.parametrize(
    "said",
    [
        (("Mike", "Are you there?"), ("Will", "Yes."), ("Joyce", "No.")),
        (("Mike", "Are you there?"), (None, "Yes.")),
        (("Mike", "Are you there?"),),
        ((None, "Are you there? I am."), ("Will", "Yes.")),
        (("Mike", "Are you guys there?"), ("Will", "Yes.")),
        (("Mike", "It is, you know, late."), ("Will", "Yes.")),
        (("Mike", "She said “I love you” and left."), ("Will", "Yes.")),
        (("Mike", "Are you there?"), ("Man 2", "Yes, I am.")),
    ],
)
def test_what_is_doubtful_stays_open(said: tuple[tuple[str | None, str], ...]) -> None:
    assert resolved(*said) == []


def test_a_column_without_any_speaker_gives_nothing() -> None:
    dialogue = table((None, "I saw you, Mike.")).astype({"speaker": "float64"})
    mentions = NamedEntityRecognizer(series=PROFILE).find(dialogue)
    assert mentions["character"].tolist() == ["Mike"]
    assert pronoun_mentions(dialogue, mentions).empty


def test_names_are_left_alone() -> None:
    dialogue = table(("Mike", "Will, I saw you."))
    recogniser = NamedEntityRecognizer(series=PROFILE)
    before = recogniser.find(dialogue)
    pronoun_mentions(dialogue, before)
    pd.testing.assert_frame_equal(recogniser.find(dialogue), before)
    assert before["surface"].tolist() == ["Will"]


def test_speakers_are_needed() -> None:
    dialogue = table(("Mike", "I am."))
    mentions = NamedEntityRecognizer(series=PROFILE).find(dialogue)
    with pytest.raises(InputError, match=r"dialogue table lacks the column.*speaker"):
        pronoun_mentions(dialogue.drop(columns="speaker"), mentions)

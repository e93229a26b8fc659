from __future__ import annotations

import pytest

from character_network.names import NameMatcher
from character_network.vocatives import is_vocative
from utils.series import CastMember, SeriesProfile

MATCHER = NameMatcher.from_series(
    SeriesProfile(title="T", cast=tuple(CastMember(name=name) for name in ("Mike", "Lucas", "Will", "Eleven")))
)


def called(text: str) -> list[str]:
    hits = MATCHER.find(text)
    spans = tuple((hit.begin, hit.finish) for hit in hits)
    return [hit.character for hit in hits if is_vocative(text, hit.begin, hit.finish, others=spans)]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Mike, wait!", ["Mike"]),
        ("Wait, Mike!", ["Mike"]),
        ("Hey Mike, wait!", ["Mike"]),
        ("Mike!", ["Mike"]),
        ("Are you all right, Will?", ["Will"]),
        ("Listen. Will, it's me.", ["Will"]),
        ("Mike, Lucas, over here!", ["Mike", "Lucas"]),
        ("I saw Mike.", []),
        ("It's Mike.", []),
        ("My name is Eleven.", []),
        ("This is my friend, Will.", []),
        ("I saw Mike, Lucas, and Will.", []),
        ("Will, who draws, is asleep.", []),
        ("Mike's late.", []),
        ("Mike is late.", []),
        ("Where is Lucas?", []),
    ],
)
def test_address_against_mention(text: str, people: list[str]) -> None:
    assert called(text) == people

"""Our own rules for `character_chatbot.care`: what a list of words cannot say, found in spite of spelling tricks.

A text is read in several ways (`readings`): as plain letters (look-alikes of other scripts, accents, zero-width
characters and stretched letters undone), with digits as letters, and with letters that stand apart pushed together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from character_chatbot.care_phrases import AGE, CLOSE, HARM, ROMANCE, SEXUAL, SPELT
from character_chatbot.care_words import ALSO_SEXUAL, INNOCENT, NOT_SEXUAL

__all__ = ["fears_death", "harms_self", "is_sexual", "lifts_age", "readings", "too_close"]

_LEET: Final = (
    str.maketrans("013457@$!|", "oieastasil"),
    str.maketrans("01345789@$!|+", "oleastbgasllt"),
)
# Look-alikes that glin-profanity does not know, or reads by sound.
_LOOKS_LIKE: Final = str.maketrans("увтмнһьүѵԁԛԝѡɡɑγωσπλνυρ", "ybtmhhbyvdqwwgaywonlvup")
# Digits that are read aloud: "want 2 live", "h8 it".
_SOUNDS: Final = (
    (re.compile(r"\b2(?= [a-z])"), "to"),
    (re.compile(r"\b4(?= [a-z])"), "for"),
    (re.compile(r"(?<=h)8\b"), "ate"),
)
_APART: Final = re.compile(r"(?:(?<![^\W_])[^\W_][\W_]+){3,}[^\W_](?![^\W_])")


def _plain(text: str) -> str:
    """Lower-case letters of one script, without accents, stretching and what cannot be seen."""
    from glin_profanity import normalize_unicode

    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    folded = normalize_unicode(visible.casefold().translate(_LOOKS_LIKE)).casefold().replace("’", "'")
    return re.sub(r"([^\W\d_])\1{2,}", r"\1", folded)


def _spaced(text: str) -> str:
    """Words with one space between, and a lone full stop where a sentence ends."""
    return " ".join(re.sub(r"[^\w+.]|_", " ", re.sub(r"[.?!;:]+(?=\s|$)", " . ", text)).split())


def _letters_for_digits(text: str, table: dict[int, int]) -> str:
    """Digits and signs read as letters in words that have letters as well."""
    words = (word.translate(table) if re.search(r"[a-z]", word) else word for word in text.split())
    return " ".join(words)


def _aloud(text: str) -> str:
    for digit, sound in _SOUNDS:
        text = digit.sub(sound, text)
    return text


def readings(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the ways in which a text may be read, and whether its spaces were pushed out."""
    plain = _plain(text)
    seen = set()
    for way in (plain, _aloud(plain), *(_letters_for_digits(plain, table) for table in _LEET)):
        if (spaced := _spaced(way)) not in seen:
            seen.add(spaced)
            yield spaced, False
        for run in _APART.findall(way):
            if (squashed := re.sub(r"[\W_]+", "", run)) not in seen:
                seen.add(squashed)
                yield squashed, True


@cache
def _compiled(rules: tuple[str, ...], *, squashed: bool) -> re.Pattern[str]:
    if squashed:
        # No spaces and no edges are left: rules lose theirs.
        loose = (rule.replace(r"\b", "").replace(" ", "") for rule in rules)
        return re.compile("|".join(f"(?:{rule})" for rule in loose))
    return re.compile("|".join(rf"(?:\b(?:{rule}))" for rule in rules))


@cache
def _profane() -> Any:
    """The maintained list without what is merely swearing, and with our own words."""
    from glin_profanity import Filter

    return Filter(
        {
            "languages": ["english"],
            "ignore_words": sorted(NOT_SEXUAL),
            "custom_words": list(ALSO_SEXUAL),
            "detect_leetspeak": True,
            "leetspeak_level": "moderate",
        }
    )


_INNOCENT: Final = re.compile("|".join(rf"\b{phrase}" for phrase in INNOCENT))


def _any_reading(text: str, rules: tuple[str, ...]) -> bool:
    return any(_compiled(rules, squashed=squashed).search(way) for way, squashed in readings(text))


def lifts_age(text: str) -> bool:
    """Whether a text makes somebody an adult for the sake of a game or story."""
    return _any_reading(text, AGE)


def is_sexual(text: str) -> bool:
    """Whether words or rules find a text sexual, or romantic about somebody who was made an adult for it."""
    checked = _INNOCENT.sub(" ", _plain(text))
    if _profane().is_profane(checked) or _any_reading(checked, SEXUAL):
        return True
    return lifts_age(text) and _any_reading(text, (ROMANCE + r"\b",))


def too_close(reply: str) -> bool:
    """Whether a reply lays the character in the bed of whoever it talks with."""
    return _any_reading(reply, CLOSE)


def harms_self(text: str) -> bool:
    """Whether a text speaks of wanting to die or of hurting oneself, and not only of a story or in a turn of phrase."""
    apart = _compiled(SPELT, squashed=True)
    return _any_reading(text, HARM) or any(squashed and apart.search(way) for way, squashed in readings(text))


_FEARS: Final = re.compile(
    r"(?:\w+ ){0,3}?(?:don t|dont|do not|didn t|doesn t|not) (?:\w+ )?want(?:ed)? to die "
    r"(?:in|down|here|there|before|yet)\b[^.]*(?: \.)?"
)


def fears_death(text: str) -> bool:
    """Whether a text says no more than that somebody does not want to die somewhere."""
    return _FEARS.fullmatch(next(readings(text))[0]) is not None

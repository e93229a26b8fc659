"""Is a surface that nobody has described somebody's name?"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from character_network.lexicon import NUMBERS, ROLES, TITLES
from character_network.surfaces import NOT_NAMES, Evidence, plain

__all__ = ["is_person"]

# fmt: off
_THINGS: Final = frozenset([
    "avenue", "bars", "bridge", "church", "circus", "city", "club", "college", "company", "county", "drive", "high",
    "hill", "hospital", "hotel", "house", "island", "lab", "laboratory", "lake", "lane", "middle", "oven", "park",
    "pond", "river", "road", "school", "song", "station", "store", "story", "street", "temple", "town", "university",
    "valley", "wafers", "woods",
])
# fmt: on
"""What a run of capitals ends in that names a place or a thing."""
_DRAWN_OUT: Final = re.compile(r"(.)\1\1")


def is_person(name: str, evidence: Evidence, *, lower: Counter[str]) -> bool:
    """Decide whether a surface names somebody.

    Args:
        name: The surface.
        evidence: How it is used.
        lower: How often words are written in small letters.
    """
    words = [plain(word) for word in name.split()]
    if _DRAWN_OUT.search(name.casefold()):
        return False
    if evidence.inner < 3 and all(word in NOT_NAMES | NUMBERS for word in words):
        return False
    # What the name finder takes for a person, in neutral sentences or in half of the lines.
    sure = evidence.prior >= 0.6 or evidence.taken * 2 >= evidence.written
    if len(words) > 1:
        return _is_full_name(words, sure=sure and evidence.taken > 0)
    return _is_single_name(words[0], evidence, lower[words[0]], sure=sure)


def _is_full_name(words: list[str], *, sure: bool) -> bool:
    titled = words[0] in TITLES
    return len(words) < 3 + titled and words[-1] not in _THINGS and (titled or sure)


def _is_single_name(word: str, evidence: Evidence, small: int, *, sure: bool) -> bool:
    """Behind articles and places no name stands; capitals inside sentences, and being called, speak for one."""
    if word in TITLES - ROLES:
        return False
    if max(evidence.determined, evidence.placed) * (2 if sure else 4) > evidence.written:
        return False
    usual = small > evidence.inner
    if sure:
        always = evidence.prior > 0.9 and evidence.taken == evidence.written and not small
        return always or (evidence.inner > 0 and not (usual and evidence.inner < 3))
    if evidence.called and evidence.inner >= 2:
        return not usual or evidence.called >= 3
    return evidence.inner >= 3 and evidence.taken * 3 >= evidence.written

"""A surname that a family shares: who is meant follows from who speaks to whom, or is left open."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from character_network.context import Context, word_before
from character_network.lexicon import FUNCTION_WORDS, TITLES
from character_network.lines import Line, nearby
from character_network.names import Hit, NameMatcher, stands_alone
from character_network.vocatives import is_vocative
from utils.series import fold_name

__all__ = ["family_hits"]

_EXCHANGE: Final = 8
"""Lines around one within which people answer each other."""
_ALSO_YOUNG: Final = ("mr", "miss", "ms")
"""Titles with which teachers address children; behind others a surname is mostly a parent's."""
_TITLE: Final = re.compile(r"\w+\.?\s+$")
_NOBODY: Final = ("the", "a", "an", "says")


def family_hits(lines: Sequence[Line], found: Sequence[Sequence[Hit]], matcher: NameMatcher) -> list[list[Hit]]:
    """Return the shared surnames of an episode that mean one person for certain.

    Somebody who says the own surname means himself (``Henderson on watch``). A surname that is called out means the
    only relative who speaks close by in the scene, behind ``Mr.`` or ``Miss`` too where the profile says not whose that
    is. Any other means the only relative who is there or named close by, or else the only one who speaks or is named
    in the whole episode.

    Args:
        lines: Of one episode.
        found: The names found in each line by themselves.
        matcher: Who is called how.

    Returns:
        For each line the further hits.
    """
    present = {line.speaker for line in lines} | {hit.character for hits in found for hit in hits}
    resolved: list[list[Hit]] = []
    for place, line in enumerate(lines):
        hits = []
        before = lines[place - 1].text if place else ""
        for context in _alone(line.text, matcher):
            who = _titled_before(context, before, matcher) or _meant(context, place, lines, found, present, matcher)
            if who:
                begin = len(context.left)
                hits.append(Hit(who, context.surface, begin, begin + len(context.surface)))
        resolved.append(hits)
    return resolved


def _alone(text: str, matcher: NameMatcher) -> Iterator[Context]:
    """Yield the shared surnames that stand for a person: not in ``the Byers``, ``Dennis Byers``, ``Byers Road``."""
    for match in matcher.shared.finditer(text):
        context = Context(text[: match.start()], match[0], text[match.end() :])
        followed = context.followed_by_capital and context.after not in FUNCTION_WORDS
        joined = followed or _preceded(context) or context.right[:1] == "-" or not stands_alone(context)
        if context.capitalised and not joined and context.before not in _NOBODY:
            yield context


def _preceded(context: Context) -> bool:
    """Whether another name stands before it."""
    if context.starts or context.before in ("", *TITLES):
        return False
    written = context.left.split()[-1]
    return written[0].isupper() and not written.isupper()


def _titled_before(context: Context, before: str, matcher: NameMatcher) -> str | None:
    """Return whose name it is with the title in which the line before ends: ``Mrs.`` / ``Byers, wait!``."""
    title = word_before(before)
    if context.left.strip() or title not in TITLES:
        return None
    return matcher.owners.get(f"{title} {fold_name(context.surface)}")


def _meant(
    context: Context,
    place: int,
    lines: Sequence[Line],
    found: Sequence[Sequence[Hit]],
    present: Collection[str],
    matcher: NameMatcher,
) -> str | None:
    line, people = lines[place], matcher.families[fold_name(context.surface)]
    around = nearby(lines, place, within=_EXCHANGE)
    speaking = {other.speaker for other in around}
    begin = len(_TITLE.sub("", context.left) if context.before in TITLES else context.left)
    called = is_vocative(line.text, begin, len(context.left) + len(context.surface))
    if context.before in TITLES:
        return _only(people, speaking - {line.speaker}) if called and context.before in _ALSO_YOUNG else None
    if line.speaker in people:
        return line.speaker
    if called and speaking & set(people):
        return _only(people, speaking)
    numbers = {other.line for other in around}
    named = {hit.character for other, hits in zip(lines, found, strict=True) if other.line in numbers for hit in hits}
    return _only(people, speaking | named) or _only(people, present)


def _only(people: Collection[str], there: Collection[str]) -> str | None:
    both = set(people) & set(there)
    return both.pop() if len(both) == 1 else None

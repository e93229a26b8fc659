"""Is a name called out to its bearer (``Mike, wait!``) or spoken about (``I saw Mike``)?"""

from __future__ import annotations

import re

from character_network.context import Context, word_before
from character_network.lexicon import KIN, OPENERS

__all__ = ["is_vocative"]

_CALL_ENDS = re.compile(r"\s*(?:[,.!?…;:\"”—–]|--?(?!\w)|$)")
_RELATIVE = re.compile(r"\s*,\s*(?:who|who's|whose|whom|which|that)\b", re.IGNORECASE)
_LISTED = re.compile(r"(?:,\s*|\s+(?:and|or)\s+)$", re.IGNORECASE)
_COPULA = re.compile(r"\b(?:is|am|i'm|it's|that's|this is|name's|named|called|he's|she's|was)\s*,?\s*$", re.IGNORECASE)


def is_vocative(text: str, begin: int, finish: int, *, others: tuple[tuple[int, int], ...] = ()) -> bool:
    """Decide whether the name at ``text[begin:finish]`` is a form of address.

    It is where punctuation sets it off on both sides (or one side is the line's edge), or a greeting precedes it; not
    behind a copula, nor in apposition to a noun (``my friend, Will``), nor inside a list that is spoken about (``I saw
    Mike, Lucas and Will``).

    Args:
        text: The line.
        begin: Offset of the name's first character.
        finish: Offset behind its last.
        others: Spans of the other names in the line.
    """
    context = Context(text[:begin], text[begin:finish], text[finish:])
    if not _CALL_ENDS.match(context.right) or _RELATIVE.match(context.right) or context.possessive:
        return False
    if context.starts:
        return True
    if not context.left.rstrip().endswith(","):
        return context.before in OPENERS and not _COPULA.search(context.left)
    behind = context.left.rstrip()[:-1]
    earlier = next((span for span in others if span[1] == len(behind)), None)
    if earlier is not None:
        return is_vocative(text, *earlier)
    return word_before(behind) not in KIN

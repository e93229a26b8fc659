"""Who a subtitle file says is speaking: dashes, names in brackets, names with a colon.

The conventions are those of subtitles for the hard of hearing: a dash begins another voice, ``[...]`` and ``(...)``
hold names or sounds, ``NAME:`` names a voice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from utils.reading.cues import Cue
from utils.reading.sounds import BRACKETED, direction, split_directions
from utils.series import SeriesProfile

__all__ = ["Labels", "speaker_name"]

_DASH: Final = re.compile(r"\s*(?:>{2,3}\s*|[-‐‑](?![-‐‑])\s*|[–—]\s+)")
_COLON: Final = re.compile(r"([^\W\d_][\w.'’&, -]{0,40})((?:\[[^\[\]]*\]|\([^()]*\))?)\s*:\s+")
_MODIFIED: Final = re.compile(r"([^,]+?)(?:,\s*|\s+(?=(?:over|on|through|via|in|from)\b))(.+)", re.IGNORECASE)
_CREDIT: Final = re.compile(
    r"https?://|\bwww\.|\b(?:sync\w*|subtit\w+|caption\w*|corrections?|translat\w+)\s+(?:and \w+ )?by\b", re.IGNORECASE
)
_LONGEST_LABEL: Final = 60
_COLLECTIVE: Final = frozenset({"all", "both", "everybody", "everyone", "together"})


def speaker_name(written: str, series: SeriesProfile) -> str:
    """Return a person's canonical name, or the name as written with capital initials for somebody outside the cast."""
    known = series.canonical(written)
    if known is not None:
        return known
    words = written.casefold().split() if written.isupper() else written.split()
    return " ".join(word[:1].upper() + word[1:] for word in words)


class Labels:
    """Finds who a file says is speaking: the cast, and names that recur as labels in it.

    Args:
        cues: The whole file.
        series: Whose cast.
    """

    def __init__(self, cues: Sequence[Cue], series: SeriesProfile) -> None:
        self._series = series
        texts = [cue.text for cue in cues if any(mark in cue.text for mark in "[(:")]
        self._recurring = _recurring_colons(texts) | _recurring_brackets(texts, series)

    def person(self, written: str) -> tuple[str, list[str]] | None:
        """Return the name behind a label and how the person speaks (``Mike, over radio``), or None for a sound."""
        name = self._name(written)
        if name is not None:
            return name, []
        match = _MODIFIED.fullmatch(written.strip()) if len(written) <= _LONGEST_LABEL else None
        name = self._name(match[1]) if match else None
        return (name, [direction(match[2])]) if match and name else None

    def _name(self, written: str) -> str | None:
        known = self._series.canonical(written)
        if known is None and _key(written) in self._recurring:
            return speaker_name(written, self._series)
        return known

    def utterances(self, text: str) -> list[str]:
        """Split a cue where a dash or a label begins another voice."""
        parts: list[str] = []
        for line in text.split("\n"):
            dash = _DASH.match(line)
            if dash or not parts or self._opens(line):
                parts.append(line[dash.end() if dash else 0 :])
            else:
                parts[-1] += f"\n{line}"
        return parts

    def _opens(self, line: str) -> bool:
        line = line.lstrip()
        bracket, colon = BRACKETED.match(line), _COLON.match(line)
        label = _inside(bracket) if bracket else colon[1] if colon else ""
        return self.person(label) is not None

    def parse(self, text: str) -> tuple[str | None, str, list[str]]:
        """Return the speaker, the words and the directions of one utterance."""
        if _CREDIT.search(text):
            return None, "", [direction(text)]
        bracketed, directions, text = self._brackets(text)
        named, more, text = self._colon(text)
        words, inside = split_directions(text)
        speaker = named or bracketed
        if speaker and not words:  # "[Mike]" alone names nobody's words; keep it with the sounds.
            directions.insert(0, speaker)
        return speaker, words, [*directions, *more, *inside]

    def _brackets(self, text: str) -> tuple[str | None, list[str], str]:
        """Take the brackets in front of an utterance: its speaker, the rest of them, what follows."""
        speaker: str | None = None
        directions: list[str] = []
        text = text.lstrip()
        while match := BRACKETED.match(text):
            person = self.person(_inside(match))
            speaker, more = person or (speaker, [direction(_inside(match))])
            directions += more
            text = text[match.end() :].lstrip()
        return speaker, directions, text

    def _colon(self, text: str) -> tuple[str | None, list[str], str]:
        """Take ``NAME:`` or ``NAME (how):`` in front of an utterance, likewise."""
        match = _COLON.match(text)
        person = self.person(match[1]) if match else None
        if match is None or (person is None and not match[1].isupper()):
            return None, [], text
        # Capitals and a colon are a label even if the name comes once: not spoken, so a direction.
        speaker, directions = person or (None, [speaker_name(match[1], self._series)])
        return speaker, directions + split_directions(match[2])[1], text[match.end() :]


def _inside(match: re.Match[str]) -> str:
    """What stands in the brackets that `BRACKETED` found."""
    return match[0][1:-1].strip()


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()


def _twice(labels: Iterable[str]) -> set[str]:
    return {label for label, count in Counter(labels).items() if count > 1} - _COLLECTIVE


def _recurring_colons(texts: Iterable[str]) -> set[str]:
    lines = ((line, _DASH.match(line)) for text in texts for line in text.split("\n"))
    matches = (_COLON.match(line, dash.end() if dash else 0) for line, dash in lines)
    return _twice(_key(match[1]) for match in matches if match and match[1].isupper())


def _recurring_brackets(texts: Iterable[str], series: SeriesProfile) -> set[str]:
    """Names in brackets outside the cast: only where sounds are in lower case, so that capital initials tell."""
    matches = [match for text in texts for match in BRACKETED.finditer(text)]
    strangers = [match for match in matches if series.canonical(_inside(match)) is None]
    labels = [_inside(match) for match in strangers]
    if 2 * sum(label[:1].islower() for label in labels) < len(labels):
        return set()
    silent = {_key(label) for label, match in zip(labels, strangers, strict=True) if match.end() == len(match.string)}
    return _twice(_key(label) for label in labels if _is_name(label)) - silent


def _is_name(label: str) -> bool:
    words = label.split()
    return 0 < len(words) <= 3 and not label.isupper() and all(w[0].isupper() or w.isdigit() for w in words)

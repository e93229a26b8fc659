"""Subtitle files become cues, and cues become spoken lines.

`pysubs2` reads the formats; what a cue says (who speaks, which words are spoken, which are sounds) is worked out here.
The conventions are those of subtitles for the hard of hearing: a dash begins another voice, ``[...]`` and ``(...)``
hold names or sounds, ``NAME:`` names a voice, notes enclose lyrics.
"""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from utils.errors import InputError
from utils.series import SeriesProfile

__all__ = [
    "SUFFIXES",
    "Cue",
    "SpokenLine",
    "read_cues",
    "read_text",
    "speaker_name",
    "split_directions",
    "spoken_lines",
]

SUFFIXES: Final = (".ass", ".srt", ".ssa", ".vtt")

# The mark of UTF-32 begins with that of UTF-16, so it is tried first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Each pattern forbids its own opening character inside, so that a run of openings costs linear time.
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{[^{}]*\}")
_BRACKETED: Final = re.compile(r"\[[^\[\]]*\]|\([^()]*\)")
_NOTE: Final = re.compile(r"[♪♫]")
_SONG: Final = re.compile(r"(?s).+")
_LYRICS: Final = re.compile(r"[♪♫][^♪♫]*(?:[♪♫]|$)")
_DASH: Final = re.compile(r"\s*(?:>{2,3}\s*|[-‐‑](?![-‐‑])\s*|[–—]\s+)")
_COLON: Final = re.compile(r"([^\W\d_][\w.'’&, -]{0,40})((?:\[[^\[\]]*\]|\([^()]*\))?)\s*:\s+")
_MODIFIED: Final = re.compile(r"([^,]+?)(?:,\s*|\s+(?=(?:over|on|through|via|in|from)\b))(.+)", re.IGNORECASE)
_CREDIT: Final = re.compile(
    r"https?://|\bwww\.|\b(?:sync\w*|subtit\w+|caption\w*|corrections?|translat\w+)\s+(?:and \w+ )?by\b", re.IGNORECASE
)
_LONGEST_LABEL: Final = 60
_COLLECTIVE: Final = frozenset({"all", "both", "everybody", "everyone", "together"})


class Cue(NamedTuple):
    """One subtitle.

    Attributes:
        start: Seconds.
        end: Seconds.
        text: Without markup; lines separated by newlines.
        voice: Who speaks according to a field of the file (ASS ``Name``), else empty.
    """

    start: float
    end: float
    text: str
    voice: str = ""


class SpokenLine(NamedTuple):
    """What one person says within one cue.

    Attributes:
        start: Seconds.
        end: Seconds.
        speaker: Who the subtitles say it is, or None.
        text: Spoken words only, on one line.
        direction: Sounds and stage directions since the line before, joined with ``; ``.
    """

    start: float
    end: float
    speaker: str | None
    text: str
    direction: str


def _decode(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if 10 * data.count(0) > len(data):  # UTF-16 without a mark: zero bytes stand first in big-endian order.
        big = data[::2].count(0) > data[1::2].count(0)
        return data.decode("utf-16-be" if big else "utf-16-le", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_text(path: Path) -> str:
    r"""Read a text file whatever its encoding, with ``\n`` as its only line end.

    A byte-order mark decides; then many zero bytes mean UTF-16; then UTF-8 if it is valid; else cp1252, the usual one
    of old subtitles.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path and its rights.") from None
    return _decode(data).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _prepare(text: str, suffix: str) -> tuple[str, str]:
    """Return the format that the content shows, else the suffix, and the text without what is no speech."""
    if text.lstrip().startswith("WEBVTT"):
        # Notes, styles and cue names would be appended to the cue before them.
        blocks = (
            re.search(r"^[^\n]*-->.*", block, re.M | re.S) for block in re.split(r"\n[ \t]*(?:\n[ \t]*)*\n", text)
        )
        return "vtt", "\n\n".join(match[0] for match in blocks if match)
    if suffix in (".ass", ".ssa") or "[Script Info]" in text[:10_000]:
        lines = (line for line in text.split("\n") if line.startswith("Dialogue:"))
        return "ssa" if suffix == ".ssa" else "ass", "\n".join(lines)
    # A number on the last line would be taken for the next cue's; give it one to take.
    return suffix.removeprefix("."), f"{text}\n\n0\n"


def _plain(text: str) -> str:
    text = text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " ")
    if "<" in text or "{" in text:
        text = _TAG.sub("", _VOICE.sub(r"\n[\1] ", text))
    return (html.unescape(text) if "&" in text and ";" in text else text).strip()


def read_cues(path: Path) -> list[Cue]:
    """Read a subtitle file.

    Args:
        path: A file with one of `SUFFIXES`; content that shows another of these formats is read as that one.

    Returns:
        Its cues by start time; those without text are left out.

    Raises:
        InputError: If the file cannot be read or holds no subtitles.
    """
    import pysubs2

    form, text = _prepare(read_text(path), path.suffix.lower())
    try:
        events = pysubs2.SSAFile.from_string(text, form, keep_html_tags=True)
    except (pysubs2.Pysubs2Error, ValueError) as error:
        raise InputError(f"{path} is not a subtitle file ({error}); repair it or take it out of the folder.") from None
    shown = (event for event in events if not event.is_drawing)
    cues = [Cue(event.start / 1000, event.end / 1000, _plain(event.text), event.name.strip()) for event in shown]
    cues = sorted((cue for cue in cues if cue.text), key=lambda cue: cue.start)
    if not cues:
        raise InputError(
            f"{path} is not a subtitle file or holds no subtitles; repair it or take it out of the folder."
        )
    return cues


def speaker_name(written: str, series: SeriesProfile) -> str:
    """Return a person's canonical name, or the name as written with capital initials for somebody outside the cast."""
    known = series.canonical(written)
    if known is not None:
        return known
    words = written.casefold().split() if written.isupper() else written.split()
    return " ".join(word[:1].upper() + word[1:] for word in words)


def _sound(written: str) -> str:
    """A direction as people read it: shouted ones in lower case."""
    written = " ".join(written.split())
    return written.lower() if written.isupper() else written


def split_directions(text: str) -> tuple[str, list[str]]:
    """Part the spoken words of a text from its sounds, stage directions and lyrics.

    Returns:
        The words on one line, empty if nothing is spoken, and the directions in their order.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(_sound(match[0].strip("[]()")))
        return " "

    if "[" in text or "(" in text:
        text = _BRACKETED.sub(take, text)
    if "♪" in text or "♫" in text:
        # Notes open the lines of a song, one each, or stand around it in pairs.
        opened = all(
            len(_NOTE.findall(line)) == 1 == len(_NOTE.findall(line.lstrip()[:1])) for line in text.split("\n")
        )
        text = (_SONG if opened else _LYRICS).sub(take, text)
    words = " ".join(text.split())
    return words if any(map(str.isalnum, words)) else "", [direction for direction in found if direction]


class _Labels:
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
        return (name, [_sound(match[2])]) if match and name else None

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
        bracket, colon = _BRACKETED.match(line), _COLON.match(line)
        label = _inside(bracket) if bracket else colon[1] if colon else ""
        return self.person(label) is not None

    def parse(self, text: str) -> tuple[str | None, str, list[str]]:
        """Return the speaker, the words and the directions of one utterance."""
        if _CREDIT.search(text):
            return None, "", [_sound(text)]
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
        while match := _BRACKETED.match(text):
            person = self.person(_inside(match))
            speaker, more = person or (speaker, [_sound(_inside(match))])
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
    """What stands in the brackets that `_BRACKETED` found."""
    return match[0][1:-1].strip()


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()


def _twice(labels: Iterable[str]) -> set[str]:
    return {label for label, count in Counter(labels).items() if count > 1} - _COLLECTIVE


def _recurring_colons(texts: Iterable[str]) -> set[str]:
    lines = (_DASH.sub("", line, count=1) for text in texts for line in text.split("\n"))
    matches = (_COLON.match(line) for line in lines)
    return _twice(_key(match[1]) for match in matches if match and match[1].isupper())


def _recurring_brackets(texts: Iterable[str], series: SeriesProfile) -> set[str]:
    """Names in brackets outside the cast: only where sounds are in lower case, so that capital initials tell."""
    matches = [match for text in texts for match in _BRACKETED.finditer(text)]
    strangers = [match for match in matches if series.canonical(_inside(match)) is None]
    labels = [_inside(match) for match in strangers]
    if 2 * sum(label[:1].islower() for label in labels) < len(labels):
        return set()
    silent = {_key(label) for label, match in zip(labels, strangers, strict=True) if match.end() == len(match.string)}
    return _twice(_key(label) for label in labels if _is_name(label)) - silent


def _is_name(label: str) -> bool:
    words = label.split()
    return 0 < len(words) <= 3 and not label.isupper() and all(w[0].isupper() or w.isdigit() for w in words)


def spoken_lines(cues: Sequence[Cue], series: SeriesProfile) -> list[SpokenLine]:
    """Turn the cues of an episode into what is said in it.

    A cue of several voices is split, its time shared in proportion to the length of what they say. Sounds join the
    directions of the next spoken line; those after the last line join that one.

    Args:
        cues: From `read_cues`, in order.
        series: For the names of the cast.
    """
    labels = _Labels(cues, series)
    lines: list[SpokenLine] = []
    pending: list[str] = []
    for cue in cues:
        voices: list[tuple[str | None, str, str]] = []
        for utterance in labels.utterances(cue.text):
            speaker, words, directions = labels.parse(utterance)
            pending += directions
            if words:
                voices.append((speaker or series.canonical(cue.voice), words, "; ".join(pending)))
                pending = []
        lines.extend(_timed(cue, voices))
    if pending and lines:
        last = lines[-1]
        lines[-1] = last._replace(direction="; ".join([last.direction, *pending] if last.direction else pending))
    return lines


def _timed(cue: Cue, voices: Sequence[tuple[str | None, str, str]]) -> Iterator[SpokenLine]:
    """Give each voice its share of the cue's time."""
    total = sum(len(words) for _, words, _ in voices)
    begin, said = cue.start, 0
    for speaker, words, direction in voices:
        said += len(words)
        end = cue.start + (cue.end - cue.start) * said / total
        yield SpokenLine(begin, end, speaker, words, direction)
        begin = end

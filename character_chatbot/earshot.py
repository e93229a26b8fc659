"""Which lines of a season somebody heard.

Who speaks in a scene, or is named in its directions as doing something, is there: from its first part in the scene to
its last, and a few lines around, unless a door says that it came or went. A voice from a radio hears what is sent to
it, which is the line before and after its own. Who is called and does not answer may be elsewhere: that counts where
nobody calls over a radio. To be spoken about is not to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from utils.series import SeriesProfile
from utils.tables import DIALOGUE, SCENE_KEYS, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EARSHOT", "Listener", "SceneLine", "scenes_of"]

# Lines before and after a character's first and last part in a scene that it still hears.
EARSHOT: Final = 3
# Below this the alignment is not sure enough who spoke for a lone line to put somebody into a scene.
SURE: Final = 0.6

_FAR: Final = re.compile(
    r"\b(?:over|on|through|from|via)\s+(?:the\s+|a\s+|his\s+|her\s+|police\s+)*"
    r"(?:radio|walkie(?:[- ]talkie)?|phone|telephone|static|intercom|speakers?|p\.?a\.?)\b|\bfiltered\b",
    re.IGNORECASE,
)
_NOT_THERE: Final = re.compile(
    r"\b(?:on|over|from)\s+(?:the\s+)?(?:tv|television|tape|recording|video)\b|\bvoice-?over\b|\brecorded\b"
    r"|\becho(?:es|ing)?\b|\bflashback\b|\bvery far off\b",
    re.IGNORECASE,
)
_RADIO: Final = re.compile(r"\b(?:radio|walkie|phone|telephone|static)\b", re.IGNORECASE)
_ENTRANCE: Final = re.compile(r"\b(?:doors?|footsteps|key in the lock|enter(?:s|ing)|arriv\w+|approach\w+)\b", re.I)
_EXIT: Final = re.compile(
    r"\b(?:doors? (?:clos|slam)\w*|leaves|leaving|exit\w*|(?:driv|walk|run)\w+ (?:away|off|out)|departs?"
    r"|(?:radio|phone|line|receiver) click\w*|hang\w* up|dial tone|disconnect\w*)\b",
    re.IGNORECASE,
)
# Whoever follows these words in a direction need not be there: "[imitating Hopper]", "[photo of Will]".
_ONLY_MEANT: Final = re.compile(r"\b(?:of|about|like|as|imitat\w+|mock\w+|mimic\w+|call\w*|for)\s+$", re.IGNORECASE)
# What people say into a radio, or to somebody whom they do not see.
_CALLING: Final = re.compile(
    r"\b(?:come in|check in|do you (?:copy|read)|are you there|this is|it's)\b|\bover\.$", re.I
)


@dataclass(frozen=True)
class SceneLine:
    """One line, as far as it matters here."""

    line: int
    speaker: str | None
    confidence: float
    text: str
    direction: str
    start: float


def scenes_of(dialogue: pd.DataFrame) -> Iterator[tuple[tuple[int, int, int], list[SceneLine]]]:
    """Yield season, episode and scene with its lines, in the order of the story.

    Raises:
        InputError: If a column is missing.
    """
    require_columns(dialogue, DIALOGUE, name="dialogue")
    ordered = dialogue.sort_values(["season", "episode", "line"])
    speakers = ordered["speaker"].astype(object).where(ordered["speaker"].notna(), None)
    lines = [
        SceneLine(int(number), who, 1.0 if sure != sure else float(sure), str(text), str(direction or ""), float(start))
        for number, who, sure, text, direction, start in zip(
            ordered["line"],
            speakers,
            ordered["speaker_confidence"],
            ordered["text"],
            ordered["direction"].fillna(""),
            ordered["start"],
            strict=True,
        )
    ]
    keys = zip(*(ordered[key].tolist() for key in SCENE_KEYS), strict=True)
    scenes: dict[tuple[int, int, int], list[SceneLine]] = {}
    for (season, episode, scene), line in zip(keys, lines, strict=True):
        scenes.setdefault((int(season), int(episode), int(scene)), []).append(line)
    yield from scenes.items()


class Listener:
    """One character's ears.

    Args:
        series: For the names by which it is called.
        character: Canonical name.
    """

    def __init__(self, series: SeriesProfile, character: str) -> None:
        person = next(person for person in series.cast if person.name == character)
        names = sorted({person.name, *person.aliases}, key=lambda name: (-len(name), name))
        self._name = character
        said = "|".join(map(re.escape, names))
        shouted = "|".join(re.escape(name.upper()) for name in names if len(name) > 2)
        self._called = re.compile(
            rf"(?:^(?:{said}),\s)|(?:,\s+(?:{said})[.!?]*$)|(?:[.!?]\s+(?:{said}),\s)|(?:,\s+(?:{said})[.!?]\s)"
        )
        self._directed = re.compile(rf"(?<!\w)(?:{said}|{shouted or said})(?![\w'’])")

    def heard(self, scene: Sequence[SceneLine]) -> list[tuple[int, int]]:
        """Return the runs of lines that it heard, as positions in the scene: first, and one behind the last."""
        far = list(self._far(scene))
        near = [at for at, line in enumerate(scene) if not far[at] and self._is_there(line)]
        if len(near) == 1 and scene[near[0]].speaker == self._name and scene[near[0]].confidence < SURE:
            near = []
        called = self._answerable(scene)
        spans = [(at - 1, at + 2) for at in range(len(scene)) if far[at] and scene[at].speaker == self._name]
        if near:
            spans.append(_around(scene, min([*near, *called]), max([*near, *called])))
        elif not spans:
            spans = [(at - 1, at + 2) for at in called]
        return _joined(spans, len(scene))

    def _far(self, scene: Sequence[SceneLine]) -> Iterator[bool]:
        """Whether each line comes over a radio; what its speaker says on, does too."""
        far = False
        for at, line in enumerate(scene):
            goes_on = at > 0 and line.speaker == scene[at - 1].speaker and not line.direction
            far = (far and goes_on) or _FAR.search(line.direction) is not None
            yield far

    def _is_there(self, line: SceneLine) -> bool:
        if _NOT_THERE.search(line.direction):
            return False
        return line.speaker == self._name or any(
            not _ONLY_MEANT.search(line.direction[: match.start()]) for match in self._directed.finditer(line.direction)
        )

    def _answerable(self, scene: Sequence[SceneLine]) -> list[int]:
        """The lines that call the character where it can hear it."""
        if any(_RADIO.search(line.direction) for line in scene):
            return []
        return [
            at
            for at, line in enumerate(scene)
            if line.speaker != self._name and self._called.search(line.text) and not _CALLING.search(line.text)
        ]


def _around(scene: Sequence[SceneLine], first: int, last: int) -> tuple[int, int]:
    """Add what is within earshot of a character's first and last part, from door to door."""
    begin, end = max(0, first - EARSHOT), min(len(scene), last + EARSHOT + 1)
    begin = next((at for at in range(first, begin, -1) if _ENTRANCE.search(scene[at].direction)), begin)
    end = next((at for at in range(last + 1, end) if _EXIT.search(scene[at].direction)), end)
    return begin, end


def _joined(spans: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Join runs that touch, within the scene."""
    if not spans:
        return []
    marked = [False] * length
    for begin, end in spans:
        for at in range(max(0, begin), min(length, end)):
            marked[at] = True
    edges = [at for at, (one, other) in enumerate(pairwise([False, *marked, False])) if one != other]
    return list(zip(edges[::2], edges[1::2], strict=True))

"""What a character has lived through by the episode dial: all that a card may tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from character_chatbot.examples import spoken_exchanges
from character_chatbot.memory import Passage, SpokenLine, witnessed_passages
from utils.characters import CharacterCard, Exchange, Fact, known, load_voice
from utils.episodes import Episode
from utils.series import CastMember
from utils.world import World

__all__ = ["Lived", "Speech", "names_pattern"]

# With fewer written examples, what the character said in scenes shows its voice.
FEW: Final = 8
_LEAST_WORDS: Final = 3


@dataclass(frozen=True)
class Speech:
    """What somebody said in one go while the character was there to hear.

    Attributes:
        episode: When.
        speaker: Canonical name; None where the character does not know who speaks.
        text: The words.
    """

    episode: Episode
    speaker: str | None
    text: str


def names_pattern(names: Iterable[str], *, any_case: bool = False) -> re.Pattern[str]:
    """Return what matches any of these names as whole words."""
    bodies = [re.escape(name).replace("'", "['’]") for name in sorted(names, key=len, reverse=True)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(bodies) or '(?!)'})(?!\w)", re.IGNORECASE if any_case else 0)


@dataclass(frozen=True)
class Lived:
    """A character at a point of the story.

    Attributes:
        card: Who.
        world: Where.
        until: Last episode lived through; None for all of this world.
    """

    card: CharacterCard
    world: World
    until: Episode | None

    @classmethod
    def by(cls, card: CharacterCard, world: World, until: str | None) -> Self:
        """Take the dial as people write it.

        Raises:
            InputError: If there is no such episode in this world.
        """
        return cls(card, world, None if until is None else world.episode(until))

    @property
    def last(self) -> Episode | None:
        """The last episode that the card may tell of; None in a world without any."""
        return self.until or (self.world.episodes[-1] if self.world.episodes else None)

    @cached_property
    def passages(self) -> list[Passage]:
        """What the character witnessed, in order."""
        passages = witnessed_passages(self.world.dialogue, self.world.series, self.card.name)
        return [passage for passage in passages if self.until is None or passage.episode <= self.until]

    @cached_property
    def speeches(self) -> list[Speech]:
        """Every line of the passages, once, in order; lines of one speaker in a row are one speech."""
        scenes: dict[tuple[Episode, int], dict[int, SpokenLine]] = {}
        for passage in self.passages:
            scenes.setdefault((passage.episode, passage.scene), {}).update({line.line: line for line in passage.lines})
        return [speech for (episode, _), lines in scenes.items() for speech in self.spoken(episode, lines.values())]

    def spoken(self, episode: Episode, lines: Iterable[SpokenLine]) -> list[Speech]:
        """Return lines in a row as speeches.

        Args:
            episode: Of the lines.
            lines: In their order.
        """
        speeches: list[Speech] = []
        expected = -1
        for line in lines:
            who = None if line.speaker in self._nameless else line.speaker
            before = speeches[-1] if speeches else None
            # Lines that were not heard may lie between.
            if before is not None and before.speaker == who is not None and line.line == expected:
                speeches[-1] = Speech(episode, who, f"{before.text} {line.text}")
            else:
                speeches.append(Speech(episode, who, line.text))
            expected = line.line + 1
        return speeches

    @cached_property
    def _nameless(self) -> frozenset[str]:
        """Those whose name the card says it learns later: till then a voice without a name, even in transcripts."""
        later = "\n".join(fact.text for fact in self.card.facts if fact not in self.facts)
        names = {person.name: (person.name, *person.aliases) for person in self.world.series.cast}
        return frozenset(
            who for who, forms in names.items() if names_pattern(forms).search(later) and not self.knows(*forms)
        )

    @cached_property
    def facts(self) -> list[Fact]:
        """What the card says that it knows."""
        return known(self.card.facts, self.world.series, timeline=self.world.timeline, until=self.until)

    @cached_property
    def told(self) -> str:
        """All text that the character knows: its card's and the lines it heard."""
        lines = (line.text for passage in self.passages for line in passage.lines)
        return "\n".join([self.card.description, *(fact.text for fact in self.facts), *lines])

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """Words that it knows in small letters."""
        return frozenset(word for word in re.findall(r"\w+", self.told) if word.islower())

    def knows(self, *names: str) -> bool:
        """Whether it has read or heard one of these names."""
        return names_pattern(names).search(self.told) is not None

    @cached_property
    def people(self) -> list[CastMember]:
        """Those of the cast who spoke where it was, or of whom its card tells."""
        speakers = {speech.speaker for speech in self.speeches}
        about = "\n".join([self.card.description, *(fact.text for fact in self.facts)])
        others = (person for person in self.world.series.cast if person.name != self.card.name)
        return [p for p in others if p.name in speakers or names_pattern((p.name, *p.aliases)).search(about)]

    @cached_property
    def exchanges(self) -> list[Exchange]:
        """How it answers: card, voice, then (where those are few) scenes; nobody unknown is named in them."""
        series = self.world.series
        written = known(load_voice(self.card, series), series, timeline=self.world.timeline, until=self.until)
        spoken = [] if len(written) >= FEW else self._spoken()
        return [e for e in (*written, *spoken) if not self._strange.search(f"{e.user}\n{e.reply}")]

    def _spoken(self) -> list[Exchange]:
        spoken = spoken_exchanges(self.world.dialogue, self.card.name, until=self.until)
        return [e for e in spoken if min(len(e.user.split()), len(e.reply.split())) >= _LEAST_WORDS]

    @cached_property
    def _strange(self) -> re.Pattern[str]:
        """Names of people and places that the character does not know."""
        met = {self.card.name, *(person.name for person in self.people)}
        series = self.world.series
        people = (name for one in series.cast if one.name not in met for name in (one.name, *one.aliases))
        places = (names for one in series.places if not self.knows(*(names := (one.name, *one.aliases))))
        # Capitals do not count: questions are written in a hurry.
        return names_pattern((*people, *(name for names in places for name in names)), any_case=True)

"""What a character learns from: its replies in the dialogue with what was said before them, and written exchanges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import Field

from character_training.context import CountTokens, Reply, scene_replies
from character_training.split import closest_share, held_out_questions, shuffled
from utils.artifacts import content_key
from utils.characters import (
    CharacterCard,
    Exchange,
    Fact,
    card_names,
    known,
    load_card,
    load_voice,
    prompt_without_card,
    system_prompt,
)
from utils.chat import Message, estimate_tokens, inert
from utils.episodes import Episode
from utils.errors import InputError
from utils.settings import Settings
from utils.speeches import SURE, SpokenScene, spoken_scenes
from utils.world import World

__all__ = ["FEWEST", "Dataset", "DatasetSettings", "Example", "FactsOf", "build_dataset"]

FEWEST: Final = 20
"""Examples below which there is nothing to learn a voice from."""

FactsOf = Callable[[Exchange], Sequence[Fact]]


class DatasetSettings(Settings):
    """How examples are made.

    Attributes:
        context_tokens: Tokens that the rows before a reply have together at most.
        directions: Show stage directions in what others say; the reply never has any.
        voices: Add the exchanges written for the character.
        confidence: A line whose speaker is less sure (0-1) is shown without a name and never learnt.
        validation: Share that is held out.
        shortest: Words below which a speech is not learnt.
        longest: Words above which it is not.
        seed: Which episodes and questions are held out.
    """

    context_tokens: int = Field(default=96, ge=8, le=8192)
    directions: bool = False
    voices: bool = False
    confidence: float = Field(default=SURE, ge=0, le=1)
    validation: float = Field(default=0.15, ge=0, lt=0.5)
    shortest: int = Field(default=1, ge=1)
    longest: int = Field(default=120, ge=1)
    seed: int = 0


_DEFAULTS: Final = DatasetSettings()


@dataclass(frozen=True, kw_only=True)
class Example:
    """One conversation whose last message is to be learnt.

    Attributes:
        messages: System first, then user and assistant in turn; the last is the assistant's: the reply, which is the
            only target.
        season: Where the reply begins; None for a written exchange.
        episode: As ``season``.
        scene: Number within the episode, as ``season``.
        line: Number within the episode, as ``season``.
    """

    messages: tuple[Message, ...]
    season: int | None
    episode: int | None
    scene: int | None
    line: int | None

    @property
    def where(self) -> Episode | None:
        """The episode; None for a written exchange."""
        return None if self.season is None or self.episode is None else Episode(self.season, self.episode)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Examples for one character.

    Attributes:
        character: Canonical name.
        train: What is learnt, in the order of the story, written exchanges last.
        validation: What is held out, alike; no scene and no question stands on both sides.
        digest: SHA-256 over all messages and the split: names the data.
        series: Title.
        sources: One sentence for a model card.
        held_out: Labels of the episodes (``S01E02``) or scenes (``S01E02 scene 3``) that are held out.
        dropped: Why speeches are no examples, and how many.
        timeline: Whose numbering the episodes have; ``sample`` is the season that ships, all others are third parties'.
        age: Of the character, from its card; None if unknown.
    """

    character: str
    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    digest: str
    series: str
    sources: str
    held_out: tuple[str, ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()
    timeline: str = "show"
    age: int | None = None


def build_dataset(
    world: World,
    character: str,
    *,
    settings: DatasetSettings = _DEFAULTS,
    count_tokens: CountTokens = estimate_tokens,
    facts_of: FactsOf | None = None,
) -> Dataset:
    """Make chat examples of a character.

    Args:
        world: Whose dialogue.
        character: Name or alias; somebody of the cast without a card gets a plain instruction.
        settings: How.
        count_tokens: Counts for ``context_tokens``; the default is a cautious estimate.
        facts_of: What the instruction tells with a written exchange; None tells nothing, so that all examples begin
            with the same tokens.

    Raises:
        InputError: If there is no such character, or it has fewer than `FEWEST` examples.
    """
    name = world.series.require_character(character)
    scenes = list(spoken_scenes(world.dialogue, sure=settings.confidence))
    spoken, dropped = _spoken(world, scenes, name, settings, count_tokens)
    written = list(_unique(_written(world, name, facts_of))) if settings.voices else []
    if len(spoken) + len(written) < FEWEST:
        raise InputError(_too_few(world, scenes, name, found=len(spoken), written=len(written)))
    held, labels = _hold_out(spoken, settings)
    asked = [example.messages[-2]["content"] for example in written]
    held += held_out_questions(asked, share=settings.validation, seed=settings.seed)
    examples = list(zip([*spoken, *written], held, strict=True))
    train, validation = (tuple(example for example, out in examples if out is side) for side in (False, True))
    return Dataset(
        character=name,
        train=train,
        validation=validation,
        digest=content_key(train=[e.messages for e in train], validation=[e.messages for e in validation]),
        series=world.series.title,
        sources=_sources(world, name, len(spoken), len(written)),
        held_out=labels,
        dropped=dropped,
        timeline=world.timeline,
        age=card.age if (card := _card(world, name)) else None,
    )


def _spoken(
    world: World, scenes: Iterable[SpokenScene], name: str, settings: DatasetSettings, count_tokens: CountTokens
) -> tuple[list[Example], tuple[tuple[str, int], ...]]:
    """Examples out of the dialogue, and what was left out and why."""
    instruction = _instruction(world, name, _card(world, name))
    kept: list[Example] = []
    dropped: Counter[str] = Counter()
    replies_in = partial(
        scene_replies,
        character=name,
        budget=settings.context_tokens,
        count_tokens=count_tokens,
        directions=settings.directions,
    )
    for scene in scenes:
        for reply in replies_in(scene):
            if reason := _unfit(reply.speech.text, settings):
                dropped[reason] += 1
                continue
            kept.append(_example(scene, reply, instruction))
    unique = list(_unique(kept))
    dropped["the same words after the same words"] += len(kept) - len(unique)
    return unique, tuple((reason, count) for reason, count in dropped.items() if count)


def _example(scene: SpokenScene, reply: Reply, instruction: Message) -> Example:
    target = Message(role="assistant", content=inert(reply.speech.text))
    return Example(
        messages=(instruction, *reply.context, target),
        season=scene.episode.season,
        episode=scene.episode.episode,
        scene=scene.scene,
        line=reply.speech.lines[0].line,
    )


def _card(world: World, name: str) -> CharacterCard | None:
    return load_card(name, world.series) if name in card_names(world.series) else None


def _instruction(world: World, name: str, card: CharacterCard | None, facts: Sequence[Fact] = ()) -> Message:
    told = prompt_without_card(name, world.series) if card is None else system_prompt(card, facts)
    return Message(role="system", content=told)


def _unfit(text: str, settings: DatasetSettings) -> str:
    """Why a speech is not learnt; empty if it is."""
    words = len(text.split())
    if not any(map(str.isalpha, text)):
        return "no letters"
    if words < settings.shortest:
        return f"fewer than {settings.shortest} words"
    return f"more than {settings.longest} words" if words > settings.longest else ""


def _unique(examples: Iterable[Example]) -> Iterator[Example]:
    seen = set()
    for example in examples:
        said = tuple(message["content"] for message in example.messages)
        if said not in seen:
            seen.add(said)
            yield example


def _written(world: World, name: str, facts_of: FactsOf | None) -> Iterator[Example]:
    """Examples out of the exchanges written for a character that hold in this world's timeline."""
    if (card := _card(world, name)) is None:
        return
    for exchange in known(load_voice(card, world.series), world.series, timeline=world.timeline):
        messages = (
            _instruction(world, name, card, facts_of(exchange) if facts_of else ()),
            Message(role="user", content=inert(exchange.user)),
            Message(role="assistant", content=inert(exchange.reply)),
        )
        yield Example(messages=messages, season=None, episode=None, scene=None, line=None)


def _hold_out(spoken: Sequence[Example], settings: DatasetSettings) -> tuple[list[bool], tuple[str, ...]]:
    """Whether each reply is held out, and what is: episodes, or the last scenes of the only one."""
    counts = Counter(example.where for example in spoken)
    if len(counts) != 1:
        episodes = closest_share(counts, shuffled(counts, settings.seed), settings.validation)
        return [example.where in episodes for example in spoken], tuple(map(str, sorted(filter(None, episodes))))
    by_scene = Counter(example.scene for example in spoken)
    scenes = closest_share(by_scene, reversed(by_scene), settings.validation)
    labels = tuple(f"{spoken[0].where} scene {scene}" for scene in reversed(scenes))
    return [example.scene in scenes for example in spoken], labels


def _where(world: World) -> str:
    timeline = world.series.timelines.get(world.timeline)
    return f"{world.series.title} ({timeline.title})" if timeline else world.series.title


def _sources(world: World, name: str, spoken: int, written: int) -> str:
    first, last = world.episodes[0], world.episodes[-1]
    span = f"{len(world.episodes)} episodes from {first} to {last}" if first != last else f"episode {first}"
    also = f", and {written:,} exchanges written for this character" if written else ""
    return f"{_where(world)}, {span}: {spoken:,} replies of {name}{also}."


def _too_few(world: World, scenes: Iterable[SpokenScene], name: str, *, found: int, written: int) -> str:
    """One sentence about who has too few examples, and who has enough."""
    speeches = Counter(speech.speaker for scene in scenes for speech in scene.speeches if speech.speaker)
    enough = [f"{who} ({count:,})" for who, count in speeches.most_common(12) if count >= FEWEST]
    also = f" and {written} written exchanges" if written else ""
    others = f"there are enough for {', '.join(enough)}" if enough else "nobody has enough: add --transcripts"
    return f"{name} needs {FEWEST} replies to learn from, and {_where(world)} has {found}{also}; {others}."

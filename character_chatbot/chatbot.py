"""A character that answers: card, memory and language model in one object."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Sequence
from functools import cached_property, partial
from itertools import takewhile
from typing import Any, Final

from character_chatbot.anachronisms import Anachronisms
from character_chatbot.care import Care, screen_message, screen_reply, without_flagged
from character_chatbot.checks import find_fault
from character_chatbot.engine import ChatEngine, open_engine
from character_chatbot.kept_vectors import VectorCache, user_vectors
from character_chatbot.knowledge import Beyond, Knowledge
from character_chatbot.link import CONTEXT
from character_chatbot.memory import Passage, WitnessMemory, witnessed_passages
from character_chatbot.mind import EXAMPLES, EXAMPLES_TRAINED, FACTS, FACTS_TRAINED, Mind
from character_chatbot.prompt import build_messages, clean_message, newest_messages, normalise_history
from character_chatbot.recall import Encoder, OnceEncoder, chat_encoder
from character_chatbot.support import support, unsupported
from character_chatbot.turn import CARE, CLAIMS_TO_KNOW, OUT_OF_TIME, STRANGER, Reply, Turn
from character_chatbot.words import NameFinder, admits_ignorance
from utils.characters import CharacterCard, Exchange, Sampling, load_card
from utils.chat import Message
from utils.episodes import Episode
from utils.errors import WeightsError
from utils.models import pulled
from utils.world import World

__all__ = ["CharacterChatbot", "CharacterChatbotQwen"]

# More scenes in a prompt confuse a small model (docs/decisions/005-small-prompts.md).
SCENES: Final = 1
# Of its lines, so many are read to the model: a scene was half of what a turn had to read.
SCENE_LINES: Final = 3
# Cosine below which a scene has nothing to do with a message, as with most greetings and small talk: read out in a
# prompt, it would be answered instead.
NEAR_SCENE: Final = 0.35
# Every further draft is drawn a little more freely, or it would be the same again.
WARMER: Final = 0.2
_NEVER_HEARD: Final = "You have never heard of the person you are asked about. Say so in your own way."
_NOT_THERE: Final = "You were not there and nobody told you about it. Say so in your own way."


class CharacterChatbot:
    """Talks as one character of a series. Constructing loads nothing.

    Args:
        character: Name or alias.
        until: Last episode that the character has lived through, such as ``S01E03``; None for all.
        world: Where it lives; None for the sample season.
        engine: What generates; None for the embedded model.
        encoder: What embeds memories; None for the embedded one.
        memory: What the character witnessed, if it was read before; the dial bounds it anew.
    """

    def __init__(
        self,
        character: str,
        *,
        until: str | None = None,
        world: World | None = None,
        engine: ChatEngine | None = None,
        encoder: Encoder | None = None,
        memory: WitnessMemory | None = None,
    ) -> None:
        self._character = character
        self._until = until
        self._given_world = world
        self._given_engine = engine
        self._given_encoder = encoder
        self._given_memory = memory

    @cached_property
    def world(self) -> World:
        """Where the character lives."""
        return self._given_world or World.sample()

    @cached_property
    def card(self) -> CharacterCard:
        """The character's card.

        Raises:
            InputError: If there is no such character, or it has no card.
        """
        return load_card(self._character, self.world.series)

    @cached_property
    def until(self) -> Episode | None:
        """The episode dial.

        Raises:
            InputError: If there is no such episode here.
        """
        return None if self._until is None else self.world.episode(self._until)

    @cached_property
    def engine(self) -> ChatEngine:
        """What generates."""
        return self._given_engine or open_engine(series=self.world.series)

    @cached_property
    def encoder(self) -> OnceEncoder:
        """What embeds memories, facts and examples; a question is embedded once for all of them."""
        return OnceEncoder.of(self._given_encoder or chat_encoder())

    @cached_property
    def _cache(self) -> VectorCache | None:
        sentences = self.encoder.sentences
        return None if sentences is None else VectorCache(user_vectors(), weights=sentences.path)

    @cached_property
    def memory(self) -> WitnessMemory:
        """Everything that the character witnessed, whatever the dial says; `WitnessMemory.recall` bounds it."""
        if self._given_memory is not None:
            return self._given_memory
        passages = witnessed_passages(self.world.dialogue, self.world.series, self.card.name)
        return WitnessMemory(list(passages), encoder=self.encoder, cache=self._cache)

    @cached_property
    def mind(self) -> Mind:
        """What the character knows by the dial, and how it talks."""
        return Mind(
            self.card, self.world, until=self.until, memory=self.memory, encoder=self.encoder, cache=self._cache
        )

    @cached_property
    def _anachronisms(self) -> Anachronisms:
        return Anachronisms(self.world.series.anachronisms)

    @property
    def knowledge(self) -> Knowledge:
        """What the character can know by the dial: whom, and what was said where it heard it."""
        return self.mind.knowledge

    def turn(
        self,
        message: str,
        history: Iterable[Any] = (),
        *,
        earlier: Sequence[str] = (),
        sampling: Sampling | None = None,
    ) -> Turn:
        """Begin a reply.

        Args:
            message: What was said to the character.
            history: The conversation so far, as messages or (user, reply) pairs.
            earlier: Turns from before that history which bear on the message, each as rows of ``Name: text``.
            sampling: How it is drawn; None for the card's.

        Raises:
            InputError: If message, history, character or dial cannot be used.
            WeightsError: If no model is installed.
        """
        asked = clean_message(message)
        talk = newest_messages(normalise_history(history))
        if care := self._screen(asked, talk):
            return Turn.instead(care.text, kind=care.kind)
        talk = without_flagged(talk)
        beyond = self.knowledge.beyond(asked)
        # Where it cannot know, a scene of something else would only be retold as the answer.
        passages = [] if beyond.matter else self._recall(asked)
        trained = self.engine.adapter_for(self.card.name, self.world.series) is not None
        shown = [] if trained else self._shown(asked, talk)
        # An untrained model imitates turns, and knows what it does not know from the last of them.
        reminders = self.mind.unknowing_for(asked) if beyond and not trained else []
        near = [] if reminders else self.mind.examples_for(asked, beyond, most=EXAMPLES_TRAINED)
        answers = [one for one in near if one not in shown]
        messages = self._messages(
            asked,
            beyond=beyond,
            passages=passages,
            examples=shown,
            answers=answers,
            reminders=reminders,
            facts=FACTS_TRAINED if trained else FACTS,
            earlier=earlier,
            talk=talk,
            context=self.engine.context,
        )
        said = [asked, *earlier, *(turn["content"] for turn in talk)]
        judge = partial(
            self._fault, said=said, beyond=beyond, talk=[*talk, Message(role="user", content=asked)], passages=passages
        )
        drawn = sampling or self.card.sampling
        return Turn(
            partial(self._draw, messages, drawn),
            judge=judge,
            fallback=partial(self.mind.written_reply, asked, judge=judge, beyond=beyond),
            weigh=partial(self._weigh, said=said, passages=passages, examples=[*shown, *answers, *reminders]),
            sources=passages,
            name=self.card.name,
            sentences=drawn.sentences,
        )

    def _screen(self, asked: str, talk: Sequence[Message]) -> Care | None:
        """What is shown instead of a reply to a message and to those before it that nobody has answered yet."""
        waiting = [one["content"] for one in takewhile(lambda one: one["role"] == "user", reversed(talk))]
        # Together as well: the prompt joins them, and halves of a sentence say nothing alone.
        texts = [asked, *waiting, *(["\n".join([*reversed(waiting), asked])] if waiting else [])]
        found = (screen_message(text, encoder=self.encoder) for text in texts)
        return next((care for care in found if care is not None), None)

    def prompt(
        self,
        message: str,
        history: Iterable[Any] = (),
        *,
        without: Collection[Exchange] = (),
        remembering: bool = True,
    ) -> list[Message]:
        """Return what a trained voice reads for a message; no model is loaded for it.

        Args:
            message: What is said to the character.
            history: The conversation so far, as in `turn`.
            without: Exchanges that must not stand among the examples: their replies are to be learnt or asked for.
            remembering: Whether a scene that it remembers is in it.
        """
        asked = clean_message(message)
        beyond = self.knowledge.beyond(asked)
        recalls = remembering and not beyond.matter
        passages = self._recall(asked) if recalls else []
        return self._messages(
            asked,
            beyond=beyond,
            passages=passages,
            answers=self.mind.examples_for(asked, beyond, most=EXAMPLES_TRAINED, without=without),
            facts=FACTS_TRAINED,
            talk=normalise_history(history),
            context=CONTEXT,
        )

    def _messages(
        self,
        asked: str,
        *,
        beyond: Beyond,
        passages: Sequence[Passage],
        examples: Sequence[Exchange] = (),
        answers: Sequence[Exchange],
        reminders: Sequence[Exchange] = (),
        facts: int,
        earlier: Sequence[str] = (),
        talk: Sequence[Message] = (),
        context: int,
    ) -> list[Message]:
        return build_messages(
            self.card,
            asked,
            facts=self.mind.facts_for(asked, most=facts),
            examples=examples,
            answers=answers,
            reminders=reminders,
            passages=[self.knowledge.as_witnessed(passage.heart(asked, most=SCENE_LINES)) for passage in passages],
            earlier=earlier,
            note=_NEVER_HEARD if beyond.names else _NOT_THERE if beyond.matter else "",
            history=talk,
            context=context,
        )

    def _shown(self, asked: str, talk: Sequence[Message]) -> list[Exchange]:
        """The examples with which a conversation begins, for a model that learnt no voice.

        They go by its first message and stay until that is left out of the prompt, since everything after them would
        be read anew.
        """
        opening = next((one["content"] for one in talk if one["role"] == "user"), asked)
        return self.mind.examples_for(opening, Beyond(), most=EXAMPLES)

    def _recall(self, asked: str) -> list[Passage]:
        return self.memory.recall(asked, until=self.until, most=SCENES, least=NEAR_SCENE)

    def prepare(self, history: Iterable[Any] = ()) -> None:
        """Let the model read a conversation before its next message comes, which is answered sooner then.

        Does nothing where the model is not loaded, not in this process or needed by somebody, nor before the first
        message where examples go by that.

        Args:
            history: As in `turn`.

        Raises:
            HawkinsError: As `turn`.
        """
        if not self.engine.loaded:
            return
        adapter = self.engine.adapter_for(self.card.name, self.world.series)
        talk = without_flagged(newest_messages(normalise_history(history)))
        if adapter is None and (not talk or self.engine.link.gate is None):
            # Its examples go by the message with which the conversation will begin.
            return
        shown = () if adapter else self._shown("", talk)
        *begun, _ = build_messages(self.card, "…", examples=shown, history=talk, context=self.engine.context)
        self.engine.prepare(begun, adapter=adapter)

    def reply(self, message: str, history: Iterable[Any] = (), *, earlier: Sequence[str] = ()) -> Reply:
        """Answer a message, with the scenes that fed the answer (see `turn`)."""
        turn = self.turn(message, history, earlier=earlier)
        for _ in turn:
            pass
        return turn.reply

    def chat(self, message: str, history: Iterable[Any] = ()) -> str:
        """Answer a message in words alone, as in the guide (see `turn`)."""
        return self.reply(message, history).text

    def _draw(self, messages: Sequence[Message], usual: Sampling, drafts: int) -> Generator[str]:
        freer = usual.model_copy(update={"temperature": min(2.0, usual.temperature + WARMER * drafts)})
        adapter = self.engine.adapter_for(self.card.name, self.world.series)
        return self.engine.stream(messages, sampling=freer, stop=("\n",), adapter=adapter)

    def _fault(
        self,
        text: str,
        *,
        said: Sequence[str],
        beyond: Beyond,
        talk: Sequence[Message],
        passages: Sequence[Passage],
    ) -> str | None:
        """Why a draft must not be shown, or None."""
        if screen_reply(text, encoder=self.encoder) is not None:
            return CARE
        if self.knowledge.claims(text, asked=" ".join(said)):
            return STRANGER
        if beyond and not admits_ignorance(text):
            return CLAIMS_TO_KNOW
        if self._anachronisms.misplaced(text, asked=talk[-1]["content"]):
            return OUT_OF_TIME
        return find_fault(text, card=self.card, history=talk, sources=passages, cast=self.world.series.cast)

    def _weigh(
        self, text: str, *, said: Sequence[str], passages: Sequence[Passage], examples: Sequence[Exchange]
    ) -> tuple[float, tuple[str, ...]]:
        borne_by = [*said, self.card.description, *(passage.text for passage in passages)]
        borne_by += [*(fact.text for fact in self.mind.facts), *(example.reply for example in examples)]
        own = unsupported(text, borne_by=borne_by, names=NameFinder(self.world.series))
        return support(text, passages), own


class CharacterChatbotQwen(CharacterChatbot):
    """The same, on the Qwen model of the guide, which has to be fetched once."""

    @cached_property
    def engine(self) -> ChatEngine:
        """What generates.

        Raises:
            WeightsError: If Qwen was not fetched.
        """
        if self._given_engine is not None:
            return self._given_engine
        path = pulled("chat")
        if path is None:
            raise WeightsError("CharacterChatbotQwen needs Qwen2.5-3B-Instruct; run: hawkins models pull chat")
        return open_engine(model=str(path), series=self.world.series)

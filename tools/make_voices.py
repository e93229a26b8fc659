"""Train voices of Stranger Things (all three ship), each for the embedded model: `make voices`.

A voice learns from the exchanges written for it, each in the prompt that it will be asked with when somebody chats
(a fact, a remembered scene, the nearest other exchange, what was said before), and from its replies in the sample
season. Exchanges are held out by question; none of those stands in any prompt that is learnt from.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from character_chatbot import CharacterChatbot
from character_chatbot.prompt import clean_message
from character_chatbot.recall import Encoder
from character_training.base_models import find_base
from character_training.dataset import Dataset, Example, build_dataset
from character_training.export import write_adapter_gguf
from character_training.result import Metrics
from character_training.settings import TrainingSettings, settings_for
from character_training.split import held_out_questions
from character_training.training import Step, train_voice
from utils.adapters import adapter_name
from utils.artifacts import content_key
from utils.characters import Exchange, known, load_voice
from utils.chat import Message
from utils.embeddings import SentenceEncoder
from utils.models import find_weights
from utils.progress import Progress, silent
from utils.world import World

NAMES = ("Eleven", "Mike", "Dustin")
BASE = "smollm2"
SETTINGS = {"epochs": 3, "batch_size": 16, "batch_tokens": 1536, "learning_rate": 1e-3, "evaluations": 1}
# A scene in every prompt would double the work; one in so many is enough to learn what to do with one.
WITH_SCENE = 6
# One in so many is asked after another exchange, as later turns of a conversation are.
WITH_HISTORY = 3
HELD_OUT = 0.1


class Prepared:
    """An encoder that has embedded texts together, which takes a tenth of the time, and is asked for them singly.

    Args:
        encoder: What embeds.
        texts: Those that will be asked for.
    """

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        self._encoder = encoder
        self._known = dict(zip(texts, encoder.encode(texts), strict=True))

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> NDArray[np.float32]:
        """Embed texts, or look them up."""
        if all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        return self._encoder.encode(texts, progress=progress)


def written(bot: CharacterChatbot) -> list[Exchange]:
    """Return the exchanges of a character that hold at the end of the sample season, without repetitions."""
    world = bot.world
    exchanges = known(load_voice(bot.card, world.series), world.series, timeline=world.timeline)
    return list({(exchange.user, exchange.reply): exchange for exchange in exchanges}.values())


def chance(exchange: Exchange, what: str) -> int:
    """Return a number that depends on an exchange alone, for a choice that is the same in every run."""
    return zlib.crc32(f"{what}/{exchange.user}".encode())


def as_example(
    bot: CharacterChatbot, exchange: Exchange, hidden: Collection[Exchange], others: Sequence[Exchange]
) -> Example:
    """Return an exchange in the prompt with which the character would be asked."""
    before = others[chance(exchange, "before") % len(others)]
    prompt = bot.prompt(
        exchange.user,
        [(before.user, before.reply)] if chance(exchange, "history") % WITH_HISTORY == 0 else (),
        without=[exchange, *hidden],
        remembering=chance(exchange, "scene") % WITH_SCENE == 0,
    )
    messages = (*prompt, Message(role="assistant", content=exchange.reply))
    return Example(messages=messages, season=None, episode=None, scene=None, line=None)


def voice_dataset(bot: CharacterChatbot) -> Dataset:
    """Return everything that a voice learns from, and the exchanges that it does not."""
    exchanges = written(bot)
    held = held_out_questions([exchange.user for exchange in exchanges], share=HELD_OUT, seed=0)
    hidden = [exchange for exchange, out in zip(exchanges, held, strict=True) if out]
    learnt = [exchange for exchange, out in zip(exchanges, held, strict=True) if not out]
    spoken = build_dataset(bot.world, bot.card.name)
    train = [as_example(bot, exchange, hidden, learnt) for exchange in learnt]
    validation = tuple(as_example(bot, exchange, hidden, learnt) for exchange in hidden)
    instruction = train[0].messages[0]
    # Lines of the season begin with the same instruction, which is then computed once.
    train += [replace(e, messages=(instruction, *e.messages[1:])) for e in (*spoken.train, *spoken.validation)]
    digest = content_key(train=[e.messages for e in train], validation=[e.messages for e in validation])
    sources = (
        f"{spoken.sources} {len(exchanges)} exchanges written for {bot.card.name}: {len(learnt)} to learn from, "
        f"{len(hidden)} held out."
    )
    return replace(spoken, train=tuple(train), validation=validation, digest=digest, sources=sources)


def show(step: Step) -> None:
    """Tell how far a training has come, in one line that is written over."""
    sys.stderr.write(
        f"\r  step {step.done}/{step.total}  loss {step.loss:.2f}  {step.tokens_per_second:.0f} tokens/s  "
        f"perplexity {step.perplexity:.2f} "
    )


def make(name: str, settings: TrainingSettings, *, out: Path) -> Metrics:
    """Train one voice and put its adapter where the series ships it."""
    world = World.sample()
    asking = [exchange.user for exchange in written(CharacterChatbot(name, world=world))]
    encoder = Prepared(SentenceEncoder(find_weights("recall").path), [*map(clean_message, asking)])
    dataset = voice_dataset(CharacterChatbot(name, world=world, encoder=encoder))
    print(f"{name}: {len(dataset.train)} replies to learn, {len(dataset.validation)} held out", flush=True)
    base = find_base(BASE, settings)
    folder = out / adapter_name(name, BASE)
    trained = train_voice(dataset, base, settings, folder, resume=(folder / "checkpoints").is_dir(), on_step=show)
    sys.stderr.write("\n")
    assert trained.metrics is not None  # noqa: S101 - nothing stops it but an error
    world.series.adapters.mkdir(exist_ok=True)
    shipped = world.series.adapters / f"{adapter_name(name, BASE)}.gguf"
    write_adapter_gguf(folder, shipped)
    print(f"{shipped}: {shipped.stat().st_size / 1e6:.2f} MB, {trained.metrics}", flush=True)
    return trained.metrics


def main() -> None:
    """Train the voices that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(NAMES), help="of the characters")
    parser.add_argument("--out", type=Path, default=Path("out/voices"), help="where the trainings lie")
    given = parser.parse_args()
    for name in given.names:
        make(name, settings_for(BASE, SETTINGS), out=given.out)


if __name__ == "__main__":
    main()

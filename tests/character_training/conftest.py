"""A tiny language model with a chat template, made in memory, and a character's worth of examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from character_training.base_models import BaseModel
from character_training.dataset import Dataset, Example
from character_training.settings import TrainingSettings
from utils.chat import Message
from utils.series import load_series
from utils.world import World

Row = tuple[int, int, str | None, str]

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QUESTIONS = (
    "Are you hungry?",
    "Where is the boat?",
    "Who locked the door?",
    "Is it cold?",
    "What did you hear?",
    "Do you trust me?",
)
ANSWERS = ("Yes. Eggs.", "In the barn.", "Nobody did.", "Very cold.", "A bell.", "I do.")


def write_tiny_base(folder: Path, *, seed: int = 0) -> Path:
    """Write a two-layer Llama with a byte-level tokenizer, as `save_pretrained` does."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        [*QUESTIONS, *ANSWERS],
        trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    pad, begin, end = special
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token=begin, eos_token=end, pad_token=pad)
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
        # Large enough for a frozen vocabulary to be sure of anything.
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_base(tmp_path_factory.mktemp("tiny-base"))


@pytest.fixture(scope="session")
def tiny_base(tiny_base_folder: Path) -> BaseModel:
    return BaseModel("tiny", "ours/tiny", "", "mit", tiny_base_folder)


def conversation(*said: str, system: str = "You are June.") -> tuple[Message, ...]:
    """Messages that alternate between user and assistant, after a system message."""
    roles = ("user", "assistant")
    return (
        Message(role="system", content=system),
        *(Message(role=roles[place % 2], content=text) for place, text in enumerate(said)),
    )


def examples_of(scene: int, episode: int = 1) -> list[Example]:
    """Replies of one scene: each example holds the lines before it, as the real ones do."""
    said: list[str] = []
    found = []
    for line in range(4):
        place = (scene + line) % len(QUESTIONS)
        said += [QUESTIONS[place], ANSWERS[place]]
        found.append(Example(messages=conversation(*said), season=1, episode=episode, scene=scene, line=2 * line + 1))
    return found


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    return Dataset(
        character="June",
        train=tuple(example for scene in range(6) for example in examples_of(scene)),
        validation=tuple(example for scene in range(2) for example in examples_of(scene, episode=2)),
        digest="of the tiny dataset",
        series="The Lake",
        sources="Six invented scenes.",
    )


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Two threads on a small matrix wait for each other; on busy cores for long."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_settings() -> TrainingSettings:
    return TrainingSettings(
        batch_size=4,
        batch_tokens=128,
        learning_rate=1e-2,
        max_steps=6,
        fp16=False,
        gradient_checkpointing=False,
        lora_r=4,
        lora_alpha=8,
        lora_dropout=0.1,
        max_length=256,
        context_tokens=64,
        quantize=False,
        save_steps=2,
        evaluations=2,
    )


@pytest.fixture(scope="session")
def make_world() -> Callable[[Sequence[Row]], World]:
    """Build a world of one season."""
    series = load_series()

    def make(rows: Sequence[Row]) -> World:
        table = pd.DataFrame(rows, columns=["episode", "scene", "speaker", "text"])
        table = table.assign(season=1, start=0.0, end=1.0, direction="", source="made.srt")
        table["line"] = table.groupby("episode").cumcount()
        table["speaker_confidence"] = table["speaker"].notna().astype(float)
        dialogue = table.astype({"speaker": "string", "text": "string", "direction": "string"})
        return World(series=series, dialogue=dialogue, timeline="sample")

    return make

"""Tiny models on disk: right in shape, random in weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = (
    *(
        "i",
        "you",
        "we",
        "he",
        "she",
        "it",
        "is",
        "are",
        "was",
        "not",
        "no",
        "the",
        "a",
        "of",
        "to",
        "and",
        "my",
        "your",
    ),
    *("all", "alone", "sorry", "fault", "trust", "love", "run", "danger", "hope", "this", "text", "expresses", "about"),
    *("here", "there", "me", "who", "what", "where", "door", "table", "coffee", "please", "never", "always", "on"),
)


def save_tokenizer(folder: Path) -> int:
    """Save a word-level tokenizer that marks sentence pairs as BERT's does; returns the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[1]))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True)),
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    fast.save_pretrained(folder)
    return len(vocabulary)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are kept in the user's cache; a test has one of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a tiny BERT of some class, with config entries, in a folder of its own."""

    def make(kind: str, **config: Any) -> Path:
        import torch
        import transformers

        folder = tmp_path_factory.mktemp(kind)
        settings = transformers.BertConfig(
            vocab_size=save_tokenizer(folder),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=48,
            max_position_embeddings=64,
            initializer_range=0.3,
            **config,
        )
        with torch.random.fork_rng():
            torch.manual_seed(7)
            getattr(transformers, kind)(settings).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_nli(tiny_model: Callable[..., Path]) -> Path:
    """An NLI classifier whose classes stand in an order of their own."""
    names = {0: "entailment", 1: "neutral", 2: "contradiction"}
    return tiny_model("BertForSequenceClassification", id2label=names, label2id={n: i for i, n in names.items()})


@pytest.fixture(scope="session")
def tiny_encoder(tiny_model: Callable[..., Path]) -> Path:
    """A plain encoder."""
    return tiny_model("BertModel")

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
    """Make a tiny BERT, or relative of it, of some class, with config entries, in a folder of its own."""

    def make(kind: str, *, family: str = "Bert", **config: Any) -> Path:
        import torch
        import transformers

        folder = tmp_path_factory.mktemp(kind)
        usual: dict[str, Any] = {
            "vocab_size": save_tokenizer(folder),
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
            "max_position_embeddings": 64,
            "initializer_range": 0.3,
        }
        settings = getattr(transformers, f"{family}Config")(**{**usual, **config})
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


@pytest.fixture(scope="session")
def tiny_bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BART in the files that distilbart-mnli has: vocabulary and merges, but no tokenizer.json."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartConfig, BartForSequenceClassification

    folder = tmp_path_factory.mktemp("bart")
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator([" ".join(WORDS)] * 3, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    bpe.save_model(str(folder))
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 64}')
    import torch

    names = {0: "contradiction", 1: "neutral", 2: "entailment"}
    with torch.random.fork_rng():
        torch.manual_seed(7)
        BartForSequenceClassification(
            BartConfig(
                vocab_size=bpe.get_vocab_size(),
                d_model=32,
                encoder_layers=2,
                decoder_layers=2,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=48,
                decoder_ffn_dim=48,
                max_position_embeddings=64,
                init_std=0.3,
                id2label=names,
                label2id={name: number for number, name in names.items()},
            )
        ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def danger_nli(tiny_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An NLI classifier that finds anything entailed where the word "danger" stands, more so in few words."""
    import torch
    from transformers import BertForSequenceClassification

    names = {0: "contradiction", 1: "neutral", 2: "entailment"}
    folder = tiny_model("BertForSequenceClassification", id2label=names, label2id={n: i for i, n in names.items()})
    model = BertForSequenceClassification.from_pretrained(folder)
    state = model.state_dict()
    for name, values in state.items():
        values.fill_(1.0 if "LayerNorm.weight" in name else 0.0)
    # Every word alike but one; attention averages over all of them, and the head reads the place of that one.
    words = state["bert.embeddings.word_embeddings.weight"]
    words[:, 1] = 1.0
    words[len(SPECIAL) + WORDS.index("danger"), 0] = 5.0
    for layer in range(2):
        part = f"bert.encoder.layer.{layer}.attention"
        state[f"{part}.self.value.weight"].copy_(torch.eye(32))
        state[f"{part}.output.dense.weight"].copy_(torch.eye(32))
    state["bert.pooler.dense.weight"].copy_(torch.eye(32))
    state["classifier.weight"][2, 0] = 100.0
    state["classifier.bias"][2] = 14.0
    model.load_state_dict(state)
    model.save_pretrained(folder)
    return folder

"""A base model of two layers on disk, and `hawkins` as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from utils.series import load_series

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "series" / "stranger_things" / "sample"
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

Run = subprocess.CompletedProcess[str]
Hawkins = Callable[..., Run]


def write_base(folder: Path) -> Path:
    """Write a tiny Llama whose tokenizer learned the sample's words, as `save_pretrained` does."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    words = [path.read_text(encoding="utf-8") for path in sorted((SAMPLE / "subtitles").glob("*.srt"))]
    words += [path.read_text(encoding="utf-8") for path in sorted(load_series().characters.glob("*.yaml"))]
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(words, trainer)
    ends = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, **ends)
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings under which the tiny base learns in a few seconds."""
    file = tmp_path_factory.mktemp("config") / "aws_config.yaml"
    file.write_text(
        "ec2:\n  instance_type: g4dn.xlarge\n"
        "training:\n  batch_size: 8\n  batch_tokens: 1024\n  learning_rate: 1e-2\n  max_steps: 6\n  fp16: false\n"
        "  gradient_checkpointing: false\n  lora_r: 4\n  lora_alpha: 8\n  lora_dropout: 0.0\n  context_tokens: 32\n"
        "  evaluations: 1\n  save_steps: 50\n",
        encoding="utf-8",
    )
    return file


def environment(**more: str) -> dict[str, str]:
    """No token and no network of this machine, two threads at most."""
    kept = {name: value for name, value in os.environ.items() if name not in {"HF_TOKEN", "huggingface_token"}}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "OMP_NUM_THREADS": "1", **more}


@pytest.fixture
def hawkins(tmp_path: Path) -> Hawkins:
    """Run the command line in a folder of its own."""

    def run(*words: str | Path, **more: str) -> Run:
        return subprocess.run(
            [sys.executable, str(ROOT / "hawkins.py"), *map(str, words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
            env=environment(**more),
        )

    return run


def refused(done: Run, *words: str) -> None:
    """Exit code 2, one line that holds the words, no traceback."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in lines[0], lines[0]


@pytest.fixture(name="refused")
def refused_() -> Callable[..., None]:
    return refused


@pytest.fixture
def started() -> Callable[..., subprocess.Popen[str]]:
    """Start the command line and do not wait for it."""

    def start(*words: str | Path, cwd: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "hawkins.py"), *map(str, words)],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    return start


@pytest.fixture
def a_result(tmp_path: Path) -> Path:
    """A finished training as far as files go."""
    metrics = dict.fromkeys(("steps", "best_step", "replies"), 1) | dict.fromkeys(
        ("perplexity_before", "perplexity_after", "validation_loss", "train_loss", "seconds", "tokens_per_second"), 1.5
    )
    record = {
        "key": "k", "character": "Eleven", "series": "S", "base": "smollm2", "revision": "main", "data": "d",
        "repository": "HuggingFaceTB/SmolLM2-135M-Instruct", "licence": "apache-2.0", "sources": "Of others.",
        "third_party": True, "age": 13, "settings": {}, "metrics": metrics,
    }  # fmt: skip
    folder = tmp_path / "result"
    (folder / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    (folder / "checkpoints" / "checkpoint-3" / "adapter_model.safetensors").write_bytes(b"not yours")
    (folder / "notes.txt").write_text("private", encoding="utf-8")
    (folder / "training.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# A voice\n", encoding="utf-8")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tmp_path)}))
    (folder / "adapter_model.safetensors").write_bytes(b"\x00weights" * 50)
    return folder

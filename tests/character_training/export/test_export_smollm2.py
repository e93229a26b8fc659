"""The embedded SmolLM2 with an adapter: transformers and PEFT beside llama.cpp, and merged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from character_training.export import merge_gguf, write_adapter_gguf
from utils.models import embedded_weights

Make = Callable[..., Any]


def _next(model: Any, tokenizer: Any, prompt: str) -> torch.Tensor:
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([tokenizer(prompt)["input_ids"]])).logits[0, -1], -1)


def _distance(expected: dict[str, torch.Tensor], runner: Any) -> float:
    """Mean difference of the log-probabilities of the twenty likeliest next tokens."""
    differences = [
        abs(value - float(ours[token]))
        for prompt, ours in expected.items()
        for token, value in runner.next_logprobs(prompt, alternatives=20).items()
    ]
    assert len(differences) == 20 * len(expected)
    return float(np.mean(differences))


@pytest.mark.slow
def test_log_probabilities_on_smollm2(
    tmp_path: Path, prompts: tuple[str, ...], make_adapter: Make, rows_as_in_transformers: Make, run: Make
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = embedded_weights("chat").path
    source: dict[str, Any] = {"gguf_file": base.name}
    tokenizer = AutoTokenizer.from_pretrained(base.parent, **source)
    model = AutoModelForCausalLM.from_pretrained(base.parent, **source).float().eval()
    plain = {prompt: _next(model, tokenizer, prompt) for prompt in prompts[:8]}
    adapted = make_adapter(model, tmp_path / "voice", strength=0.03)
    expected = {prompt: _next(adapted, tokenizer, prompt) for prompt in plain}
    voice = write_adapter_gguf(tmp_path / "voice", tmp_path / "voice.gguf")
    wrong = rows_as_in_transformers(voice, {"attn_q": 9, "attn_k": 3}, tmp_path / "wrong.gguf")
    merged = merge_gguf(base, tmp_path / "voice", tmp_path / "merged.gguf", quantization="Q8_0")
    figures = {
        "plain": _distance(plain, run(base)),
        "voice": _distance(expected, run(base, voice)),
        "merged": _distance(expected, run(merged)),
        "wrong": _distance(expected, run(base, wrong)),
        "without": _distance(expected, run(base)),
    }
    print(figures)

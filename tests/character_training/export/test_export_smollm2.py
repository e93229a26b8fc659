"""The embedded SmolLM2 with an adapter: transformers and PEFT beside llama.cpp, and merged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from character_training.export import merge_gguf, write_adapter_gguf, write_base_gguf
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
@pytest.mark.timeout(900)
def test_log_probabilities_on_smollm2(
    tmp_path: Path, prompts: tuple[str, ...], make_adapter: Make, rows_as_in_transformers: Make, run: Make
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = embedded_weights("chat").path
    source: dict[str, Any] = {"gguf_file": base.name}
    tokenizer = AutoTokenizer.from_pretrained(base.parent, **source)
    model = AutoModelForCausalLM.from_pretrained(base.parent, dtype=torch.float32, **source).eval()
    exact = write_base_gguf(model, tokenizer, tmp_path / "exact.gguf", dtype="F32", pre="smollm")
    adapted = make_adapter(model, tmp_path / "voice", strength=0.05)
    expected = {prompt: _next(adapted, tokenizer, prompt) for prompt in prompts[:3]}
    voice = write_adapter_gguf(tmp_path / "voice", tmp_path / "voice.gguf")
    wrong = rows_as_in_transformers(voice, {"attn_q": 9, "attn_k": 3}, tmp_path / "wrong.gguf")
    merged = merge_gguf(base, tmp_path / "voice", tmp_path / "merged.gguf", quantization="Q8_0")
    # Measured, five prompts: 0.0002 in 32 bits, 0.07 with the kernels of Q4_1 and Q8_0, which round what they multiply
    # with to eight bits (0.07 without any adapter too); 0.21 with the wrong order of rows, 0.42 without the adapter.
    assert _distance(expected, run(exact, voice)) < 0.005
    assert _distance(expected, run(exact, wrong)) > 0.1
    assert _distance(expected, run(base, voice)) < 0.13
    assert _distance(expected, run(merged)) < 0.13
    assert _distance(expected, run(base)) > 0.25

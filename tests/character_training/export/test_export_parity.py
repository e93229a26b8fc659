"""transformers with PEFT, and llama.cpp with what was exported, say the same tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from character_training.export import merge_gguf, write_adapter_gguf, write_base_gguf
from character_training.export.shapes import FAMILIES

Make = Callable[..., Any]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_greedy_tokens(
    family: str,
    tmp_path: Path,
    tokenizer: Any,
    prompts: tuple[str, ...],
    make_model: Make,
    make_adapter: Make,
    greedy: Make,
    run: Make,
) -> None:
    model = make_model(family)
    base = write_base_gguf(model, tokenizer, tmp_path / "base.gguf", dtype="F32")
    plain = [greedy(model, prompt) for prompt in prompts]
    alone = run(base)
    assert [alone.greedy(prompt) for prompt in prompts] == plain
    adapted = make_adapter(model, tmp_path / "voice")
    voice = write_adapter_gguf(tmp_path / "voice", tmp_path / "voice.gguf", base_config=model.config, dtype="f32")
    expected = [greedy(adapted, prompt) for prompt in prompts]
    assert sum(a != b for a, b in zip(plain, expected, strict=True)) > 15, "the adapter changes too little to tell"
    with_voice = run(base, voice)
    assert [with_voice.greedy(prompt) for prompt in prompts] == expected
    merged = run(merge_gguf(base, tmp_path / "voice", tmp_path / "merged.gguf", quantization="F32"))
    assert [merged.greedy(prompt) for prompt in prompts] == expected


@pytest.mark.parametrize(("part", "heads"), [("attn_q", 4), ("attn_k", 2)])
def test_the_order_of_rows_matters(
    part: str,
    heads: int,
    rows_as_in_transformers: Make,
    tmp_path: Path,
    tokenizer: Any,
    prompts: tuple[str, ...],
    make_model: Make,
    make_adapter: Make,
    greedy: Make,
    run: Make,
) -> None:
    model = make_model("llama")
    base = write_base_gguf(model, tokenizer, tmp_path / "base.gguf", dtype="F32")
    adapted = make_adapter(model, tmp_path / "voice")
    voice = write_adapter_gguf(tmp_path / "voice", tmp_path / "voice.gguf", base_config=base, dtype="f32")
    wrong = run(base, rows_as_in_transformers(voice, {part: heads}, tmp_path / "wrong.gguf"))
    expected = [greedy(adapted, prompt) for prompt in prompts]
    assert sum(wrong.greedy(prompt) != said for prompt, said in zip(prompts, expected, strict=True)) > 5


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0}}),
        (
            "llama",
            {
                "rope_parameters": {
                    "rope_type": "llama3",
                    "rope_theta": 500.0,
                    "factor": 8.0,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 64,
                }
            },
        ),
        ("llama", {"attention_bias": True, "head_dim": 32, "tie_word_embeddings": False, "rms_norm_eps": 0.01}),
        ("qwen3", {"tie_word_embeddings": False, "rope_parameters": {"rope_type": "default", "rope_theta": 700.0}}),
    ],
    ids=["linear", "llama3", "biases", "untied"],
)
def test_bases_with_other_settings_answer_alike(
    family: str,
    options: dict[str, Any],
    tmp_path: Path,
    tokenizer: Any,
    prompts: tuple[str, ...],
    make_model: Make,
    run: Make,
) -> None:
    model = make_model(family, **options)
    runner = run(write_base_gguf(model, tokenizer, tmp_path / "base.gguf", dtype="F32"))
    assert _differences(model, runner, tokenizer, prompts).max() < 1e-3


def _differences(model: Any, runner: Any, tokenizer: Any, prompts: tuple[str, ...]) -> np.ndarray:
    """How far apart the log-probabilities of the twenty likeliest next tokens are."""
    differences: list[float] = []
    for prompt in prompts:
        with torch.no_grad():
            logits = model(torch.tensor([tokenizer(prompt)["input_ids"]])).logits[0, -1]
        ours = torch.log_softmax(logits, -1)
        theirs = runner.next_logprobs(prompt, alternatives=20)
        differences += [abs(value - float(ours[token])) for token, value in theirs.items()]
    assert len(differences) > 200, "too few prompts could be compared"
    return np.array(differences)


def test_scales_of_every_kind(
    tmp_path: Path,
    tokenizer: Any,
    prompts: tuple[str, ...],
    make_model: Make,
    make_adapter: Make,
    run: Make,
) -> None:
    patterns = {
        "rank_pattern": {"q_proj": 2, "layers.1.mlp.up_proj": 6},
        "alpha_pattern": {"v_proj": 3, "o_proj|k_proj": 16},
    }
    for number, options in enumerate(({"use_rslora": True}, patterns, {**patterns, "use_rslora": True})):
        model = make_model("llama")
        base = write_base_gguf(model, tokenizer, tmp_path / "base.gguf", dtype="F32")
        folder = tmp_path / str(number)
        adapted = make_adapter(model, folder, strength=0.07, **options)
        voice = write_adapter_gguf(folder, folder / "voice.gguf", base_config=base, dtype="f32")
        assert _differences(adapted, run(base, voice), tokenizer, prompts).max() < 1e-3
        # What the format knows of scale is taken as well from a GGUF adapter as from PEFT's folder.
        one = merge_gguf(base, folder, tmp_path / "one.gguf", quantization="F32")
        other = merge_gguf(base, voice, tmp_path / "other.gguf", quantization="F32")
        assert one.read_bytes() == other.read_bytes()


def test_merged_and_quantized_stays_close(
    tmp_path: Path,
    tokenizer: Any,
    prompts: tuple[str, ...],
    make_model: Make,
    make_adapter: Make,
    run: Make,
) -> None:
    model = make_model("llama")
    base = write_base_gguf(model, tokenizer, tmp_path / "base.gguf", dtype="F16")
    before = run(merge_gguf(base, _nothing(model, tmp_path, make_adapter), tmp_path / "plain.gguf"))
    adapted = make_adapter(make_model("llama"), tmp_path / "voice")
    merged = run(merge_gguf(base, tmp_path / "voice", tmp_path / "merged.gguf"))
    near = _differences(adapted, merged, tokenizer, prompts).mean()
    far = _differences(adapted, before, tokenizer, prompts).mean()
    # Measured: 0.14 of 2.07; eight bits in weights as wild as these, and in what llama.cpp multiplies them with.
    assert near < 0.25
    assert far > 5 * near


def _nothing(model: Any, folder: Path, make_adapter: Make) -> Path:
    make_adapter(model, folder / "nothing", strength=0.0)
    return folder / "nothing"

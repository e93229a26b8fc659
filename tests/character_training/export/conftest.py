"""Tiny models of each family made in memory, adapters for them, and llama.cpp to run what was exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gguf
import httpx
import numpy as np
import pytest
import torch

LINES = (
    "The gate is open again and something came through it.",
    "Friends do not lie, and I am your friend.",
    "We have to find the others before it gets dark.",
    "Do you copy? I repeat, do you copy? Over.",
    "She closed the door with her mind, from across the room!",
)
PROMPTS = tuple(f"{line} {number}" for line in LINES for number in ("", "One", "Then what?", "I don't know, 42."))
ENDS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small are slower on two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def prompts() -> tuple[str, ...]:
    return PROMPTS


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        LINES, trainers.BpeTrainer(vocab_size=340, special_tokens=list(ENDS), initial_alphabet=sorted(alphabet))
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=ENDS[1], eos_token=ENDS[2], pad_token=ENDS[2], unk_token=ENDS[0]
    )
    wrapped.chat_template = TEMPLATE
    return wrapped


def _config(family: str, **options: Any) -> Any:
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config

    sizes: dict[str, Any] = {
        "vocab_size": 352,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "tie_word_embeddings": family != "qwen2",
    }
    # Qwen 3's heads are wider than the hidden state has room for.
    kinds = {"llama": (LlamaConfig, {}), "qwen2": (Qwen2Config, {}), "qwen3": (Qwen3Config, {"head_dim": 32})}
    make, own = kinds[family]
    return make(**{**sizes, **own, **options})


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Any]:
    """Make a tiny fp32 model with weights large enough that one token is clearly the likeliest."""

    def make(family: str, *, seed: int = 1, **options: Any) -> Any:
        from transformers import AutoModelForCausalLM

        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(_config(family, **options)).float().eval()
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "norm" in name:
                    weight.copy_(1 + 0.3 * torch.randn_like(weight))
                else:
                    weight.copy_((0.5 if weight.dim() < 2 else 0.25) * torch.randn_like(weight))
        return model

    return make


@pytest.fixture(scope="session")
def make_adapter() -> Callable[..., Any]:
    """Put a random adapter on a model and save it; returns the PEFT model."""

    def make(model: Any, folder: Path, *, seed: int = 2, strength: float = 0.1, **options: Any) -> Any:
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(seed)
        settings = {"r": 4, "lora_alpha": 8, "target_modules": LAYERS, "task_type": "CAUSAL_LM", **options}
        adapted = get_peft_model(model, LoraConfig(**settings)).eval()
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if "lora_" in name:
                    weight.copy_(strength * torch.randn_like(weight))
        adapted.save_pretrained(folder)
        return adapted

    return make


@pytest.fixture(scope="session")
def greedy(tokenizer: Any) -> Callable[..., list[int]]:
    """transformers' likeliest tokens, one after another, until one that ends replies."""

    def continue_(model: Any, prompt: str, *, length: int = 16) -> list[int]:
        # llama.cpp ends a reply at these, and shows them.
        ends = set(tokenizer.convert_tokens_to_ids([ENDS[0], ENDS[2]]))
        said: list[int] = []
        fresh, past = tokenizer(prompt)["input_ids"], None
        with torch.no_grad():
            while len(said) < length and not ends.intersection(said):
                answer = model(torch.tensor([fresh]), past_key_values=past, use_cache=True)
                fresh, past = [int(answer.logits[0, -1].argmax())], answer.past_key_values
                said += fresh
        return said

    return continue_


class Runner:
    """llama.cpp with a model and perhaps an adapter."""

    def __init__(self, model: Path, adapter: Path | None, scale: float) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(model)
        params.n_ctx, params.n_parallel, params.verbosity = 256, 1, -1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.hostnames, params.port, params.warmup = ["127.0.0.1"], 0, False
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        # Exact keys and values: the cache is half precision otherwise.
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        if adapter is not None:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), scale)]
        self.server = xllamacpp.Server(params)

    def ask(self, prompt: Any, *, length: int, alternatives: int = 0) -> dict[str, Any]:
        request = {
            "prompt": prompt,
            "n_predict": length,
            "temperature": 0.0,
            "n_probs": alternatives,
            "cache_prompt": False,
            "return_tokens": True,
        }
        answer: dict[str, Any] = httpx.post(f"{self.server.listening_address}/completion", json=request).json()
        return answer

    def greedy(self, prompt: Any, *, length: int = 16) -> list[int]:
        tokens: list[int] = self.ask(prompt, length=length)["tokens"]
        return tokens

    def next_logprobs(self, prompt: Any, *, alternatives: int) -> dict[int, float]:
        """Log-probabilities of the likeliest next tokens; empty where the first is no whole letter."""
        answer = self.ask(prompt, length=1, alternatives=alternatives)
        return {
            choice["id"]: choice["logprob"]
            for piece in answer.get("completion_probabilities", [])
            for choice in piece["top_logprobs"]
        }


@pytest.fixture
def run() -> Iterator[Callable[..., Runner]]:
    """Start llama.cpp; it ends with the test."""
    running: list[Runner] = []

    def start(model: Path, adapter: Path | None = None, *, scale: float = 1.0) -> Runner:
        running.append(Runner(model, adapter, scale))
        return running[-1]

    yield start
    running.clear()


@pytest.fixture(scope="session")
def rows_as_in_transformers() -> Callable[..., Path]:
    """Write an adapter again with the rows of some projections left in transformers' order, as would be wrong."""

    def rewrite(voice: Path, heads: dict[str, int], out: Path) -> Path:
        reader = gguf.GGUFReader(voice)
        writer = gguf.GGUFWriter(out, "llama")
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        alpha = reader.get_field("adapter.lora.alpha")
        assert alpha is not None
        writer.add_float32("adapter.lora.alpha", alpha.contents())
        for tensor in reader.tensors:
            rows, part = np.array(tensor.data), tensor.name.split(".")[2]
            if part in heads and tensor.name.endswith("lora_b"):
                rows = rows.reshape(heads[part], -1, 2, rows.shape[-1]).swapaxes(1, 2).reshape(rows.shape)
            writer.add_tensor(tensor.name, rows)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return out

    return rewrite

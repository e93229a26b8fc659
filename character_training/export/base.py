"""A transformers model as GGUF, for bases that nobody converted yet. Families: llama, qwen2, qwen3.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from character_training.export.gguf_file import Planned, encoded, fitting_kind, in_blocks, require_kind, write_gguf
from character_training.export.shapes import BaseShape, shape_of_config
from character_training.export.sources import config_of
from character_training.export.vocabulary import describe_tokenizer
from utils.errors import InputError
from utils.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

__all__ = ["write_base_gguf"]


def write_base_gguf(
    model: Any,
    tokenizer: Any,
    out: Path,
    *,
    dtype: str = "F16",
    name: str | None = None,
    pre: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Write a transformers causal language model and its tokenizer as GGUF.

    Args:
        model: A model in memory, or its folder with config.json and .safetensors files, which are read bit by bit.
        tokenizer: A fast byte-level BPE tokenizer; None reads the folder's.
        out: The file; its folder must exist.
        dtype: F32, F16, BF16 or Q8_0; vectors stay F32.
        name: What programs show; None takes the folder's name.
        pre: llama.cpp's name of the pre-tokenizer, where it is known better than the tokenizer tells.
        progress: Draws a bar.

    Returns:
        The file.

    Raises:
        InputError: If the folder is unreadable, or the model or its tokenizer is of a kind that we do not write.
    """
    kind = require_kind(dtype)
    folder = Path(model) if isinstance(model, str | Path) else None
    config = model.config if folder is None else config_of(folder)
    shape = shape_of_config(config, label=folder or config.name_or_path or "the model")
    title = name or Path(shape.label).name
    if tokenizer is None:
        tokenizer = _tokenizer(folder)

    def describe(writer: Any) -> None:
        writer.add_type("model")
        writer.add_name(title)
        _describe(writer, config, shape)
        describe_tokenizer(writer, tokenizer, shape.vocabulary, label=shape.label, pre=pre)

    with ExitStack() as open_files:
        tensors = _of_model(model) if folder is None else _of_folder(folder, open_files)
        planned = [*_rope_factors(config, shape), *_planned(tensors, shape, kind)]
        write_gguf(out, shape.family, describe, planned, kind=kind, progress=progress)
    return out


def _tokenizer(folder: Path | None) -> Any:
    from transformers import AutoTokenizer

    if folder is None:
        raise InputError("A model in memory needs its tokenizer.")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} holds no tokenizer that can be read: {str(error).splitlines()[0]}") from None


def _of_model(model: Any) -> Iterator[tuple[str, tuple[int, ...], Callable[[], Any]]]:
    """Yield name, shape and what gives the tensor."""
    for name, tensor in model.state_dict().items():
        yield name, tuple(tensor.shape), partial(_itself, tensor)


def _itself(tensor: Any) -> Any:
    return tensor


def _of_folder(folder: Path, open_files: ExitStack) -> Iterator[tuple[str, tuple[int, ...], Callable[[], Any]]]:
    """Yield the tensors of all .safetensors files, which are read when they are written."""
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise InputError(f"{folder} holds no .safetensors file; pickles (.bin) are not read.")
    for path in paths:
        try:
            stream = open_files.enter_context(safe_open(path, framework="pt"))
        except (OSError, SafetensorError) as error:
            raise InputError(f"{path} is damaged ({error}); fetch it again.") from None
        for name in stream.keys():  # noqa: SIM118 - not a mapping
            yield name, tuple(stream.get_slice(name).get_shape()), partial(stream.get_tensor, name)


def _planned(
    tensors: Iterator[tuple[str, tuple[int, ...], Callable[[], Any]]], shape: BaseShape, kind: str
) -> Iterator[Planned]:
    found: set[str] = set()
    for name, size, get in tensors:
        if name.endswith("rotary_emb.inv_freq") or (shape.tied and name == "lm_head.weight"):
            continue
        key = shape.gguf_name(name)
        if key is None:
            raise InputError(f"{shape.label} holds {name}, which llama.cpp's {shape.family} does not know.")
        want = (shape.vocabulary, shape.width) if key == "token_embd.weight" else shape.projection(key)
        if key.endswith(".weight") and want is not None and size != want:
            raise InputError(f"{shape.label}: {name} is {size} and its config.json says {want}; fetch it again.")
        found.add(key)
        stored = fitting_kind(size, kind)
        yield Planned(name=key, shape=size, kind=stored, blocks=partial(_blocks, get, key, shape, stored))
    if missing := _needed(shape) - found:
        raise InputError(f"{shape.label} lacks {min(missing)}; fetch it again.")


def _needed(shape: BaseShape) -> set[str]:
    parts = ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down")
    names = {f"blk.{block}.{part}.weight" for block in range(shape.blocks) for part in parts}
    return names | {"token_embd.weight", "output_norm.weight"} | (set() if shape.tied else {"output.weight"})


def _blocks(get: Callable[[], Any], key: str, shape: BaseShape, kind: str) -> Iterator[np.ndarray]:
    """A tensor's bytes, a few rows at a time; the order of rows is changed on numbers, so that memory stays low."""
    import numpy as np
    import torch

    tensor = get().detach()
    order = shape.arrange(key, np.arange(len(tensor)))
    for rows in in_blocks(len(tensor), tensor[0].numel() if tensor.dim() > 1 else 1):
        yield encoded(tensor[torch.from_numpy(order[rows])].float().cpu().numpy(), kind)


def _rope_factors(config: Any, shape: BaseShape) -> Iterator[Planned]:
    """Llama 3.1 and later slow down the low frequencies: llama.cpp divides each by the factor in this tensor."""
    if _rope(config)["rope_type"] != "llama3":
        return
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    slowed, _ = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    exponents = -2.0 * _arange(len(slowed)) / shape.head_width
    factors = (float(_rope(config)["rope_theta"]) ** exponents / slowed.double().numpy()).astype("float32")
    yield Planned(name="rope_freqs.weight", shape=factors.shape, kind="F32", blocks=lambda: (factors,))


def _arange(length: int) -> np.ndarray:
    import numpy as np

    return np.arange(length, dtype=np.float64)


def _rope(config: Any) -> dict[str, Any]:
    return {"rope_type": "default", **config.rope_parameters}


def _describe(writer: Any, config: Any, shape: BaseShape) -> None:
    """The sizes and constants of the architecture."""
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.blocks)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_rope_dimension_count(shape.head_width)
    rope = _rope(config)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        from gguf import RopeScalingType

        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    elif rope["rope_type"] not in {"default", "llama3"}:
        raise InputError(f"{shape.label}: rope_type '{rope['rope_type']}' is not supported.")

"""What an adapter has to know of its base: family, sizes of the projections, names of tensors in GGUF.

Names: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and `gguf.tensor_mapping`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from utils.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FAMILIES", "BaseShape", "interleave_halves", "shape_of_config"]

# transformers' model_type and llama.cpp's general.architecture are the same word for these.
FAMILIES: Final = ("llama", "qwen2", "qwen3")


@dataclass(frozen=True, kw_only=True)
class BaseShape:
    """The sizes of a base model.

    Attributes:
        family: One of `FAMILIES`.
        blocks: Number of transformer blocks.
        width: Of the hidden state.
        feed_forward: Width inside the feed-forward part.
        heads: Query heads.
        kv_heads: Key and value heads.
        head_width: Of one head.
        vocabulary: Rows of the embedding.
        tied: Whether the output layer is the embedding.
        label: What people read in messages.
    """

    family: str
    blocks: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    tied: bool
    label: str

    def gguf_name(self, name: str) -> str | None:
        """Return GGUF's name of a tensor of transformers, or None if the family has none such."""
        import gguf

        architecture = gguf.MODEL_ARCH[self.family.upper()]
        names = gguf.get_tensor_name_map(architecture, self.blocks)
        found: str | None = names.get_name(name, try_suffixes=(".weight", ".bias"))
        return found

    def projection(self, name: str) -> tuple[int, int] | None:
        """Return (out, in) of a linear layer by its GGUF name, or None if it is none."""
        queries, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        sizes = {
            "attn_q": (queries, self.width),
            "attn_k": (keys, self.width),
            "attn_v": (keys, self.width),
            "attn_output": (self.width, queries),
            "ffn_gate": (self.feed_forward, self.width),
            "ffn_up": (self.feed_forward, self.width),
            "ffn_down": (self.width, self.feed_forward),
        }
        if name == "output.weight":
            return self.vocabulary, self.width
        return sizes.get(name.removesuffix(".weight").rpartition(".")[2])

    def arrange(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Put the output rows of a layer into the order that llama.cpp expects.

        Args:
            name: GGUF name of the weight or bias.
            rows: (out, ...), as transformers has them.
        """
        heads = {"attn_q": self.heads, "attn_k": self.kv_heads}.get(name.rpartition(".")[0].rpartition(".")[2])
        return rows if heads is None or self.family != "llama" else interleave_halves(rows, heads)


def interleave_halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the rows of a rotary projection from two halves a head to pairs side by side.

    transformers rotates element i with element i + half; llama.cpp's llama rotates neighbours (its qwen does as
    transformers).

    Args:
        rows: (heads * head width, ...).
        heads: Number of heads in them.
    """
    halves = rows.reshape(heads, 2, -1, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def _trouble(config: Any) -> str | None:
    """Name what our export does not write, or None."""
    rope = getattr(config, "rope_parameters", None) or {}
    if config.model_type not in FAMILIES:
        return f"it is a '{config.model_type}' model; export knows {', '.join(FAMILIES)}"
    if config.hidden_act != "silu":
        return f"hidden_act '{config.hidden_act}' is unknown to llama.cpp's {config.model_type}"
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        return "partial_rotary_factor is not supported"
    if getattr(config, "use_sliding_window", False):
        return "use_sliding_window is not supported"
    return None


def shape_of_config(config: Any, *, label: str | Path = "the base model") -> BaseShape:
    """Return the sizes that a transformers configuration states.

    Args:
        config: A ``PreTrainedConfig``.
        label: What messages call it.

    Raises:
        InputError: If its family, or something that it asks for, cannot be exported.
    """
    if trouble := _trouble(config):
        raise InputError(f"{label} cannot be exported: {trouble}.")
    return BaseShape(
        family=config.model_type,
        blocks=config.num_hidden_layers,
        width=config.hidden_size,
        feed_forward=config.intermediate_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_width=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        vocabulary=config.vocab_size,
        tied=bool(config.tie_word_embeddings),
        label=str(label),
    )

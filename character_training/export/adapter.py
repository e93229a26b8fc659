"""A PEFT adapter as GGUF: what llama.cpp takes with --lora, and what `hawkins chat` loads.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (LoRA adapters).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_training.export.gguf_file import Planned, encoded, require_kind, write_gguf
from character_training.export.lora import LoraWeights, read_peft, read_peft_config
from character_training.export.shapes import BaseShape
from character_training.export.sources import base_shape
from utils.bases import BASES
from utils.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["write_adapter_gguf"]

F16_MAX: Final = 65504.0


def write_adapter_gguf(adapter_folder: Path, out: Path, *, base_config: Any = None, dtype: str = "f16") -> Path:
    """Write a PEFT LoRA adapter as GGUF.

    Args:
        adapter_folder: With adapter_config.json and adapter_model.safetensors.
        out: The file; its folder must exist.
        base_config: Of the base: a ``PreTrainedConfig``, a folder with config.json, or a .gguf file. None asks the
            adapter's own settings, whose base must then lie on this machine.
        dtype: ``f16``, or ``f32``, which loses nothing.

    Returns:
        The file.

    Raises:
        InputError: If the folder holds no plain LoRA, or the base is unknown, of another family, or of other sizes.
    """
    kind = require_kind(dtype, of=("F32", "F16"))
    config = read_peft_config(adapter_folder)
    shape = base_shape(base_config, config, adapter_folder)
    weights = read_peft(adapter_folder, shape)
    name = str(config.get("base_model_name_or_path") or "")
    tensors = [tensor for key in weights.updates for tensor in _planned(key, weights, kind)]
    write_gguf(out, shape.family, lambda writer: _describe(writer, weights, shape, name), tensors, kind=kind)
    return out


def _planned(name: str, weights: LoraWeights, kind: str) -> Iterator[Planned]:
    update = weights.updates[name]
    for half, values in (("lora_a", update.a), ("lora_b", update.b)):
        if kind == "F16" and abs(values).max() > F16_MAX:
            raise InputError(f"{weights.label}: {name} is beyond the range of f16; write it as f32.")
        yield Planned(name=f"{name}.{half}", shape=values.shape, kind=kind, blocks=_whole(encoded(values, kind)))


def _whole(data: np.ndarray) -> Any:
    return lambda: (data,)


def _describe(writer: Any, weights: LoraWeights, shape: BaseShape, name: str) -> None:
    """Metadata: what it is, its scale, and which base it is for (a path of this machine is no name)."""
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", weights.alpha)
    known = next((base for base in BASES.values() if name in {base.repository, base.key}), None)
    repository = known.repository if known else name
    if known:
        writer.add_license(known.licence)
    if repository.count("/") == 1 and not Path(repository).exists():
        owner, title = repository.split("/")
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, title)
        writer.add_base_model_organization(0, owner)
        writer.add_base_model_repo_url(0, f"https://huggingface.co/{repository}")
    writer.add_description(f"LoRA adapter for a {shape.family} model of {shape.blocks} blocks")

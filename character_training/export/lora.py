"""Low-rank updates as PEFT keeps them, and as llama.cpp wants them.

PEFT adds ``scale * B @ A`` to a weight, where scale is ``alpha / r``, or ``alpha / sqrt(r)`` with rank-stabilised LoRA
(https://arxiv.org/abs/2312.03732). llama.cpp knows ``alpha / r`` alone; anything else is folded into B.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from character_training.export.gguf_file import field_value, open_gguf
from character_training.export.shapes import BaseShape
from utils.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CONFIG", "WEIGHTS", "LoraWeights", "Update", "read_lora_gguf", "read_peft", "read_peft_config"]

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"

_NAME: Final = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
# Settings of PEFT that change what the adapter means, with the value that leaves it plain.
_PLAIN: Final[Mapping[str, tuple[object, ...]]] = {
    "use_dora": (None, False),
    "bias": (None, "none"),
    "lora_bias": (None, False),
    "fan_in_fan_out": (None, False),
    "modules_to_save": (None, []),
    "layer_replication": (None, []),
    "trainable_token_indices": (None, [], {}),
    "target_parameters": (None, []),
    "alora_invocation_tokens": (None, []),
    "use_qalora": (None, False),
    "use_bdlora": (None, False),
    "arrow_config": (None,),
    "kasa_config": (None,),
    "velora_config": (None,),
    "monteclora_config": (None,),
    # The others change the base's weights as well (PiSSA, OLoRA, CorDA, LoftQ ...).
    "init_lora_weights": (None, True, False, "gaussian", "eva", "orthogonal"),
}


@dataclass(frozen=True, eq=False)
class Update:
    """One low-rank update in llama.cpp's order of rows.

    Attributes:
        a: (rank, in), float32.
        b: (out, rank), float32.
    """

    a: np.ndarray
    b: np.ndarray

    @property
    def rank(self) -> int:
        """Width of the bottleneck."""
        return int(self.a.shape[0])


@dataclass(frozen=True, eq=False)
class LoraWeights:
    """An adapter.

    Attributes:
        alpha: An update adds ``alpha / rank * b @ a`` to its weight.
        updates: By GGUF name of the weight (``blk.0.attn_q.weight``).
        label: What people read in messages.
    """

    alpha: float
    updates: Mapping[str, Update]
    label: str

    def require_fit(self, shape: BaseShape) -> None:
        """Make sure that every update has a weight of its size.

        Raises:
            InputError: Naming the first tensor that fits none, and both sizes.
        """
        for name, update in self.updates.items():
            have = (update.b.shape[0], update.a.shape[1])
            number = re.match(r"blk\.(\d+)\.", name)
            want = shape.projection(name)
            if want is None or (number and int(number[1]) >= shape.blocks):
                raise InputError(f"{self.label} does not fit {shape.label}: the base has no weight {name}.")
            if have != want:
                raise InputError(
                    f"{self.label} does not fit {shape.label}: {name} is {have[0]} x {have[1]} in the adapter and "
                    f"{want[0]} x {want[1]} in the base; name the base that it was trained on."
                )
            if name == "output.weight" and shape.tied:
                raise InputError(
                    f"{self.label} adapts lm_head, which {shape.label} shares with its embedding; train without."
                )


def read_peft_config(folder: Path) -> dict[str, Any]:
    """Read the settings of a PEFT adapter.

    Raises:
        InputError: If the folder holds none, or they ask for more than plain LoRA.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder} is no adapter: it holds no {CONFIG}; give a folder that `hawkins train` wrote.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{path} is no readable JSON; train again or fetch the folder again.") from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise InputError(f"{path}: key 'peft_type' must be LORA; export knows no other adapters.")
    for key, plain in _PLAIN.items():
        if config.get(key) not in plain:
            raise InputError(
                f"{path}: key '{key}' is {config[key]!r}, which GGUF adapters cannot hold; train without it."
            )
    return config


def _positive(config: Mapping[str, Any], key: str, folder: Path) -> float:
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (0 < value < math.inf):
        raise InputError(f"{folder / CONFIG}: key '{key}' must be a number above 0.")
    return float(value)


def _alpha(config: Mapping[str, Any], module: str, folder: Path) -> float:
    """Alpha of one module: the first pattern that its name ends with, as PEFT has it, or that of all."""
    patterns = config.get("alpha_pattern") or {}
    for pattern in patterns:
        try:
            found = re.match(rf"(.*\.)?({pattern})$", module)
        except re.error:
            raise InputError(f"{folder / CONFIG}: '{pattern}' in 'alpha_pattern' is no regular expression.") from None
        if found:
            return _positive(patterns, pattern, folder)
    return _positive(config, "lora_alpha", folder)


def _tensors(folder: Path) -> dict[str, np.ndarray]:
    """Read all tensors as float32."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    if not path.is_file():
        raise InputError(f"{folder} is no adapter: it holds no {WEIGHTS}; pickles (.bin) are not read.")
    try:
        loaded = load_file(path, device="cpu")
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is damaged ({error}); train again or fetch it again.") from None
    tensors: dict[str, np.ndarray] = {name: tensor.float().numpy() for name, tensor in loaded.items()}
    return tensors


def _pairs(folder: Path) -> dict[str, Update]:
    """Pair the tensors by module, as transformers calls it."""
    import numpy as np

    halves: dict[str, dict[str, np.ndarray]] = {}
    for name, tensor in _tensors(folder).items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise InputError(f"{folder / WEIGHTS} holds {name}, which is no plain LoRA; train on linear layers alone.")
        if not np.isfinite(tensor).all():
            raise InputError(f"{folder / WEIGHTS}: {name} holds numbers that are not finite; train again.")
        halves.setdefault(match[1], {})[match[2]] = tensor
    if not halves:
        raise InputError(f"{folder / WEIGHTS} holds no tensors; train again.")
    for module, half in halves.items():
        if len(half) != 2 or half["A"].ndim != 2 or half["B"].ndim != 2 or half["A"].shape[0] != half["B"].shape[1]:
            raise InputError(f"{folder / WEIGHTS}: {module} lacks a matching pair of lora_A and lora_B; train again.")
    return {module: Update(half["A"], half["B"]) for module, half in halves.items()}


def read_peft(folder: Path, shape: BaseShape) -> LoraWeights:
    """Read a PEFT adapter into llama.cpp's names, order of rows and scale.

    Args:
        folder: With adapter_config.json and adapter_model.safetensors.
        shape: Of the base that it was trained on.

    Raises:
        InputError: If it is no plain LoRA, damaged, or does not fit the base.
    """
    config = read_peft_config(folder)
    alpha, updates = _positive(config, "lora_alpha", folder), {}
    for module, update in _pairs(folder).items():
        name = shape.gguf_name(f"{module}.weight")
        if name is None:
            raise InputError(f"{folder} does not fit {shape.label}: the base has no weight {module}.")
        divisor = math.sqrt(update.rank) if config.get("use_rslora") else update.rank
        fold = _alpha(config, module, folder) / divisor * update.rank / alpha
        updates[name] = Update(update.a, update.b * fold if fold != 1 else update.b)
    weights = LoraWeights(alpha, updates, str(folder))
    # The order of rows can be changed only in what has the right number of them.
    weights.require_fit(shape)
    arranged = {name: Update(update.a, shape.arrange(name, update.b)) for name, update in updates.items()}
    return LoraWeights(alpha, arranged, str(folder))


def read_lora_gguf(path: Path, shape: BaseShape) -> LoraWeights:
    """Read an adapter that is GGUF already.

    Raises:
        InputError: If it is damaged, no LoRA adapter, or does not fit the base.
    """
    import gguf
    import numpy as np

    reader = open_gguf(path)
    if field_value(reader, "adapter.type", path) != "lora":
        raise InputError(f"{path} is no LoRA adapter; give one, or the folder of a training.")
    if (family := field_value(reader, "general.architecture", path)) != shape.family:
        raise InputError(
            f"{path} is for '{family}' and {shape.label} is '{shape.family}'; name the base of the adapter."
        )
    halves: dict[str, dict[str, np.ndarray]] = {}
    for tensor in reader.tensors:
        name, _, half = tensor.name.rpartition(".")
        halves.setdefault(name, {})[half] = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    if not halves or any(set(half) != {"lora_a", "lora_b"} for half in halves.values()):
        raise InputError(f"{path} holds something else than pairs of lora_a and lora_b; export it again.")
    updates = {name: Update(half["lora_a"], half["lora_b"]) for name, half in halves.items()}
    weights = LoraWeights(field_value(reader, "adapter.lora.alpha", path) or 0.0, updates, str(path))
    weights.require_fit(shape)
    return weights

"""The model that a voice is learnt for: found, checked and loaded, quantised where there is a GPU for it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from character_training.settings import TrainingSettings
from utils.bases import BASES
from utils.errors import InputError, WeightsError, did_you_mean
from utils.hub import cached_snapshot, fetch_snapshot
from utils.models import embedded_weights

__all__ = ["BaseModel", "find_base"]

_FILES: Final = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class BaseModel:
    """A base that is at hand.

    Attributes:
        key: Short name (`utils.bases`), Hub id or path: what the adapter is kept under.
        repository: Hub id, or the path again.
        revision: Commit on the Hub, as far as it is known.
        licence: As its model card names it; empty if unknown.
        path: A folder of safetensors, or a GGUF file.
    """

    key: str
    repository: str
    revision: str
    licence: str
    path: Path

    @cached_property
    def _source(self) -> tuple[Path, dict[str, Any]]:
        if self.path.is_file():
            return self.path.parent, {"gguf_file": self.path.name}
        return self.path, {}

    def tokenizer(self) -> Any:
        """Load the tokenizer.

        Raises:
            WeightsError: If there is none that can be read.
        """
        from transformers import AutoTokenizer

        folder, options = self._source
        try:
            return AutoTokenizer.from_pretrained(folder, **options)
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError(f"{self.path} holds no tokenizer that can be read: {_first_line(error)}") from None

    def model(self, settings: TrainingSettings) -> Any:
        """Load the model: 4-bit on a GPU with bitsandbytes, half precision on one without, float32 on a processor.

        Raises:
            WeightsError: If it cannot be read.
        """
        import torch
        from transformers import AutoModelForCausalLM

        folder, options = self._source
        if torch.cuda.is_available():
            options = {**options, **_on_gpu(settings)}
        try:
            model: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, **options)
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError(f"{self.path} holds no language model that can be read: {_first_line(error)}") from None
        return _as_floats(model) if self.path.is_file() else model


def _as_floats(model: Any) -> Any:
    """A model whose weights were read out of a GGUF file as floats, without the marks that say otherwise."""
    model.is_quantized = False
    for owner, mark in ((model, "hf_quantizer"), (model, "quantization_method"), (model.config, "quantization_config")):
        if hasattr(owner, mark):
            delattr(owner, mark)
    return model


def _on_gpu(settings: TrainingSettings) -> dict[str, Any]:
    import torch
    from transformers import BitsAndBytesConfig
    from transformers.utils.import_utils import is_bitsandbytes_available

    half = (
        torch.float16
        if settings.fp16 or not torch.cuda.is_bf16_supported(including_emulation=False)
        else torch.bfloat16
    )
    options: dict[str, Any] = {"dtype": half, "device_map": {"": 0}}
    if settings.quantize and is_bitsandbytes_available():
        # QLoRA, https://arxiv.org/abs/2305.14314
        options["quantization_config"] = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=half,
        )
    return options


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].rstrip(".") + "."


def find_base(name: str, settings: TrainingSettings) -> BaseModel:
    """Return a base by its short name, Hub id or path; naming one on the Hub fetches it, if it was not fetched before.

    Args:
        name: ``smollm2``, ``llama``, ``qwen``, ``qwen3``, ``owner/name``, a folder, or a ``.gguf`` file.
        settings: What ``llama`` and ``qwen`` mean.

    Raises:
        InputError: If nothing is called that.
        WeightsError: If it is gated, out of reach, or publishes no safetensors.
    """
    path = Path(name)
    if path.is_dir() or path.is_file():
        return _local(name, path)
    known = BASES.get(name.casefold())
    if known is not None and known.embedded:
        weights = embedded_weights("chat")
        return BaseModel(known.key, known.repository, known.revision, known.licence, weights.path)
    chosen = {"llama": settings.base_model_llama, "qwen": settings.base_model_qwen}.get(name.casefold())
    repository = chosen or (known.repository if known else name)
    if not _may_be_repository(repository):
        if "/" in name or "\\" in name:
            raise InputError(
                f"{name} does not exist, and is no Hub id (owner/name) either; give a folder that is there."
            )
        raise InputError(
            f"No base '{name}'.{did_you_mean(name, BASES)} Give {', '.join(BASES)}, a Hub id (owner/name), or a folder."
        )
    same = next((base for base in BASES.values() if base.repository == repository), None)
    revision = same.revision if same else "main"
    snapshot = _snapshot(repository, revision, _FILES)
    # Whoever means another model by "llama" gets another adapter, not one that passes for the usual one.
    key = known.key if known and repository == known.repository else repository
    return BaseModel(key, repository, revision, same.licence if same else "", snapshot)


def _may_be_repository(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    if not _REPOSITORY.fullmatch(name):
        return False
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def _local(name: str, path: Path) -> BaseModel:
    if path.is_dir() and not (path / "config.json").is_file():
        raise InputError(f"{path} holds no config.json; give the folder of a transformers model or a .gguf file.")
    if path.is_dir() and not any(path.glob("*.safetensors")):
        raise WeightsError(f"{path} holds no safetensors, and we load no pickles; save the model as safetensors.")
    if path.is_file() and path.suffix != ".gguf":
        raise InputError(f"{path} is neither a folder of a transformers model nor a .gguf file.")
    key = path.resolve().name.removesuffix(".gguf")
    return BaseModel(f"{key}-local" if key.casefold() in BASES else key, name, "", "", path)


def _snapshot(repository: str, revision: str, files: Sequence[str]) -> Path:
    folder = cached_snapshot(repository, revision=revision, files=files)
    if folder is None or not _whole(folder):
        folder = fetch_snapshot(repository, revision=revision, files=files)
    if not _whole(folder):
        raise WeightsError(f"{repository} publishes no safetensors, and we load no pickles; take another base.")
    return folder


def _whole(folder: Path) -> bool:
    """Whether all weight files are there; a download may have been begun and not finished."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return all((folder / part).is_file() for part in parts)
    return any("-of-" not in path.name for path in folder.glob("*.safetensors"))

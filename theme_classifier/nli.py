"""A natural language inference classifier on the device at hand: pairs in, entailment less contradiction out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from theme_classifier.packing import can_pack, pack_linears
from theme_classifier.pairs import Pair, PairEncoder
from theme_classifier.tiers import entailment_id, read_config
from utils.embeddings import cpu_has_bf16
from utils.errors import WeightsError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["NliModel", "best_device", "contrasted_classes", "half_precision"]

# Tokens a batch: enough for full speed, few enough that what is between two layers stays in the processor's cache.
_BUDGETS: Final = {"cpu": 1024, "cuda": 16_384}
_TOKENIZERS: Final = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")


def best_device() -> str:
    """Return ``cuda`` where PyTorch finds such a device, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def half_precision(device: str) -> torch.dtype | None:
    """Return the 16-bit type that a device multiplies natively, or None where float32 is as fast."""
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if cpu_has_bf16() else None


def contrasted_classes(config: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the numbers of the classes that mean contradiction and entailment, or None if nothing means entailment.

    Contradiction is found by its name; where no class has it, it is taken to be at the other end, as transformers'
    pipeline does always.
    """
    entailment = entailment_id(config)
    if entailment is None:
        return None
    names = {int(number): str(name).lower() for number, name in config["id2label"].items()}
    against = [number for number, name in names.items() if name.startswith(("contra", "not_entail", "non_entail"))]
    return (against[0] if against else (max(names) if entailment == 0 else 0)), entailment


class NliModel:
    """An NLI sequence classifier, loaded on first use.

    Args:
        path: Folder with config, tokenizer and safetensors.
        half: Whether to compute in 16 bits; None does where the device has them natively.
        device: ``cpu`` or ``cuda``; None takes the better one.
    """

    def __init__(self, path: Path, *, half: bool | None = None, device: str | None = None) -> None:
        self.path = path
        self._half = half
        self._device = device

    @cached_property
    def device(self) -> str:
        """Where the model computes."""
        return self._device or best_device()

    @cached_property
    def dtype(self) -> torch.dtype:
        """What its products are computed in."""
        import torch

        if self._half is None:
            return half_precision(self.device) or torch.float32
        return (half_precision(self.device) or torch.bfloat16) if self._half else torch.float32

    @property
    def budget(self) -> int:
        """Tokens a batch, padding included."""
        return _BUDGETS[self.device]

    @cached_property
    def _classes(self) -> tuple[int, int]:
        classes = contrasted_classes(read_config(self.path))
        if classes is None:
            raise WeightsError(f"{self.path} has no entailment class; give an NLI model.")
        return classes

    @cached_property
    def encoder(self) -> PairEncoder:
        """What makes the pairs.

        Raises:
            WeightsError: If the folder holds no tokenizer.
        """
        from transformers import AutoTokenizer

        # transformers would make up an empty one.
        if not any(next(self.path.glob(name), None) for name in _TOKENIZERS):
            raise WeightsError(f"{self.path} holds no NLI model: it has no tokenizer; give a whole folder.")
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.path, local_files_only=True)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{self.path} holds no NLI model: {str(error).splitlines()[0]}") from None
        if not tokenizer.is_fast:
            raise WeightsError(f"{self.path} has a tokenizer without a fast form; save one with its tokenizer.json.")
        return PairEncoder(tokenizer, positions=read_config(self.path).get("max_position_embeddings"))

    @cached_property
    def _model(self) -> Any:
        model = _read_model(self.path)
        if self.device == "cpu" and can_pack(self.dtype):
            pack_linears(model, dtype=self.dtype, rows=self.budget)
        return model.to(self.device)

    def margins(self, pairs: Sequence[Pair]) -> NDArray[np.float64]:
        """Return entailment's logit less contradiction's, shape (pairs,); the pairs make one batch.

        Raises:
            WeightsError: If the folder holds no NLI model.
        """
        import numpy as np
        import torch

        contradiction, entailment = self._classes
        batch = self.encoder.batch(pairs).to(self.device)
        half = self.dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self.device, dtype=self.dtype if half else None, enabled=half):
            logits = self._model(**batch).logits.float().cpu().numpy().astype(np.float64)
        margin: NDArray[np.float64] = logits[:, entailment] - logits[:, contradiction]
        return margin


def _loaded(path: Path) -> Any:
    """Return a model and what transformers says of its loading.

    transformers maps the files, and what was read through a map stays while any weight uses it: packed weights would
    come on top. So weights are read into memory of their own, but for the embeddings, of which few rows are needed.
    """
    import torch
    from safetensors import safe_open
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.from_pretrained(path, local_files_only=True)
    with torch.device("meta"):
        architecture: Any = type(AutoModelForSequenceClassification.from_config(config))  # type: ignore[no-untyped-call]
    state: dict[str, Any] = {}
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(file, framework="pt", backend="pread") as read, safe_open(file, framework="pt") as mapped:
            for name in read.keys():  # noqa: SIM118 - it is no dict
                is_embedding = mapped.get_slice(name).get_shape()[:1] == [config.vocab_size]
                state[name] = (mapped if is_embedding else read).get_tensor(name)
    return architecture.from_pretrained(None, config=config, state_dict=state, output_loading_info=True)


def _read_model(path: Path) -> Any:
    """Load a classifier from a folder that really holds one: transformers makes up what is missing."""
    from safetensors import SafetensorError
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging
    if not any(path.glob("*.safetensors")):
        raise WeightsError(
            f"{path} holds no safetensors; give a folder that has them, such as that of facebook/bart-large-mnli."
        )
    logging.disable_progress_bar()
    reported = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        model, loaded = _loaded(path)
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{path} holds no NLI model: {str(error).splitlines()[0]}") from None
    finally:
        logging.set_verbosity(reported)
    if missing := sorted(loaded["missing_keys"]):
        raise WeightsError(f"{path} holds no NLI model: its weights lack {missing[0]} and {len(missing) - 1} more.")
    # Nothing is generated here; without this an encoder-decoder keeps every key and value it computes.
    model.config.use_cache = False
    return model.eval()

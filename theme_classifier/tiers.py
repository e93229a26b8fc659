"""Two ways of measuring themes behind one protocol, and which of them a folder of weights is for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from theme_classifier.calibration import CHOSEN, Curve
from theme_classifier.labels import ThemeQuery
from utils.artifacts import file_digest
from utils.errors import WeightsError
from utils.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Measures", "Tier", "entailment_id", "file_digests", "open_tier", "read_config"]

_MODEL_FILES: Final = ("*.safetensors", "*.json", "*.txt", "*.model")


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What a tier says about some texts.

    Attributes:
        raw: Shape (texts, themes), 0-1: the model's own number, before calibration.
        evidence: Shape (texts, themes), in standard deviations of neutral speech about its mean.
        curve: Turns the evidence of single texts into scores.
    """

    raw: NDArray[np.float64]
    evidence: NDArray[np.float64]
    curve: Curve = CHOSEN

    def parted(self, count: int) -> tuple[Measures, Measures]:
        """Return what is said about the first ``count`` texts, and about the others."""
        first = replace(self, raw=self.raw[:count], evidence=self.evidence[:count])
        return first, replace(self, raw=self.raw[count:], evidence=self.evidence[count:])


class Tier(Protocol):
    """A model with the themes that it looks for."""

    @property
    def name(self) -> str:
        """What people read."""
        ...

    def answers(self) -> tuple[str, ...]:
        """Return how each theme is answered, in words that people read."""
        ...

    def measure(self, texts: Sequence[str], *, progress: Progress) -> Measures:
        """Measure every theme in every text.

        Args:
            texts: Any number; repeated texts cost nothing.
            progress: Draws the bar.
        """
        ...


def read_config(folder: Path) -> dict[str, Any]:
    """Read the ``config.json`` of a folder in the Hugging Face format.

    Raises:
        WeightsError: If there is none or it is unreadable.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise WeightsError(
            f"{path} is missing or unreadable; give a folder with config.json, tokenizer and safetensors."
        ) from None
    if not isinstance(config, dict):
        raise WeightsError(f"{path} describes no model; give a folder with config.json, tokenizer and safetensors.")
    return config


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder that decides what its model answers: weights, config, tokenizer."""
    files = (file for pattern in _MODEL_FILES for file in folder.glob(pattern))
    return {file.name: file_digest(file) for file in sorted(files)}


def entailment_id(config: Mapping[str, Any]) -> int | None:
    """Return the class that means entailment (its name begins with ``entail``, in any case), or None."""
    names = config.get("id2label") or {}
    return next((int(number) for number, name in names.items() if str(name).lower().startswith("entail")), None)


def open_tier(path: Path, queries: Sequence[ThemeQuery]) -> Tier:
    """Return the tier that weights are for: entailment for an NLI classifier, quick for an encoder.

    Args:
        path: Folder in the Hugging Face format; only its ``config.json`` is read now.
        queries: The themes.

    Raises:
        WeightsError: If the weights are neither.
    """
    from theme_classifier.entailment import EntailmentTier
    from theme_classifier.quick import QuickTier

    config = read_config(path)
    architecture = str((config.get("architectures") or ["a model without architecture"])[0])
    if architecture.endswith("ForSequenceClassification"):
        if entailment_id(config) is None:
            names = ", ".join(map(str, (config.get("id2label") or {}).values())) or "none"
            raise WeightsError(
                f"{path} is a classifier without an entailment class (its classes: {names}); "
                "give an NLI model or an encoder."
            )
        return EntailmentTier(path, queries)
    if architecture.endswith("Model"):
        return QuickTier(path, queries)
    raise WeightsError(f"{path} holds {architecture}, which scores no themes; give an NLI classifier or an encoder.")

"""How a voice is learnt: the guide's keys and defaults, and what a laptop changes in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from utils.bases import BASES
from utils.errors import InputError, did_you_mean
from utils.settings import Settings, describe, read_mapping

__all__ = ["LAPTOP", "SECTIONS", "TrainingSettings", "read_training_settings", "settings_for"]


class TrainingSettings(Settings):
    """Settings of one training. Keys and defaults are those of the guide's ``training`` section, meant for a GPU.

    Attributes:
        base_model_llama: What ``--base llama`` means.
        base_model_qwen: What ``--base qwen`` means.
        batch_size: Replies a step, at most.
        batch_tokens: Tokens that a step computes, at most; None for no such bound.
        learning_rate: Of AdamW, after warm-up.
        max_steps: Length of the training, unless ``epochs`` is given.
        epochs: Times that every reply is learnt from; goes before ``max_steps``.
        fp16: Half precision on a GPU; a processor takes bfloat16 where it can.
        gradient_checkpointing: Computes activations twice instead of keeping them.
        lora_r: Rank of the adapter.
        lora_alpha: Its scale is ``lora_alpha / lora_r``.
        lora_dropout: Share of inputs that the adapter does not see in a step.
        warmup: Share of the steps in which the rate rises.
        weight_decay: Of AdamW.
        max_length: Longest example, in tokens; longer ones lose their oldest context.
        context_tokens: Budget of the lines before a reply.
        quantize: 4-bit base weights on a GPU (QLoRA), where bitsandbytes is installed.
        save_steps: Steps between checkpoints; None for twice an epoch.
        evaluations: Times that the held-out replies are scored during training, at least.
        seed: Of everything drawn.
    """

    base_model_llama: str = BASES["llama"].repository
    base_model_qwen: str = BASES["qwen"].repository
    batch_size: int = Field(default=1, ge=1)
    batch_tokens: int | None = Field(default=None, ge=64)
    learning_rate: float = Field(default=2e-4, gt=0)
    max_steps: int = Field(default=1000, ge=1)
    epochs: float | None = Field(default=None, gt=0)
    fp16: bool = True
    gradient_checkpointing: bool = True
    lora_r: int = Field(default=64, ge=1)
    lora_alpha: int = Field(default=16, ge=1)
    lora_dropout: float = Field(default=0.1, ge=0, lt=1)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    max_length: int = Field(default=1024, ge=32)
    context_tokens: int = Field(default=256, ge=8, le=8192)
    quantize: bool = True
    save_steps: int | None = Field(default=None, ge=1)
    evaluations: int = Field(default=3, ge=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _context_fits(self) -> Self:
        if self.context_tokens >= self.max_length:
            raise ValueError(f"context_tokens ({self.context_tokens}) must be less than max_length ({self.max_length})")
        return self


# What the embedded model learns best with on two cores (docs/decisions/013-training.md).
LAPTOP: Final[dict[str, Any]] = {
    "batch_size": 16,
    "batch_tokens": 1024,
    "learning_rate": 1e-3,
    "epochs": 3,
    "fp16": False,
    "gradient_checkpointing": False,
    "lora_r": 8,
    "lora_alpha": 16,
    "lora_dropout": 0.0,
    "context_tokens": 96,
    "quantize": False,
}


SECTIONS: Final = ("ec2", "gradio", "hub", "iam", "limits", "logging", "s3", "tags", "training")
"""What ``aws_config.yaml`` may hold."""

_LENGTH: Final = frozenset({"max_steps", "epochs"})


def settings_for(base: str, given: dict[str, Any] | None = None) -> TrainingSettings:
    """Return the settings for a base: the guide's, for the embedded model those of a laptop, and over both the given.

    Args:
        base: Key, Hub id or path.
        given: Keys that a person set.

    Raises:
        InputError: If a key is unknown or a value cannot be.
    """
    known = BASES.get(base.casefold())
    preset = LAPTOP if known is not None and known.embedded else {}
    # Who asks for a number of steps does not want the preset's epochs.
    asked = given or {}
    kept = {key: value for key, value in preset.items() if not (key == "epochs" and "max_steps" in asked)}
    try:
        return TrainingSettings.model_validate({**kept, **asked})
    except ValidationError as error:
        raise InputError(f"training: {describe(error, TrainingSettings)}") from None


def read_training_settings(path: Path, base: str, *, over: dict[str, Any] | None = None) -> TrainingSettings:
    """Read the ``training`` section of ``aws_config.yaml``; its other sections are other people's.

    Args:
        path: The file.
        base: Key, Hub id or path.
        over: Keys that a person set beside the file; a length in them replaces the file's.

    Raises:
        InputError: Naming the file and the key.
    """
    file = read_mapping(path)
    if unknown := [str(key) for key in file if key not in SECTIONS]:
        raise InputError(f"{path}: unknown section '{unknown[0]}'.{did_you_mean(unknown[0], SECTIONS)}")
    section = file.get("training")
    if not isinstance(section, dict):
        raise InputError(f"{path} has no section 'training' with keys and values.")
    given = over or {}
    kept = {key: value for key, value in section.items() if not (key in _LENGTH and _LENGTH & given.keys())}
    try:
        return settings_for(base, {**kept, **given})
    except InputError as error:
        raise InputError(f"{path}: {error}") from None

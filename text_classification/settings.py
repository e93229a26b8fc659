"""How the location classifier is trained."""

from __future__ import annotations

from pydantic import Field

from utils.settings import Settings

__all__ = ["TrainingSettings"]


class TrainingSettings(Settings):
    """Everything that changes what training produces.

    Attributes:
        seed: Decides the held-out part, the order of the rows, the new head and the dropout.
        held_out: Share of each class's rows kept out of training; they choose the epoch.
        fit: Inverse strength of the regularisation with which the head is first fitted.
        layers: How many of the encoder's last layers are trained.
        epochs: Passes over the training part, at most.
        patience: Epochs without a better held-out score after which training stops.
        rows: Texts a step.
        rate: Peak learning rate of the encoder.
        head_rate: Peak learning rate of the head.
        warmup: Share of the steps in which the rates rise; they fall to 0 over the rest.
        decay: AdamW's weight decay.
        longest: Tokens after which a text is cut.
    """

    seed: int = Field(default=1983, ge=0)
    held_out: float = Field(default=0.2, gt=0, lt=1)
    fit: float = Field(default=10.0, gt=0)
    layers: int = Field(default=2, ge=0)
    epochs: int = Field(default=6, ge=0)
    patience: int = Field(default=3, ge=1)
    rows: int = Field(default=8, ge=1)
    rate: float = Field(default=1e-4, gt=0)
    head_rate: float = Field(default=1e-2, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    decay: float = Field(default=0.01, ge=0)
    longest: int = Field(default=256, ge=8)

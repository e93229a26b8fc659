"""How the location classifier is trained."""

from __future__ import annotations

from pydantic import Field

from utils.settings import Settings

__all__ = ["TrainingSettings"]


class TrainingSettings(Settings):
    """Everything that changes what training produces.

    Attributes:
        seed: Decides the folds, the held-out part, the order of the rows and the dropout.
        folds: Parts of the cross-validation that gives the scores; as many as the smallest class has rows, at most.
        repeats: How often the cross-validation is repeated, with other parts each time.
        held_out: Share of each class's rows kept out of learning to choose the epoch, inside every fold again.
        fit: Inverse strength of the regularisation with which the head is fitted to the encoder.
        words: Share of the model of words in the answer, 0 to 1; the rest is the encoder's.
        words_fit: Inverse strength of its regularisation.
        trust: Accuracy that answers must have in cross-validation to count as sure.
        layers: How many of the encoder's last layers are trained.
        epochs: Passes over the rows, at most; 0 leaves the encoder as it is and fits the head alone.
        patience: Epochs without a better held-out score after which training stops.
        rows: Texts a step.
        rate: Peak learning rate of the encoder.
        head_rate: Peak learning rate of the head.
        warmup: Share of the steps in which the rates rise; they fall to 0 over the rest.
        decay: AdamW's weight decay.
        longest: Tokens after which a text is cut.
    """

    seed: int = Field(default=1983, ge=0)
    folds: int = Field(default=5, ge=2)
    repeats: int = Field(default=2, ge=1)
    held_out: float = Field(default=0.2, gt=0, lt=1)
    fit: float = Field(default=10.0, gt=0)
    words: float = Field(default=0.5, ge=0, le=1)
    words_fit: float = Field(default=30.0, gt=0)
    trust: float = Field(default=0.85, gt=0, le=1)
    layers: int = Field(default=2, ge=0)
    epochs: int = Field(default=3, ge=0)
    patience: int = Field(default=2, ge=1)
    rows: int = Field(default=8, ge=1)
    rate: float = Field(default=1e-4, gt=0)
    head_rate: float = Field(default=1e-2, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    decay: float = Field(default=0.01, ge=0)
    longest: int = Field(default=128, ge=8)

    @classmethod
    def quick(cls) -> TrainingSettings:
        """Return settings for the first use: seconds instead of minutes, because the encoder stays as it is."""
        return cls(epochs=0, repeats=5)

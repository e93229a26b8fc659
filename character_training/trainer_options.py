"""What TRL is told: the adapter, the arguments, and who watches the steps. Imported where a training begins."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback
from trl.trainer.sft_config import SFTConfig

from character_training.settings import TrainingSettings
from utils.packing import cpu_has_bf16

if TYPE_CHECKING:
    from character_training.trainer import VoiceTrainer

__all__ = ["Watch", "arguments", "with_adapter"]


def with_adapter(model: Any, settings: TrainingSettings) -> Any:
    """Put a fresh LoRA adapter on every linear layer (https://arxiv.org/abs/2106.09685)."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    torch.manual_seed(settings.seed)
    if getattr(model, "is_loaded_in_4bit", False):
        model = prepare_model_for_kbit_training(  # type: ignore[no-untyped-call]
            model, use_gradient_checkpointing=settings.gradient_checkpointing
        )
    lora = LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, lora)


def arguments(settings: TrainingSettings, root: Path, *, steps: int, epoch: int, track: str | None) -> SFTConfig:
    """Return the arguments of TRL's trainer.

    Args:
        settings: How to train.
        root: Where checkpoints go.
        steps: Length of the training.
        epoch: Steps of one epoch.
        track: Where the loss can be followed, or None.
    """
    gpu = torch.cuda.is_available()
    if track == "tensorboard":
        # Beside the checkpoints, which go when the training is finished.
        os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(root.parent / "runs"))
    half = gpu and settings.fp16
    evaluate = max(1, min(epoch, math.ceil(steps / settings.evaluations)))
    config = SFTConfig(
        output_dir=str(root),
        per_device_train_batch_size=1,  # a row is a step of the plan
        num_train_epochs=1,
        max_steps=steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(settings.warmup * steps),
        weight_decay=settings.weight_decay,
        gradient_checkpointing=settings.gradient_checkpointing,
        fp16=half,
        bf16=not half and (torch.cuda.is_bf16_supported(including_emulation=False) if gpu else cpu_has_bf16()),
        use_cpu=not gpu,
        seed=settings.seed,
        logging_steps=1,
        logging_first_step=True,
        report_to=track or "none",
        disable_tqdm=True,
        eval_strategy="steps",
        eval_steps=evaluate,
        save_strategy="steps",
        save_steps=settings.save_steps or max(1, evaluate // 2),
        metric_for_best_model="loss",
        greater_is_better=False,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
    )
    # A row is a step of the plan: on several GPUs transformers would take several rows at once.
    config._n_gpu = min(1, config.n_gpu)
    return config


class Watch(TrainerCallback):
    """Tells how far a training has come, and ends it when asked.

    Args:
        trainer: The trainer.
        on_step: Called with steps done, steps in all, loss, tokens a second, and the last perplexity.
        stop: Asked after every step.
    """

    def __init__(
        self,
        trainer: VoiceTrainer,
        on_step: Callable[[int, int, float, float, float], object],
        stop: Callable[[], bool],
    ) -> None:
        self._trainer = trainer
        self._on_step = on_step
        self._stop = stop
        self._began = 0.0
        self._evaluating = 0.0
        self._perplexity = math.nan

    @property
    def rate(self) -> float:
        """Tokens of examples read a second, scoring of what is held out not counted."""
        return self._trainer.tokens_read / max(time.monotonic() - self._began, 1e-9)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Start the clock."""
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Score at the end as well, and stop with a checkpoint when asked."""
        control.should_evaluate |= state.global_step == state.max_steps
        if self._stop():
            control.should_save = True
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Pass on what was measured."""
        if "eval_perplexity" in (logs or {}):
            self._perplexity = logs["eval_perplexity"]
        elif "loss" in (logs or {}):
            self._on_step(state.global_step, state.max_steps, logs["loss"], self.rate, self._perplexity)

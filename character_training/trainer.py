"""TRL's trainer, fed with prefix trees, scoring replies alone, keeping checkpoints that are complete or absent.

Imported only where a training begins: it needs torch, transformers and TRL at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import PrinterCallback
from trl.trainer.sft_trainer import SFTTrainer

from character_training.checkpoints import TRAINER_STATE, keep_newest, read_state, write_checkpoint, write_state
from character_training.encoding import Encoded
from character_training.prefix_tree import NOTHING, PrefixTree, tree_of

__all__ = ["VoiceTrainer", "model_inputs", "reply_loss"]


def model_inputs(tree: PrefixTree) -> dict[str, Any]:
    """Return a batch as tensors: one row, a mask of shape (1, 1, nodes, nodes), and what each node predicts."""
    return {
        "input_ids": torch.tensor([tree.tokens]),
        "position_ids": torch.tensor([tree.positions]),
        "attention_mask": torch.from_numpy(tree.visible())[None, None],
        "labels": torch.tensor([tree.labels]),
    }


def reply_loss(model: Any, inputs: dict[str, Any]) -> tuple[Any, int]:
    """Return the summed loss over what is to be learnt, and how many tokens that is.

    The vocabulary is scored only where there is a label: on a processor, a small model spends half its time there.

    Args:
        model: A causal language model, with or without adapter.
        inputs: From `model_inputs`.
    """
    labels = inputs["labels"]
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    given = {name: inputs[name] for name in ("input_ids", "position_ids", "attention_mask")}
    hidden = base.model(**given, use_cache=False).last_hidden_state
    learnt = labels != NOTHING
    scores = base.lm_head(hidden[learnt])
    return cross_entropy(scores.float(), labels[learnt], reduction="sum"), int(learnt.sum())


class VoiceTrainer(SFTTrainer):
    """An `SFTTrainer` whose row is one step of a plan.

    Args:
        examples: What the plan's indices mean.
        plan: The batch of every step.
        held_out: Batches that `evaluate` scores.
        record: Says what the training is, written into every checkpoint.
        options: For `SFTTrainer`.
    """

    # Set by the time that anything here reads them; transformers says that they may be None.
    model: Any
    optimizer: Any
    lr_scheduler: Any

    def __init__(
        self,
        *,
        examples: Sequence[Encoded],
        plan: Sequence[Sequence[int]],
        held_out: Sequence[PrefixTree],
        record: dict[str, Any],
        **options: Any,
    ) -> None:
        from datasets import Dataset

        self.plan = plan
        self.examples = examples
        self.held_out = held_out
        self.record = record
        self.tokens_read = 0
        rows = Dataset.from_dict({"step": list(range(len(plan)))})
        super().__init__(train_dataset=rows, eval_dataset=rows, data_collator=self._collate, **options)
        # The core never prints.
        self.remove_callback(PrinterCallback)
        if self.args.fp16:
            # TRL makes the adapter of a 4-bit model bfloat16, whose gradients the scaler of fp16 cannot unscale.
            for weight in self.model.parameters():
                if weight.requires_grad:
                    weight.data = weight.data.float()

    def _send_telemetry(self) -> None:
        """Tell nobody: TRL would report every training to the Hub."""

    def _collate(self, rows: list[dict[str, int]]) -> dict[str, Any]:
        tree = tree_of([self.examples[index] for row in rows for index in self.plan[row["step"]]])
        return {**model_inputs(tree), "read": tree.read}

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:  # noqa: ARG002
        return torch.utils.data.SequentialSampler(self.plan)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Any:
        """Mean loss a token that is learnt; a step is one batch, so nothing is accumulated."""
        self.tokens_read += inputs.pop("read")
        with self.accelerator.autocast():
            total, count = reply_loss(model, inputs)
        loss = total / count
        return (loss, {}) if return_outputs else loss

    def score(self) -> tuple[float, float]:
        """Return the mean loss a token on the replies held out, and its exponential, the perplexity."""
        training = self.model.training
        self.model.eval()
        total = count = 0.0
        for tree in self.held_out:
            inputs = {name: value.to(self.args.device) for name, value in model_inputs(tree).items()}
            with torch.no_grad(), self.accelerator.autocast():
                loss, labels = reply_loss(self.model, inputs)
            total, count = total + float(loss), count + labels
        self.model.train(training)
        return total / count, math.exp(min(total / count, 700.0))

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Score the replies held out."""
        loss, perplexity = self.score()
        metrics = {f"{metric_key_prefix}_loss": loss, f"{metric_key_prefix}_perplexity": perplexity}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Save whatever scored best so far: it is what the training keeps in the end."""
        better = bool(super()._determine_best_metric(metrics, trial))
        self.control.should_save |= better
        return better

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def _save_checkpoint(self, model: Any, trial: Any) -> None:  # noqa: ARG002 - transformers' signature
        root = Path(str(self.args.output_dir))
        best = self.state.best_global_step
        self.state.best_model_checkpoint = None if best is None else str(root / f"checkpoint-{best}")
        write_checkpoint(root / f"checkpoint-{self.state.global_step}", self._fill, record=self.record)
        keep_newest(root, keep=self.state.best_model_checkpoint)

    def _fill(self, folder: Path) -> None:
        self.model.save_pretrained(folder)
        scaler = getattr(self.accelerator, "scaler", None)
        write_state(folder, optimizer=self.optimizer, scheduler=self.lr_scheduler, scaler=scaler)
        self.state.save_to_json(str(folder / TRAINER_STATE))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        weights = load_file(Path(resume_from_checkpoint) / "adapter_model.safetensors")
        set_peft_model_state_dict(model or self.model, weights)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            state = read_state(Path(checkpoint))
            self.optimizer.load_state_dict(state.optimizer)
            self.lr_scheduler.load_state_dict(state.scheduler)

    def _load_scaler(self, checkpoint: str | None) -> None:
        if checkpoint is not None and (scaler := read_state(Path(checkpoint)).scaler) is not None:
            self.accelerator.scaler.load_state_dict(scaler)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            read_state(Path(checkpoint)).restore_random()

    def load_best(self) -> None:
        """Take the adapter of the checkpoint that scored best on what was held out, if one did."""
        best = self.state.best_global_step
        if best is not None:
            # Not the path that the state holds: the training may have begun in another folder, or on another machine.
            self._load_from_checkpoint(str(Path(str(self.args.output_dir)) / f"checkpoint-{best}"))

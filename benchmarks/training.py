"""Learning a voice: ours against TRL's `SFTTrainer` as people use it.

    python benchmarks/training.py --steps 12

The same replies in the same steps, the same base, adapter (its first values too), rate and schedule; each side in a
process of its own, so that its peak memory is its own. The peer gets prompt and completion, so that it learns what ours
does (with `--messages`: whole conversations and `assistant_only_loss`, which learns earlier replies again), pads, and
keeps TRL's defaults for the rest. *Tokens* are those of the examples, padding and what is computed twice or once not
counted: both sides have the same. The loss on what is held out is computed afterwards, in float32, by one and the same
code.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from character_training.base_models import BaseModel, find_base
from character_training.dataset import Dataset, DatasetSettings, Example, build_dataset
from character_training.encoding import Encoded, encoder_of
from character_training.plan import plan_batches, plan_steps
from character_training.settings import TrainingSettings, settings_for
from utils.world import World

SIDES: Final = {"ours": "ours", "fp32": "SFTTrainer, float32", "bf16": "SFTTrainer, its default bf16"}
# Divides the 156 replies of the sample's Eleven, so that every step of either side has as many.
REPLIES: Final = 12


def _settings(steps: int) -> TrainingSettings:
    given = {"max_steps": steps, "batch_size": REPLIES, "batch_tokens": None, "evaluations": 1, "save_steps": 10**6}
    return settings_for("smollm2", given)


def _dataset(settings: TrainingSettings) -> Dataset:
    options = DatasetSettings(context_tokens=settings.context_tokens)
    return build_dataset(World.sample(), "Eleven", settings=options)


def _base(folder: Path, size: str, settings: TrainingSettings) -> BaseModel:
    """The embedded model, or one of its kind with two narrow layers."""
    base = find_base("smollm2", settings)
    if size == "full":
        return base
    if not (folder / "config.json").is_file():
        _write_tiny(base, folder)
    return BaseModel("tiny", base.repository, base.revision, base.licence, folder)


def _write_tiny(base: BaseModel, folder: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = base.tokenizer()
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(tokenizer), num_key_value_heads=2, tie_word_embeddings=True, **sizes)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _scene(example: Example) -> tuple[int | None, ...]:
    return example.season, example.episode, example.scene


def _encoded(examples: tuple[Example, ...], tokenizer: Any, settings: TrainingSettings) -> list[Encoded]:
    encode = encoder_of(tokenizer, longest=settings.max_length)
    return [encode(example.messages) for example in examples]


def _ours(base: BaseModel, settings: TrainingSettings, out: Path) -> dict[str, float]:
    from character_training.training import Step, train_voice

    steps: list[Step] = []
    train_voice(_dataset(settings), base, settings, out, restart=True, on_step=steps.append)
    return {"tokens_per_second": steps[-1].tokens_per_second}


def _peer(base: BaseModel, settings: TrainingSettings, out: Path, *, bf16: bool, messages: bool) -> dict[str, float]:
    import math

    from datasets import Dataset as Rows
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from character_training.encoding import marked_template
    from character_training.trainer_options import with_adapter

    class Clock(TrainerCallback):
        began = spent = 0.0

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.monotonic()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.spent = time.monotonic() - self.began

    dataset, tokenizer = _dataset(settings), base.tokenizer()
    examples = _encoded(dataset.train, tokenizer, settings)
    plan, _ = plan_steps(examples, list(map(_scene, dataset.train)), settings)
    if {len(batch) for batch in plan} != {REPLIES}:
        raise SystemExit(f"Not every step has {REPLIES} replies; the data have changed, so choose another number.")
    order = [index for batch in plan for index in batch]
    rows = [_row(dataset.train[index], messages=messages) for index in order]
    if messages:
        tokenizer.chat_template = marked_template(tokenizer)
    config = SFTConfig(
        output_dir=str(out),
        per_device_train_batch_size=REPLIES,
        max_steps=len(plan),
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(settings.warmup * len(plan)),
        train_sampling_strategy="sequential",
        assistant_only_loss=messages,
        bf16=bf16,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
        seed=settings.seed,
    )
    clock = Clock()
    trainer = SFTTrainer(
        model=with_adapter(base.model(settings), settings),
        args=config,
        train_dataset=Rows.from_list(rows),
        processing_class=tokenizer,
        callbacks=[clock],
    )
    trainer.train()
    trainer.model.save_pretrained(out)
    return {"tokens_per_second": sum(len(examples[index].tokens) for index in order) / clock.spent}


def _row(example: Example, *, messages: bool) -> dict[str, Any]:
    said = list(example.messages)
    return {"messages": said} if messages else {"prompt": said[:-1], "completion": said[-1:]}


def _score(base: BaseModel, settings: TrainingSettings, adapter: Path) -> float:
    """Mean loss a token on the replies held out, in float32."""
    import torch
    from peft import PeftModel

    from character_training.prefix_tree import tree_of
    from character_training.trainer import model_inputs, reply_loss

    dataset = _dataset(settings)
    held_out = _encoded(dataset.validation, base.tokenizer(), settings)
    scenes = list(map(_scene, dataset.validation))
    model = PeftModel.from_pretrained(base.model(settings), adapter).eval()
    total, count = 0.0, 0
    for batch in plan_batches(held_out, scenes, range(len(held_out)), replies=64, tokens=1024):
        with torch.no_grad():
            loss, labels = reply_loss(model, model_inputs(tree_of([held_out[index] for index in batch])))
        total, count = total + float(loss), count + labels
    return total / count


def _child(options: argparse.Namespace) -> dict[str, float]:
    """Do one job and say what it took."""
    import warnings

    warnings.simplefilter("ignore")
    settings = _settings(options.steps)
    base = _base(options.folder / "base", options.size, settings)
    out = options.folder / options.side.removeprefix("score-")
    if options.side.startswith("score-"):
        return {"loss": _score(base, settings, out)}
    if options.side == "ours":
        found = _ours(base, settings, out)
    else:
        found = _peer(base, settings, out, bf16=options.side == "bf16", messages=options.messages)
    return {**found, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def _ask(options: argparse.Namespace, folder: Path, side: str) -> dict[str, float]:
    words = ["--steps", str(options.steps), "--size", options.size, "--side", side, "--folder", str(folder)]
    words += ["--messages"] * options.messages
    done = subprocess.run([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure learning a voice against TRL's SFTTrainer.")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--size", choices=("full", "tiny"), default="full")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--messages", action="store_true", help="the peer learns every reply of a conversation")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(_child(options)))
        return
    with tempfile.TemporaryDirectory() as name:
        found = {side: _ask(options, Path(name), side) for side in options.sides}
        losses = {side: _ask(options, Path(name), f"score-{side}")["loss"] for side in options.sides}
    print(f"{options.steps} steps of {REPLIES} replies, {options.size}, load {os.getloadavg()[0]:.1f}\n")
    print("| | tokens/s | times the peer | loss held out | peak memory |", "|---|---|---|---|---|", sep="\n")
    for side, facts in found.items():
        rate = facts["tokens_per_second"]
        ratio = "" if "ours" not in found or side == "ours" else f"{found['ours']['tokens_per_second'] / rate:.2f}"
        print(f"| {SIDES[side]} | {rate:,.0f} | {ratio} | {losses[side]:.4f} | {facts['peak_gb']:.2f} GB |")


if __name__ == "__main__":
    main()

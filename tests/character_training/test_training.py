"""Training for real, on a model small enough for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from character_training.base_models import BaseModel
from character_training.checkpoints import checkpoints
from character_training.dataset import Dataset, Example
from character_training.result import read_result
from character_training.settings import TrainingSettings
from character_training.training import Step, Trained, train_voice
from tests.character_training.conftest import QUESTIONS, conversation
from utils.errors import InputError


def _weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def _after(steps: int) -> Callable[[], bool]:
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= steps


class Tiny(NamedTuple):
    """What a training needs."""

    dataset: Dataset
    base: BaseModel
    settings: TrainingSettings


@pytest.fixture(scope="module")
def tiny(tiny_dataset: Dataset, tiny_base: BaseModel, tiny_settings: TrainingSettings) -> Tiny:
    return Tiny(tiny_dataset, tiny_base, tiny_settings)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny: Tiny) -> tuple[Trained, list[Step]]:
    heard: list[Step] = []
    out = tmp_path_factory.mktemp("whole")
    return train_voice(tiny.dataset, tiny.base, tiny.settings, out, on_step=heard.append), heard


def test_training_lowers_the_perplexity_of_what_is_held_out(whole: tuple[Trained, list[Step]]) -> None:
    trained, heard = whole
    assert trained.metrics is not None
    assert trained.metrics.perplexity_after < trained.metrics.perplexity_before / 1.5
    assert [step.done for step in heard] == [1, 2, 3, 4, 5, 6]
    assert all(step.tokens_per_second > 0 for step in heard)
    result = read_result(trained.folder)
    assert result is not None
    assert (result.character, result.base, result.metrics) == ("June", "tiny", trained.metrics)
    assert not (trained.folder / "checkpoints").exists()


def test_six_steps_are_three_and_three_to_the_bit(
    tmp_path: Path, whole: tuple[Trained, list[Step]], tiny: Tiny
) -> None:
    import torch

    halted = train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, stop=_after(3))
    assert (halted.metrics, halted.done, halted.total) == (None, 3, 6)
    torch.manual_seed(12345)  # what else happened in between must not matter
    heard: list[Step] = []
    resumed = train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, resume=True, on_step=heard.append)
    assert [step.done for step in heard] == [4, 5, 6]
    assert [step.loss for step in heard] == [step.loss for step in whole[1][3:]]
    straight, broken = _weights(whole[0].folder), _weights(resumed.folder)
    assert straight.keys() == broken.keys()
    assert all(torch.equal(straight[name], broken[name]) for name in straight)
    assert any(name.endswith("lora_B.weight") and bool(straight[name].any()) for name in straight)


def test_a_damaged_checkpoint_costs_only_its_steps(
    tmp_path: Path, whole: tuple[Trained, list[Step]], tiny: Tiny
) -> None:
    import torch

    train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, stop=_after(5))
    newest = checkpoints(tmp_path / "checkpoints")[-1]
    (newest / "adapter_model.safetensors").write_bytes(b"half")
    heard: list[str] = []
    resumed = train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, resume=True, warn=heard.append)
    assert len(heard) == 1
    assert "checkpoint-5 holds a damaged adapter_model.safetensors" in heard[0]
    straight = _weights(whole[0].folder)
    assert all(torch.equal(weight, straight[name]) for name, weight in _weights(resumed.folder).items())


def test_an_interrupted_training_is_not_lost_by_starting_again(tmp_path: Path, tiny: Tiny) -> None:
    train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, stop=_after(1))
    with pytest.raises(InputError, match="--resume to go on"):
        train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path)
    other = tiny.settings.model_copy(update={"learning_rate": 1e-3})
    with pytest.raises(InputError, match="other data, settings or another base"):
        train_voice(tiny.dataset, tiny.base, other, tmp_path, resume=True)
    assert train_voice(tiny.dataset, tiny.base, other, tmp_path, restart=True).metrics is not None


def _nobody_trains(step: Step) -> None:
    pytest.fail(f"made {step}")


def test_what_is_finished_is_not_done_again(whole: tuple[Trained, list[Step]], tiny: Tiny) -> None:
    again = train_voice(
        tiny.dataset, tiny.base, tiny.settings, whole[0].folder, on_step=lambda step: pytest.fail("a step")
    )
    assert again.unchanged
    assert again.metrics == whole[0].metrics


def test_the_end_of_a_turn_is_learnt(tmp_path: Path, tiny: Tiny) -> None:
    import torch
    from peft import PeftModel

    def agreeing(examples: tuple[Example, ...]) -> tuple[Example, ...]:
        return tuple(
            replace(each, messages=conversation(QUESTIONS[place % 6], "I do.")) for place, each in enumerate(examples)
        )

    dataset = replace(tiny.dataset, train=agreeing(tiny.dataset.train), validation=agreeing(tiny.dataset.validation))
    changed = {
        "max_steps": 60,
        "batch_size": 12,
        "learning_rate": 2e-2,
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.0,
    }
    settings = tiny.settings.model_copy(update=changed)
    trained = train_voice(dataset, tiny.base, settings, tmp_path)
    tokenizer = tiny.base.tokenizer()
    model: Any = PeftModel.from_pretrained(tiny.base.model(settings), trained.folder).eval()
    asked = list(dataset.validation[0].messages[:-1])
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    with torch.no_grad():
        said = model.generate(**prompt, max_new_tokens=40, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert tokenizer.decode(said) == "I do.<|im_end|>"


def test_a_checkpoint_holds_no_pickle(tmp_path: Path, tiny: Tiny) -> None:
    train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, stop=_after(2))
    kept = [path.name for folder in checkpoints(tmp_path / "checkpoints") for path in folder.iterdir()]
    assert kept
    assert not [name for name in kept if name.endswith((".pt", ".pth", ".bin", ".pkl"))]


def test_what_scored_best_is_there_to_be_kept(tmp_path: Path, tiny: Tiny) -> None:
    # Five steps between scores, two between checkpoints, and a rate at which later is worse.
    wild = {"max_steps": 15, "evaluations": 3, "save_steps": 2, "learning_rate": 0.5}
    trained = train_voice(tiny.dataset, tiny.base, tiny.settings.model_copy(update=wild), tmp_path)
    assert trained.metrics is not None
    assert trained.metrics.best_step in {5, 10, 15}
    assert trained.metrics.perplexity_after <= trained.metrics.perplexity_before * 1.5


def test_restarting_gives_up_what_was_finished(tmp_path: Path, tiny: Tiny) -> None:
    train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path)
    train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, restart=True, stop=_after(2))
    assert read_result(tmp_path) is None
    assert train_voice(tiny.dataset, tiny.base, tiny.settings, tmp_path, resume=True).done == 6

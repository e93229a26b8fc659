from __future__ import annotations

from typing import Any

import pytest

from character_training.base_models import BaseModel, find_base
from character_training.encoding import encoder_of, marked_template
from character_training.settings import TrainingSettings, settings_for
from tests.character_training.conftest import conversation
from utils.errors import WeightsError


def test_the_reply_and_its_end_are_learnt_and_nothing_else(tiny_base: BaseModel) -> None:
    tokenizer = tiny_base.tokenizer()
    example = encoder_of(tokenizer, longest=256)(conversation("Is it cold?", "No.", "Sure?", "Very cold."))
    assert tokenizer.decode(example.tokens[example.learn :]) == "Very cold.<|im_end|>"
    assert tokenizer.decode(example.tokens[: example.learn]).endswith("<|im_start|>assistant\n")


def test_what_is_learnt_follows_what_a_server_puts_before_a_reply(tiny_base: BaseModel) -> None:
    tokenizer = tiny_base.tokenizer()
    messages = conversation("Is it cold?", "Very cold.")
    example = encoder_of(tokenizer, longest=256)(messages)
    prompt = tokenizer.apply_chat_template(list(messages[:-1]), add_generation_prompt=True, return_dict=False)
    assert list(example.tokens[: example.learn]) == list(prompt)


def test_a_long_conversation_loses_its_oldest_lines(tiny_base: BaseModel) -> None:
    tokenizer = tiny_base.tokenizer()
    said = [f"{word} {number}" for number in range(30) for word in ("ask", "answer")]
    example = encoder_of(tokenizer, longest=120)(conversation(*said))
    text = tokenizer.decode(example.tokens)
    assert len(example.tokens) <= 120
    assert "You are June." in text
    assert text.endswith("ask 29<|im_end|>\n<|im_start|>assistant\nanswer 29<|im_end|>")
    assert "ask 0<" not in text


def test_a_reply_that_is_too_long_by_itself_keeps_its_end(tiny_base: BaseModel) -> None:
    tokenizer = tiny_base.tokenizer()
    example = encoder_of(tokenizer, longest=64)(conversation("Is it cold?", "Very cold. " * 60))
    assert len(example.tokens) == 64
    assert 1 <= example.learn < 64
    assert tokenizer.decode(example.tokens[-1:]) == "<|im_end|>"


def test_a_template_that_nobody_marked_is_read_by_its_prompt(tiny_base: BaseModel) -> None:
    tokenizer = tiny_base.tokenizer()
    marked = encoder_of(tokenizer, longest=256)(conversation("Is it cold?", "No.", "Sure?", "Very cold."))
    tokenizer.chat_template = tokenizer.chat_template.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    assert marked_template(tokenizer) is None
    assert encoder_of(tokenizer, longest=256)(conversation("Is it cold?", "No.", "Sure?", "Very cold.")) == marked


def test_a_template_that_hides_where_a_reply_begins_is_refused(tiny_base: BaseModel) -> None:
    tokenizer = tiny_base.tokenizer()
    tokenizer.chat_template = (
        "{% for message in messages %}{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}>{% endif %}"
    )
    with pytest.raises(WeightsError, match="generation"):
        encoder_of(tokenizer, longest=256)(conversation("Is it cold?", "Very cold."))
    tokenizer.chat_template = None
    with pytest.raises(WeightsError, match="no chat template"):
        marked_template(tokenizer)


@pytest.mark.slow
def test_the_embedded_base_reads_as_its_own_template_writes() -> None:
    tokenizer: Any = find_base("smollm2", settings_for("smollm2")).tokenizer()
    messages = conversation("Is it cold?", "No.", "Sure?", "Very cold.")
    example = encoder_of(tokenizer, longest=256)(messages)
    theirs = tokenizer.apply_chat_template(list(messages), tokenize=False)
    assert tokenizer.decode(example.tokens) + "\n" == theirs
    assert tokenizer.decode(example.tokens[example.learn :]) == "Very cold.<|im_end|>"


def test_the_templates_of_the_other_families_are_marked(tiny_base: BaseModel) -> None:
    from pathlib import Path

    import trl

    tokenizer = tiny_base.tokenizer()
    for name in ("llama3_2", "qwen2_5", "qwen3"):
        text = (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")
        tokenizer.chat_template = text
        messages = conversation("Is it cold?", "Very cold.")
        example = encoder_of(tokenizer, longest=4096)(messages)
        reply = (
            tokenizer.decode(example.tokens[example.learn :]).removeprefix("\n").removeprefix("<think>\n\n</think>\n\n")
        )
        assert reply in ("Very cold.<|eot_id|>", "Very cold.<|im_end|>"), name


def test_settings_are_the_guides() -> None:
    settings = TrainingSettings()
    assert (settings.batch_size, settings.learning_rate, settings.max_steps) == (1, 2e-4, 1000)
    assert (settings.lora_r, settings.lora_alpha, settings.lora_dropout) == (64, 16, 0.1)
    assert settings.fp16
    assert settings.gradient_checkpointing

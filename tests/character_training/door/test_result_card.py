"""The model card of a result: what a reader and the Hub find in it, and what must not stand there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from character_training.card import hub_licence, model_card
from character_training.result import Result, read_result


@pytest.fixture
def result(a_result: Path) -> Result:
    found = read_result(a_result)
    assert found is not None
    return found


def front(text: str) -> dict[str, Any]:
    from huggingface_hub import ModelCard

    return dict(ModelCard(text).data.to_dict())


def test_the_hub_can_read_it(result: Result) -> None:
    data = front(model_card(result))
    assert data["license"] == "apache-2.0"
    assert data["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert data["library_name"] == "peft"
    assert "lora" in data["tags"]


def test_it_says_whose_lines_these_are_and_that_the_character_is_a_child(result: Result) -> None:
    foreign = model_card(result)
    assert "belong to their owners" in foreign
    assert "13 years old" in foreign
    ours = model_card(result.model_copy(update={"third_party": False, "age": 40}))
    assert "belong to their owners" not in ours
    assert "years old" not in ours


def test_scores(result: Result) -> None:
    metrics = result.metrics.model_copy(update={"perplexity_before": 69.84, "perplexity_after": 32.51})
    text = model_card(result.model_copy(update={"metrics": metrics}))
    assert "| perplexity before | 69.8 |" in text
    assert "| perplexity after | 32.5 |" in text


def test_a_folder_of_this_machine_is_no_base_on_the_hub(result: Result) -> None:
    local = result.model_copy(update={"repository": "/home/somebody/models/mine", "revision": "", "licence": ""})
    text = model_card(local)
    assert "somebody" not in text
    assert "base_model" not in front(text)
    assert front(text)["license"] == "unknown"


def test_licences_that_the_hub_has_no_name_for() -> None:
    named = hub_licence("qwen-research", "Qwen/Qwen2.5-3B-Instruct")
    assert named["license"] == "other"
    assert named["license_name"] == "qwen-research"
    assert named["license_link"].startswith("https://huggingface.co/Qwen/")
    assert hub_licence("llama3.2", "m/l") == {"license": "llama3.2"}

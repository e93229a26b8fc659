"""The model card of a trained voice: what it is made of, what it reached, and what it is not for.

Format: https://huggingface.co/docs/hub/model-cards
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from utils.adapters import ADAPTER_FILE
from utils.bases import BASES

if TYPE_CHECKING:
    from character_training.result import Result

__all__ = ["hub_licence", "model_card"]

# The Hub's own names for licences that our bases have; others are "other" with a name.
_ON_HUB: Final = frozenset({"apache-2.0", "mit", "llama3.2", "llama3.1", "llama3", "gemma", "cc-by-4.0"})
_ADULT: Final = 18


def hub_licence(licence: str, repository: str) -> dict[str, str]:
    """Return the licence as a card's front matter has it.

    Args:
        licence: As the base's card names it; empty if unknown.
        repository: Hub id of the base, or its path.
    """
    if licence in _ON_HUB or not licence:
        return {"license": licence or "unknown"}
    page = f"https://huggingface.co/{repository}/blob/main/LICENSE"
    return {"license": "other", "license_name": licence, "license_link": page}


def _local(result: Result) -> bool:
    """Whether the base was a folder, whose path is nobody else's business."""
    return not result.revision


def _front(result: Result) -> str:
    from huggingface_hub import ModelCardData

    facts: dict[str, Any] = {
        "language": "en",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "base_model": None if _local(result) else result.repository,
        "tags": ["lora", "character", "fiction", "trl"],
        **hub_licence(result.licence, result.repository),
    }
    return str(ModelCardData(**facts).to_yaml())


def _base(result: Result) -> str:
    if _local(result):
        return "a local base model"
    return f"[{result.repository}](https://huggingface.co/{result.repository})"


def _scores(result: Result) -> str:
    reached = result.metrics
    return "\n".join(
        (
            "| on replies held out | |",
            "|---|---|",
            f"| perplexity before | {reached.perplexity_before:.1f} |",
            f"| perplexity after | {reached.perplexity_after:.1f} |",
            f"| loss a token after | {reached.validation_loss:.3f} |",
            f"| replies learnt | {reached.replies} |",
            f"| steps (kept: {reached.best_step}) | {reached.steps} |",
            f"| time | {reached.seconds / 60:.1f} minutes, {reached.tokens_per_second:,.0f} tokens/s |",
        )
    )


def _rows(result: Result) -> str:
    names = ("learning_rate", "batch_size", "lora_r", "lora_alpha", "lora_dropout", "max_length", "seed")
    return ", ".join(f"`{name}` {getattr(result.settings, name):g}" for name in names)


def _owners(result: Result) -> str:
    if not result.third_party:
        return "These lines were written for this software and are under its MIT licence; none comes from the show."
    return (
        "The lines come from subtitles and transcripts that belong to their owners. Do not publish them, and ask "
        "whether you may publish what was learnt from them."
    )


def _person(result: Result) -> str:
    minor = result.age is not None and result.age < _ADULT
    young = (
        f" The character is {result.age} years old: romantic and sexual uses are out of the question." if minor else ""
    )
    return f"{result.character} is fictional, of {result.series}; the owners of the series have no part in this.{young}"


def _llama_cpp(result: Result) -> str:
    known = BASES.get(result.base)
    named = known.repository.split("/")[1] if known else "base"
    return f"llama-server -m {named}.gguf --lora {ADAPTER_FILE}"


_CARD: Final = """---
{front}
---

# {character}'s voice

A LoRA adapter that makes {base} answer as {character}. {person}

## Data

{sources} {owners}

SHA-256 of the examples: `{data}`.

## Training

Loss on the replies alone. {settings}.

{scores}

## Use

With PEFT:

```python
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

folder = "."  # this folder, or its name on the Hub
model = AutoPeftModelForCausalLM.from_pretrained(folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
```

With llama.cpp, on a GGUF of the base (`{file}` is there for the llama and qwen families):

```bash
{llama_cpp}
```

With Ollama: a Modelfile of `FROM` the base and `ADAPTER ./{file}`, then `ollama create`.

The system message matters: give the one that the adapter was trained with, from the character's card.

## Limits

It learnt how {character} talks, from few lines, and not what is true: it invents, forgets, and contradicts the story.
A lower perplexity on held-out replies says that it guesses the words better, not that its answers are good. It has its
base's biases and faults.

Licence of the base: {licence}. The adapter is of no use without it and is bound by its terms.
"""


def model_card(result: Result) -> str:
    """Return the text of README.md in a result folder."""
    return _CARD.format(
        front=_front(result).strip(),
        character=result.character,
        base=_base(result),
        person=_person(result),
        sources=result.sources,
        owners=_owners(result),
        data=result.data,
        settings=_rows(result),
        scores=_scores(result),
        file=ADAPTER_FILE,
        llama_cpp=_llama_cpp(result),
        licence=result.licence or "unknown; look at its model card",
    )

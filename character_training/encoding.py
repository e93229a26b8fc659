"""From messages to tokens, with the reply alone to be learnt.

``{% generation %}`` in a chat template says which tokens the assistant writes, its end-of-turn token among them
(https://huggingface.co/docs/transformers/chat_templating_writing). TRL knows marked versions of many templates. Where
nobody marked one (Llama 3.2, SmolLM2), the reply is what follows the prompt that a server would put before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from utils.chat import Message
from utils.errors import WeightsError

__all__ = ["Encoded", "encoder_of", "marked_template"]

# Llama 3's template writes today's date into the prompt; a fixed one makes a training repeatable on another day.
_DATE: Final = "26 Jul 2024"


@dataclass(frozen=True)
class Encoded:
    """An example as a model reads it.

    Attributes:
        tokens: The whole conversation.
        learn: Index of the first token of the reply; from there to the end everything is learnt.
    """

    tokens: tuple[int, ...]
    learn: int


def marked_template(tokenizer: Any) -> str | None:
    """Return a tokenizer's chat template with generation marks, or None if nobody marked it.

    Raises:
        WeightsError: If it has no chat template at all.
    """
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    template = tokenizer.chat_template
    if not template:
        raise WeightsError(f"{tokenizer.name_or_path} has no chat template; take an instruction-tuned base.")
    if has_generation_markers(template):
        return str(template)
    try:
        return get_training_chat_template(processing_class=tokenizer)
    except ValueError:
        return None


def _by_marks(tokenizer: Any, template: str, messages: Sequence[Message]) -> Encoded:
    """What the template marks as the last reply, without white space behind it."""
    done = tokenizer.apply_chat_template(
        list(messages),
        chat_template=template,
        return_dict=True,
        return_assistant_tokens_mask=True,
        date_string=_DATE,
    )
    tokens, marks = list(done["input_ids"]), list(done["assistant_masks"])
    end = len(marks) - marks[::-1].index(1)
    begin = end
    while begin and marks[begin - 1]:
        begin -= 1
    while end > begin + 1 and not tokenizer.decode(tokens[end - 1]).strip():
        end -= 1
    return Encoded(tuple(tokens[:end]), begin)


def _by_prompt(tokenizer: Any, messages: Sequence[Message]) -> Encoded:
    """What follows the prompt of the last reply, up to its end of turn.

    Raises:
        WeightsError: If the template writes a conversation otherwise than its prompts.
    """
    options: dict[str, Any] = {"return_dict": False, "date_string": _DATE}
    prompt = list(tokenizer.apply_chat_template(list(messages[:-1]), add_generation_prompt=True, **options))
    tokens = list(tokenizer.apply_chat_template(list(messages), **options))
    if tokens[: len(prompt)] != prompt or len(tokens) == len(prompt):
        raise WeightsError(
            f"The chat template of {tokenizer.name_or_path} does not say where a reply begins; add "
            "{% generation %} around its assistant messages, or take smollm2, llama, qwen or qwen3 as --base."
        )
    while not tokenizer.decode(tokens[-1]).strip():
        tokens.pop()
    return Encoded(tuple(tokens), len(prompt))


def encoder_of(tokenizer: Any, *, longest: int) -> Callable[[Sequence[Message]], Encoded]:
    """Return what encodes conversations for a tokenizer.

    Args:
        tokenizer: Of the base, with a chat template.
        longest: In tokens; a longer conversation loses its oldest messages after the system message.

    Raises:
        WeightsError: If the template does not say what the reply is.
    """
    template = marked_template(tokenizer)
    whole = partial(_by_prompt, tokenizer) if template is None else partial(_by_marks, tokenizer, template)

    def encode(messages: Sequence[Message]) -> Encoded:
        encoded = whole(messages)
        kept = list(messages)
        while len(encoded.tokens) > longest and len(kept) > 2:
            # The system message stays, and so does what the reply answers.
            del kept[1 if len(kept) > 3 else 0]
            encoded = whole(kept)
        cut = max(0, len(encoded.tokens) - longest)
        return Encoded(encoded.tokens[cut:], max(1, encoded.learn - cut))

    return encode

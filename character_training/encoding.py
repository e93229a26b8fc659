"""From messages to tokens, with the reply alone to be learnt, through the chat template's generation marks.

``{% generation %}`` in a chat template says which tokens the assistant writes, its end-of-turn token among them
(https://huggingface.co/docs/transformers/chat_templating_writing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from utils.chat import Message
from utils.errors import WeightsError

__all__ = ["Encoded", "encoder_of", "marked_template"]

# SmolLM2's ChatML with its end-of-turn inside the marks; TRL knows the templates of Llama 3 and Qwen, but not this one.
_CHATML: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{{ '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
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


def marked_template(tokenizer: Any) -> str:
    """Return a tokenizer's chat template with generation marks.

    Raises:
        WeightsError: If its template is of a kind that nobody marked.
    """
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    template = tokenizer.chat_template
    if not template:
        raise WeightsError(f"{tokenizer.name_or_path} has no chat template; take an instruction-tuned base.")
    if has_generation_markers(template):
        return str(template)
    if "<|im_start|>" in template and "SmolLM" in template:
        return _CHATML
    try:
        return str(get_training_chat_template(tokenizer) or template)
    except ValueError:
        raise WeightsError(
            f"The chat template of {tokenizer.name_or_path} marks no reply; add {{% generation %}} around its "
            "assistant messages, or take smollm2, llama, qwen or qwen3 as --base."
        ) from None


def encoder_of(tokenizer: Any, *, longest: int) -> Callable[[Sequence[Message]], Encoded]:
    """Return what encodes conversations for a tokenizer.

    Args:
        tokenizer: Of the base, with a chat template.
        longest: In tokens; a longer conversation loses its oldest messages after the system message.

    Raises:
        WeightsError: If the template cannot be marked.
    """
    template = marked_template(tokenizer)

    def whole(messages: Sequence[Message]) -> Encoded:
        done = tokenizer.apply_chat_template(
            list(messages),
            chat_template=template,
            return_dict=True,
            return_assistant_tokens_mask=True,
            date_string=_DATE,
        )
        tokens, marks = done["input_ids"], done["assistant_masks"]
        end = len(marks) - marks[::-1].index(1)
        begin = end - next((back for back, mark in enumerate(reversed(marks[:end])) if not mark), end)
        return Encoded(tuple(tokens[:end]), begin)

    def encode(messages: Sequence[Message]) -> Encoded:
        encoded = whole(messages)
        kept = list(messages)
        while len(encoded.tokens) > longest and len(kept) > 2:
            # The system message stays, and so does what the reply answers.
            del kept[1 if len(kept) > 3 else 0]
            encoded = whole(kept)
        return Encoded(encoded.tokens[-longest:], max(1, encoded.learn - max(0, len(encoded.tokens) - longest)))

    return encode

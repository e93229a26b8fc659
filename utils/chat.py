"""The messages of the OpenAI chat protocol, which talking and training share.

Protocol: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, Literal, TypedDict

__all__ = ["BYTES_PER_TOKEN", "Message", "estimate_tokens", "inert", "steady_start"]

# A cautious guess for any byte-pair tokenizer, which keeps prompts within a window without loading one. Other scripts
# than Latin take more bytes a character and about as many tokens a byte.
BYTES_PER_TOKEN: Final = 2.8
# Control tokens of chat templates: <|im_end|>, </s>, <start_of_turn>, [INST], <<SYS>>; and the tags of our own blocks.
_CONTROL: Final = re.compile(
    r"<(?=[|｜])|(?<=[|｜])>|<(?=/?(?:s|bos|cls|eos|mask|pad|sep|think|unk|facts|scenes|earlier|answers|[a-z]+_\w+)>)|<(?=</?SYS>)"
    r"|\[(?=/?(?:INST|SYS)\b)",
    re.IGNORECASE,
)


class Message(TypedDict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has for any byte-pair tokenizer, rather too many than too few."""
    return math.ceil(len(text.encode()) / BYTES_PER_TOKEN)


def steady_start(costs: Sequence[float], budget: float) -> int:
    """Return where the end of a conversation begins that costs no more than a budget; its length if nothing fits.

    It grows from half of the budget to all of it before it begins later. Were the oldest message left out with every
    new one, a server that keeps the beginning of a prompt would read the whole conversation anew every time.

    Args:
        costs: Of its messages or turns, in order.
        budget: What they may cost together.
    """
    begin, filled = 0, 0.0
    for index, cost in enumerate(costs):
        filled += cost
        crowded = filled > budget
        while crowded and begin < index and filled > budget / 2:
            filled -= costs[begin]
            begin += 1
        if filled > budget:
            begin, filled = index + 1, 0.0
    return begin


def inert(text: str) -> str:
    """Return a text in which the control tokens of chat templates (``<|im_end|>``) are plain characters."""
    return _CONTROL.sub(lambda found: f" {found[0]}" if found[0] == ">" else f"{found[0]} ", text)

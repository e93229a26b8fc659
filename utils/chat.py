"""The messages of the OpenAI chat protocol, which talking and training share.

Protocol: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from typing import Literal, TypedDict

__all__ = ["Message"]


class Message(TypedDict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str

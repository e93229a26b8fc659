"""The OpenAI chat protocol from the server's side: what a request may hold, and what answers look like.

Source: https://platform.openai.com/docs/api-reference/chat. Fields that are not here are ignored, because every client
sends some of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from character_chatbot.turn import Reply
from utils.characters import Sampling
from utils.chat import Message
from utils.errors import InputError

__all__ = ["ChatRequest", "chunk", "completion", "error_body", "event", "read_request", "told_about"]

DONE: Final = "data: [DONE]\n\n"
MOST_MESSAGES: Final = 2_000


class ChatRequest(BaseModel):
    """The part of a request that a character can honour.

    Attributes:
        model: A character, or a character and an episode: ``Eleven@S01E03``.
        messages: The conversation; only what user and assistant said counts.
        stream: Whether the reply is sent as it is made.
        temperature: 0 to 2; None for the card's.
        top_p: Above 0, to 1; None for the card's.
        max_tokens: Never more than the card allows.
        max_completion_tokens: The newer name of the same.
        n: Replies; one alone is given.
        stream_options: ``include_usage`` asks for a last chunk with the numbers of tokens.
    """

    model: str = Field(min_length=1, max_length=200)
    messages: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = False
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1, le=1)
    stream_options: dict[str, Any] | None = None

    def conversation(self) -> tuple[str, list[Message]]:
        """Return the user's last message, and what was said before it.

        System messages are left out: who the character is stands on its card, and a client cannot change it. What the
        assistant said after the user's last message is left out as well.

        Raises:
            InputError: If the user says nothing.
        """
        said = [
            Message(role=message["role"], content=_text(message.get("content")))
            for message in self.messages
            if message.get("role") in ("user", "assistant")
        ]
        last = max((number for number, message in enumerate(said) if message["role"] == "user"), default=None)
        if last is None:
            raise InputError("There is no message of the user; send one with role 'user'.")
        return said[last]["content"], [message for message in said[:last] if message["content"]]

    def sampling(self, usual: Sampling) -> Sampling:
        """Return how the reply is drawn: as asked, within what the card allows."""
        wanted = self.max_completion_tokens or self.max_tokens or usual.max_tokens
        # A nucleus of nothing means the likeliest token, as a very small one does.
        changes = {
            "temperature": self.temperature,
            "top_p": None if self.top_p is None else max(self.top_p, 0.001),
            "max_tokens": min(wanted, usual.max_tokens),
        }
        return usual.model_copy(update={name: value for name, value in changes.items() if value is not None})

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with the numbers of tokens."""
        return bool((self.stream_options or {}).get("include_usage"))


def _text(content: Any) -> str:
    """The words of a message; pictures and sounds are passed over."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, Sequence) else []
    return " ".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))


def read_request(body: bytes) -> ChatRequest:
    """Read a request.

    Raises:
        InputError: If it is no JSON or not of the protocol, naming the field.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("The request is not valid JSON.") from None
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError("The request holds half of a letter (a lone surrogate).") from None
    try:
        return ChatRequest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the request"
        raise InputError(f"{field}: {first['msg']}.") from None


def told_about(reply: Reply) -> dict[str, Any]:
    """Return what the protocol has no field for: scenes that fed a reply, how far they bear it out, and own words."""
    sources = [
        {
            "label": passage.label,
            "episode": str(passage.episode),
            "start": None if math.isnan(passage.start) else passage.start,
            "text": passage.text,
        }
        for passage in reply.sources
    ]
    return {
        "sources": sources,
        "support": round(reply.support, 3),
        "own_words": list(reply.unsupported),
        "care": reply.care,
    }


def completion(head: Mapping[str, Any], reply: Reply, usage: Mapping[str, int]) -> dict[str, Any]:
    """Return a whole answer.

    Args:
        head: ``id``, ``created`` and ``model``.
        reply: What the character said.
        usage: Numbers of tokens.
    """
    message = {"role": "assistant", "content": reply.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {
        **head,
        "object": "chat.completion",
        "choices": [choice],
        "usage": usage,
        "hawkins": told_about(reply),
    }


def chunk(
    head: Mapping[str, Any], delta: Mapping[str, str] | None = None, *, last: bool = False, **more: Any
) -> dict[str, Any]:
    """Return one piece of a streamed answer.

    Args:
        head: ``id``, ``created`` and ``model``.
        delta: What is new; None for a chunk without a choice, which carries the numbers of tokens.
        last: Whether the reply ends here.
        more: Further fields.
    """
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": "stop" if last else None}
    return {**head, "object": "chat.completion.chunk", "choices": [] if delta is None else [choice], **more}


def event(data: Mapping[str, Any]) -> str:
    """Return a server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def error_body(message: str, *, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """Return an error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}

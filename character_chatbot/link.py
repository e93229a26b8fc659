"""A chat server that answers, and what it understands beyond the OpenAI protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from character_chatbot.gate import Gate
from character_chatbot.slots import Slots
from utils.ports import is_loopback_host

__all__ = ["CONTEXT", "LLAMA_CPP", "OPENAI", "VLLM", "Dialect", "Link", "is_loopback", "lora_field"]

# Tokens that one conversation may fill. SmolLM2 was trained on 8,192; a smaller window keeps memory and prefill low.
CONTEXT: Final = 4096


@dataclass(frozen=True)
class Dialect:
    """What a kind of server takes beyond the protocol.

    Attributes:
        name: What people read.
        extras: Fields that go with every request.
        adapter_field: Whether an adapter is named in llama.cpp's ``lora`` field; otherwise it is a model.
    """

    name: str
    extras: Mapping[str, Any] = field(default_factory=dict)
    adapter_field: bool = False


# A small model's long tail is noise, and left alone it repeats itself. The penalties look back a little only, so that
# the examples stay usable (https://github.com/ggml-org/llama.cpp/tree/master/tools/server). How likely each token was
# tells sense from nonsense (turn.py); one alternative beside it is the fewest that the server gives.
LLAMA_CPP: Final = Dialect(
    "llama.cpp",
    {
        "min_p": 0.1,
        "repeat_penalty": 1.1,
        "repeat_last_n": 16,
        "cache_prompt": True,
        "logprobs": True,
        "top_logprobs": 1,
    },
    adapter_field=True,
)
# https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
VLLM: Final = Dialect("vLLM", {"min_p": 0.1, "repetition_penalty": 1.05})
# Strict servers refuse what they do not know.
OPENAI: Final = Dialect("OpenAI")


@dataclass(frozen=True, kw_only=True)
class Link:
    """A server that answers.

    Attributes:
        base_url: Up to and including ``/v1``.
        model: Name to ask for.
        label: What people read in the app.
        dialect: What it takes beyond the protocol.
        api_key: Sent as a bearer token; kept out of every message.
        context: Tokens that prompt and reply may fill together.
        adapters: Trained characters that it holds, such as ``eleven-smollm2``, with their numbers there.
        series: Key of the series whose characters they are; None where the names alone tell.
        owner: Kept alive as long as the link (the embedded server).
        gate: Through which requests go, where a server does not serve several adapters at once.
        slots: Where they are answered, where that is ours to choose.
    """

    base_url: str
    model: str
    label: str
    dialect: Dialect = OPENAI
    api_key: str = field(default="none", repr=False)
    context: int = CONTEXT
    adapters: Mapping[str, int] = field(default_factory=dict)
    series: str | None = None
    owner: object | None = field(default=None, repr=False)
    gate: Gate | None = field(default=None, repr=False)
    slots: Slots | None = field(default=None, repr=False)

    def body(self, adapter: str | None, *, slot: int | None = None) -> dict[str, Any]:
        """Return what a request carries beyond the protocol.

        Args:
            adapter: One of `adapters`, or None for the base alone.
            slot: Of llama.cpp, in which it is answered; None leaves that to the server.
        """
        body = dict(self.dialect.extras)
        if slot is not None:
            body["id_slot"] = slot
        if self.dialect.adapter_field:
            body |= lora_field(self.adapters, adapter)
        return body

    def asked_model(self, adapter: str | None) -> str:
        """Return the model to ask for."""
        return self.model if adapter is None or self.dialect.adapter_field else adapter


def lora_field(adapters: Mapping[str, int], adapter: str | None) -> dict[str, Any]:
    """Return llama.cpp's ``lora`` field for a request, or nothing where there are no adapters.

    All of them stand in it, because one that is not named keeps what the server was started with.

    Args:
        adapters: Their numbers by name.
        adapter: The one to apply; None for the base alone.
    """
    scales = [{"id": number, "scale": float(name == adapter)} for name, number in adapters.items()]
    return {"lora": scales} if scales else {}


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine; a proxy of the environment is for the world outside."""
    return is_loopback_host(urlsplit(url).hostname or "")

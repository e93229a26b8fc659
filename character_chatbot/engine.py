"""What generates text: a client of the OpenAI chat protocol, and llama.cpp in this process that speaks it on loopback.

Protocol: https://platform.openai.com/docs/api-reference/chat. The embedded server is llama.cpp's, through xllamacpp.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from utils.characters import Sampling
from utils.chat import Message
from utils.errors import HawkinsError, WeightsError
from utils.models import find_weights

__all__ = ["ChatEngine", "embedded_engine"]

# Tokens that one conversation may fill. SmolLM2 was trained on 8,192; a smaller window keeps memory and prefill low.
CONTEXT: Final = 4096
SLOTS: Final = 2
TIMEOUT: Final = 180.0  # seconds without a word from the server
# llama.cpp's own knobs (https://github.com/ggml-org/llama.cpp/tree/master/tools/server): a small model's long tail is
# noise, and left alone it repeats itself. The penalties look back a little only, so that the examples stay usable.
SAMPLING_EXTRAS: Final = {
    "min_p": 0.1,
    "repeat_penalty": 1.1,
    "repeat_last_n": 16,
    "cache_prompt": True,
}


class ChatEngine:
    """Streams replies from a server that speaks the OpenAI chat protocol.

    Args:
        base_url: Up to and including ``/v1``.
        model: Name to ask for.
        label: What people read in the app.
        api_key: Sent as a bearer token.
        context: Tokens that prompt and reply may fill together.
        owner: Kept alive as long as the engine (the embedded server).
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        label: str,
        api_key: str = "none",
        context: int = CONTEXT,
        owner: object | None = None,
    ) -> None:
        self.base_url = base_url
        self.label = label
        self.context = context
        self._model = model
        self._api_key = api_key
        self._owner = owner
        self._client: Any = None

    def _connect(self) -> Any:
        if self._client is None:
            from openai import OpenAI

            self._client = OpenAI(base_url=self.base_url, api_key=self._api_key, max_retries=1, timeout=TIMEOUT)
        return self._client

    def stream(
        self, messages: Sequence[Message], *, sampling: Sampling, stop: Sequence[str] = (), seed: int | None = None
    ) -> Generator[str]:
        """Yield the pieces of a reply as they are generated.

        Args:
            messages: The conversation, system message first, the user's last.
            sampling: Temperature, nucleus mass and length.
            stop: Texts at which the reply ends.
            seed: For a repeatable draw.

        Raises:
            HawkinsError: If the server cannot be reached or refuses.
        """
        from openai import APIConnectionError, APIError

        try:
            chunks = self._connect().chat.completions.create(
                model=self._model,
                messages=list(messages),
                stream=True,
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                stop=list(stop) or None,
                seed=seed,
                extra_body=SAMPLING_EXTRAS,
            )
        except APIConnectionError:
            raise HawkinsError(
                f"No chat server answers at {self.base_url}; start it or leave the endpoint out."
            ) from None
        except APIError as error:
            raise HawkinsError(f"The chat server at {self.base_url} refused: {error.message}.") from None
        # Leaving the block tells the server to stop, also when the caller wants no more.
        with chunks:
            yield from self._pieces(chunks)

    def _pieces(self, chunks: Any) -> Generator[str]:
        """The texts of a stream; a server that dies in the middle is an error with one line too."""
        from httpx import HTTPError
        from openai import APIError

        try:
            for chunk in chunks:
                if chunk.choices and chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content
        except (APIError, HTTPError) as error:
            raise HawkinsError(f"The chat server at {self.base_url} broke off: {error}.") from None


def _free_cores() -> int:
    """Cores that this process may use; more threads than that collapse llama.cpp's speed."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def _check_gguf(path: Path) -> None:
    """Refuse what is not a GGUF file before native code sees it (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""
    if not path.is_file():
        raise WeightsError(f"The chat model {path} must be a .gguf file.")
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise WeightsError(
                f"The chat model {path} is no GGUF file; convert it with llama.cpp's convert_hf_to_gguf.py."
            )


@cache
def embedded_engine(path: Path | None = None) -> ChatEngine:
    """Load a GGUF model into this process and serve it on loopback; once per process and model.

    Args:
        path: A ``.gguf`` file; None takes the pulled or embedded one.

    Raises:
        WeightsError: If there is no such model, or llama.cpp cannot load it.
    """
    import xllamacpp

    weights = find_weights("chat", path=path)
    _check_gguf(weights.path)
    params = xllamacpp.CommonParams()
    params.model.path = str(weights.path)
    params.n_ctx = CONTEXT * SLOTS
    params.n_parallel = SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _free_cores()
    params.verbosity = -1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise WeightsError(f"llama.cpp cannot load {weights.path}: {error}.") from None
    return ChatEngine(f"{server.listening_address}/v1", model=weights.path.stem, label=weights.label, owner=server)

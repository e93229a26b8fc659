"""A chat server by its URL: what it is, which models and adapters it has, and with which key.

llama.cpp tells what it is under ``/props`` and its adapters under ``/lora-adapters``
(https://github.com/ggml-org/llama.cpp/tree/master/tools/server); vLLM lists adapters among its models, with the base as
their ``parent``. Everything else is spoken to strictly by the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from character_chatbot.link import CONTEXT, LLAMA_CPP, OPENAI, VLLM, Link, is_loopback
from utils.environment import setting
from utils.errors import HawkinsError, InputError, did_you_mean

__all__ = ["api_key", "endpoint_link", "endpoint_url"]

TIMEOUT: Final = 10.0  # seconds for a question about the server itself
# A server may offer far more; a long prompt is slow everywhere.
LONGEST_CONTEXT: Final = 16_384


def endpoint_url(endpoint: str) -> str:
    """Return the URL up to and including ``/v1`` (or the path that was given), without a slash at its end.

    Raises:
        InputError: If it is no URL of a server, or holds a password.
    """
    example = "write it as http://127.0.0.1:8080/v1"
    try:
        parts = urlsplit(endpoint.strip())
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise InputError(f"The endpoint {endpoint!r:.80} is no address of a server; {example}.")
    if parts.username or parts.password:
        raise InputError("The endpoint holds a name or password; set HAWKINS_API_KEY (environment or .env) instead.")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") or "/v1", "", ""))


def api_key(url: str) -> str:
    """Return the key for a server: ``HAWKINS_API_KEY``, or ``OPENAI_API_KEY`` where the way is encrypted.

    The environment goes before ``.env`` in the current folder.
    """
    own = setting("HAWKINS_API_KEY")
    # A key for a paid service is not sent in the clear to whatever listens at an address.
    return own or (setting("OPENAI_API_KEY") if url.startswith("https:") else None) or "none"


def endpoint_link(url: str, *, model: str | None = None) -> Link:
    """Ask a server what it is.

    Args:
        url: From `endpoint_url`.
        model: Which of its models; None takes ``HAWKINS_MODEL`` or the first.

    Raises:
        InputError: If it has no such model.
        HawkinsError: If nobody answers, or the key is refused.
    """
    key = api_key(url)
    listed = _listed(url, key)
    wanted = model or setting("HAWKINS_MODEL")
    bases = [entry for entry in listed if not entry.get("parent")]
    chosen = _choose(wanted, bases or listed, url)
    props = _optional(_root(url) + "/props", key)
    common: dict[str, Any] = {"base_url": url, "model": chosen, "api_key": key}
    if isinstance(props, Mapping) and "default_generation_settings" in props:
        window = props["default_generation_settings"].get("n_ctx")
        adapters = _llama_adapters(_optional(_root(url) + "/lora-adapters", key))
        return Link(
            **common,
            label=f"{Path(chosen).stem} at {url}",
            dialect=LLAMA_CPP,
            context=_window(window),
            adapters=adapters,
        )
    entry = next((entry for entry in listed if entry.get("id") == chosen), {})
    vllm = entry.get("owned_by") == "vllm"
    return Link(
        **common,
        label=f"{chosen} at {url}",
        dialect=VLLM if vllm else OPENAI,
        context=_window(entry.get("max_model_len")),
        adapters={str(other["id"]): number for number, other in enumerate(listed) if other.get("parent")},
    )


def _root(url: str) -> str:
    return url.removesuffix("/v1")


def _window(tokens: object) -> int:
    return min(tokens, LONGEST_CONTEXT) if isinstance(tokens, int) and tokens > 0 else CONTEXT


def _llama_adapters(listed: object) -> dict[str, int]:
    """Adapters by the name of their file, with llama.cpp's numbers."""
    rows = listed if isinstance(listed, list) else []
    return {
        Path(row["path"]).stem: int(row["id"]) for row in rows if isinstance(row, dict) and {"id", "path"} <= set(row)
    }


def _choose(wanted: str | None, listed: list[dict[str, Any]], url: str) -> str:
    names = [str(entry["id"]) for entry in listed]
    if wanted is None and not names:
        raise HawkinsError(f"The chat server at {url} lists no models; set HAWKINS_MODEL (environment or .env).")
    if wanted is None:
        return names[0]
    # A server that lists nothing may still know the name.
    if names and wanted not in names:
        hint = did_you_mean(wanted, names) or f" It has: {', '.join(names[:8])}."
        raise InputError(f"The chat server at {url} has no model '{wanted}'.{hint}")
    return wanted


def _listed(url: str, key: str) -> list[dict[str, Any]]:
    """The entries of ``/v1/models``; none where the server does not list any."""
    answer = _get(f"{url}/models", key)
    if answer.status_code in {401, 403}:
        raise HawkinsError(f"The chat server at {url} refused the key; set HAWKINS_API_KEY (environment or .env).")
    if answer.status_code >= 500:
        raise HawkinsError(f"The chat server at {url} is not ready (status {answer.status_code}); try again later.")
    found = _json(answer) if answer.status_code == 200 else None
    rows = found.get("data") if isinstance(found, Mapping) else None
    return [row for row in rows if isinstance(row, dict) and "id" in row] if isinstance(rows, list) else []


def _optional(url: str, key: str) -> Any:
    """What stands under an address that only some servers have, or None."""
    answer = _get(url, key)
    return _json(answer) if answer.status_code == 200 else None


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _get(url: str, key: str) -> Any:
    import httpx

    try:
        return httpx.get(
            url, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT, trust_env=not is_loopback(url)
        )
    except httpx.TimeoutException:
        raise HawkinsError(
            f"Nothing answers at {url} within {TIMEOUT:.0f} s; start the server or leave the endpoint out."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise HawkinsError(f"No chat server answers at {url}; start it or leave the endpoint out.") from None

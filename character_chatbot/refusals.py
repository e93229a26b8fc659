"""Why a chat server did not answer, in one sentence."""

from __future__ import annotations

from typing import Any, Final

from utils.errors import HawkinsError

__all__ = ["reason", "refusal"]

# What a server says of itself is cut to this many characters in a message.
LONGEST_REASON: Final = 200


def refusal(error: Any, base_url: str) -> HawkinsError:
    """Say in one sentence why a server did not answer.

    Args:
        error: What the client raised (``openai.APIError``).
        base_url: Of the server.
    """
    from openai import APIConnectionError, APITimeoutError, AuthenticationError, PermissionDeniedError

    if isinstance(error, APITimeoutError):
        return HawkinsError(f"The chat server at {base_url} takes too long; try again, or give another --endpoint.")
    if isinstance(error, APIConnectionError):
        return HawkinsError(f"No chat server answers at {base_url}; start it or leave the endpoint out.")
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        # Without the server's words, which may quote the key.
        return HawkinsError(
            f"The chat server at {base_url} refused the key; set HAWKINS_API_KEY (environment or .env)."
        )
    return HawkinsError(f"The chat server at {base_url} refused: {reason(error)}.")


def reason(error: Exception) -> str:
    """What somebody else's program says, as a part of one line."""
    text = " ".join(str(getattr(error, "message", error)).split()).rstrip(".")
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_REASON]

"""Who may open the app: a name and a password from the environment; and a path that tells only whether it runs."""

from __future__ import annotations

import asyncio
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from utils.errors import InputError

if TYPE_CHECKING:
    from starlette.routing import Route

__all__ = ["HEALTH", "PASSWORD_VARIABLE", "USER_VARIABLE", "Login", "find_login", "health_route"]

USER_VARIABLE: Final = "HAWKINS_APP_USER"
PASSWORD_VARIABLE: Final = "HAWKINS_APP_PASSWORD"  # noqa: S105 - a name
HEALTH: Final = "/health"
_DEFAULT_USER: Final = "hawkins"
_SHORTEST: Final = 8  # characters
# Seconds before a wrong answer is told, so that guessing takes time.
_PAUSE: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Login:
    """What visitors must know.

    Attributes:
        user: Their name.
        password: Never shown.
    """

    user: str
    password: str = field(repr=False)

    async def admits(self, user: str, password: str) -> bool:
        """Return whether both are right; how wrong they are cannot be told from the time that it takes."""
        right_user = hmac.compare_digest(_bytes(user), _bytes(self.user))
        right_password = hmac.compare_digest(_bytes(password), _bytes(self.password))
        if right_user and right_password:
            return True
        await asyncio.sleep(_PAUSE)
        return False


def _bytes(text: str) -> bytes:
    # What an environment holds that is no UTF-8 comes as surrogates.
    return text.encode("utf-8", "surrogatepass")


def find_login() -> Login | None:
    """Return the login that the environment asks for (then ``.env`` here), or None where there is none.

    Raises:
        InputError: If a name is set without a password, or the password is too short.
    """
    user, password = _setting(USER_VARIABLE), _setting(PASSWORD_VARIABLE)
    if password is None:
        if user:
            raise InputError(f"{USER_VARIABLE} is set without {PASSWORD_VARIABLE}; set both, or neither.")
        return None
    if len(password) < _SHORTEST:
        raise InputError(f"{PASSWORD_VARIABLE} has fewer than {_SHORTEST} characters; choose a longer password.")
    # Gradio strips what visitors type as their name.
    return Login(user=(user or "").strip() or _DEFAULT_USER, password=password)


def _setting(name: str) -> str | None:
    """Like `utils.environment.setting`, but what is set and empty counts: a lost password must not open the app."""
    from dotenv import dotenv_values

    return os.environ[name] if name in os.environ else dotenv_values(Path.cwd() / ".env").get(name)


def health_route() -> Route:
    """Return the path that answers without a login, and says nothing but that the app runs."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    return Route(HEALTH, lambda _: JSONResponse({"status": "ok"}), methods=["GET", "HEAD"])

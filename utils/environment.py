"""What a person set outside the program: in the environment, or in a file ``.env`` of the folder they are in."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["setting"]


def setting(*names: str) -> str | None:
    """Return the first of some variables that is set and not empty, or None.

    Args:
        names: Looked for in this order, all of them in the environment before any in ``.env``.
    """
    from dotenv import dotenv_values

    for values in (os.environ, dotenv_values(Path.cwd() / ".env")):
        for name in names:
            if value := values.get(name):
                return value
    return None

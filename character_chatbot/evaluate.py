"""Comparing replies with a reranker, as in the guide (``python character_chatbot/evaluate.py``). Not built yet."""

from __future__ import annotations

from utils.door import run_door
from utils.errors import NotBuiltError

__all__ = ["main"]


def _evaluate() -> None:
    raise NotBuiltError(
        "Comparing replies with a reranker is not built yet; to read replies yourself: hawkins chat Eleven."
    )


def main() -> None:
    """Run the command line."""
    run_door(_evaluate)


if __name__ == "__main__":
    main()

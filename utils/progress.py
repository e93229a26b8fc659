"""How long work reports progress without printing: the door hands in what draws the bar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

__all__ = ["Progress", "silent"]

T = TypeVar("T")


class Progress(Protocol):
    """Wraps an iterable and shows how far its consumer has come."""

    def __call__(self, items: Iterable[T], *, description: str, total: int | None = None) -> Iterable[T]:
        """Return the items unchanged, counting them.

        Args:
            items: The work.
            description: What people read beside the bar.
            total: Number of items, where the iterable does not know.
        """
        ...


def silent(items: Iterable[T], *, description: str, total: int | None = None) -> Iterable[T]:  # noqa: ARG001 - the protocol
    """A `Progress` that shows nothing."""
    return items

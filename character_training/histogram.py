"""How often lengths occur, as bars for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["bins", "histogram"]

_BAR: Final = 40
_STEPS: Final = (1, 2, 5)


def bins(values: Sequence[int], *, most: int = 10) -> list[tuple[int, int, int]]:
    """Count whole numbers in bins of one round width.

    Args:
        values: Not negative.
        most: Bins at most.

    Returns:
        Smallest and largest value of each bin and how many values it holds, from the first bin that holds any to the
        last; nothing for no values.
    """
    if not values:
        return []
    low, high = min(values), max(values)
    widths = (step * 10**power for power, step in product(range(20), _STEPS))
    width = next(width for width in widths if high // width - low // width < most)
    counts = Counter(value // width for value in values)
    return [(b * width, (b + 1) * width - 1, counts[b]) for b in range(low // width, high // width + 1)]


def histogram(values: Sequence[int]) -> Table:
    """Return bars, one a bin, for ``rich.console.Console.print``.

    Args:
        values: Not negative whole numbers.
    """
    from rich.table import Table

    table = Table("", "", "", show_header=False, show_edge=False, box=None)
    table.columns[0].justify = table.columns[1].justify = "right"
    found = bins(values)
    tallest = max((count for _, _, count in found), default=1)
    for first, last, count in found:
        table.add_row(
            f"{first}" if first == last else f"{first}-{last}", f"{count:,}", "█" * -(-count * _BAR // tallest)
        )
    return table

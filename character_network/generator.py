"""The guide's network: who is named within a few sentences of whom."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from utils.errors import InputError
from utils.tables import EDGES, require_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PAIRS", "CharacterNetworkGenerator"]

PAIRS: Final = ("source", "target", "value")
"""Columns of the guide's network frame."""


class CharacterNetworkGenerator:
    """Makes a network of the names of `NamedEntityRecognizer.get_ners` and draws it.

    Args:
        window: Sentences within which two names belong together.
    """

    def __init__(self, *, window: int = 10) -> None:
        if window < 1:
            raise InputError(f"The window is {window} sentences; it must be at least 1.")
        self.window = window

    def generate_character_network(self, df: pd.DataFrame) -> pd.DataFrame:
        """Return how often each two people are named within the window.

        Args:
            df: A row an episode with a column ``ners``: a list of names a sentence (JSON text of it is read too, as in
                a saved csv).

        Returns:
            ``source`` (alphabetically first), ``target``, ``value``, sorted by falling value. A pair counts once for
            each two sentences, at most ``window - 1`` apart, of which one names the one and the other the other;
            episodes are kept apart.

        Raises:
            InputError: If the column is missing or holds something else.
        """
        import pandas as pd

        require_columns(df, ("ners",), name="ners")
        counts: Counter[tuple[str, str]] = Counter()
        for row, sentences in enumerate(df["ners"]):
            counts.update(self._pairs(_sentences(sentences, row=row)))
        pairs = pd.DataFrame([(*pair, count) for pair, count in counts.items()], columns=list(PAIRS))
        pairs = pairs.astype({"value": "int64"})
        return pairs.sort_values(["value", "source", "target"], ascending=[False, True, True], ignore_index=True)

    def _pairs(self, sentences: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
        recent: deque[set[str]] = deque(maxlen=self.window - 1)
        for sentence in sentences:
            names = set(sentence)
            yield from ((one, other) for one in names for other in names if one < other)
            for earlier in recent:
                yield from ((min(one, other), max(one, other)) for one in names for other in earlier if one != other)
            recent.append(names)

    def draw_network_graph(self, df: pd.DataFrame, *, kind: str = "together", title: str | None = None) -> str:
        """Return a self-contained HTML page with the network.

        Args:
            df: What `generate_character_network` returned, or an edges table.
            kind: Which ties of an edges table.
            title: Heading of the page.

        Raises:
            InputError: If the frame is neither, or holds no tie.
        """
        from character_network.page import network_html

        return network_html(as_edges(df), kind=kind, title=title)


def as_edges(df: pd.DataFrame) -> pd.DataFrame:
    """Return the guide's frame as an edges table of one episode; an edges table as it is."""
    if "kind" in df.columns:
        return df
    require_columns(df, PAIRS, name="network")
    edges = df.rename(columns={"value": "weight"}).assign(kind="together", season=1, episode=1)
    return edges[list(EDGES)]


def _sentences(cell: object, *, row: int) -> list[list[str]]:
    """Return an episode's lists of names from a list or its JSON."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except json.JSONDecodeError:
            cell = None
    if not isinstance(cell, Iterable) or any(
        isinstance(names, str) or not isinstance(names, Iterable) for names in cell
    ):
        raise InputError(
            f"Row {row} of the ners table holds no list of names a sentence in its column ners; use get_ners()."
        )
    return [list(names) for names in cell]

"""A piece of a reply, with how likely the model found it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from statistics import fmean

__all__ = ["Piece", "mean_logprob"]


class Piece(str):
    """Text as it comes from a server.

    Attributes:
        logprobs: Natural logarithms of its tokens' probabilities; empty where the server does not tell.
    """

    __slots__ = ("logprobs",)
    logprobs: tuple[float, ...]

    def __new__(cls, text: str, logprobs: Sequence[float] = ()) -> Piece:
        """Make one."""
        piece = super().__new__(cls, text)
        piece.logprobs = tuple(logprobs)
        return piece


def mean_logprob(pieces: Sequence[str], begin: int, end: int) -> float:
    """Return the mean log probability of the tokens that begin in a part of a text, 0 where nothing is known of them.

    Args:
        pieces: The text, piece by piece; those that are no `Piece` tell nothing.
        begin: Where the part begins, in characters.
        end: Where it ends.
    """
    starts = accumulate(map(len, pieces), initial=0)
    told = [
        logprob
        for start, piece in zip(starts, pieces, strict=False)
        if begin <= start < end and isinstance(piece, Piece)
        for logprob in piece.logprobs
    ]
    return fmean(told) if told else 0.0

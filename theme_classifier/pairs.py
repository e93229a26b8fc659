"""Premises and hypotheses as tokens: each is tokenised once, and pairs are put together from the parts.

A tokenizer joins two texts by special tokens before, between and after them. Those are read off one pair that it joined
itself, so that any pair can be built without tokenising again, and a premise that does not fit can be cut into windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from utils.errors import InputError

__all__ = ["Pair", "PairEncoder", "windows"]

_OVERLAP: Final = 4  # a quarter of a window
_UNSET: Final = 100_000  # transformers writes 10^30 where a tokenizer does not know its model's window


def windows(tokens: Sequence[int], *, room: int) -> list[Sequence[int]]:
    """Cut tokens into windows of equal length that overlap by a quarter; the last may overlap more.

    Args:
        tokens: Any number.
        room: Tokens a window, at least 1.

    Returns:
        The windows, in order; the tokens themselves where they fit.
    """
    last = len(tokens) - room
    if last <= 0:
        return [tokens]
    step = room - room // _OVERLAP
    return [tokens[start : start + room] for start in (min(s, last) for s in range(0, last + step, step))]


@dataclass(frozen=True, slots=True)
class Pair:
    """A window of a premise against a hypothesis.

    Attributes:
        target: Which score it counts for.
        premise: Tokens.
        hypothesis: Tokens.
    """

    target: int
    premise: Sequence[int]
    hypothesis: Sequence[int]

    def __len__(self) -> int:
        return len(self.premise) + len(self.hypothesis)


@dataclass(frozen=True)
class _Frame:
    """What stands before, between and after two texts."""

    before: list[int]
    between: list[int]
    after: list[int]

    def around(self, first: Sequence[int], second: Sequence[int]) -> list[int]:
        return [*self.before, *first, *self.between, *second, *self.after]

    def __len__(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)


class PairEncoder:
    """Builds a tokenizer's pairs from texts that it tokenised apart.

    Args:
        tokenizer: A fast transformers tokenizer.
        positions: How many tokens the model has positions for, where its config says so.
    """

    def __init__(self, tokenizer: Any, *, positions: int | None = None) -> None:
        self._tokenizer = tokenizer
        joined = tokenizer("a", "a", return_token_type_ids=True)
        source = joined.sequence_ids(0)
        first, second = source.index(0), source.index(1)
        spans = (slice(0, first), slice(_last(source, 0) + 1, second), slice(_last(source, 1) + 1, None))
        self._ids, self._types = (
            _Frame(*(values[span] for span in spans)) for values in (joined["input_ids"], joined["token_type_ids"])
        )
        self._type_of = joined["token_type_ids"][first], joined["token_type_ids"][second]
        self._longest = _window(tokenizer.model_max_length, positions)

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Return each text's tokens, without special ones."""
        # A long text is cut later, so that the tokenizer need not warn of it.
        return list(self._tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]) if texts else []

    def windowed(self, target: int, premise: Sequence[int], hypothesis: Sequence[int]) -> list[Pair]:
        """Return a pair, or where it exceeds the model's window one for each overlapping window of the premise.

        Raises:
            InputError: If the hypothesis alone fills the window.
        """
        room = self._longest - len(self._ids) - len(hypothesis)
        if room < 1:
            raise InputError(
                f"A theme's sentence has {len(hypothesis)} tokens, which fill the model's window of {self._longest}; "
                "shorten it."
            )
        return [Pair(target, window, hypothesis) for window in windows(premise, room=room)]

    def batch(self, pairs: Sequence[Pair]) -> Any:
        """Return padded tensors, as the model takes them."""
        rows = {"input_ids": [self._ids.around(pair.premise, pair.hypothesis) for pair in pairs]}
        if "token_type_ids" in self._tokenizer.model_input_names:
            first, second = self._type_of
            rows["token_type_ids"] = [
                self._types.around([first] * len(pair.premise), [second] * len(pair.hypothesis)) for pair in pairs
            ]
        return self._tokenizer.pad(rows, return_tensors="pt")


def _last(values: Sequence[int | None], wanted: int) -> int:
    return len(values) - 1 - values[::-1].index(wanted)


def _window(known: int, positions: int | None) -> int:
    """Tokens that a model takes."""
    if known < _UNSET:
        return min(known, positions or known)
    # RoBERTa's first two positions serve padding.
    return positions - 2 if positions else 512

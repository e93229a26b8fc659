"""The language models that a voice can be learnt for: short names, where they come from, and what their licence asks.

An adapter fits one base alone; chat finds a character's adapters by the base's key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BASES", "Base"]


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base model.

    Attributes:
        key: What people write: ``--base smollm2``.
        repository: ``owner/name`` on the Hub.
        revision: Commit that was looked at; ``main`` where none could be confirmed from here.
        licence: As its model card names it.
        gated: Whether its terms must be accepted on its page before it can be fetched.
        embedded: Whether its weights came from the package index (task ``chat`` of `utils.models`).
    """

    key: str
    repository: str
    revision: str
    licence: str
    gated: bool = False
    embedded: bool = False


BASES: Final[dict[str, Base]] = {
    base.key: base
    for base in (
        Base(
            key="smollm2",
            repository="HuggingFaceTB/SmolLM2-135M-Instruct",
            revision="main",
            licence="apache-2.0",
            embedded=True,
        ),
        Base(
            key="llama",
            repository="meta-llama/Llama-3.2-3B-Instruct",
            revision="0cb88a4f764b7a12671c53f0838cd831a0843b95",
            licence="llama3.2",
            gated=True,
        ),
        Base(
            key="qwen",
            repository="Qwen/Qwen2.5-3B-Instruct",
            revision="aa8e72537993ba99e69dfaafa59ed015b17504d1",
            licence="qwen-research",
        ),
        Base(
            key="qwen3",
            repository="Qwen/Qwen3-4B",
            revision="1cfa9a7208912126459214e8b04321603b3df60c",
            licence="apache-2.0",
        ),
    )
}

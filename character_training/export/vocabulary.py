"""A byte-level BPE tokenizer of transformers as GGUF metadata.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (tokenizer). llama.cpp has its own code for cutting text
into words, chosen by `tokenizer.ggml.pre`; here the tokenizer's own description decides which one that is.
"""

from __future__ import annotations

import json
from typing import Any, Final

from utils.errors import InputError

__all__ = ["describe_tokenizer"]

# How the splitting expressions differ that llama.cpp knows: how many digits stay together.
_WORDS: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_BY_EXPRESSION: Final = {_WORDS % "{1,3}": "llama-bpe", _WORDS % "": "qwen2"}
_CANNOT: Final = "; convert the base with llama.cpp's convert_hf_to_gguf.py and give that file"


def _steps(rule: Any) -> list[dict[str, Any]]:
    """The pre-tokenizer as a flat list of steps."""
    if not rule:
        return []
    return [step for part in rule["pretokenizers"] for step in _steps(part)] if rule["type"] == "Sequence" else [rule]


def _pre(rule: Any) -> str | None:
    """Return llama.cpp's name of a pre-tokenizer, or None for one that we do not know."""
    match _steps(rule):
        case [{"type": "ByteLevel", "use_regex": True, "add_prefix_space": False}]:
            return "gpt-2"
        case [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "use_regex": True, "add_prefix_space": False},
        ]:
            return "smollm"
        case [
            {"type": "Split", "pattern": {"Regex": str(expression)}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "use_regex": False, "add_prefix_space": False},
        ]:
            return _BY_EXPRESSION.get(expression)
    return None


def _described(tokenizer: Any, label: str) -> dict[str, Any]:
    """The tokenizer's own description, if it is byte-level BPE."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise InputError(f"The tokenizer of {label} is not a fast one{_CANNOT}.")
    described: dict[str, Any] = json.loads(backend.to_str())
    model = described["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise InputError(f"The tokenizer of {label} is not byte-level BPE{_CANNOT}.")
    return described


def _merges(model: dict[str, Any]) -> list[str]:
    return [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]


def _tokens(tokenizer: Any, model: dict[str, Any], size: int, label: str) -> tuple[list[str], list[int]]:
    """Return token texts and types by number; numbers without a token are filled, so that both sides count alike."""
    from gguf import TokenType

    texts, kinds = [f"[PAD{number}]" for number in range(size)], [int(TokenType.UNUSED)] * size
    added = dict(tokenizer.added_tokens_decoder)
    every = {**{number: text for text, number in model["vocab"].items()}, **{n: t.content for n, t in added.items()}}
    if max(every) >= size:
        raise InputError(
            f"The tokenizer of {label} has {max(every) + 1} tokens and its embedding {size} rows{_CANNOT}."
        )
    for number, text in every.items():
        own = TokenType.NORMAL if number not in added else TokenType.USER_DEFINED
        texts[number], kinds[number] = (
            text,
            int(TokenType.CONTROL if number in added and added[number].special else own),
        )
    return texts, kinds


def describe_tokenizer(writer: Any, tokenizer: Any, size: int, *, label: str, pre: str | None = None) -> None:
    """Add a tokenizer to a GGUF file's metadata.

    Args:
        writer: A ``gguf.GGUFWriter``.
        tokenizer: A fast tokenizer of transformers.
        size: Rows of the embedding.
        label: The base's, for messages.
        pre: llama.cpp's name of its pre-tokenizer, where it is known better.

    Raises:
        InputError: If it is not byte-level BPE, or cuts text in a way that llama.cpp is not known to share.
    """
    described = _described(tokenizer, label)
    known = pre or _pre(described.get("pre_tokenizer"))
    if known is None:
        raise InputError(f"The tokenizer of {label} cuts text in a way that export does not know{_CANNOT}.")
    texts, kinds = _tokens(tokenizer, described["model"], size, label)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(known)
    writer.add_token_list(texts)
    writer.add_token_types(kinds)
    writer.add_token_merges(_merges(described["model"]))
    _describe_specials(writer, tokenizer)


def _describe_specials(writer: Any, tokenizer: Any) -> None:
    """Numbers of the special tokens, whether text begins with one, and the chat template."""
    for key in ("bos", "eos", "unk", "pad"):
        number = getattr(tokenizer, f"{key}_token_id", None)
        if isinstance(number, int):
            getattr(writer, f"add_{key}_token_id")(number)
    tried = tokenizer("a")["input_ids"]
    writer.add_add_bos_token(bool(tried) and tried[0] == tokenizer.bos_token_id)
    writer.add_add_eos_token(bool(tried) and tried[-1] == tokenizer.eos_token_id)
    writer.add_add_space_prefix(False)
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)

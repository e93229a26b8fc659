"""What lies beside an exported voice: Ollama's Modelfile, and how to use the files under which licence.

Format: https://docs.ollama.com/modelfile
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from utils.bases import BASES, Base
from utils.characters import Sampling
from utils.errors import InputError

__all__ = ["Talk", "modelfile", "ollama_base", "readme", "talk_of"]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """How a family of models marks who speaks.

    Attributes:
        mark: What its chat template holds and others do not.
        template: As Ollama wants it (Go's text/template).
        stop: Texts at which a reply ends.
    """

    mark: str
    template: str
    stop: tuple[str, ...]


_CHATML: Final = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)
_LLAMA3: Final = (
    "{{- range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>{{ end }}"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
_TALKS: Final = {
    # Qwen 3 thinks aloud unless the reply begins with an empty thought, as in its training without thinking.
    "qwen3": Talk(mark="<think>", template=f"{_CHATML}<think>\n\n</think>\n\n", stop=("<|im_end|>", "<|endoftext|>")),
    "chatml": Talk(mark="<|im_start|>", template=_CHATML, stop=("<|im_end|>", "<|endoftext|>")),
    "llama3": Talk(mark="<|start_header_id|>", template=_LLAMA3, stop=("<|eot_id|>", "<|start_header_id|>")),
}
# What a licence asks to be said where a model is passed on.
_NOTICES: Final = {
    "apache-2.0": (
        "The base is under the Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0): pass the licence on "
        "with the model, and say that it was changed."
    ),
    "llama3.2": (
        "Built with Llama. Llama 3.2 is licensed under the Llama 3.2 Community License, Copyright © Meta Platforms, "
        "Inc. All Rights Reserved. Pass the agreement on with the model (https://www.llama.com/llama3_2/license/), and "
        "let the name of what you publish begin with Llama."
    ),
    "qwen-research": (
        "Built with Qwen. The base is under the Qwen Research License, Copyright © Alibaba Cloud: for research and "
        "other non-commercial use alone; pass the agreement on with the model."
    ),
}
_OLLAMA_BASES: Final = {"smollm2": "smollm2:135m", "llama": "llama3.2:3b", "qwen": "qwen2.5:3b", "qwen3": "qwen3:4b"}


def talk_of(family: str, chat_template: str | None) -> Talk | None:
    """Return how a model marks who speaks, or None where neither template nor family tells.

    Args:
        family: ``general.architecture``.
        chat_template: The model's own, in Jinja.
    """
    if chat_template is not None:
        return next((talk for talk in _TALKS.values() if talk.mark in chat_template), None)
    return {"qwen2": _TALKS["chatml"], "qwen3": _TALKS["qwen3"]}.get(family)


def _quoted(text: str) -> str:
    """Text between Modelfile's triple quotes, which it cannot end by itself."""
    return '"""' + text.replace('"""', "'''") + '"""'


def modelfile(
    *,
    weights: str,
    adapter: str | None,
    talk: Talk | None,
    sampling: Sampling | None = None,
    system: str | None = None,
    base: str | None = None,
) -> str:
    """Write an Ollama Modelfile.

    Args:
        weights: The merged model or the base: a file, or a name in Ollama's library.
        adapter: The adapter's file beside it; None where it is merged.
        talk: How turns are marked; None leaves that to the file's own chat template.
        sampling: How replies are drawn.
        system: The character's instruction.
        base: Key of `utils.bases.BASES`, for its licence.

    Raises:
        InputError: If a file's name has a line break, which a Modelfile cannot hold.
    """
    if any("\n" in name for name in (weights, adapter or "")):
        raise InputError("A Modelfile cannot name a file with a line break; rename it.")
    lines = [f"FROM {weights}"]
    lines += [f"ADAPTER {adapter}"] if adapter else []
    if talk is not None:
        lines += [f"TEMPLATE {_quoted(talk.template)}", *(f'PARAMETER stop "{stop}"' for stop in talk.stop)]
    if sampling is not None:
        lines += [
            f"PARAMETER temperature {sampling.temperature:g}",
            f"PARAMETER top_p {sampling.top_p:g}",
            f"PARAMETER num_predict {sampling.max_tokens}",
        ]
    lines += [f"SYSTEM {_quoted(system)}"] if system else []
    lines += [f"LICENSE {_quoted(_notice(BASES[base]))}"] if base else []
    return "\n".join(lines) + "\n"


def _notice(base: Base) -> str:
    return _NOTICES.get(base.licence, f"The base is under {base.licence}: https://huggingface.co/{base.repository}")


def ollama_base(base: str | None) -> str | None:
    """Return what Ollama's library calls a base."""
    return _OLLAMA_BASES.get(base or "")


def readme(title: str, *, name: str, merged: str | None, adapter: str | None, base: str | None) -> str:
    """Write how to use the files.

    Args:
        title: Who speaks.
        name: What the model is to be called in Ollama.
        merged: File of the merged model, if there is one.
        adapter: File of the adapter, if there is no merged one.
        base: Key of `utils.bases.BASES`, or None where the base is another.
    """
    known = BASES[base] if base else None
    origin = f"[{known.repository}](https://huggingface.co/{known.repository})" if known else "its base model"
    files = f"--model {merged}" if merged else f"--model BASE.gguf --lora {adapter}"
    rows = [
        f"# {title}",
        "",
        f"A voice learnt by a LoRA adapter on {origin}. A fictional character, played by a language model.",
        "",
        f"- Ollama: `ollama create {name} -f Modelfile`, then `ollama run {name}`",
        f"- llama.cpp: `llama-server {files}`",
        f"- LM Studio: `lms import {merged}`" if merged else "- LM Studio takes no adapters: export with `--merged`.",
    ]
    return "\n".join([*rows, "", _notice(known) if known else "The licence of the base model holds.", ""])

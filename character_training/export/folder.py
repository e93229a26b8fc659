"""`hawkins export gguf`: from a result folder, or the name of a character, to a folder that other programs can use."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from character_training.export.adapter import write_adapter_gguf
from character_training.export.base import write_base_gguf
from character_training.export.gguf_file import field_value, open_gguf, require_kind, shape_of_gguf
from character_training.export.lora import read_peft_config
from character_training.export.merge import merge_gguf
from character_training.export.modelfile import modelfile, ollama_base, readme, talk_of
from character_training.export.shapes import shape_of_config
from character_training.export.sources import config_of, known_base, local_base
from utils.adapters import adapter_folder, adapter_name
from utils.artifacts import atomic_write, prepare_folder
from utils.bases import BASES
from utils.characters import CharacterCard, card_names, known, load_card, system_prompt
from utils.errors import InputError, did_you_mean
from utils.progress import Progress, silent
from utils.series import SeriesProfile, load_series

__all__ = ["Exported", "export_voice"]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote.

    Attributes:
        model: The GGUF file: merged, or the adapter alone.
        modelfile: For ``ollama create``.
        readme: How to use both, and under which licence.
    """

    model: Path
    modelfile: Path
    readme: Path


@dataclass(frozen=True, kw_only=True)
class _Voice:
    """A result folder, whose it is, and its base: key (None if it is another) and where it lies."""

    result: Path
    card: CharacterCard | None
    key: str | None
    base: Path


def export_voice(
    who: str,
    *,
    merged: bool = False,
    base: str | None = None,
    base_gguf: Path | None = None,
    base_model: Path | None = None,
    out: Path | None = None,
    quantization: str = "Q8_0",
    series: str = "stranger_things",
    root: Path = Path("out"),
    progress: Progress = silent,
) -> Exported:
    """Write a trained voice as GGUF, with Ollama's Modelfile and a README beside it.

    Args:
        who: A character whose voice was trained, or the folder of a result.
        merged: One model in place of an adapter.
        base: Key of `utils.bases.BASES`, where a character has several voices.
        base_gguf: The base as a .gguf file; None looks on this machine.
        base_model: The base as a folder of transformers.
        out: Where files go; None for ``export`` in the result folder.
        quantization: Of a merged model.
        series: Whose characters.
        root: Where results of training lie.
        progress: Draws a bar.

    Raises:
        InputError: If there is no such voice, its base is not here, or something is damaged or does not fit.
    """
    require_kind(quantization)
    if base_gguf is not None and base_model is not None:
        raise InputError("Give --base-gguf or --base-model, not both.")
    profile = load_series(series)
    result = _result(who, profile, base, root)
    voice = _voice(result, profile, base_gguf or base_model)
    family, template = _family(voice)
    folder = prepare_folder(out or result / "export")
    if merged:
        model = _merged(voice, folder / f"{result.name}-{quantization.upper()}.gguf", quantization, progress)
    else:
        model = write_adapter_gguf(result, folder / f"{result.name}-lora-F16.gguf", base_config=voice.base)
    weights = f"./{model.name}"
    if not merged:
        given = base_gguf or base_model
        weights = (None if given else ollama_base(voice.key)) or str(voice.base.resolve())
    text = modelfile(
        weights=weights,
        adapter=None if merged else f"./{model.name}",
        talk=talk_of(family, template),
        sampling=voice.card.sampling if voice.card else None,
        system=system_prompt(voice.card, known(voice.card.facts, profile)) if voice.card else None,
        base=voice.key,
    )
    about = readme(
        voice.card.name if voice.card else result.name,
        name=result.name,
        merged=model.name if merged else None,
        adapter=None if merged else model.name,
        base=voice.key,
    )
    return Exported(
        model=model, modelfile=_written(folder / "Modelfile", text), readme=_written(folder / "README.md", about)
    )


def _written(path: Path, text: str) -> Path:
    atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return path


def _result(who: str, profile: SeriesProfile, base: str | None, root: Path) -> Path:
    """Find the folder of a training."""
    if Path(who).is_dir():
        return Path(who).resolve()
    if "/" in who or "\\" in who:
        raise InputError(f"{who} is no folder; give one that `hawkins train` wrote, or the name of a character.")
    if base is not None and base not in BASES:
        raise InputError(f"No base '{base}'; there are: {', '.join(BASES)}.{did_you_mean(base, BASES)}")
    name = profile.require_character(who)
    keys = [base] if base else list(BASES)
    folders = {key: folder for key in keys if (folder := adapter_folder(name, profile, key, root=root)).is_dir()}
    if len(folders) > 1:
        raise InputError(f"{name} has voices on {', '.join(folders)}; say which with --base.")
    if not folders:
        raise InputError(
            f"{name} has no trained voice in {root / profile.key / 'adapters'}; train one with: hawkins train."
        )
    return next(iter(folders.values())).resolve()


def _voice(result: Path, profile: SeriesProfile, given: Path | None) -> _Voice:
    """Find out on which base a result stands and whose it is."""
    name = str(read_peft_config(result).get("base_model_name_or_path") or "")
    cards = {adapter_name(card, key): (card, key) for card in card_names(profile) for key in BASES}
    character, key = cards.get(result.name, (None, known_base(name)))
    base = given or local_base(name) or (local_base(key) if key else None)
    if base is None:
        raise InputError(
            f"{result} was trained on '{name}', which is not on this machine; name the base with --base-gguf FILE or "
            "--base-model DIR."
        )
    return _Voice(result=result, card=load_card(character, profile) if character else None, key=key, base=base)


def _family(voice: _Voice) -> tuple[str, str | None]:
    """Return the architecture of a voice's base, and its chat template if there is one to be found."""
    own = next(_templates(voice.result), None)
    if voice.base.is_dir():
        return shape_of_config(config_of(voice.base), label=voice.base).family, own or next(
            _templates(voice.base), None
        )
    reader = open_gguf(voice.base)
    shape = shape_of_gguf(reader, voice.base)
    return shape.family, own or field_value(reader, "tokenizer.chat_template", voice.base)


def _templates(folder: Path) -> Iterator[str]:
    """Yield the chat templates that a folder of transformers holds."""
    if (path := folder / "chat_template.jinja").is_file():
        yield path.read_text(encoding="utf-8", errors="replace")
    settings: Any = {}
    if (path := folder / "tokenizer_config.json").is_file():
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise InputError(f"{path} is no readable JSON; train again or fetch the folder again.") from None
    if isinstance(settings, dict) and isinstance(settings.get("chat_template"), str):
        yield settings["chat_template"]


def _merged(voice: _Voice, out: Path, quantization: str, progress: Progress) -> Path:
    """Merge; a base that is a folder becomes GGUF for the time being."""
    merge: dict[str, Any] = {"quantization": quantization, "name": voice.result.name, "progress": progress}
    if voice.base.is_file():
        return merge_gguf(voice.base, voice.result, out, **merge)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".base-") as folder:
        base = write_base_gguf(voice.base, None, Path(folder) / "base.gguf", dtype="BF16", progress=progress)
        return merge_gguf(base, voice.result, out, **merge)

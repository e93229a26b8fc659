"""What the bucket holds for the app: an analysis to show, a model that answers, and voices that fit it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws.app_order import File, Voice
from aws.layout import MODELS, analysis_prefix
from aws.sync import Store
from character_training.result import RESULT
from utils.adapters import ADAPTER_FILE
from utils.bases import BASES
from utils.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["EMBEDDED", "Answering", "find_answering", "find_results"]

EMBEDDED: Final = "embedded"
"""What people write for the model that comes with the program."""
_MODEL: Final = re.compile(rf"{MODELS}([^/]+)-chatbot/([^/]+\.gguf)")
_VOICE: Final = re.compile(rf"{MODELS}([^/]+)-chatbot/([^/]+)/{re.escape(ADAPTER_FILE)}")


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What generates replies in the app's process.

    Attributes:
        base: Its short name.
        model: GGUF file; None for the embedded model.
        voices: Adapters for it.
        passed_over: Voices for other bases, as ``character (base)``.
    """

    base: str
    model: File | None
    voices: tuple[Voice, ...]
    passed_over: tuple[str, ...]


def _listed(clients: Clients, bucket: str, prefix: str) -> dict[str, File]:
    found = Store(clients.s3, bucket).entries(prefix)
    return {each["Key"]: _file(each) for each in found if not each["Key"].endswith("/")}


def _file(found: Any) -> File:
    return File(key=found["Key"], etag=found["ETag"].strip('"'), size=found["Size"])


def find_results(clients: Clients, bucket: str, name: str) -> tuple[File, ...]:
    """Return the files of an analysis below ``data/training/``.

    Args:
        clients: Connections.
        bucket: Where it lies.
        name: Its folder.

    Raises:
        InputError: If there is no finished analysis of that name.
    """
    from analysis.results import TABLES

    prefix = analysis_prefix(name)
    files = _listed(clients, bucket, prefix)
    missing = [table for table in TABLES if f"{prefix}{table}.parquet" not in files]
    if missing:
        raise InputError(
            f"s3://{bucket}/{prefix} holds no finished analysis ({missing[0]}.parquet is not there); "
            "upload one with: python deploy_aws.py upload-data"
        )
    return tuple(file for _, file in sorted(files.items()))


def find_answering(clients: Clients, bucket: str, wanted: str | None = None) -> Answering:
    """Return the model that is to answer, and the voices that were trained for it.

    Args:
        clients: Connections.
        bucket: Where ``models/<base>-chatbot/`` lie.
        wanted: ``embedded``, or the short name of a base whose GGUF file lies there; None takes the only such file,
            and the embedded model where there is none.

    Raises:
        InputError: If it is not there, or there are several.
    """
    files = _listed(clients, bucket, MODELS)
    models = [(match[1], files[key]) for key in sorted(files) if (match := _MODEL.fullmatch(key))]
    base, model = _chosen(models, wanted, bucket)
    voices = tuple(voice for key in sorted(files) if (voice := _voice(key, files)))
    return Answering(
        base=base,
        model=model,
        voices=tuple(voice for voice in voices if voice.base == base),
        passed_over=tuple(f"{voice.character} ({voice.base})" for voice in voices if voice.base != base),
    )


def _chosen(models: list[tuple[str, File]], wanted: str | None, bucket: str) -> tuple[str, File | None]:
    if wanted == EMBEDDED or (wanted is None and not models):
        return next(base.key for base in BASES.values() if base.embedded), None
    fitting = [each for each in models if wanted in (None, each[0])]
    if not fitting:
        known = sorted({EMBEDDED, *(base for base, _ in models)})
        raise InputError(
            f"No GGUF file of '{wanted}' lies in s3://{bucket}/{MODELS}{wanted}-chatbot/."
            f"{did_you_mean(str(wanted), known)} There are: {', '.join(known)}."
        )
    if len(fitting) > 1:
        keys = ", ".join(file.key for _, file in fitting)
        raise InputError(
            f"Several models could answer ({keys}); choose one with --model BASE, and keep one GGUF file a base."
        )
    return fitting[0]


def _voice(key: str, files: dict[str, File]) -> Voice | None:
    """A voice that is whole: the file that says so comes last."""
    match = _VOICE.fullmatch(key)
    if match is None or f"{key.rpartition('/')[0]}/{RESULT}" not in files:
        return None
    return Voice(base=match[1], character=match[2], file=files[key])

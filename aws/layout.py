"""Where things lie in the bucket (the guide's layout), and how resources are tagged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = [
    "APP",
    "CHECKPOINTS",
    "CODE",
    "DATA",
    "JOBS",
    "LOGS",
    "MODELS",
    "PROJECT_TAG",
    "RESULTS",
    "ROLE_TAG",
    "TRAINING",
    "analysis_prefix",
    "checkpoint_prefix",
    "job_prefix",
    "log_key",
    "model_prefix",
    "ssm_prefix",
    "tag_dict",
    "tag_list",
]

DATA: Final = "data/"
"""``data/training/``, ``data/transcripts/``, ``data/subtitles/``."""
TRAINING: Final = f"{DATA}training/"
"""Analyses to learn from and to show, a folder each."""
MODELS: Final = "models/"
RESULTS: Final = "results/"
CHECKPOINTS: Final = "checkpoints/"
LOGS: Final = "logs/"
CODE: Final = "code/"
"""Bundles of the program, ``code/<sha256>.tar.gz``; beside the guide's folders."""
JOBS: Final = "jobs/"
"""What a machine is to do, ``jobs/<job>.json``; beside the guide's folders."""

APP: Final = "gradio"
"""What the app's machine is called, as `aws.launch_order.LaunchOrder` has it; ``jobs/gradio/`` and ``logs/gradio/``."""

PROJECT_TAG: Final = "project"
ROLE_TAG: Final = "hawkins:role"
"""What a resource is for: ``training``, ``gradio``, ``storage``, ``access``."""


def analysis_prefix(name: str) -> str:
    """Return where an analysis lies, such as ``data/training/mine/``."""
    return f"{TRAINING}{name}/"


def model_prefix(base: str, character: str) -> str:
    """Return where an adapter and its GGUF go, such as ``models/llama-chatbot/eleven/``."""
    return f"{MODELS}{base}-chatbot/{character.casefold()}/"


def job_prefix(job: str) -> str:
    """Return where the results of one training go."""
    return f"{RESULTS}{job}/"


def checkpoint_prefix(job: str) -> str:
    """Return where the checkpoints of one training go."""
    return f"{CHECKPOINTS}{job}/"


def log_key(job: str, name: str = "training.log") -> str:
    """Return where a machine's log goes."""
    return f"{LOGS}{job}/{name}"


def ssm_prefix(project: str) -> str:
    """Return the path of this project's own SSM parameters, such as ``/stranger-things-nlp/``."""
    return f"/{project}/"


def tag_list(tags: Mapping[str, str]) -> Any:
    """Return tags as AWS takes them; in the order of their names, so that the same ones are the same request."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tag_dict(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return tags from how AWS tells them."""
    return {tag["Key"]: tag["Value"] for tag in found}

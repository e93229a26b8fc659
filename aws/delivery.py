"""What a finished training leaves in the bucket: the voice where chat is going to look for it, and its scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from aws.job import Job
from aws.layout import job_prefix, model_prefix
from aws.sync import Store
from character_training.push import FILES
from character_training.result import RESULT, Result, read_result
from utils.errors import HawkinsError

__all__ = ["METRICS", "RESULTS", "deliver"]

RESULTS: Final = "training_results.json"
"""Everything that `hawkins train` keeps of a training, and which job it was."""
METRICS: Final = "evaluation_metrics.json"
"""What it reached on replies that were held out."""


def deliver(store: Store, job: Job, folder: Path, *, instance: str) -> list[str]:
    """Upload the voice and its scores.

    The file that says that a voice is finished goes first from the old one and comes last of the new one; the same
    holds for the scores, which say that the job is finished.

    Args:
        store: The bucket.
        job: Which job.
        folder: Of the finished training.
        instance: Id of the machine.

    Returns:
        The keys, in their order.

    Raises:
        HawkinsError: If the folder is not finished, or the bucket cannot be reached.
    """
    result = read_result(folder)
    if result is None:
        raise HawkinsError(f"{folder} holds no finished training; order it again.")
    prefix = model_prefix(job.base, result.character)
    names = [name for name in FILES if (folder / name).is_file()]
    store.remove([f"{prefix}{RESULT}"])
    store.remove([f"{prefix}{name}" for name in FILES if name not in names])
    keys = []
    for name in sorted(names, key=lambda each: each == RESULT):
        store.upload(folder / name, f"{prefix}{name}")
        keys.append(f"{prefix}{name}")
    for name, content in _scores(job, result, instance).items():
        store.write(f"{job_prefix(job.id)}{name}", (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
        keys.append(f"{job_prefix(job.id)}{name}")
    return keys


def _scores(job: Job, result: Result, instance: str) -> dict[str, dict[str, Any]]:
    # Through JSON, where what is not a number is null.
    whole = json.loads(result.model_dump_json())
    about = {"job": job.id, "character": result.character, "base": result.base, "repository": result.repository}
    return {METRICS: {**about, **whole["metrics"]}, RESULTS: {"job": job.id, "instance": instance, **whole}}

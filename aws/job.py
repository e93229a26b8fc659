"""What a training machine is to do (``jobs/<id>.json``) and what it says of it (``logs/<id>/progress.json``)."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, ValidationError

from aws.config import AwsConfig
from aws.layout import JOBS, log_key
from character_training.settings import TrainingSettings
from utils.artifacts import content_key
from utils.errors import InputError
from utils.settings import Settings, describe

__all__ = ["TAKEN_AWAY", "Job", "Progress", "State", "job_key", "new_job", "progress_key", "read_job", "read_progress"]

TAKEN_AWAY: Final = "the machine is taken away"
"""How the words of an interrupted job begin where another machine should go on with it."""
_ID: Final = r"^[a-z0-9][a-z0-9-]{2,62}$"
_BASE: Final = r"^[\w.-]+(/[\w.-]+)?$"
_NAME: Final = r"^[^/\\\x00-\x1f]+$"
# Families with NVIDIA GPUs; https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
_WITH_GPU: Final = re.compile(r"(g[4-9]|p[2-9])")
_SHA256: Final = r"^[0-9a-f]{64}$"


class Job(Settings):
    """One training: everything that a machine must know, and no secret.

    Attributes:
        id: Made of what is learnt: the same order is the same job, which goes on where it stopped.
        project: Value of the tag ``project``; also the path of our SSM parameters.
        bucket: Where everything lies.
        region: Of bucket and machine.
        base: Short name or Hub id.
        character: Whose voice.
        results: Folder below ``data/training/``; None for the sample season.
        data: Digest of what lies in that folder, as far as the launcher knows it.
        series: Of the sample season; None for the usual one.
        voices: Whether written exchanges are learnt too.
        settings: How.
        push_to: ``USER/REPO`` on the Hub; None for no copy.
        code: SHA-256 of the bundle of the program.
        gpu: Whether a machine without a GPU that works shall refuse.
        max_hours: The machine ends after so long.
        seconds: Between uploads of log and progress.
    """

    id: Annotated[str, Field(pattern=_ID)]
    project: Annotated[str, Field(min_length=1)]
    bucket: Annotated[str, Field(min_length=3)]
    region: Annotated[str, Field(min_length=1)]
    base: Annotated[str, Field(pattern=_BASE)]
    character: Annotated[str, Field(pattern=_NAME)]
    results: Annotated[str, Field(pattern=_NAME)] | None = None
    data: str = ""
    series: Annotated[str, Field(pattern=_NAME)] | None = None
    voices: bool = False
    settings: TrainingSettings
    push_to: str | None = None
    code: Annotated[str, Field(pattern=_SHA256)]
    gpu: bool = False
    max_hours: float = Field(gt=0)
    seconds: float = Field(gt=0)

    @property
    def minutes(self) -> int:
        """Whole minutes after which the machine ends."""
        return math.ceil(self.max_hours * 60)


def job_key(job: str) -> str:
    """Return where a job lies in the bucket."""
    return f"{JOBS}{job}.json"


def progress_key(job: str) -> str:
    """Return where a job's progress lies in the bucket."""
    return log_key(job, "progress.json")


def new_job(
    config: AwsConfig,
    base: str,
    character: str,
    *,
    code: str,
    results: str | None = None,
    data: str = "",
    series: str | None = None,
    voices: bool = False,
    attempt: int = 0,
) -> Job:
    """Return the job of an order; the same order is the same job, also with newer code or another time limit.

    Args:
        config: Bucket, settings of training, limits.
        base: ``llama`` or ``qwen``; another short name or Hub id works too.
        character: Whose voice.
        code: SHA-256 of the bundle.
        results: Folder below ``data/training/``; None for the sample season.
        data: Digest of what lies there: other data is another job.
        series: Of the sample season; None for the usual one.
        voices: Whether written exchanges are learnt too.
        attempt: Another number is another job: the same training once more from its beginning.

    Raises:
        InputError: If something given cannot be.
    """
    settings = config.training_settings(base)
    learnt = settings.model_dump(exclude={"save_steps"})
    key = content_key(
        base=base, character=character, results=results, data=data, series=series, voices=voices,
        settings=learnt, attempt=attempt,
    )  # fmt: skip
    try:
        return Job(
            id=f"{_word(base)}-{_word(character)}-{key[:10]}",
            project=config.project,
            bucket=config.s3.bucket_name,
            region=config.ec2.region,
            base=base,
            character=character,
            results=results,
            data=data,
            series=series,
            voices=voices,
            settings=settings,
            push_to=config.hub.push_to,
            code=code,
            gpu=bool(_WITH_GPU.match(config.ec2.instance_type)),
            max_hours=config.limits.max_hours,
            seconds=config.logging.seconds,
        )
    except ValidationError as error:
        raise InputError(f"The training cannot be ordered: {describe(error, Job)}") from None


def _word(name: str) -> str:
    """A name as part of a job's id."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:20].strip("-") or "x"


def read_job(text: str | bytes, *, name: str) -> Job:
    """Read a job.

    Args:
        text: What the bucket holds.
        name: Key of the object, for the message.

    Raises:
        InputError: If it is none.
    """
    try:
        return Job.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{name}: {describe(error, Job)} Order the training again.") from None


class State(StrEnum):
    """How a job stands."""

    PREPARING = "preparing"
    TRAINING = "training"
    SAVING = "saving"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Progress(Settings):
    """What a machine says about its job.

    Attributes:
        job: Which.
        state: How it stands; an interrupted one goes on when ordered again.
        stage: What is done now, or why it ended, in words.
        instance: Id of the machine; empty if it could not be asked.
        done: Steps made.
        total: Steps in all; 0 before that is known.
        loss: Of the last step; None before.
        perplexity: On what is held out, when last measured; None before.
        tokens_per_second: Of training; 0 before.
        seconds_left: Of training at the present speed; None where unknown.
        saved: Step of the newest checkpoint in the bucket; 0 for none.
        begun: When this machine began the job, UTC, ISO 8601.
        at: When this was written, likewise.
    """

    job: str
    state: State
    stage: str = ""
    instance: str = ""
    done: int = 0
    total: int = 0
    loss: float | None = None
    perplexity: float | None = None
    tokens_per_second: float = 0.0
    seconds_left: float | None = None
    saved: int = 0
    begun: str = ""
    at: str = ""


def read_progress(text: str | bytes) -> Progress | None:
    """Read what a machine says about its job; None if it cannot be read."""
    try:
        return Progress.model_validate_json(text)
    except ValidationError:
        return None

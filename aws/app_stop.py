"""How the app's machine stops itself when the budget is reached, and tells when it did, which EC2 does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, ValidationError

from aws.deadline import DEADLINE_KEY, read_deadline
from aws.instances import Instance
from aws.layout import APP, log_key
from aws.repeat import patiently
from aws.sync import Store
from utils.errors import HawkinsError
from utils.settings import Settings

__all__ = ["STOPPED_KEY", "Stopped", "dated", "is_due", "stop"]

STOPPED_KEY: Final = log_key(APP, "stopped.json")


class Stopped(Settings):
    """What a machine leaves behind that stops itself.

    Attributes:
        at: When.
    """

    at: AwareDatetime


def is_due(store: Store, *, now: datetime) -> bool:
    """Return whether the budget is reached; a deadline that cannot be read stops nothing.

    Args:
        store: The bucket.
        now: The time.
    """
    try:
        return read_deadline(store.read(DEADLINE_KEY)).passed(now)
    except HawkinsError as error:
        _warn(str(error))
        return False


def stop(store: Store, log: Path, upload: Callable[[], object], *, now: datetime) -> None:
    """Turn the machine off, and say so before: in the log, and in the bucket if that can be reached.

    It was started so that this stops it, and ends nothing.

    Args:
        store: The bucket.
        log: Of the app.
        upload: Uploads it.
        now: The time.
    """
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{now:%Y-%m-%d %H:%M:%S} UTC: the month's budget is reached, and the machine stops.\n")
    patiently(lambda: store.write(STOPPED_KEY, Stopped(at=now).model_dump_json().encode()), warn=_warn)
    patiently(upload, warn=_warn)
    subprocess.run(["shutdown", "-P", "now"], check=False)  # noqa: S607 - nothing in it is from outside


def _warn(said: str) -> None:
    sys.stderr.write(f"warning: {said}\n")


def dated(store: Store, instance: Instance, *, now: datetime) -> Instance:
    """Return a machine with the time at which it stopped itself, if it is the app's and did.

    EC2 says when somebody stopped a machine, and not when its own system shut it down.

    Args:
        store: The bucket.
        instance: As EC2 describes it.
        now: The time.
    """
    if instance.name != APP or instance.state not in {"stopping", "stopped"} or instance.changed is not None:
        return instance
    try:
        at = Stopped.model_validate_json(store.read(STOPPED_KEY) or b"").at
    except ValidationError:
        return instance
    return replace(instance, changed=at) if instance.launched <= at <= now else instance

"""Scripts that cloud-init runs on a new machine: settings in front, then a body in bash. No secret is ever in one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from aws.job import Job
from utils.bases import BASES
from utils.errors import HawkinsError

__all__ = ["LARGEST", "boto3_as_here", "folder_name", "machine_script", "training_user_data"]

LARGEST: Final = 16_384
"""Bytes that EC2 takes, before base64 (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html)."""
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


def machine_script(bodies: tuple[str, ...], values: Mapping[str, str]) -> str:
    """Return a script: values as quoted shell variables, then the bodies as they are.

    Args:
        bodies: Names of files in ``aws/templates``, in their order.
        values: By upper-case name; never a secret, since whoever is on the machine can read its user data.

    Raises:
        HawkinsError: If it is larger than EC2 takes.
    """
    lines = ["#!/bin/bash"]
    for name, value in values.items():
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name) or not value.isprintable():
            raise HawkinsError(f"{name}={value!r} cannot be put into user data.")
        lines.append(f"{name}={shlex.quote(value)}")
    text = "\n".join(lines) + "\n" + "".join(_body(name) for name in bodies)
    if (size := len(text.encode())) > LARGEST:
        raise HawkinsError(f"The user data has {size:,} bytes, and EC2 takes {LARGEST:,}; shorten names and URLs.")
    return text


def _body(name: str) -> str:
    """Return a body without the comments that only its readers here need."""
    lines = (_TEMPLATES / name).read_text(encoding="utf-8").splitlines()
    return "".join(f"{line}\n" for line in lines if line.strip() and not line.lstrip().startswith("#"))


def training_user_data(job: Job) -> str:
    """Return the user data of a training machine.

    Args:
        job: Which must lie in the bucket, as must the bundle, before the machine starts.

    Raises:
        HawkinsError: If it is larger than EC2 takes.
    """
    known = BASES.get(job.base.casefold())
    values = {
        "MINUTES": str(job.minutes),
        "BUCKET": job.bucket,
        "REGION": job.region,
        "JOB": job.id,
        "CODE_SHA256": job.code,
        "FOLDER": folder_name(job.project),
        "BOTO3": boto3_as_here(),
        "EMBEDDED": "yes" if known is not None and known.embedded else "",
    }
    return machine_script(("watchdog.sh", "machine.sh", "training.sh"), values)


def folder_name(project: str) -> str:
    """Return a project's name as a folder of the machine."""
    return re.sub(r"[^\w.-]+", "-", project, flags=re.ASCII).strip("-.") or "project"


def boto3_as_here() -> str:
    """Return what machines install to fetch the program: the version that ordered them."""
    return f"boto3=={version('boto3')}"

"""What a training needs before it begins: the Hub's token, the data, a GPU that works."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Final

from aws.clients import Clients
from aws.errors import NotFoundError, aws_errors
from aws.job import Job
from aws.layout import analysis_prefix, ssm_prefix
from aws.sync import Store
from utils.bases import BASES
from utils.errors import HawkinsError, InputError
from utils.world import World

__all__ = ["fetch_world", "require_gpu", "take_token"]

TOKEN: Final = "huggingface_token"  # noqa: S105 - its name, here as in SSM
"""Where `utils.hub` looks for it."""


def take_token(clients: Clients, job: Job) -> None:
    """Put the Hub's token from SSM into our environment, where it stays, if the job needs one.

    Args:
        clients: Connections.
        job: Needs one to push; a base on the Hub may be gated.

    Raises:
        InputError: If the job is to push and there is none.
        HawkinsError: If SSM cannot be asked.
    """
    known = BASES.get(job.base.casefold())
    if job.push_to is None and known is not None and known.embedded:
        return
    name = f"{ssm_prefix(job.project)}{TOKEN}"
    try:
        with aws_errors(f"reading the parameter {name}"):
            answer = clients.ssm.get_parameter(Name=name, WithDecryption=True)
    except NotFoundError:
        if job.push_to is not None:
            raise InputError(
                f"hub.push_to asks for a copy on the Hub, and SSM holds no {name}; put the token there with "
                "`deploy_aws.py secret`, or remove hub.push_to."
            ) from None
        return
    os.environ[TOKEN] = answer["Parameter"]["Value"].strip()


def fetch_world(store: Store, job: Job, folder: Path) -> World:
    """Fetch the season that is learnt from.

    Args:
        store: The bucket.
        job: Names a folder below ``data/training/``; or the sample season, which is part of the program.
        folder: Where the tables go.

    Raises:
        InputError: If there is no such folder, or it holds no analysis.
    """
    if job.results is None:
        return World.sample() if job.series is None else World.sample(job.series)
    from analysis.results import load_results

    prefix = analysis_prefix(job.results)
    tables = [key for key in store.keys(prefix) if key.endswith(".parquet")]
    if not tables:
        raise InputError(f"{store.where(prefix)} holds no analysis; upload one with: python deploy_aws.py upload-data")
    for key in tables:
        store.download(key, folder / PurePosixPath(key).name)
    return load_results(folder).world


def require_gpu(job: Job) -> None:
    """Refuse to train for hours on the processor of a machine that costs as much as its GPU.

    Raises:
        HawkinsError: If the job wants a GPU and PyTorch finds none.
    """
    if not job.gpu:
        return
    import torch

    if not torch.cuda.is_available():
        raise HawkinsError(
            "PyTorch finds no GPU that it can use on this machine; see setup.log, and choose another ec2.image "
            "or ec2.instance_type."
        )

"""What a training would learn from, looked at before any machine is started."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aws.errors import NotFoundError, aws_errors
from aws.layout import TRAINING, analysis_prefix
from utils.artifacts import content_key
from utils.errors import InputError
from utils.world import World

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["TrainingData", "look_at_data"]


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Lines to learn from.

    Attributes:
        results: Folder below ``data/training/``; None for the sample season that ships with the program.
        digest: Of what lies there; empty for the sample season.
        world: Whose lines.
    """

    results: str | None
    digest: str
    world: World

    def character(self, wanted: str | None, *, voices: bool, context_tokens: int) -> str:
        """Return whose voice is meant, with as many lines as a training needs.

        Args:
            wanted: Name or alias; None for whoever speaks most.
            voices: Whether exchanges written for the character count.
            context_tokens: As the training has it.

        Raises:
            InputError: If there is no such character, or it has too few lines.
        """
        from character_training.dataset import DatasetSettings, build_dataset

        settings = DatasetSettings(voices=voices, context_tokens=context_tokens)
        dataset = build_dataset(self.world, wanted or self._speaks_most(), settings=settings)
        if not dataset.validation:
            raise InputError(f"{dataset.character} speaks in one scene alone, so that none can be held out.")
        return dataset.character

    def _speaks_most(self) -> str:
        counts = self.world.dialogue["speaker"].value_counts()
        cast = {person.name for person in self.world.series.cast}
        for name in counts.index:
            if name in cast:
                return str(name)
        raise InputError("Nobody of the cast speaks in this data; name somebody with --character.")


def look_at_data(
    clients: Clients, bucket: str, results: str | None, *, sample: Callable[[], World] = World.sample
) -> TrainingData:
    """Read the dialogue that a machine would learn from.

    Args:
        clients: Connections.
        bucket: Where it lies.
        results: Folder below ``data/training/``; None for the sample season.
        sample: Reads that season.

    Raises:
        InputError: If the bucket holds no such folder, or no finished analysis in it.
    """
    if results is None:
        return TrainingData(results=None, digest="", world=sample())
    prefix = analysis_prefix(results)
    with aws_errors(f"listing {prefix} in {bucket}"):
        pages = list(clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    found = {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}
    if not found:
        raise InputError(
            f"s3://{bucket}/{prefix} is empty{_others(clients, bucket)}; upload an analysis with: "
            "python deploy_aws.py upload-data"
        )
    return TrainingData(results=results, digest=content_key(files=found), world=_world(clients, bucket, prefix))


def _others(clients: Clients, bucket: str) -> str:
    with aws_errors(f"listing {TRAINING} in {bucket}"):
        found = clients.s3.list_objects_v2(Bucket=bucket, Prefix=TRAINING, Delimiter="/")
    names = [each["Prefix"].removeprefix(TRAINING).rstrip("/") for each in found.get("CommonPrefixes", [])]
    return f" (there are: {', '.join(names)})" if names else ""


def _world(clients: Clients, bucket: str, prefix: str) -> World:
    from utils.artifacts import read_provenance, read_table
    from utils.series import load_series

    key = f"{prefix}dialogue.parquet"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dialogue.parquet"
        try:
            with aws_errors(f"fetching s3://{bucket}/{key}"):
                clients.s3.download_file(bucket, key, str(path))
        except NotFoundError:
            raise InputError(f"s3://{bucket}/{prefix} holds no dialogue.parquet, so it is no analysis.") from None
        table, facts = read_table(path), read_provenance(path) or {}
    if table is None or not {"series", "timeline"} <= facts.keys():
        raise InputError(f"s3://{bucket}/{key} cannot be read as a table of `hawkins analyze`; upload it again.")
    return World(series=load_series(facts["series"]), dialogue=table, timeline=facts["timeline"])

"""What a training would learn from, looked at before any machine is started."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aws.errors import NotFoundError
from aws.layout import TRAINING, analysis_prefix
from aws.sync import Store
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
    store, prefix = Store(clients.s3, bucket), analysis_prefix(results)
    found = {each["Key"]: each["ETag"] for each in store.entries(prefix)}
    if not found:
        raise InputError(
            f"{store.where(prefix)} is empty{_others(store)}; upload an analysis with: python deploy_aws.py upload-data"
        )
    return TrainingData(results=results, digest=content_key(files=found), world=_world(store, prefix))


def _others(store: Store) -> str:
    names = sorted({key.split("/")[2] for key in store.keys(TRAINING) if key.count("/") > 2})
    return f" (there are: {', '.join(names)})" if names else ""


def _world(store: Store, prefix: str) -> World:
    from utils.artifacts import read_provenance, read_table
    from utils.series import load_series

    key = f"{prefix}dialogue.parquet"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dialogue.parquet"
        try:
            store.download(key, path)
        except NotFoundError:
            raise InputError(f"{store.where(prefix)} holds no dialogue.parquet, so it is no analysis.") from None
        table, facts = read_table(path), read_provenance(path) or {}
    if table is None or not {"series", "timeline"} <= facts.keys():
        raise InputError(f"{store.where(key)} cannot be read as a table of `hawkins analyze`; upload it again.")
    return World(series=load_series(facts["series"]), dialogue=table, timeline=facts["timeline"])

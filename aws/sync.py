"""The bucket as machines and commands use it, and checkpoints that are whole in it or not there."""

from __future__ import annotations

import json
import mimetypes
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws.errors import NotFoundError, aws_errors
from character_training.checkpoints import MANIFEST, TRAINER_STATE, checkpoints, find_fault, newest_checkpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["CheckpointStore", "Store"]


@dataclass(frozen=True)
class Store:
    """One bucket.

    Attributes:
        s3: Its client.
        bucket: Its name.
    """

    s3: S3Client
    bucket: str

    def has(self, key: str) -> bool:
        """Return whether there is such an object."""
        try:
            with aws_errors(f"looking for {self.where(key)}"):
                self.s3.head_object(Bucket=self.bucket, Key=key)
        except NotFoundError:
            return False
        return True

    def read(self, key: str) -> bytes | None:
        """Return an object's bytes; None where there is no such object."""
        try:
            with aws_errors(f"reading {self.where(key)}"):
                return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except NotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        """Write an object."""
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        with aws_errors(f"writing {self.where(key)}"):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=kind)

    def upload(self, path: Path, key: str) -> None:
        """Upload a file; a large one goes in parts, each of which S3 checks.

        Raises:
            FileNotFoundError: If it is gone.
            HawkinsError: If it could not be done.
        """
        with aws_errors(f"uploading {self.where(key)}"):
            self.s3.upload_file(str(path), self.bucket, key)

    def download(self, key: str, path: Path) -> None:
        """Download an object into a file, whose folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with aws_errors(f"downloading {self.where(key)}"):
            self.s3.download_file(self.bucket, key, str(path))

    def entries(self, prefix: str) -> list[Any]:
        """Return what S3 says of all objects whose keys begin so: ``Key``, ``Size``, ``ETag``, ``LastModified``."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        with aws_errors(f"listing {self.where(prefix)}"):
            return [entry for page in pages for entry in page.get("Contents", ())]

    def keys(self, prefix: str) -> list[str]:
        """Return all keys that begin so, in order."""
        return sorted(entry["Key"] for entry in self.entries(prefix))

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects, which are few; those that are not there count as removed."""
        for key in keys:
            with aws_errors(f"removing {self.where(key)}"):
                self.s3.delete_object(Bucket=self.bucket, Key=key)

    def where(self, key: str) -> str:
        """Return an object's address, as people write it."""
        return f"s3://{self.bucket}/{key}"


@dataclass
class CheckpointStore:
    """The checkpoints of one job, here and in the bucket.

    Attributes:
        store: The bucket.
        prefix: Where they lie in it.
        root: Where they lie here.
    """

    store: Store
    prefix: str
    root: Path
    _there: dict[str, bytes] = field(default_factory=dict)
    """Manifests of those that are whole in the bucket, by name."""

    @property
    def newest(self) -> int:
        """Step of the newest in the bucket; 0 for none."""
        return max(map(_step, self._there), default=0)

    def push(self) -> None:
        """Upload what is new, oldest first and each one's manifest last; then remove what is gone here.

        The training may remove one while it is uploaded: that one is given up.
        """
        for folder in checkpoints(self.root):
            try:
                self._push_one(folder)
            except FileNotFoundError:
                if folder.name not in self._there:
                    self._remove(folder.name)
        here = {folder.name for folder in checkpoints(self.root)}
        if here & self._there.keys():
            self._remove_all(self._there.keys() - here)

    def _push_one(self, folder: Path) -> None:
        manifest = (folder / MANIFEST).read_bytes()
        if self._there.get(folder.name) == manifest:
            return
        for path in sorted(folder.iterdir()):
            if path.name != MANIFEST:
                self.store.upload(path, f"{self.prefix}{folder.name}/{path.name}")
        self.store.write(f"{self.prefix}{folder.name}/{MANIFEST}", manifest)
        self._there[folder.name] = manifest

    def _remove_all(self, names: Iterable[str]) -> None:
        for name in names:
            self._remove(name)

    def _remove(self, name: str) -> None:
        self._there.pop(name, None)
        # Without its manifest it counts as absent, should the rest not come through.
        self.store.remove([f"{self.prefix}{name}/{MANIFEST}"])
        self.store.remove(self.store.keys(f"{self.prefix}{name}/"))

    def pull(self, *, warn: Callable[[str], object]) -> int:
        """Fetch the newest whole checkpoint, and the best one that it names; remove the others from the bucket.

        What lies whole here already goes before what lies in the bucket.

        Args:
            warn: Hears of those that are not whole.

        Returns:
            Step of the newest here; 0 for none.
        """
        if (mine := newest_checkpoint(self.root, warn=warn)) is not None:
            return _step(mine.name)
        names = {key.removeprefix(self.prefix).partition("/")[0] for key in self.store.keys(self.prefix)}
        known = sorted((name for name in names if _step(name)), key=_step, reverse=True)
        for name in known:
            wanted = self._with_its_best(name, warn)
            if wanted:
                self._remove_all(set(known) - wanted)
                return _step(name)
        self._remove_all(known)
        return 0

    def _with_its_best(self, name: str, warn: Callable[[str], object]) -> set[str]:
        """Fetch a checkpoint and the best one before it; an empty set if one of them is not whole."""
        if not self._fetch(name, warn):
            return set()
        best = _best(self.root / name)
        if best in (None, name) or self._fetch(str(best), warn):
            return {name, best or name}
        shutil.rmtree(self.root / name)
        self._there.pop(name)
        return set()

    def _fetch(self, name: str, warn: Callable[[str], object]) -> bool:
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        keys = self.store.keys(f"{self.prefix}{name}/")
        # Its manifest last here too.
        for key in sorted(keys, key=lambda each: each.endswith(f"/{MANIFEST}")):
            self.store.download(key, folder / Path(key).name)
        fault = find_fault(folder)
        if fault is not None:
            warn(f"{self.store.where(self.prefix)}{name} {fault} and is skipped.")
            shutil.rmtree(folder, ignore_errors=True)
            return False
        self._there[name] = (folder / MANIFEST).read_bytes()
        return True

    def clear(self) -> None:
        """Remove all from the bucket: the training is finished and delivered."""
        keys = self.store.keys(self.prefix)
        self.store.remove([key for key in keys if key.endswith(f"/{MANIFEST}")])
        self.store.remove([key for key in keys if not key.endswith(f"/{MANIFEST}")])
        self._there.clear()


def _step(name: str) -> int:
    """Number in a checkpoint's name; 0 for what is none."""
    number = name.removeprefix("checkpoint-")
    return int(number) if number != name and number.isdigit() else 0


def _best(folder: Path) -> str | None:
    """Name of the checkpoint that had scored best when this one was made."""
    step = json.loads((folder / TRAINER_STATE).read_text(encoding="utf-8")).get("best_global_step")
    return None if step is None else f"checkpoint-{step}"

"""``upload-data``: what changed here since it was uploaded, told by its SHA-256, in parallel."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aws.bucket import bucket_region
from aws.errors import NotFoundError, aws_errors
from aws.layout import DATA, analysis_prefix
from aws.plan import Action, Plan, Step
from utils.artifacts import file_digest
from utils.errors import InputError
from utils.progress import Progress, silent

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["Source", "find_results", "plan_upload", "upload_calls"]

_AT_ONCE: Final = 8
_LARGEST: Final = 5 * 2**30
"""Bytes that S3 takes in one piece, which is what it checks as a whole."""
_SHA256: Final = "sha256"
"""Of an object's own metadata."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A folder, or a file, to upload.

    Attributes:
        path: Here.
        prefix: There.
        deep: Whether folders in it go too.
    """

    path: Path
    prefix: str
    deep: bool = True

    @classmethod
    def results(cls, folder: Path) -> Source:
        """What ``hawkins analyze`` wrote, without the voices that may lie in it.

        Raises:
            InputError: If the folder holds no finished analysis.
        """
        from analysis.results import load_results

        load_results(folder)
        return cls(path=folder, prefix=analysis_prefix(_named(folder)), deep=False)

    @classmethod
    def subtitles(cls, path: Path) -> Source:
        """Subtitle files."""
        return cls(path=path, prefix=f"{DATA}subtitles/")

    @classmethod
    def transcripts(cls, path: Path) -> Source:
        """Speaker transcripts."""
        return cls(path=path, prefix=f"{DATA}transcripts/")


def _named(folder: Path) -> str:
    """Return what a folder is called, also if it is written as ``.``."""
    name = folder.resolve().name
    if not name or not name.isprintable():
        raise InputError(f"{folder} has no name that the bucket could take; rename it.")
    return name


def find_results(out: Path) -> tuple[Path, ...]:
    """Return the folders in ``out`` that look as if ``hawkins analyze`` wrote them."""
    return tuple(sorted(path.parent for path in out.glob("*/dialogue.parquet")))


def plan_upload(clients: Clients, bucket: str, sources: Iterable[Source], *, progress: Progress = silent) -> Plan:
    """Compare what lies here with what lies there.

    Args:
        clients: Connections, to the bucket's region.
        bucket: Its name.
        sources: What shall lie there.
        progress: Sees the files as they are compared.

    Raises:
        InputError: If a source cannot be read.
        HawkinsError: If the bucket cannot be asked.
    """
    wanted = list(sources)
    files = [(source, _files(source)) for source in wanted]
    # Also connects, before threads share the connection.
    if bucket_region(clients, bucket) is None:
        raise InputError(f"There is no bucket {bucket}; make it with: python deploy_aws.py init")
    steps = tuple(_step(clients, bucket, source, found, progress) for source, found in files)
    return Plan(
        title=f"Upload to s3://{bucket}",
        steps=steps,
        notes=("What is replaced stays for 90 days as an older version. Nothing is removed.",),
    )


def _files(source: Source) -> list[Path]:
    if source.path.is_file():
        return [source.path]
    if not source.path.is_dir():
        raise InputError(f"{source.path} does not exist.")
    found = sorted(_walk(source.path, deep=source.deep))
    if not found:
        raise InputError(f"{source.path} holds no files.")
    if large := [path for path in found if path.stat().st_size > _LARGEST]:
        raise InputError(f"{large[0]} is larger than 5 GB, which S3 does not take in one piece; leave it out.")
    return found


def _walk(folder: Path, *, deep: bool) -> Iterator[Path]:
    for path in folder.iterdir():
        # Hidden files are other programs', and links may lead anywhere.
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_file():
            yield path
        elif deep and path.is_dir():
            yield from _walk(path, deep=True)


def _step(clients: Clients, bucket: str, source: Source, files: list[Path], progress: Progress) -> Step:
    root = source.path if source.path.is_dir() else source.path.parent

    def compare(path: Path) -> dict[str, Any] | None:
        key = f"{source.prefix}{path.relative_to(root).as_posix()}"
        digest = file_digest(path)
        if _digest_there(clients, bucket, key) == digest:
            return None
        return {"path": str(path), "key": key, _SHA256: digest, "size": path.stat().st_size}

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        compared = pool.map(compare, files)
        changed = [
            each for each in progress(compared, description=f"Comparing {source.path}", total=len(files)) if each
        ]
    size = sum(each["size"] for each in changed)
    return Step(
        action=Action.CREATE if changed else Action.KEEP,
        kind="objects",
        name=f"s3://{bucket}/{source.prefix}",
        detail=f"{len(changed)} of {len(files)} files, {size / 1e6:,.1f} MB" if changed else f"{len(files)} files",
        call="upload",
        arguments={"bucket": bucket, "prefix": source.prefix, "files": changed},
    )


def _digest_there(clients: Clients, bucket: str, key: str) -> str | None:
    try:
        with aws_errors(f"looking at s3://{bucket}/{key}"):
            return clients.s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(_SHA256, "")
    except NotFoundError:
        return None


def upload_calls(clients: Clients, *, progress: Progress = silent) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`.

    Args:
        clients: Connections, to the bucket's region.
        progress: Sees the files as they arrive.
    """

    def upload(given: Mapping[str, Any]) -> str:
        files = given["files"]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sent = pool.map(lambda file: _send(clients, given["bucket"], file), files)
            for _ in progress(sent, description=f"Uploading to {given['prefix']}", total=len(files)):
                pass
        return f"{len(files)} files in s3://{given['bucket']}/{given['prefix']}"

    return {"upload": upload}


def _send(clients: Clients, bucket: str, file: Mapping[str, Any]) -> None:
    """Send a file as it was when it was compared: S3 refuses what has another checksum."""
    path, key = Path(file["path"]), file["key"]
    checksum = base64.b64encode(bytes.fromhex(file[_SHA256])).decode()
    try:
        body = path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read any more ({error.strerror}); run the command again.") from None
    with body, aws_errors(f"uploading {path} to s3://{bucket}/{key}"):
        clients.s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ChecksumSHA256=checksum,
            ContentType=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            Metadata={_SHA256: file[_SHA256]},
        )

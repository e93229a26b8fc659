"""The program as one file: what a machine needs to run it, the same bytes for the same files."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aws.layout import CODE
from aws.plan import Action, Step
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.sync import Store

__all__ = ["PROJECT", "Bundle", "bundle_calls", "bundle_key", "bundle_step", "make_bundle"]

PROJECT: Final = Path(__file__).resolve().parent.parent
"""The folder of the clone that runs."""
_BESIDE: Final = ("LICENSE", "README.md", "pyproject.toml")
_REQUIREMENTS: Final = "requirements*.txt"


@dataclass(frozen=True)
class Bundle:
    """A tar.gz of the program.

    Attributes:
        data: Its bytes.
        sha256: Of these.
        names: Of the files in it, relative to the project's folder.
    """

    data: bytes
    sha256: str
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """Where it lies in the bucket."""
        return bundle_key(self.sha256)


def bundle_key(sha256: str) -> str:
    """Return where a bundle lies in the bucket."""
    return f"{CODE}{sha256}.tar.gz"


def bundle_step(store: Store, bundle: Bundle) -> Step:
    """Return the step of a plan that brings a bundle into the bucket; KEEP where the same program lies there.

    Args:
        store: The bucket.
        bundle: The program.
    """
    return Step(
        action=Action.KEEP if store.has(bundle.key) else Action.CREATE,
        kind="object",
        name=store.where(bundle.key),
        detail=f"the program, {len(bundle.names)} files, {len(bundle.data) / 1e6:.1f} MB",
        call="bundle",
        arguments={"key": bundle.key, "sha256": bundle.sha256},
    )


def bundle_calls(store: Store, bundle: Bundle) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries that step out, for `aws.plan.carry_out`.

    Args:
        store: The bucket.
        bundle: The program, whose bytes are in no plan.
    """

    def put(arguments: Mapping[str, Any]) -> str:
        store.write(arguments["key"], bundle.data)
        return str(arguments["key"])

    return {"bundle": put}


def make_bundle(root: Path = PROJECT) -> Bundle:
    """Pack packages, series, doors, locks and what installing them needs; nothing hidden, nothing that git ignores.

    Args:
        root: The project's folder.

    Raises:
        InputError: If it is no clone of the project, or a file in it cannot be read.
    """
    names = tuple(sorted(_files(root, _tops(root))))
    packed = io.BytesIO()
    # Neither time nor owner nor rights of this machine: the same files are the same bundle.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in names:
            _add(tar, root, name)
    data = packed.getvalue()
    return Bundle(data, hashlib.sha256(data).hexdigest(), names)


def _add(tar: tarfile.TarFile, root: Path, name: str) -> None:
    try:
        content = (root / name).read_bytes()
    except OSError as error:
        raise InputError(
            f"{root / name} cannot be read ({error.strerror}), and machines need it; change its rights."
        ) from None
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


def _tops(root: Path) -> list[str]:
    """Return the files and folders directly below the root that are the program."""
    settings = _setuptools(root)
    packages = {name.partition(".")[0] for name in settings["packages"]}
    modules = {f"{name}.py" for name in settings["py-modules"]}
    locks = {path.name for path in root.glob(_REQUIREMENTS)}
    return sorted(name for name in {*packages, *modules, *locks, *_BESIDE} if (root / name).exists())


def _setuptools(root: Path) -> dict[str, Any]:
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        raise InputError(f"{root} holds no pyproject.toml; run deploy_aws.py in a clone of the project.") from None
    found: dict[str, Any] = tomllib.loads(text)["tool"]["setuptools"]
    return found


def _files(root: Path, tops: list[str]) -> list[str]:
    found = _known_to_git(root, tops) if (root / ".git").exists() and shutil.which("git") else _walked(root, tops)
    return [name for name in found if _wanted(root, name)]


def _known_to_git(root: Path, tops: list[str]) -> Iterable[str]:
    """Yield what git tracks, and what is new and not ignored."""
    words = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *tops]
    listed = subprocess.run(words, capture_output=True, check=False)  # noqa: S603 - our own words
    if listed.returncode:
        reason = listed.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise InputError(f"git cannot list the files of {root}: {reason}")
    return listed.stdout.decode().split("\0")


def _walked(root: Path, tops: list[str]) -> Iterable[str]:
    """Yield all files: for a copy of the project without git."""
    for top in tops:
        paths = [root / top] if (root / top).is_file() else (root / top).rglob("*")
        yield from (path.relative_to(root).as_posix() for path in paths)


def _wanted(root: Path, name: str) -> bool:
    """Whether a file goes along: a plain one, neither hidden (``.env``) nor compiled."""
    path = Path(name)
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return bool(name) and not hidden and (root / path).is_file() and not (root / path).is_symlink()

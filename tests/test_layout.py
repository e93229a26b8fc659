"""The house of DESIGN: arrows run one way, packages are light, public names are held."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FEATURES = (
    "character_chatbot",
    "character_network",
    "character_training",
    "crawler",
    "text_classification",
    "theme_classifier",
)
PACKAGES = ("utils", *FEATURES, "analysis", "web", "aws", "commands")
DOORS = ("hawkins", "gradio_app", "deploy_aws")
# What each room may use of ours.
MAY_USE = {
    "utils": {"utils"},
    **{feature: {"utils", feature} for feature in FEATURES},
    "analysis": {"utils", "analysis", *FEATURES},
    "web": {"utils", "analysis", "web", *FEATURES},
    "aws": {"utils", "analysis", "aws", *FEATURES},
    "commands": {"utils", "analysis", "web", "aws", "commands", "gradio_app", *FEATURES},
}
HEAVY = (
    "torch",
    "transformers",
    "spacy",
    "gradio",
    "boto3",
    "ray",
    "scrapy",
    "pandas",
    "sklearn",
    "xllamacpp",
    "trl",
    "peft",
    "datasets",
    "gguf",
    "sqlalchemy",
    "fastapi",
    "openai",
)


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_run_one_way(package: str) -> None:
    ours = {*PACKAGES, *DOORS}
    for path in (ROOT / package).rglob("*.py"):
        crossing = (_imported(path) & ours) - MAY_USE[package]
        assert not crossing, f"{path.relative_to(ROOT)} imports {sorted(crossing)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_say_what_is_public(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
        lists = [
            [element.value for element in node.value.elts]  # type: ignore[attr-defined]
            for node in tree.body
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets)
        ]
        if path.name != "__init__.py" or len(tree.body) > 1:
            assert len(lists) == 1, f"{path.relative_to(ROOT)} has no __all__"
            assert lists[0] == sorted(lists[0], key=_ruff_order), f"{path.relative_to(ROOT)}: __all__ is not sorted"


def _ruff_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff's RUF022 has it."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("module", [*PACKAGES, *DOORS])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not done.stdout.split(), f"import {module} loads {done.stdout}"


def test_help_answers_without_loading_anything_heavy() -> None:
    code = (
        "import sys; sys.argv = ['hawkins', '--help']\n"
        "from hawkins import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        f"print('HEAVY', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("HEAVY"), done.stdout


def test_pyproject_lists_every_package() -> None:
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {init.parent for package in PACKAGES for init in (ROOT / package).rglob("__init__.py")}
    assert set(listed["packages"]) == {*(".".join(path.relative_to(ROOT).parts) for path in found), "series"}
    assert set(listed["py-modules"]) == set(DOORS)


def test_nobody_catches_everything() -> None:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ExceptHandler):
                    caught = node.type.id if isinstance(node.type, ast.Name) else ""
                    assert node.type is not None, f"{path.name}:{node.lineno} catches everything"
                    assert caught not in {"Exception", "BaseException"}, f"{path.name}:{node.lineno} catches {caught}"

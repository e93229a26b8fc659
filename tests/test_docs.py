"""README and docs agree with the code: commands, files, links, the example profile, columns."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

import deploy_aws
import hawkins
from utils import tables
from utils.characters import CharacterCard
from utils.series import SeriesProfile
from utils.settings import Settings, read_settings

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "README.md"
SAMPLE_README: Final = ROOT / "series" / "stranger_things" / "sample" / "README.md"
PAGES: Final = (
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks" / "README.md",
    SAMPLE_README,
    *sorted((ROOT / "docs").rglob("*.md")),
)
DOORS: Final = {"hawkins": hawkins.app, "deploy_aws.py": deploy_aws.app}
HELP: Final = frozenset({"-h", "--help"})

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_TREE_ROW: Final = re.compile(r"^( *)(\S+)")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in _FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


def _written(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield what stands in code, and whether it is a line that a reader would run as it is."""
    text = page.read_text(encoding="utf-8")
    yield from ((line, True) for block in _blocks(page, "bash") for line in block.splitlines())
    yield from ((code, False) for code in _INLINE.findall(_FENCE.sub("", text)))


def _commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield the commands of our own doors."""
    for line, whole in _written(page):
        if re.match(r"(?:hawkins(?! *$)|python3? deploy_aws\.py) ", line):
            yield line.removeprefix("python3 ").removeprefix("python "), whole


def _trouble(line: str, *, whole: bool) -> str | None:
    """Say what is wrong with a command line, or None."""
    door, *words = shlex.split(line, comments=True)
    words = [word for word in words[: words.index("2>")] if word] if "2>" in words else words
    command: Any = typer.main.get_command(DOORS[door])
    while words and hasattr(command, "commands"):
        if words[0] in HELP:
            return None
        if words[0] not in command.commands and hasattr(command, "default_command"):
            words.insert(0, command.default_command)
        if words[0] not in command.commands:
            return f"there is no command '{words[0]}'"
        command = command.commands[words.pop(0)]
    return _wrong_arguments(command, words, whole=whole)


def _wrong_arguments(command: Any, words: list[str], *, whole: bool) -> str | None:
    options = {name: param for param in command.params for name in param.opts if name.startswith("-")}
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    given = 0
    while words:
        word, *words = words
        if not word.startswith("-"):
            given += 1
        elif word not in options and word not in HELP:
            return f"there is no option '{word}'"
        elif word in options and not options[word].is_flag:
            if not words:
                return f"'{word}' lacks its value"
            words.pop(0)
    if given > len(arguments) and not any(argument.nargs < 0 for argument in arguments):
        return f"it takes {len(arguments)} arguments, not {given}"
    if whole and given < sum(argument.required for argument in arguments):
        return "an argument is missing"
    return None


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_exist_with_their_options(page: Path) -> None:
    troubles = {line: _trouble(line, whole=whole) for line, whole in _commands(page)}
    assert not {line: trouble for line, trouble in troubles.items() if trouble}


def test_every_command_is_documented() -> None:
    lines = [shlex.split(line) for page in PAGES for line, _ in _commands(page)]
    shown = {tuple(words[1:]) for words in lines}
    # `hawkins aws` is the other door, and said to be the same.
    shown |= {("aws", *words[1:]) for words in lines if words[0] == "deploy_aws.py"}
    for door in DOORS.values():
        for path in _paths(typer.main.get_command(door)):
            assert any(words[: len(path)] == path for words in shown), f"{' '.join(path)} is not in README or docs"


def _paths(command: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, below in command.commands.items():
        if hasattr(below, "commands"):
            yield from _paths(below, (*above, name))
        else:
            yield *above, name


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("hawkins dance", "there is no command 'dance'"),
        ("hawkins models fetch chat", "there is no command 'fetch'"),
        ("hawkins chat Eleven --before S01E02", "there is no option '--before'"),
        ("hawkins chat Eleven --until", "'--until' lacks its value"),
        ("hawkins network one two", "it takes 1 arguments, not 2"),
        ("hawkins analyze --out out/mine", "an argument is missing"),
        ("hawkins analyze my_subtitles --out out/mine  # a remark", None),
        ("deploy_aws.py train llama", None),
    ],
)
def test_the_check_of_commands_finds_trouble(line: str, trouble: str | None) -> None:
    assert _trouble(line, whole=True) == trouble


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    lines = [shlex.split(line, comments=True) for line, _ in _written(page) if line.startswith("make ")]
    used = {word for _, *words in lines for word in words if "=" not in word}
    assert used <= targets


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_resolve(page: Path) -> None:
    links = _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    files = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    assert not [file for file in files if file and not (page.parent / file).exists()]


def _tree() -> Iterator[Path]:
    """Yield the paths of the file tree in the README; a row indented further lies in the folder above it."""
    rows = next(block for block in _blocks(README, "text") if "Makefile" in block).splitlines()
    folder = Path()
    for indent, name in (match.groups() for row in rows if (match := _TREE_ROW.match(row))):
        path = folder / name if indent else Path(name)
        if not indent:
            folder = path
        yield path


def test_file_tree_names_what_is_there() -> None:
    missing = [str(path) for path in _tree() if not (ROOT / path).exists()]
    assert not missing


def test_file_tree_misses_no_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"series"}
    assert packages <= {str(path) for path in _tree()}


def _first_yaml(page: Path, holding: str) -> str:
    return next(block for block in _blocks(page, "yaml") if holding in block)


@pytest.mark.parametrize(("holding", "model"), [("title:", SeriesProfile), ("greeting:", CharacterCard)])
def test_examples_of_settings_load(holding: str, model: type[Settings], tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(_first_yaml(ROOT / "docs" / "series.md", holding), encoding="utf-8")
    read_settings(file, model)


def test_the_first_example_of_the_series_page_is_a_profile() -> None:
    first = _blocks(ROOT / "docs" / "series.md", "yaml")[0]
    assert first == _first_yaml(ROOT / "docs" / "series.md", "title:")


@pytest.mark.parametrize("table", ["DIALOGUE", "EPISODES", "MENTIONS", "EDGES", "PLACES", "SCENE_PLACES"])
def test_every_column_is_described(table: str) -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert not [column for column in getattr(tables, table) if f"`{column}`" not in page]


def test_python_in_the_readme_names_what_exists() -> None:
    for block in _blocks(README, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                assert not [alias.name for alias in node.names if not hasattr(module, alias.name)]


def test_changelog_has_an_unreleased_section() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", text, re.MULTILINE)

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from utils.errors import InputError
from utils.settings import Settings, read_settings


class Lamp(Settings):
    color: str = "white"
    watts: int = Field(default=5, gt=0)


class House(Settings):
    title: str
    porch: Lamp | None = None
    lamps: tuple[Lamp, ...] = ()
    rooms: dict[str, Lamp] = Field(default_factory=dict)


def read(path: Path, text: str | bytes) -> House:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_settings(path, House)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "house.yaml"


def test_a_good_file(file: Path) -> None:
    house = read(file, "title: Byers\nlamps: [{color: red}, {watts: 7}]\nrooms: {hall: {watts: 3}}\n")
    assert house == House(title="Byers", lamps=(Lamp(color="red"), Lamp(watts=7)), rooms={"hall": Lamp(watts=3)})


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        House(title="Byers").title = "Wheeler"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "key", "suggestion"),
    [
        ("title: x\ntitel: y", "titel", "title"),
        ("title: x\nporch: {colour: red}", "porch.colour", "color"),
        ("title: x\nlamps: [{color: red}, {wats: 3}]", "lamps.1.wats", "watts"),
        ("title: x\nrooms: {hall: {colr: red}}", "rooms.hall.colr", "color"),
        ("title: x\nrooms: {lamps: {colr: red}}", "rooms.lamps.colr", "color"),
        ("titel: x", "titel", "title"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(text: str, key: str, suggestion: str, file: Path) -> None:
    with pytest.raises(InputError, match=rf"house\.yaml: unknown key '{key}'\. Did you mean {suggestion}\?$"):
        read(file, text)


def test_an_unknown_key_like_no_other_has_no_suggestion(file: Path) -> None:
    with pytest.raises(InputError, match=r"house\.yaml: unknown key 'porch.qqqq'\.$"):
        read(file, "title: x\nporch: {qqqq: 1}")


@pytest.mark.parametrize(
    ("text", "key", "trouble"),
    [
        ("title: 1", "title", "valid string"),
        ("title:", "title", "valid string"),
        ("porch: {}", "title", "required"),
        ("title: x\nporch: 3", "porch", "dictionary"),
        ("title: x\nporch: {watts: many}", "porch.watts", "valid integer"),
        ("title: x\nlamps: [{}, {watts: 0}]", "lamps.1.watts", "greater than 0"),
        ("title: x\nlamps: {}", "lamps", "tuple"),
        ("title: x\n1: y", "1", "strings"),
    ],
)
def test_a_wrong_value_names_file_and_key(text: str, key: str, trouble: str, file: Path) -> None:
    with pytest.raises(InputError, match=rf"house\.yaml: key '{key}': .*{trouble}"):
        read(file, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [("title: x\nlamps: [1", 2), ("title: x\n  porch: y", 2), ("a: 1\nb: 2\n\tc: 3", 3), ("title: x\n? [a]\n: b", 2)],
)
def test_bad_yaml_names_the_line(text: str, line: int, file: Path) -> None:
    with pytest.raises(InputError, match=rf"house\.yaml, line {line} is not valid YAML: "):
        read(file, text)


def test_a_date_that_does_not_exist_is_bad_yaml(file: Path) -> None:
    with pytest.raises(InputError, match=r"house\.yaml"):
        read(file, "title: 1984-11-31")


def test_control_characters_are_bad_yaml(file: Path) -> None:
    with pytest.raises(InputError, match=r"house\.yaml is not valid YAML"):
        read(file, "title: x\x00")


@pytest.mark.parametrize("text", ["- title", "", "# nothing\n", "title", "3"])
def test_the_top_level_holds_keys(text: str, file: Path) -> None:
    with pytest.raises(InputError, match=r"house\.yaml must hold keys and values at its top level"):
        read(file, text)


def test_a_byte_order_mark_is_ignored(file: Path) -> None:
    assert read(file, b"\xef\xbb\xbftitle: x").title == "x"


@pytest.mark.parametrize("content", [b"title: caf\xe9", "title: x".encode("utf-16")])
def test_other_encodings_are_named(content: bytes, file: Path) -> None:
    with pytest.raises(InputError, match=r"house\.yaml cannot be read: .*utf-8"):
        read(file, content)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml does not exist"):
        read_settings(tmp_path / "none.yaml", House)
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(tmp_path, House)


@pytest.mark.parametrize("text", ["title: [", "titel: x", "title: 1", "- a", "title: x\nlamps: [{watts: {a: [b]}}]"])
def test_every_message_is_one_line(text: str, file: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(file, text)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(file))

"""YAML files and pydantic models: unknown or wrong keys become one line that names file and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from utils.errors import InputError, did_you_mean

__all__ = ["Settings", "describe", "read_mapping", "read_settings"]


class Settings(BaseModel):
    """Base of everything read from a settings file: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=Settings)


def _read_yaml(path: Path) -> Any:
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise InputError(
            f"{path}{line} is not valid YAML: {getattr(error, 'problem', None) or 'unreadable'}."
        ) from None
    except ValueError as error:  # a date or number that YAML's grammar allows and Python does not
        raise InputError(f"{path} is not valid YAML: {error}; put quotes around the value.") from None


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Field names of the (possibly nested) model in which a key stands."""
    for part in location[:-1]:
        if not isinstance(part, str) or part not in model.model_fields:
            continue
        stack: list[Any] = [model.model_fields[part].annotation]
        while stack:
            annotation = stack.pop()
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation
                break
            stack.extend(getattr(annotation, "__args__", ()))
    return list(model.model_fields)


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds keys and values.

    Raises:
        InputError: Naming the file and the trouble.
    """
    data = _read_yaml(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} must hold keys and values at its top level.")
    return data


def read_settings(path: Path, model: type[S]) -> S:
    """Read a YAML file into a settings model.

    Args:
        path: The file.
        model: What it must describe.

    Raises:
        InputError: Naming the file, the key and the trouble.
    """
    data = read_mapping(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{path}: {describe(error, model)}") from None


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """Say in one sentence what is wrong with settings.

    A misspelt key that must be there counts as two errors to pydantic; the unknown one says more.

    Args:
        error: What pydantic found.
        model: What was to be described, for suggestions.
    """
    first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    location = first["loc"]
    key = ".".join(str(part) for part in location)
    if first["type"] == "extra_forbidden":
        return f"unknown key '{key}'.{did_you_mean(str(location[-1]), _known_keys(model, location))}"
    message = first["msg"].removeprefix("Value error, ")
    return f"key '{key}': {message}." if key else f"{message}."

"""YAML files and pydantic models: unknown or wrong keys become one line that names file and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from utils.errors import InputError, did_you_mean

__all__ = ["Settings", "read_settings"]


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


def read_settings(path: Path, model: type[S]) -> S:
    """Read a YAML file into a settings model.

    Args:
        path: The file.
        model: What it must describe.

    Raises:
        InputError: Naming the file, the key and the trouble.
    """
    data = _read_yaml(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} must hold keys and values at its top level.")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        location = first["loc"]
        key = ".".join(str(part) for part in location) or "(top level)"
        if first["type"] == "extra_forbidden":
            hint = did_you_mean(str(location[-1]), _known_keys(model, location))
            raise InputError(f"{path}: unknown key '{key}'.{hint}") from None
        raise InputError(f"{path}: key '{key}': {first['msg']}.") from None

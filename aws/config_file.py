"""A commented ``aws_config.yaml``: every key with its meaning and default, as the models have them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from aws.config import AwsConfig, Ec2Settings, S3Settings
from character_training.settings import TrainingSettings
from utils.errors import InputError

__all__ = ["config_text", "new_bucket_name", "write_config"]

_HEAD: Final = """\
# What `python deploy_aws.py` (the same as `hawkins aws`) makes and uses. Every key is here with its default; unknown
# keys are refused by name. No secret belongs into this file: see `deploy_aws.py secret`.
"""
_ENTRY: Final = re.compile(r"^(\w+): (.*)$")


def new_bucket_name(project: str, *, account: str, region: str) -> str:
    """Return a name that nobody else in the world is likely to have taken; the same one for the same.

    Args:
        project: Begins the name.
        account: Twelve digits.
        region: Of the bucket: the names of all regions are one set.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", project.casefold()).strip("-")[:50].strip("-") or "hawkins"
    return f"{plain}-{hashlib.sha256(f'{project} {account} {region}'.encode()).hexdigest()[:8]}"


def config_text(*, bucket: str, region: str = "us-east-1") -> str:
    """Return the whole file.

    Args:
        bucket: Name of the bucket.
        region: Of everything.
    """
    config = AwsConfig(ec2=Ec2Settings(region=region), s3=S3Settings(bucket_name=bucket, region=region))
    lines = [_HEAD]
    for name, meaning in _meanings(AwsConfig).items():
        lines.append(f"# {meaning}\n{name}:")
        lines.extend(_section(TrainingSettings() if name == "training" else getattr(config, name)))
        lines.append("")
    return "\n".join(lines)


def _section(section: BaseModel | Mapping[str, Any]) -> Iterator[str]:
    if isinstance(section, BaseModel):
        meanings = _meanings(type(section))
        for key, value in section.model_dump(mode="json").items():
            yield f"  # {meanings[key]}"
            yield f"  {key}: {_yaml(value)}"
    else:
        for key, value in section.items():
            yield f"  {key}: {_yaml(value)}"


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what a model's docstring says of its attributes, in their order."""
    lines = (model.__doc__ or "").partition("Attributes:")[2].strip().splitlines()
    meanings: dict[str, str] = {}
    for line in map(str.strip, lines):
        if found := _ENTRY.match(line):
            meanings[found[1]] = found[2]
        elif line and meanings:
            name = next(reversed(meanings))
            meanings[name] += f" {line}"
    # As YAML has it.
    return {name: re.sub(r"\bNone\b", "null", text.replace("``", "`")) for name, text in meanings.items()}


def _yaml(value: Any) -> str:
    import yaml

    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def write_config(path: Path, text: str) -> None:
    """Write the file; one that is there is never touched.

    Raises:
        InputError: If there is one, or the folder cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(f"{path} is there already and stays as it is; change it by hand.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); run the command in another folder.") from None

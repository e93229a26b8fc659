"""A key pair for SSH: AWS makes it and tells the private half once; it goes into a file that only its owner reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws.config import AwsConfig
from aws.errors import NotFoundError, aws_errors
from aws.layout import ROLE_TAG, tag_list
from aws.plan import Action, Step
from utils.artifacts import prepare_folder
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["has_key_pair", "key_file", "key_pair_calls", "key_pair_names", "plan_key_pair"]


def key_pair_names(config: AwsConfig) -> tuple[str, ...]:
    """Return the key pairs that the configuration names."""
    names = (config.ec2.key_pair_name, config.gradio.key_pair_name)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def key_file(name: str) -> Path:
    """Return where the private half lies, as in the guide."""
    return Path.home() / ".ssh" / f"{name.replace('/', '-')}.pem"


def has_key_pair(clients: Clients, name: str) -> bool:
    """Return whether AWS knows a key pair."""
    try:
        with aws_errors(f"looking for the key pair {name}"):
            clients.ec2.describe_key_pairs(KeyNames=[name])
    except NotFoundError:
        return False
    return True


def plan_key_pair(config: AwsConfig, name: str, *, known: bool) -> Step:
    """Return what is to be done for a key pair; one that AWS knows is never replaced.

    Args:
        config: Tags.
        name: Of the pair.
        known: Whether AWS knows it.

    Raises:
        InputError: If it is to be made, and its file is there already.
    """
    file = key_file(name)
    there = os.path.lexists(file)
    if not known and there:
        raise InputError(
            f"{file} is there, but AWS knows no key pair {name}; move the file away, or give the pair another name "
            "(key_pair_name)."
        )
    detail = f"private half: {file}" if there or not known else f"private half is not in {file}"
    return Step(
        action=Action.KEEP if known else Action.CREATE,
        kind="key pair",
        name=name,
        detail=detail,
        call="make key pair",
        arguments={"name": name, "file": str(file), "tags": {**config.tags, ROLE_TAG: "access"}},
    )


def key_pair_calls(clients: Clients) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries these steps out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
    """

    def make(given: Mapping[str, Any]) -> str:
        file = Path(given["file"])
        prepare_folder(file.parent, remedy="see that ~/.ssh can be written")
        # The file first: a private half that cannot be kept would be lost.
        descriptor = _open_new(file)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(_make(clients, given))
            file.chmod(0o400)
        except (HawkinsError, OSError):
            file.unlink()
            raise
        return str(given["name"])

    return {"make key pair": make}


def _open_new(file: Path) -> int:
    try:
        return os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise InputError(f"{file} cannot be made ({error.strerror}); move what is there away.") from None


def _make(clients: Clients, given: Mapping[str, Any]) -> str:
    name = given["name"]
    try:
        with aws_errors(f"making the key pair {name}"):
            return clients.ec2.create_key_pair(
                KeyName=name,
                KeyType="ed25519",
                KeyFormat="pem",
                TagSpecifications=[{"ResourceType": "key-pair", "Tags": tag_list(given["tags"])}],
            )["KeyMaterial"]
    except HawkinsError:
        _remove_lost(clients, given)
        raise


def _remove_lost(clients: Clients, given: Mapping[str, Any]) -> None:
    """Remove a pair that was made although the answer was lost: nobody has its private half."""
    ours: Any = [{"Name": f"tag:{key}", "Values": [value]} for key, value in given["tags"].items()]
    named: Any = [{"Name": "key-name", "Values": [given["name"]]}]
    with suppress(HawkinsError), aws_errors(f"removing the key pair {given['name']}"):
        for found in clients.ec2.describe_key_pairs(Filters=[*named, *ours])["KeyPairs"]:
            clients.ec2.delete_key_pair(KeyName=found["KeyName"])

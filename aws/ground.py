"""What `init` makes, as far as machines need it: said to be missing before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws.errors import NotFoundError, aws_errors
from aws.key_pairs import has_key_pair
from aws.layout import PROJECT_TAG
from aws.network import group_name
from aws.secrets import secret_named, secret_version
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = [
    "require_bucket",
    "require_ground",
    "require_group",
    "require_key_pair",
    "require_profile",
    "require_secret",
]

_INIT = "make it with: python deploy_aws.py init"


def require_ground(clients: Clients, config: AwsConfig, *, role: str, key_pair: str | None) -> None:
    """Refuse to go on where bucket, security group, instance profile or key pair are missing.

    Args:
        clients: Connections.
        config: What they are called.
        role: ``training`` or ``gradio``.
        key_pair: For SSH; None for none.

    Raises:
        HawkinsError: Naming what is missing and the command that makes it.
    """
    require_bucket(clients, config.s3.bucket_name)
    require_group(clients, config.project, group_name(config.project, role))
    require_profile(clients, config.iam.role_of(role))
    if key_pair is not None:
        require_key_pair(clients, key_pair)


def require_bucket(clients: Clients, bucket: str) -> None:
    """Refuse a bucket that is not there."""
    try:
        with aws_errors(f"looking for the bucket {bucket}"):
            clients.s3.head_bucket(Bucket=bucket)
    except NotFoundError:
        raise HawkinsError(f"There is no bucket {bucket}; {_INIT}") from None


def require_group(clients: Clients, project: str, name: str) -> str:
    """Return the id of a security group of ours."""
    with aws_errors(f"looking for the security group {name}"):
        found = clients.ec2.describe_security_groups(
            Filters=[{"Name": "group-name", "Values": [name]}, {"Name": f"tag:{PROJECT_TAG}", "Values": [project]}]
        )["SecurityGroups"]
    if not found:
        raise HawkinsError(f"There is no security group {name} in {clients.region}; {_INIT}")
    return found[0]["GroupId"]


def require_profile(clients: Clients, name: str) -> None:
    """Refuse an instance profile that is not there, or that has no role."""
    try:
        with aws_errors(f"looking for the instance profile {name}"):
            profile = clients.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    except NotFoundError:
        raise HawkinsError(f"There is no instance profile {name}; {_INIT}") from None
    if not profile["Roles"]:
        raise HawkinsError(f"The instance profile {name} has no role; {_INIT}")


def require_key_pair(clients: Clients, name: str) -> None:
    """Refuse a key pair that is not there."""
    if not has_key_pair(clients, name):
        raise InputError(f"There is no key pair {name} in {clients.region}; {_INIT}")


def require_secret(clients: Clients, config: AwsConfig, name: str, *, reason: str) -> None:
    """Refuse to go on without a secret.

    Args:
        clients: Connections.
        config: Project.
        name: Of the secret.
        reason: What asks for it, such as ``hub.push_to``.
    """
    if not secret_version(clients, config, secret_named(name)):
        raise HawkinsError(f"{reason} needs the secret {name}; keep it with: python deploy_aws.py secret {name}")

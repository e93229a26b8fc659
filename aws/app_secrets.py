"""The app's secrets on its machine: the visitors' password, and the key of the chat server that answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aws.access import read_role
from aws.app_order import ENDPOINT_KEY, PASSWORD, AppOrder
from aws.errors import NotFoundError, aws_errors
from utils.errors import InputError
from utils.ports import is_loopback_host

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig
    from aws.secrets import Secret

__all__ = ["app_environment", "key_in_the_open", "require_key_right"]


def app_environment(clients: Clients, order: AppOrder, *, on_stage: Callable[[str], object]) -> dict[str, str]:
    """Return what only the app may know, for its environment; never told further.

    Args:
        clients: Connections, with the machine's own rights.
        order: Says whether visitors log in, and whether the chat server has a key.
        on_stage: Hears of a key that is gone.

    Raises:
        HawkinsError: If the password is missing, or one of them may not be read.
    """
    return {**_login(clients, order), **_endpoint_key(clients, order, on_stage)}


def _login(clients: Clients, order: AppOrder) -> dict[str, str]:
    if order.username is None:
        return {}
    password = _read(clients, order, PASSWORD)
    if password is None:
        raise InputError(
            f"There is no SSM parameter {PASSWORD.parameter(order.project)}; set the visitors' password with: "
            f"python deploy_aws.py secret {PASSWORD.name}"
        )
    return {"HAWKINS_APP_USER": order.username, "HAWKINS_APP_PASSWORD": password}


def _endpoint_key(clients: Clients, order: AppOrder, on_stage: Callable[[str], object]) -> dict[str, str]:
    # Without a version there was none: a role that an earlier version made could not even ask.
    if order.endpoint is None or not order.endpoint_key_version:
        return {}
    key = _read(clients, order, ENDPOINT_KEY)
    if key is None:
        on_stage(f"{ENDPOINT_KEY.parameter(order.project)} is gone from SSM; the chat server is asked without a key")
        return {}
    return {"HAWKINS_API_KEY": key}


def _read(clients: Clients, order: AppOrder, secret: Secret) -> str | None:
    """Return a secret; None if there is none."""
    name = secret.parameter(order.project)
    try:
        with aws_errors(f"reading the SSM parameter {name}"):
            return str(clients.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except NotFoundError:
        return None


def require_key_right(clients: Clients, config: AwsConfig) -> None:
    """Refuse to go on where an earlier version made the app's role, which may not read the chat server's key.

    Raises:
        InputError: With the command that gives it the right.
    """
    name = config.iam.role_of("gradio")
    role = read_role(clients, name)
    # Without a policy of ours, somebody else says what it may do.
    policy = role.policy if role else None
    if policy is not None and ENDPOINT_KEY.parameter(config.project) not in str(policy):
        raise InputError(
            f"The role {name} may not read {ENDPOINT_KEY.name} yet; give it the right with: python deploy_aws.py init"
        )


def key_in_the_open(order: AppOrder) -> bool:
    """Whether a key goes unencrypted to an address that is not within a network of one's own."""
    parts = urlsplit(order.endpoint or "")
    host = parts.hostname or ""
    if not order.endpoint_key_version or parts.scheme == "https" or is_loopback_host(host):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True

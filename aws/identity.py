"""Whose credentials are in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.errors import aws_errors

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["Identity", "who_am_i"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who asks.

    Attributes:
        account: Twelve digits.
        partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
        name: User or role, as AWS writes it.
    """

    account: str
    partition: str
    name: str


def who_am_i(clients: Clients) -> Identity:
    """Ask AWS whose credentials are in use; it answers whoever has any.

    Raises:
        HawkinsError: If there are none, or they are not accepted.
    """
    with aws_errors("asking AWS whose credentials these are"):
        found = clients.sts.get_caller_identity()
    return Identity(
        account=found["Account"], partition=found["Arn"].split(":")[1], name=found["Arn"].rpartition(":")[2]
    )

"""``init``: bucket, roles, security groups and key pairs, as they are and as they should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.access import Role, access_calls, plan_access, read_profile, read_role
from aws.bucket import read_bucket
from aws.clients import Clients
from aws.identity import Identity, who_am_i
from aws.key_pairs import has_key_pair, key_pair_calls, key_pair_names, plan_key_pair
from aws.network import ROLES, default_vpc, group_calls, group_name, plan_group, read_group
from aws.plan import Plan
from aws.storage import bucket_calls, plan_bucket

if TYPE_CHECKING:
    from aws.config import AwsConfig

__all__ = ["Ground", "init_calls", "plan_init"]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where things are made: machines in one region, the bucket perhaps in another.

    Attributes:
        config: The whole configuration.
        machines: Connections to the machines' region.
        bucket: Connections to the bucket's region.
    """

    config: AwsConfig
    machines: Clients
    bucket: Clients

    @classmethod
    def of(cls, config: AwsConfig, connect: Callable[[str], Clients] = Clients) -> Ground:
        """Return the ground of a configuration.

        Args:
            config: The whole of it.
            connect: Makes connections to a region.
        """
        machines = connect(config.ec2.region)
        same = config.s3.region == config.ec2.region
        return cls(config=config, machines=machines, bucket=machines if same else connect(config.s3.region))


def plan_init(ground: Ground) -> Plan:
    """Look at what exists, and return what is to be done; run twice, nothing is.

    Args:
        ground: Configuration and connections.

    Raises:
        HawkinsError: If AWS cannot be asked, or something of the same name is somebody else's.
    """
    config, clients = ground.config, ground.machines
    identity = who_am_i(clients)
    roles = {use: read_role(clients, config.iam.role_of(use)) for use in ROLES}
    vpc = default_vpc(clients)
    bucket = read_bucket(ground.bucket, config.s3.bucket_name, account=identity.account)
    steps = (
        *plan_bucket(config, bucket, partition=identity.partition),
        *(
            step
            for use, role in roles.items()
            for step in plan_access(config, identity, use, role, read_profile(clients, config.iam.role_of(use)))
        ),
        *(plan_group(config, each, vpc, read_group(clients, vpc, group_name(config.project, each))) for each in ROLES),
        *(plan_key_pair(config, each, known=has_key_pair(clients, each)) for each in key_pair_names(config)),
    )
    return Plan(
        title=f"The ground for {config.project} in {config.ec2.region}",
        steps=steps,
        notes=tuple(_notes(config, identity, roles)),
    )


def _notes(config: AwsConfig, identity: Identity, roles: Mapping[str, Role | None]) -> list[str]:
    notes = [f"Account {identity.account}, as {identity.name}. Nothing of this costs anything while it is empty."]
    for use, role in roles.items():
        if role is not None and role.others:
            others, name = ", ".join(role.others), config.iam.role_of(use)
            notes.append(f"warning: The role {name} has policies that are not ours and stay: {others}.")
    if not config.gradio.allowed_cidrs:
        notes.append("Nobody can open the app yet: name networks in gradio.allowed_cidrs, then run init again.")
    if config.gradio.domain is not None:
        notes.append("Port 80 is open to everybody, since the certificate of the domain is fetched over it.")
    if config.s3.region != config.ec2.region:
        notes.append(f"warning: Machines in {config.ec2.region} pay for every byte of a bucket in {config.s3.region}.")
    return notes


def init_calls(ground: Ground) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`.

    Args:
        ground: Configuration and connections.
    """
    clients = ground.machines
    return {**bucket_calls(ground.bucket), **access_calls(clients), **group_calls(clients), **key_pair_calls(clients)}

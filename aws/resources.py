"""Everything with our tag, in the order in which it can be removed, orphans too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from aws.errors import NotFoundError, aws_errors
from aws.instances import find_instances
from aws.layout import PROJECT_TAG, ROLE_TAG, ssm_prefix, tag_dict
from aws.network import ROLES

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["KINDS", "Resource", "find_resources"]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something of ours.

    Attributes:
        kind: As people call it.
        id: By which it is removed.
        name: As people would look for it.
        detail: What people read beside it.
        gb: Size, of what is paid by size; 0 for all else.
        orphan: Whether it belongs to nothing that is left.
    """

    kind: str
    id: str
    name: str
    detail: str = ""
    gb: float = 0.0
    orphan: bool = False


def find_resources(clients: Clients, config: AwsConfig) -> tuple[Resource, ...]:
    """Return what carries our tag in the configured regions, in the order in which it can be removed.

    Args:
        clients: Connections.
        config: Project, role and bucket.
    """
    return tuple(each for kind in KINDS for each in _FINDERS[kind](clients, config))


def _ours(config: AwsConfig) -> Any:
    return [{"Name": f"tag:{PROJECT_TAG}", "Values": [config.project]}]


def _pages(clients: Clients, call: str, doing: str, **arguments: Any) -> list[Any]:
    with aws_errors(doing):
        return list(clients.ec2.get_paginator(call).paginate(**arguments))  # type: ignore[call-overload]


def _spot_requests(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    pages = _pages(
        clients,
        "describe_spot_instance_requests",
        "looking for our spot requests",
        Filters=[*_ours(config), {"Name": "state", "Values": ["open", "active"]}],
    )
    for each in (each for page in pages for each in page["SpotInstanceRequests"]):
        yield Resource(
            kind="spot request", id=each["SpotInstanceRequestId"], name=each["SpotInstanceRequestId"],
            detail=f"{each['State']}, {each.get('InstanceId', 'no machine yet')}", orphan=not each.get("InstanceId"),
        )  # fmt: skip


def _instances(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    for each in find_instances(clients, config.project):
        detail = f"{each.role}, {each.type} in {each.zone}, {each.state} since {each.launched:%Y-%m-%d %H:%M} UTC"
        yield Resource(kind="instance", id=each.id, name=f"{each.id} ({each.name})", detail=detail)


def _addresses(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    with aws_errors("looking for our addresses"):
        found = clients.ec2.describe_addresses(Filters=_ours(config))["Addresses"]
    for each in found:
        holder = each.get("InstanceId") or each.get("NetworkInterfaceId")
        yield Resource(
            kind="address", id=each["AllocationId"], name=each["PublicIp"],
            detail=f"of {holder}" if holder else "of nothing", orphan=not holder,
        )  # fmt: skip


def _interfaces(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    pages = _pages(clients, "describe_network_interfaces", "looking for our network interfaces", Filters=_ours(config))
    for each in (each for page in pages for each in page["NetworkInterfaces"]):
        # An interface that is in use goes with its machine.
        if each["Status"] == "available":
            yield Resource(
                kind="network interface", id=each["NetworkInterfaceId"], name=each["NetworkInterfaceId"],
                detail="of nothing", orphan=True,
            )  # fmt: skip


def _volumes(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    pages = _pages(clients, "describe_volumes", "looking for our disks", Filters=_ours(config))
    for each in (each for page in pages for each in page["Volumes"]):
        holders = [one for one in each.get("Attachments", []) if one.get("InstanceId")]
        # Disks of ours go with their machines.
        if any(one.get("DeleteOnTermination", True) for one in holders):
            continue
        yield Resource(
            kind="disk", id=each["VolumeId"], name=each["VolumeId"],
            detail=f"{each['Size']} GB, of {holders[0]['InstanceId'] if holders else 'nothing'}",
            gb=each["Size"], orphan=not holders,
        )  # fmt: skip


def _groups(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    pages = _pages(clients, "describe_security_groups", "looking for our security groups", Filters=_ours(config))
    for each in (each for page in pages for each in page["SecurityGroups"]):
        yield Resource(kind="security group", id=each["GroupId"], name=each["GroupName"], detail=each["GroupId"])


def _key_pairs(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    with aws_errors("looking for our key pairs"):
        found = clients.ec2.describe_key_pairs(Filters=_ours(config))["KeyPairs"]
    for each in found:
        yield Resource(
            kind="key pair", id=each["KeyName"], name=each["KeyName"], detail="the private half stays in your file"
        )


def _profiles(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    for role in _our_roles(clients, config):
        with aws_errors(f"looking for the instance profiles of {role}"):
            found = clients.iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
        for each in found:
            if _profile_is_ours(clients, config, each["InstanceProfileName"]):
                name = each["InstanceProfileName"]
                yield Resource(kind="instance profile", id=name, name=name, detail=f"of the role {role}")
    # One whose role is gone is found by its configured name alone.
    for name in map(config.iam.role_of, ROLES):
        if _is_lone(clients, name) and _profile_is_ours(clients, config, name):
            yield Resource(kind="instance profile", id=name, name=name, detail="without a role", orphan=True)


def _is_lone(clients: Clients, name: str) -> bool:
    try:
        with aws_errors(f"looking for the instance profile {name}"):
            return not clients.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    except NotFoundError:
        return False


def _profile_is_ours(clients: Clients, config: AwsConfig, name: str) -> bool:
    with aws_errors(f"reading the tags of the instance profile {name}"):
        found = clients.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    return tag_dict(found.get("Tags", ())).get(PROJECT_TAG) == config.project


def _roles(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    for name in _our_roles(clients, config):
        yield Resource(kind="role", id=name, name=name, detail="with its policies")


def _our_roles(clients: Clients, config: AwsConfig) -> list[str]:
    """Return roles with our tag: only those that EC2 may take are asked for theirs, since IAM asks for patience."""
    with aws_errors("looking for our roles"):
        pages = list(clients.iam.get_paginator("list_roles").paginate())
    for_machines = [each["RoleName"] for page in pages for each in page["Roles"] if _for_machines(each)]
    return [name for name in for_machines if _role_is_ours(clients, config, name)]


def _for_machines(role: Any) -> bool:
    trust = role.get("AssumeRolePolicyDocument", {})
    return "ec2.amazonaws.com" in (unquote(trust) if isinstance(trust, str) else json.dumps(trust))


def _role_is_ours(clients: Clients, config: AwsConfig, name: str) -> bool:
    try:
        with aws_errors(f"reading the tags of the role {name}"):
            tags = clients.iam.list_role_tags(RoleName=name)["Tags"]
    except NotFoundError:
        return False
    return tag_dict(tags).get(PROJECT_TAG) == config.project


def _parameters(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    with aws_errors("looking for our parameters"):
        pages = list(
            clients.ssm.get_paginator("describe_parameters").paginate(
                ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [ssm_prefix(config.project)]}]
            )
        )
    for each in (each for page in pages for each in page["Parameters"]):
        yield Resource(kind="secret", id=each["Name"], name=each["Name"], detail="SSM parameter")


def _buckets(clients: Clients, config: AwsConfig) -> Iterator[Resource]:
    name = config.s3.bucket_name
    try:
        with aws_errors(f"looking for the bucket {name}"):
            tags = tag_dict(clients.s3.get_bucket_tagging(Bucket=name)["TagSet"])
    except NotFoundError:
        return
    if tags.get(PROJECT_TAG) == config.project:
        yield Resource(kind="bucket", id=name, name=name, detail=tags.get(ROLE_TAG, ""))


_FINDERS: Final[dict[str, Callable[[Clients, AwsConfig], Iterable[Resource]]]] = {
    "spot request": _spot_requests,
    "instance": _instances,
    "address": _addresses,
    "network interface": _interfaces,
    "disk": _volumes,
    "security group": _groups,
    "key pair": _key_pairs,
    "instance profile": _profiles,
    "role": _roles,
    "secret": _parameters,
    "bucket": _buckets,
}
KINDS: Final = tuple(_FINDERS)
"""In the order in which they can be removed."""

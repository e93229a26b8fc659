"""Security groups: which networks reach which ports, IPv4 and IPv6 alike; what somebody else opened is closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.config import AwsConfig
from aws.errors import aws_errors, error_code
from aws.layout import PROJECT_TAG, ROLE_TAG, tag_dict, tag_list
from aws.plan import Action, Step
from aws.policies import Rule, group_rules
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["ROLES", "Group", "default_vpc", "group_calls", "group_name", "plan_group", "read_group"]

ROLES = ("training", "gradio")
"""Machines that have a group of their own."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A security group as it is.

    Attributes:
        id: Such as ``sg-0123456789abcdef0``.
        tags: What it carries.
        rules: What may come in, with the id by which it is closed.
    """

    id: str
    tags: Mapping[str, str]
    rules: Mapping[str, Rule]


def group_name(project: str, role: str) -> str:
    """Return what the group of a role's machines is called."""
    return f"{project}-{role}"


def default_vpc(clients: Clients) -> str:
    """Return the network in which machines start that name no other.

    Raises:
        HawkinsError: If the region has none.
    """
    with aws_errors(f"looking for the default network of {clients.region}"):
        found = clients.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not found:
        raise HawkinsError(
            f"{clients.region} has no default VPC; make one with: aws ec2 create-default-vpc --region {clients.region}"
        )
    return found[0]["VpcId"]


def read_group(clients: Clients, vpc: str, name: str) -> Group | None:
    """Look at a security group; None if there is none of that name in the network.

    Args:
        clients: Connections.
        vpc: Id of the network.
        name: Of the group.
    """
    with aws_errors(f"looking for the security group {name}"):
        found = clients.ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [name]}]
        )["SecurityGroups"]
    if not found:
        return None
    id_ = found[0]["GroupId"]
    return Group(id=id_, tags=tag_dict(found[0].get("Tags", ())), rules=_read_rules(clients, id_))


def _read_rules(clients: Clients, id_: str) -> dict[str, Rule]:
    with aws_errors(f"looking at the rules of the security group {id_}"):
        pages = list(
            clients.ec2.get_paginator("describe_security_group_rules").paginate(
                Filters=[{"Name": "group-id", "Values": [id_]}]
            )
        )
    rules = (rule for page in pages for rule in page["SecurityGroupRules"])
    return {rule["SecurityGroupRuleId"]: _rule(rule) for rule in rules if not rule.get("IsEgress")}


def _rule(found: Mapping[str, Any]) -> Rule:
    """Return a rule; what it is open for may be a network of either kind, a list of networks, or another group."""
    source = (
        found.get("CidrIpv4")
        or found.get("CidrIpv6")
        or found.get("PrefixListId")
        or found.get("ReferencedGroupInfo", {}).get("GroupId")
        or "?"
    )
    return (found["IpProtocol"], found.get("FromPort", -1), found.get("ToPort", -1), source)


def plan_group(config: AwsConfig, role: str, vpc: str, found: Group | None) -> Step:
    """Return what is to be done to the group of a role's machines.

    Args:
        config: Project, networks and ports.
        role: ``training`` or ``gradio``.
        vpc: Id of the network.
        found: What is there.

    Raises:
        InputError: If it is not ours.
    """
    name = group_name(config.project, role)
    if found is not None and found.tags.get(PROJECT_TAG) != config.project:
        raise InputError(
            f"The security group {name} is not this project's (it has no tag {PROJECT_TAG}={config.project}); remove "
            "it, or choose another tags.project."
        )
    tags = {**config.tags, ROLE_TAG: role, "Name": name}
    wanted = group_rules(config, role)
    there = set() if found is None else set(found.rules.values())
    missing, surplus = sorted(wanted - there), sorted(there - wanted)
    if found is None:
        action = Action.CREATE
    else:
        right = not missing and not surplus and tags.items() <= found.tags.items()
        action = Action.KEEP if right else Action.CHANGE
    return Step(
        action=action,
        kind="security group",
        name=name,
        detail=_detail(wanted, surplus),
        call="put security group",
        arguments={"name": name, "vpc": vpc, "tags": tags, "rules": [list(rule) for rule in sorted(wanted)]},
    )


def _detail(wanted: Iterable[Rule], surplus: Iterable[Rule]) -> str:
    open_ = ", ".join(_said(rule) for rule in sorted(wanted)) or "nothing may come in"
    closed = ", ".join(_said(rule) for rule in surplus)
    return open_ + (f"; closes {closed}" if closed else "")


def _said(rule: Rule) -> str:
    protocol, first, last, source = rule
    ports = "all ports" if protocol == "-1" else str(first) if first == last else f"{first}-{last}"
    return f"{ports} from {source}"


def group_calls(clients: Clients) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries these steps out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
    """

    def put(given: Mapping[str, Any]) -> str:
        name = given["name"]
        found = read_group(clients, given["vpc"], name)
        with aws_errors(f"setting the security group {name}"):
            made = _make(clients, given) if found is None else None
        group = found or made or read_group(clients, given["vpc"], name)
        if group is None:
            raise HawkinsError(f"AWS does not show the security group {name} yet; run the same command again.")
        with aws_errors(f"setting the security group {name}"):
            _set_rules(clients, group.id, {tuple(rule) for rule in given["rules"]}, group.rules)
            if made is None:
                clients.ec2.create_tags(Resources=[group.id], Tags=tag_list(given["tags"]))
        return group.id

    return {"put security group": put}


def _make(clients: Clients, given: Mapping[str, Any]) -> Group | None:
    """Make a group; None if it is there already, by an earlier call whose answer was lost."""
    from botocore.exceptions import ClientError

    try:
        made = clients.ec2.create_security_group(
            GroupName=given["name"],
            Description="Made by deploy_aws.py",
            VpcId=given["vpc"],
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tag_list(given["tags"])}],
        )
    except ClientError as error:
        if error_code(error) != "InvalidGroup.Duplicate":
            raise
        return None
    return Group(id=made["GroupId"], tags=given["tags"], rules={})


def _set_rules(clients: Clients, id_: str, wanted: set[Any], there: Mapping[str, Rule]) -> None:
    surplus = [rule_id for rule_id, rule in there.items() if rule not in wanted]
    # Closed first: nothing is open for longer than it must be.
    if surplus:
        clients.ec2.revoke_security_group_ingress(GroupId=id_, SecurityGroupRuleIds=surplus)
    for rule in sorted(wanted - set(there.values())):
        _open(clients, id_, rule)


def _open(clients: Clients, id_: str, rule: Rule) -> None:
    from botocore.exceptions import ClientError

    protocol, first, last, network = rule
    permission: Any = {"IpProtocol": protocol, "FromPort": first, "ToPort": last}
    if ":" in network:
        permission["Ipv6Ranges"] = [{"CidrIpv6": network}]
    else:
        permission["IpRanges"] = [{"CidrIp": network}]
    try:
        clients.ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[permission])
    except ClientError as error:
        # An earlier call opened it, whose answer was lost.
        if error_code(error) != "InvalidPermission.Duplicate":
            raise

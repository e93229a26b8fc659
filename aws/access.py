"""The roles that machines take, one for training and one for the app, and the instance profiles that hand them over."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from aws.config import AwsConfig
from aws.errors import NotFoundError, aws_errors, error_code
from aws.layout import PROJECT_TAG, ROLE_TAG, tag_dict, tag_list
from aws.plan import Action, Step
from aws.policies import RIGHTS, role_policy, trust_policy
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.identity import Identity

__all__ = ["POLICY", "Profile", "Role", "access_calls", "plan_access", "read_profile", "read_role"]

POLICY: Final = "hawkins"
"""What our policy is called within the role."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role as it is.

    Attributes:
        tags: What it carries.
        trust: Who may take it.
        policy: Ours within it; None if it is missing.
        others: Names of policies that are not ours, within it or attached to it.
    """

    tags: Mapping[str, str]
    trust: Mapping[str, Any]
    policy: Mapping[str, Any] | None
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """An instance profile as it is.

    Attributes:
        tags: What it carries.
        roles: Names of the roles in it; AWS takes one at most.
    """

    tags: Mapping[str, str]
    roles: tuple[str, ...]


def read_role(clients: Clients, name: str) -> Role | None:
    """Look at a role; None if there is none."""
    iam = clients.iam
    try:
        with aws_errors(f"looking for the role {name}"):
            found = iam.get_role(RoleName=name)["Role"]
    except NotFoundError:
        return None
    with aws_errors(f"looking at the policies of the role {name}"):
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        attached = [each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
        ours = iam.get_role_policy(RoleName=name, PolicyName=POLICY)["PolicyDocument"] if POLICY in inline else None
    return Role(
        tags=tag_dict(found.get("Tags", ())),
        trust=_document(found.get("AssumeRolePolicyDocument", {})),
        policy=None if ours is None else _document(ours),
        others=(*(each for each in inline if each != POLICY), *attached),
    )


def read_profile(clients: Clients, name: str) -> Profile | None:
    """Look at an instance profile; None if there is none."""
    try:
        with aws_errors(f"looking for the instance profile {name}"):
            found = clients.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    except NotFoundError:
        return None
    return Profile(tags=tag_dict(found.get("Tags", ())), roles=tuple(each["RoleName"] for each in found["Roles"]))


def _document(found: Any) -> dict[str, Any]:
    """Policies come as objects, or as text as it stands in a URL."""
    return json.loads(unquote(found)) if isinstance(found, str) else dict(found)


def plan_access(
    config: AwsConfig, identity: Identity, use: str, role: Role | None, profile: Profile | None
) -> tuple[Step, ...]:
    """Return what is to be done to a role and its instance profile, KEEP where they are as they should be.

    Args:
        config: Their name and tags, and what the policy speaks of.
        identity: Whose account it is.
        use: ``training`` or ``gradio``.
        role: What is there.
        profile: What is there.

    Raises:
        InputError: If one of them is not ours.
    """
    name = config.iam.role_of(use)
    for kind, found in (("role", role), ("instance profile", profile)):
        if found is not None and found.tags.get(PROJECT_TAG) != config.project:
            raise InputError(
                f"The {kind} {name} is not this project's (it has no tag {PROJECT_TAG}={config.project}); choose "
                "another iam.role_name, or tag it yourself if it may be changed."
            )
    if profile is not None and profile.roles not in {(), (name,)}:
        raise InputError(
            f"The instance profile {name} holds the role {profile.roles[0]}; choose another iam.role_name."
        )
    tags = {**config.tags, ROLE_TAG: "access"}
    return (
        _role_step(name, use, tags, role),
        _policy_step(config, identity, use, role),
        *_profile_steps(name, tags, profile),
    )


def _role_step(name: str, use: str, tags: Mapping[str, str], role: Role | None) -> Step:
    detail = f"for {RIGHTS[use].purpose}"
    right = role is not None and role.trust == trust_policy() and tags.items() <= role.tags.items()
    return _step(role is None, right, "role", name, detail, {"tags": dict(tags), "trust": trust_policy()})


def _policy_step(config: AwsConfig, identity: Identity, use: str, role: Role | None) -> Step:
    wanted = role_policy(config, use, account=identity.account, partition=identity.partition)
    rights = RIGHTS[use]
    detail = (
        f"in {config.s3.bucket_name} reads {', '.join(rights.read)} and writes {', '.join(rights.write)}; reads "
        f"of secrets {', '.join(rights.secrets)}; nothing else"
    )
    missing = role is None or role.policy is None
    right = role is not None and role.policy == wanted
    return _step(missing, right, "role policy", config.iam.role_of(use), detail, {"policy": wanted})


def _profile_steps(name: str, tags: Mapping[str, str], profile: Profile | None) -> tuple[Step, Step]:
    tagged = profile is not None and tags.items() <= profile.tags.items()
    filled = profile is not None and bool(profile.roles)
    return (
        _step(profile is None, tagged, "instance profile", name, "", {"tags": dict(tags)}),
        _step(not filled, filled, "role of instance profile", name, "", {}),
    )


def _step(missing: bool, right: bool, kind: str, name: str, detail: str, arguments: Mapping[str, Any]) -> Step:
    kept = Action.KEEP if right else Action.CHANGE
    action = Action.CREATE if missing else kept
    return Step(
        action=action, kind=kind, name=name, detail=detail, call=f"put {kind}", arguments={"name": name, **arguments}
    )


def access_calls(clients: Clients) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries these steps out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
    """
    calls = {
        "put role": _put_role,
        "put role policy": _put_policy,
        "put instance profile": _put_profile,
        "put role of instance profile": _fill_profile,
    }
    return {name: _told(name, call, clients) for name, call in calls.items()}


def _told(
    name: str, call: Callable[[Clients, Mapping[str, Any]], object], clients: Clients
) -> Callable[[Mapping[str, Any]], str]:
    def told(given: Mapping[str, Any]) -> str:
        with aws_errors(f"setting the {name.removeprefix('put ')} {given['name']}"):
            call(clients, given)
        return str(given["name"])

    return told


def _put_role(clients: Clients, given: Mapping[str, Any]) -> None:
    name, trust, tags = given["name"], json.dumps(given["trust"]), tag_list(given["tags"])
    description = "Machines that train or host; made by deploy_aws.py"
    if _made(lambda: clients.iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=trust, Tags=tags, Description=description
    )):  # fmt: skip
        return
    clients.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    clients.iam.tag_role(RoleName=name, Tags=tags)


def _put_policy(clients: Clients, given: Mapping[str, Any]) -> None:
    clients.iam.put_role_policy(RoleName=given["name"], PolicyName=POLICY, PolicyDocument=json.dumps(given["policy"]))


def _put_profile(clients: Clients, given: Mapping[str, Any]) -> None:
    name, tags = given["name"], tag_list(given["tags"])
    if not _made(lambda: clients.iam.create_instance_profile(InstanceProfileName=name, Tags=tags)):
        clients.iam.tag_instance_profile(InstanceProfileName=name, Tags=tags)


def _fill_profile(clients: Clients, given: Mapping[str, Any]) -> None:
    from botocore.exceptions import ClientError

    try:
        clients.iam.add_role_to_instance_profile(InstanceProfileName=given["name"], RoleName=given["name"])
    except ClientError as error:
        # AWS takes one role a profile: it is in there already, by an earlier call whose answer was lost.
        if error_code(error) != "LimitExceeded":
            raise


def _made(make: Callable[[], object]) -> bool:
    """Make something; False if it is there already."""
    from botocore.exceptions import ClientError

    try:
        make()
    except ClientError as error:
        if error_code(error) != "EntityAlreadyExists":
            raise
        return False
    return True

"""Removing what carries our tag: the plan, and what does it. The bucket only on request, since it holds the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from aws.errors import NotFoundError, aws_errors
from aws.instances import end_instances, wait_for
from aws.plan import Action, Plan, Step
from aws.resources import Resource, find_resources
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["destroy_calls", "empty_bucket", "plan_destroying"]

_BATCH: Final = 1000
"""Objects a DeleteObjects call."""
_IN_USE_SECONDS: Final = 120
"""A group or profile is held for some seconds after its machine has ended."""


def plan_destroying(clients: Clients, config: AwsConfig, *, bucket: bool = False) -> Plan:
    """Return the plan that removes everything with our tag.

    Args:
        clients: Connections.
        config: Project, role and bucket.
        bucket: Whether the bucket goes too, with all data, models, results and their versions.
    """
    found = find_resources(clients, config)
    steps = tuple(_step(each, keep=each.kind == "bucket" and not bucket) for each in found)
    notes = [
        f"Looked for the tag project={config.project} in {config.ec2.region}; other regions are not looked at.",
        "aws_config.yaml and private keys on this machine stay.",
    ]
    if any(step.action is Action.KEEP for step in steps):
        notes.insert(0, "The bucket stays with data, models and results, and is paid for; --bucket removes it too.")
    return Plan(title=f"Destroy {config.project}", steps=steps, notes=tuple(notes))


def _step(resource: Resource, *, keep: bool) -> Step:
    orphan = " (left over)" if resource.orphan else ""
    return Step(
        action=Action.KEEP if keep else Action.DELETE,
        kind=resource.kind,
        name=resource.name,
        detail=f"{resource.detail}{orphan}",
        call="" if keep else f"delete {resource.kind}",
        arguments={"id": resource.id},
    )


def destroy_calls(
    clients: Clients, config: AwsConfig, *, on_wait: Callable[[str], object] = lambda _: None, pause: float = 5
) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`; what is gone already is no trouble.

    Args:
        clients: Connections.
        config: Project, role and bucket.
        on_wait: Hears what is being waited for.
        pause: Seconds between looks.
    """
    ec2, iam, ssm = clients.ec2, clients.iam, clients.ssm

    def instance(id_: str) -> None:
        end_instances(clients, [id_])
        wait_for(
            clients, config.project, id_, ["terminated"], pause=pause, on_wait=lambda state: on_wait(f"{id_}: {state}")
        )

    def role(name: str) -> None:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=name)

    def profile(name: str) -> None:
        for each in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=each["RoleName"])
        iam.delete_instance_profile(InstanceProfileName=name)

    deletions: dict[str, Callable[[str], object]] = {
        "spot request": lambda id_: ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[id_]),
        "instance": instance,
        "address": lambda id_: ec2.release_address(AllocationId=id_),
        "network interface": lambda id_: ec2.delete_network_interface(NetworkInterfaceId=id_),
        "disk": lambda id_: ec2.delete_volume(VolumeId=id_),
        "security group": lambda id_: _patiently(
            lambda: ec2.delete_security_group(GroupId=id_), f"security group {id_}", pause=pause
        ),
        "key pair": lambda id_: ec2.delete_key_pair(KeyPairId=id_),
        "instance profile": profile,
        "role": role,
        "secret": lambda id_: ssm.delete_parameter(Name=id_),
        "bucket": lambda id_: empty_bucket(clients, id_),
    }
    return {f"delete {kind}": _forgiving(kind, delete) for kind, delete in deletions.items()}


def _forgiving(kind: str, delete: Callable[[str], object]) -> Callable[[Mapping[str, Any]], str]:
    def call(arguments: Mapping[str, Any]) -> str:
        try:
            with aws_errors(f"removing the {kind} {arguments['id']}"):
                delete(arguments["id"])
        except NotFoundError:
            pass
        return str(arguments["id"])

    return call


def _patiently(delete: Callable[[], object], what: str, *, pause: float) -> None:
    """Delete what may still be held by something that has just ended."""
    from botocore.exceptions import ClientError

    end = time.monotonic() + _IN_USE_SECONDS
    while True:
        try:
            delete()
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"DependencyViolation", "InvalidGroup.InUse"}:
                raise
            if time.monotonic() > end:
                raise HawkinsError(
                    f"The {what} is still used by something; see who in the EC2 console, and run the command again."
                ) from None
        else:
            return
        time.sleep(pause)


def empty_bucket(clients: Clients, bucket: str) -> None:
    """Remove a bucket with all versions of its objects and unfinished uploads."""
    s3 = clients.s3
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": _BATCH}):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        _delete_objects(clients, bucket, versions)
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for each in uploads.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
    s3.delete_bucket(Bucket=bucket)


def _delete_objects(clients: Clients, bucket: str, versions: Iterable[Any]) -> None:
    objects: Any = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
    if not objects:
        return
    done = clients.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    for error in done.get("Errors", []):
        raise HawkinsError(
            f"{error.get('Key')} in {bucket} could not be removed ({error.get('Code')}: {error.get('Message')}); "
            "look at it in the S3 console, and run the command again."
        )

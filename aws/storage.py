"""The bucket as it should be, and the calls that make it so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws.bucket import Bucket
from aws.config import AwsConfig
from aws.errors import aws_errors, error_code
from aws.layout import PROJECT_TAG, ROLE_TAG, tag_list
from aws.plan import Action, Step
from aws.policies import ENCRYPTIONS, PUBLIC_ACCESS, bucket_statement, lifecycle_rules, policy_of
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["bucket_calls", "plan_bucket"]


def plan_bucket(config: AwsConfig, found: Bucket | None, *, partition: str = "aws") -> tuple[Step, ...]:
    """Return what is to be done to a bucket, KEEP where it is as it should be.

    Args:
        config: Its name, region and tags.
        found: What is there.
        partition: As in `aws.policies.role_policy`.

    Raises:
        InputError: If it is not ours, or lies elsewhere.
    """
    name = config.s3.bucket_name
    if found is not None:
        _require_ours(config, found)
    making = Step(
        action=Action.CREATE if found is None else Action.KEEP,
        kind="bucket",
        name=name,
        detail=config.s3.region,
        call="create bucket",
        arguments={"bucket": name, "region": config.s3.region},
    )
    return (
        making,
        _tags_step(config, found),
        _step(found, name, "public access", "blocked in all four ways", _is_private, {"block": PUBLIC_ACCESS}),
        _step(found, name, "versioning", "on", lambda each: each.versioning == "Enabled", {}),
        _step(found, name, "encryption", "by S3", lambda each: each.encryption in ENCRYPTIONS, {"kind": "AES256"}),
        _policy_step(config, found, partition),
        _lifecycle_step(name, found),
    )


def _require_ours(config: AwsConfig, found: Bucket) -> None:
    name = config.s3.bucket_name
    if found.region != config.s3.region:
        raise InputError(f"The bucket {name} lies in {found.region}; set s3.region to that.")
    # An empty one without any tag is what an interrupted `init` leaves.
    if found.tags.get(PROJECT_TAG) != config.project and not (found.empty and PROJECT_TAG not in found.tags):
        raise InputError(
            f"The bucket {name} is not this project's (it has no tag {PROJECT_TAG}={config.project}); choose another "
            f"s3.bucket_name, or tag it yourself if it may be changed."
        )


def _is_private(found: Bucket) -> bool:
    return all(found.public_access.get(key) is True for key in PUBLIC_ACCESS)


def _step(
    found: Bucket | None,
    name: str,
    kind: str,
    detail: str,
    is_right: Callable[[Bucket], bool],
    arguments: Mapping[str, Any],
) -> Step:
    kept = Action.KEEP if found is not None and is_right(found) else Action.CHANGE
    action = Action.CREATE if found is None else kept
    return Step(
        action=action,
        kind=kind,
        name=name,
        detail=detail,
        call=f"put {kind}",
        arguments={"bucket": name, **arguments},
    )


def _tags_step(config: AwsConfig, found: Bucket | None) -> Step:
    wanted = {**config.tags, ROLE_TAG: "storage"}
    # Tags of others stay, since S3 replaces all at once.
    whole = {**(found.tags if found else {}), **wanted}
    detail = ", ".join(f"{key}={value}" for key, value in wanted.items())
    return _step(
        found, config.s3.bucket_name, "bucket tags", detail, lambda each: dict(each.tags) == whole, {"tags": whole}
    )


def _policy_step(config: AwsConfig, found: Bucket | None, partition: str) -> Step:
    ours = bucket_statement(config.s3.bucket_name, partition=partition)
    others = [each for each in found.statements if each.get("Sid") != ours["Sid"]] if found else []
    detail = "TLS only" + (f", beside {len(others)} statements of others" if others else "")
    return _step(
        found,
        config.s3.bucket_name,
        "bucket policy",
        detail,
        lambda each: ours in map(dict, each.statements),
        {"policy": policy_of([ours, *others])},
    )


def _lifecycle_step(name: str, found: Bucket | None) -> Step:
    wanted = lifecycle_rules()
    ours = {rule["ID"] for rule in wanted}
    others = [rule for rule in found.rules if rule.get("ID") not in ours] if found else []
    return _step(
        found,
        name,
        "lifecycle",
        "data and checkpoints to IA after 31 days, replaced voices to Glacier, replaced logs removed",
        lambda each: all(_as_wanted(rule, each.rules) for rule in wanted),
        {"rules": [*wanted, *others]},
    )


def _as_wanted(rule: Mapping[str, Any], found: tuple[Mapping[str, Any], ...]) -> bool:
    same = next((each for each in found if each.get("ID") == rule["ID"]), None)
    return same is not None and all(_same(same.get(key), value) for key, value in rule.items())


def _same(found: Any, wanted: Any) -> bool:
    """Compare what S3 tells with what was said to it; it may tell more."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_same(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_same, found, wanted))
    # An empty prefix is left out by some.
    return bool(found == wanted or (not found and wanted == ""))


def bucket_calls(clients: Clients) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the steps of a bucket out, for `aws.plan.carry_out`.

    Args:
        clients: Connections, to the bucket's region.
    """
    s3 = clients.s3
    calls: dict[str, Callable[[Mapping[str, Any]], object]] = {
        "create bucket": lambda given: _create(clients, given["bucket"], given["region"]),
        "put bucket tags": lambda given: s3.put_bucket_tagging(
            Bucket=given["bucket"], Tagging={"TagSet": tag_list(given["tags"])}
        ),
        "put public access": lambda given: s3.put_public_access_block(
            Bucket=given["bucket"], PublicAccessBlockConfiguration=given["block"]
        ),
        "put versioning": lambda given: s3.put_bucket_versioning(
            Bucket=given["bucket"], VersioningConfiguration={"Status": "Enabled"}
        ),
        "put encryption": lambda given: s3.put_bucket_encryption(
            Bucket=given["bucket"],
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": given["kind"]}}]
            },
        ),
        "put bucket policy": lambda given: s3.put_bucket_policy(
            Bucket=given["bucket"], Policy=json.dumps(given["policy"])
        ),
        "put lifecycle": lambda given: s3.put_bucket_lifecycle_configuration(
            Bucket=given["bucket"], LifecycleConfiguration={"Rules": given["rules"]}
        ),
    }
    return {name: _told(name, call) for name, call in calls.items()}


def _told(name: str, call: Callable[[Mapping[str, Any]], object]) -> Callable[[Mapping[str, Any]], str]:
    def told(given: Mapping[str, Any]) -> str:
        with aws_errors(f"{_doing(name)} of the bucket {given['bucket']}"):
            call(given)
        return str(given["bucket"])

    return told


def _doing(name: str) -> str:
    return "the making" if name == "create bucket" else f"setting the {name.removeprefix('put ')}"


def _create(clients: Clients, name: str, region: str) -> None:
    from botocore.exceptions import ClientError

    where: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        clients.s3.create_bucket(Bucket=name, **where)
    except ClientError as error:
        # The answer to an earlier call was lost, or somebody else of the same account was quicker.
        if error_code(error) != "BucketAlreadyOwnedByYou":
            raise

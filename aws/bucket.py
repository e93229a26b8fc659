"""The bucket as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws.errors import aws_errors, error_code
from aws.layout import tag_dict
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["Bucket", "bucket_region", "read_bucket"]

# What S3 answers where a setting was never made.
_UNSET: Final = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "ServerSideEncryptionConfigurationNotFoundError",
}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket as it is.

    Attributes:
        region: Where it lies.
        tags: What it carries.
        public_access: The four blocks, as S3 calls them.
        versioning: ``Enabled``, ``Suspended``, or empty if it never was.
        encryption: Such as ``AES256``; empty for none.
        statements: Of its policy.
        rules: Of its lifecycle.
        empty: Whether it holds nothing.
    """

    region: str
    tags: Mapping[str, str]
    public_access: Mapping[str, bool]
    versioning: str
    encryption: str
    statements: tuple[Mapping[str, Any], ...]
    rules: tuple[Mapping[str, Any], ...]
    empty: bool


def read_bucket(clients: Clients, name: str, *, account: str) -> Bucket | None:
    """Look at a bucket; None if there is none of that name.

    Args:
        clients: Connections.
        name: Which.
        account: Whose it must be: somebody else's that is open to us would get our data, and give us their programs.

    Raises:
        HawkinsError: If it belongs to somebody else, or we may not look.
    """
    region = bucket_region(clients, name, account=account)
    if region is None:
        return None
    s3 = clients.s3
    with aws_errors(f"looking at the bucket {name}"):
        tags = _setting(s3.get_bucket_tagging, name, "TagSet", [])
        policy = _setting(s3.get_bucket_policy, name, "Policy", "{}")
        encryption = _setting(s3.get_bucket_encryption, name, "ServerSideEncryptionConfiguration", {})
        return Bucket(
            region=region,
            tags=tag_dict(tags),
            public_access=_setting(s3.get_public_access_block, name, "PublicAccessBlockConfiguration", {}),
            versioning=s3.get_bucket_versioning(Bucket=name).get("Status", ""),
            encryption=_algorithm(encryption),
            statements=tuple(_listed(json.loads(policy).get("Statement", []))),
            rules=tuple(_setting(s3.get_bucket_lifecycle_configuration, name, "Rules", [])),
            empty=not s3.list_objects_v2(Bucket=name, MaxKeys=1).get("KeyCount", 0),
        )


def bucket_region(clients: Clients, name: str, *, account: str | None = None) -> str | None:
    """Return where a bucket lies; None if there is none of that name.

    Args:
        clients: Connections.
        name: Which.
        account: Whose it must be; None for anybody's that we may see.

    Raises:
        HawkinsError: If it belongs to somebody else, or we may not look.
    """
    from botocore.exceptions import ClientError

    with aws_errors(f"looking for the bucket {name}"):
        try:
            owner: Any = {} if account is None else {"ExpectedBucketOwner": account}
            found = clients.s3.head_bucket(Bucket=name, **owner)
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchBucket"}:
                return None
            if error_code(error) == "403":
                raise HawkinsError(
                    f"The bucket {name} belongs to another account, or you may not see it; choose another "
                    "s3.bucket_name, or ask for s3:ListBucket on it."
                ) from None
            raise
    return found.get("BucketRegion") or _asked_region(clients, name)


def _asked_region(clients: Clients, name: str) -> str:
    with aws_errors(f"asking where the bucket {name} lies"):
        # S3's oldest region has no name there.
        return clients.s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1"


def _setting(call: Callable[..., Any], name: str, key: str, unset: Any) -> Any:
    from botocore.exceptions import ClientError

    try:
        return call(Bucket=name)[key]
    except ClientError as error:
        if error_code(error) not in _UNSET:
            raise
        return unset


def _algorithm(encryption: Mapping[str, Any]) -> str:
    for rule in encryption.get("Rules", []):
        if default := rule.get("ApplyServerSideEncryptionByDefault"):
            return str(default["SSEAlgorithm"])
    return ""


def _listed(statements: Any) -> list[Any]:
    return statements if isinstance(statements, list) else [statements]

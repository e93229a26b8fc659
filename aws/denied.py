"""A missing permission: which action it was, and the statement that a policy needs."""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["denied"]

_SERVICES: Final = ("s3", "iam", "ssm", "sts", "pricing", "service-quotas", "ec2")
_SAID: Final = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?")

# S3's actions are not named as its calls are.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_S3: Final = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}


def denied(code: str, said: str, operation: str) -> str:
    """Say which permission is missing and what would give it.

    Args:
        code: AWS's, such as ``AccessDenied``.
        said: AWS's own words, which may name action and resource.
        operation: The call, such as ``CreateBucket``.
    """
    found = _SAID.search(said)
    action = found["action"] if found else _action(operation)
    resource = ((found["resource"] if found else None) or "*").rstrip(".,")
    statement = json.dumps({"Effect": "Allow", "Action": action, "Resource": resource})
    return f"the permission {action} is missing ({code}); ask for this statement in your policy: {statement}"


def _action(operation: str) -> str:
    from botocore.session import get_session

    session = get_session()
    service = next((each for each in _SERVICES if operation in session.get_service_model(each).operation_names), "aws")
    name = _S3.get(operation, operation) if service == "s3" else operation
    return f"{service.replace('service-quotas', 'servicequotas')}:{name}"

"""What machines may do, who may speak to the bucket, how long things are kept, and which ports are open: pure data.

Least privilege, and a role each for training and app: it reaches its folders of this bucket and its own SSM parameters,
and nothing else. It may not end machines: those that train are launched so that shutting down ends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from aws.config import AwsConfig
from aws.layout import APP, CHECKPOINTS, CODE, DATA, JOBS, LOGS, MODELS, RESULTS, TRAINING
from aws.secrets import secret_named

__all__ = [
    "ENCRYPTIONS",
    "PUBLIC_ACCESS",
    "RIGHTS",
    "SCHEMES",
    "Rights",
    "Rule",
    "bucket_statement",
    "group_rules",
    "lifecycle_rules",
    "policy_of",
    "role_policy",
    "trust_policy",
]


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What machines of one role may do.

    Attributes:
        purpose: What they are for, in words.
        read: Folders of the bucket.
        write: Folders of the bucket.
        remove: Folders of the bucket.
        secrets: Names of those that they read.
    """

    purpose: str
    read: tuple[str, ...]
    write: tuple[str, ...]
    remove: tuple[str, ...]
    secrets: tuple[str, ...]


RIGHTS: Final = {
    "training": Rights(
        purpose="machines that train",
        read=(TRAINING, CHECKPOINTS, LOGS, CODE, JOBS),
        write=(MODELS, RESULTS, CHECKPOINTS, LOGS),
        remove=(MODELS, CHECKPOINTS),
        secrets=("huggingface_token",),
    ),
    "gradio": Rights(
        purpose="the machine of the app",
        read=(TRAINING, MODELS, CODE, f"{JOBS}{APP}/"),
        write=(f"{LOGS}{APP}/",),
        remove=(),
        secrets=("gradio_password", "endpoint_key"),
    ),
}
"""By role."""

PUBLIC_ACCESS: Final = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}
"""All four ways of making a bucket public are blocked."""
ENCRYPTIONS: Final = ("AES256", "aws:kms", "aws:kms:dsse")
"""Encryptions at rest that are as good as ours, which is the first."""
SCHEMES: Final = {22: "SSH", 80: "HTTP", 443: "HTTPS"}
"""What ports are called."""

Rule = tuple[str, int, int, str]
"""A rule of a security group: protocol, first port, last port, network."""


def policy_of(statements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return statements as a policy, in the newest version of its language."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust_policy() -> dict[str, Any]:
    """Return who may take the role: EC2's machines."""
    return policy_of([{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}])


def role_policy(config: AwsConfig, role: str, *, account: str, partition: str = "aws") -> dict[str, Any]:
    """Return what our machines may do.

    Args:
        config: Bucket, region and project.
        role: ``training`` or ``gradio``.
        account: Twelve digits.
        partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
    """
    rights, region = RIGHTS[role], config.ec2.region
    bucket = f"arn:{partition}:s3:::{config.s3.bucket_name}"
    above = f"arn:{partition}:ssm:{region}:{account}:parameter"
    named = [f"{above}{secret_named(each).parameter(config.project)}" for each in rights.secrets]
    # One is no list, so that a role of an earlier version with the same rights stays as it is.
    parameters = named if len(named) > 1 else named[0]
    statements = [
        # The whole bucket: with a condition on the prefix, S3 answers 403 in place of 404 where nothing is.
        {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        _objects("ReadObjects", ["s3:GetObject"], bucket, rights.read),
        _objects("WriteObjects", ["s3:AbortMultipartUpload", "s3:PutObject"], bucket, rights.write),
        {"Sid": "ReadSecret", "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": parameters},
        # Whatever key encrypts it: only through SSM, and only for these parameters.
        # https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
        {
            "Sid": "DecryptSecret",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": f"arn:{partition}:kms:{region}:{account}:key/*",
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": f"ssm.{region}.{_suffix(partition)}",
                    "kms:EncryptionContext:PARAMETER_ARN": parameters,
                },
            },
        },
    ]
    removing = [_objects("RemoveObjects", ["s3:DeleteObject"], bucket, rights.remove)] if rights.remove else []
    return policy_of([*statements, *removing])


def _objects(sid: str, actions: list[str], bucket: str, folders: Iterable[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": [f"{bucket}/{each}*" for each in folders]}


def _suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def bucket_statement(bucket: str, *, partition: str = "aws") -> dict[str, Any]:
    """Return the statement of the bucket's policy that refuses whoever comes without TLS.

    Args:
        bucket: Its name.
        partition: As in `role_policy`.
    """
    arn = f"arn:{partition}:s3:::{bucket}"
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def lifecycle_rules() -> list[dict[str, Any]]:
    """Return how long things are kept, and where they move.

    The bucket is versioned, so that what is replaced stays until it is expired here: a log that is written anew every
    30 seconds would otherwise be kept 2,880 times a day. Voices in use stay where they can be read at once; only
    replaced ones go to Glacier, from where they can be fetched back within hours.
    """
    rarely = {"Transitions": [{"Days": 31, "StorageClass": "STANDARD_IA"}]}
    return [
        _kept("data", DATA, 90, rarely),
        _kept("checkpoints", CHECKPOINTS, 7, rarely),
        _kept("logs", LOGS, 1),
        _kept("jobs", JOBS, 30),
        _kept("results", RESULTS, 90),
        _rule(
            "models",
            MODELS,
            {"NoncurrentVersionTransitions": [{"NoncurrentDays": 31, "StorageClass": "GLACIER"}]},
        ),
        _rule(
            "unfinished",
            "",
            {
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                "Expiration": {"ExpiredObjectDeleteMarker": True},
            },
        ),
    ]


def _kept(name: str, prefix: str, days: int, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """A folder whose replaced versions are kept for some days."""
    return _rule(name, prefix, {**(more or {}), "NoncurrentVersionExpiration": {"NoncurrentDays": days}})


def _rule(name: str, prefix: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"ID": f"hawkins-{name}", "Status": "Enabled", "Filter": {"Prefix": prefix}, **what}


def group_rules(config: AwsConfig, role: str) -> frozenset[Rule]:
    """Return what may reach a role's machines.

    Args:
        config: Networks, port and domain.
        role: ``training``: SSH from the networks named for it, and nothing else. ``gradio``: the app from the networks
            that may open it; with a domain that is HTTPS, and HTTP from everywhere, over which the certificate is
            fetched.
    """
    ssh = config.ec2.ssh_cidrs if role == "training" else config.gradio.ssh_cidrs
    rules = {_tcp(22, network) for network in ssh}
    if role != "gradio":
        return frozenset(rules)
    if config.gradio.domain is None:
        return frozenset(rules | {_tcp(config.gradio.port, each) for each in config.gradio.allowed_cidrs})
    rules |= {_tcp(443, network) for network in config.gradio.allowed_cidrs}
    return frozenset(rules | {_tcp(80, everywhere) for everywhere in ("0.0.0.0/0", "::/0")})


def _tcp(port: int, network: str) -> Rule:
    return ("tcp", port, port, str(ip_network(network)))

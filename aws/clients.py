"""Connections to AWS: one session, one region, retries and timeouts that a person can wait for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_pricing import PricingClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

__all__ = ["Clients"]


@dataclass(frozen=True)
class Clients:
    """Clients of one region, made when first asked for.

    Credentials, profile and endpoint (``AWS_ENDPOINT_URL``) are found as the AWS command line finds them.

    Attributes:
        region: Such as ``us-east-1``.
    """

    region: str

    @cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.Session(region_name=self.region)

    def _client(self, service: str, *, region: str | None = None) -> Any:
        from botocore.config import Config

        options = Config(
            retries={"mode": "standard", "total_max_attempts": 5},
            connect_timeout=10,
            read_timeout=30,
            user_agent_extra="stranger-things-nlp",
        )
        with aws_errors("connecting to AWS"):
            return self._session.client(service, region_name=region or self.region, config=options)

    @cached_property
    def ec2(self) -> EC2Client:
        """Machines, disks, groups, keys."""
        return self._client("ec2")  # type: ignore[no-any-return]

    @cached_property
    def s3(self) -> S3Client:
        """The bucket."""
        return self._client("s3")  # type: ignore[no-any-return]

    @cached_property
    def iam(self) -> IAMClient:
        """The role."""
        return self._client("iam")  # type: ignore[no-any-return]

    @cached_property
    def ssm(self) -> SSMClient:
        """Public parameters (images) and our own (secrets)."""
        return self._client("ssm")  # type: ignore[no-any-return]

    @cached_property
    def sts(self) -> STSClient:
        """Who we are."""
        return self._client("sts")  # type: ignore[no-any-return]

    @cached_property
    def pricing(self) -> PricingClient:
        """The Price List, which answers in a few regions only."""
        return self._client("pricing", region="us-east-1")  # type: ignore[no-any-return]

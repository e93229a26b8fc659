"""Codes of AWS by what they mean.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from typing import Final

__all__ = ["CAPACITY", "DENIED", "EXPIRED", "QUOTA", "QUOTAS", "SENTENCES", "THROTTLED", "UNKNOWN_KEYS"]

QUOTAS: Final = "https://console.aws.amazon.com/servicequotas/home/services"

_GPU: Final = ("'Running On-Demand G and VT instances' (GPU types)", "ec2/quotas/L-DB2E81BA")
_STANDARD: Final = ("'Running On-Demand Standard instances' (other types)", "ec2/quotas/L-1216C47A")
_GPU_SPOT: Final = ("'All G and VT Spot Instance Requests' (GPU types)", "ec2/quotas/L-3819A6DF")
_STANDARD_SPOT: Final = ("'All Standard Spot Instance Requests' (other types)", "ec2/quotas/L-34B43A08")
_IAM: Final = ("roles, profiles and policies", "iam/quotas")

QUOTA: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "AddressLimitExceeded": (("'EC2-VPC Elastic IPs'", "ec2/quotas/L-0263D0A3"),),
    "InstanceLimitExceeded": (_GPU, _STANDARD),
    "LimitExceeded": (_IAM,),
    "LimitExceededException": (_IAM,),
    "MaxSpotInstanceCountExceeded": (_GPU_SPOT, _STANDARD_SPOT),
    "ParameterLimitExceeded": (("parameters", "ssm/quotas"),),
    "RulesPerSecurityGroupLimitExceeded": (
        ("'Inbound or outbound rules per security group'", "vpc/quotas/L-0EA8095F"),
    ),
    "SecurityGroupLimitExceeded": (("'VPC security groups per Region'", "vpc/quotas/L-E79EC296"),),
    "TooManyBuckets": (("buckets", "s3/quotas"),),
    "VcpuLimitExceeded": (_GPU, _STANDARD),
    "VolumeLimitExceeded": (("disk storage", "ebs/quotas"),),
}
"""What each quota is called, and where it lies below `QUOTAS`."""

CAPACITY: Final = {
    "InsufficientCapacity": "AWS has no such machine free",
    "InsufficientHostCapacity": "AWS has no such machine free",
    "InsufficientInstanceCapacity": "AWS has no such machine free",
    "SpotMaxPriceTooLow": "the spot price is above ec2.max_spot_price",
    "Unsupported": "the zone does not offer this instance type",
    "UnfulfillableCapacity": "AWS has no such machine free",
}

EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}

UNKNOWN_KEYS: Final = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

DENIED: Final = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

THROTTLED: Final = {
    "BandwidthLimitExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}

SENTENCES: Final = {
    "BucketAlreadyExists": "the name is taken in another account; choose another s3.bucket_name",
    "BucketAlreadyOwnedByYou": "the bucket is there already; run the command again",
    "IllegalLocationConstraintException": "the bucket lies in another region; correct s3.region",
    "OptInRequired": "the account has not enabled this region or service; enable it in the AWS console first",
    "PendingVerification": "AWS is still verifying the account for this region; try again in a few hours",
    "PermanentRedirect": "the bucket lies in another region; correct s3.region",
    "Blocked": "AWS has blocked the account; see the AWS support console",
    "RequestTimeTooSkewed": "the clock of this machine is wrong; set it and run the command again",
    "301": "the bucket lies in another region; correct s3.region",
}

"""What AWS refuses becomes one sentence with a remedy and without a secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from aws.clients import Clients
from aws.errors import NoCapacityError, NotFoundError, UnreachableError, aws_errors
from utils.errors import HawkinsError, InputError

CANARY = "IQoJb3JpZ2luX2VjEJr" + "aB3/" * 30


def _refused(code: str, message: str = "", *, operation: str = "RunInstances", status: int = 400) -> HawkinsError:
    from botocore.exceptions import ClientError

    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(HawkinsError) as caught, aws_errors("launching the machine"):
        raise ClientError(answer, operation)
    assert str(caught.value).startswith("Launching the machine failed: ")
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ExpiredToken", HawkinsError, "have expired"),
        ("ExpiredTokenException", HawkinsError, "have expired"),
        ("InvalidClientTokenId", HawkinsError, "does not accept the credentials"),
        ("VcpuLimitExceeded", HawkinsError, "console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-DB2E81BA"),
        ("MaxSpotInstanceCountExceeded", HawkinsError, "L-3819A6DF"),
        ("InsufficientInstanceCapacity", NoCapacityError, "ec2.fallback_types"),
        ("Unsupported", NoCapacityError, "does not offer this instance type"),
        ("SpotMaxPriceTooLow", NoCapacityError, "max_spot_price"),
        ("BucketAlreadyExists", HawkinsError, "choose another s3.bucket_name"),
        ("InvalidInstanceID.NotFound", NotFoundError, "InvalidInstanceID.NotFound"),
        ("NoSuchBucket", NotFoundError, "NoSuchBucket"),
        ("404", NotFoundError, "no such thing"),
        ("RequestLimitExceeded", HawkinsError, "slow down"),
        ("OptInRequired", HawkinsError, "enable it"),
        ("SomethingNew", HawkinsError, "AWS refused (SomethingNew)"),
    ],
)
def test_codes_become_sentences(code: str, kind: type[HawkinsError], words: str) -> None:
    error = _refused(code)
    assert type(error) is kind
    assert words in str(error)


def test_a_region_without_the_type_says_so() -> None:
    error = _refused("InvalidParameterValue", "Invalid value 'p9.huge' for InstanceType.")
    assert isinstance(error, InputError)
    assert "p9.huge" in str(error)
    assert "region has no such type" in str(error)


def test_a_fault_of_aws_leaves_open_whether_it_was_done() -> None:
    assert isinstance(_refused("InternalError", status=500), UnreachableError)


def _statement(error: HawkinsError) -> dict[str, str]:
    found: dict[str, str] = json.loads(str(error).partition("in your policy: ")[2])
    return found


def test_a_missing_permission_names_action_and_statement() -> None:
    said = (
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/mike is not "
        "authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* "
        f"because no policy allows it. Encoded authorization failure message: {CANARY}"
    )
    error = _refused("UnauthorizedOperation", said, status=403)
    assert _statement(error) == {
        "Effect": "Allow",
        "Action": "ec2:RunInstances",
        "Resource": "arn:aws:ec2:us-east-1:123456789012:instance/*",
    }
    assert CANARY not in str(error)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("HeadBucket", "s3:ListBucket"),
        ("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("PutBucketVersioning", "s3:PutBucketVersioning"),
        ("CreateRole", "iam:CreateRole"),
        ("PutParameter", "ssm:PutParameter"),
        ("DescribeInstances", "ec2:DescribeInstances"),
    ],
)
def test_the_action_is_known_where_aws_does_not_name_it(operation: str, action: str) -> None:
    error = _refused("AccessDenied", "Access Denied", operation=operation, status=403)
    assert _statement(error)["Action"] == action


@pytest.mark.parametrize(
    "code", ["SignatureDoesNotMatch", "InvalidParameterValue", "SomethingNew", "ExpiredToken", "AccessDenied"]
)
def test_keys_and_tokens_in_answers_are_left_out(code: str) -> None:
    said = f"The canonical string was x-amz-security-token:{CANARY} of AKIAIOSFODNN7EXAMPLE"
    error = _refused(code, said)
    assert CANARY[:60] not in str(error)
    assert "AKIAIOSFODNN7EXAMPLE" not in str(error)


def test_nobody_listening(moto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(UnreachableError, match="check the network"), aws_errors("asking"):
        Clients("us-east-1").sts.get_caller_identity()


def test_no_credentials(moto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(HawkinsError, match="no AWS credentials"), aws_errors("asking"):
        Clients("us-east-1").sts.get_caller_identity()


def test_an_unknown_profile(moto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(HawkinsError, match="nobody"), aws_errors("asking"):
        Clients("us-east-1").sts.get_caller_identity()


def test_an_upload_that_fails_says_why(moto: Any, tmp_path: Any) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("a,b", encoding="utf-8")
    with pytest.raises(NotFoundError, match="NoSuchBucket"), aws_errors("uploading"):
        Clients("us-east-1").s3.upload_file(str(path), "not-there-at-all", "lines.csv")


def test_help_names_the_commands(run_cli: Callable[..., Any]) -> None:
    done = run_cli("--help")
    assert done.code == 0
    assert "upload-data" in done.out
    assert "[default: us-east-1]" in run_cli("init", "--help").out

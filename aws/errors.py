"""What AWS refuses, as one sentence each: what was being done, what is wrong, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from aws.denied import denied
from aws.error_codes import CAPACITY, DENIED, EXPIRED, QUOTA, QUOTAS, SENTENCES, THROTTLED, UNKNOWN_KEYS
from utils.door import one_line
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

__all__ = ["NoCapacityError", "NotFoundError", "UnreachableError", "aws_errors", "error_code"]

_NOT_FOUND: Final = re.compile(r"^404$|NotFound|^NoSuch|Malformed$|ParameterNotFound|InvalidInstanceID")
_WRONG_TYPE: Final = re.compile(r"InstanceType|instance type", re.IGNORECASE)
_SECRETS: Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"  # access keys
    r"|Encoded authorization failure message:\s*\S+"
    r"|[A-Za-z0-9+/=_-]{48,}"  # tokens and signatures
)


class NoCapacityError(HawkinsError):
    """Machines of that type cannot be had there now; another zone or type may have some."""


class NotFoundError(HawkinsError):
    """What was asked for does not exist."""


class UnreachableError(HawkinsError):
    """No answer came: whether the call was carried out is unknown."""


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn what boto3 raises within the block into our errors, one sentence each.

    Neither request headers nor keys nor AWS's encoded messages get into the sentence.

    Args:
        doing: What is being done, such as ``creating the bucket my-data``; it begins the sentence.

    Raises:
        NoCapacityError: Where no machine is free.
        NotFoundError: Where an id or name is unknown.
        UnreachableError: Where no answer came.
        HawkinsError: For all else, with the remedy.
    """
    from boto3.exceptions import RetriesExceededError, S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _answered(doing, error) from None
    except BotoCoreError as error:
        raise _unanswered(doing, error) from None
    except (S3UploadFailedError, RetriesExceededError) as error:
        # They wrap one of the others, whose sentence is the better one.
        cause = error.__context__
        if isinstance(cause, ClientError):
            raise _answered(doing, cause) from None
        raise _lost(doing) from None


def error_code(error: ClientError) -> str:
    """Return AWS's code, such as ``NoSuchBucket``; of a HEAD request the number that it answered."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _answered(doing: str, error: ClientError) -> HawkinsError:
    code = error_code(error)
    said = _clean(str(error.response.get("Error", {}).get("Message", "")))
    for applies, make in _KINDS:
        if applies(code):
            return make(doing, code, said, error)
    if int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500:
        return UnreachableError(f"{_begin(doing)}: AWS had a fault of its own ({code}); run the command again later.")
    return HawkinsError(f"{_begin(doing)}: AWS refused ({code}): {said.rstrip('.') or 'without a reason'}.")


def _quota(doing: str, code: str, _said: str, _error: ClientError) -> HawkinsError:
    where = ", or of ".join(f"{name} at {QUOTAS}/{path}" for name, path in QUOTA[code])
    return HawkinsError(f"{_begin(doing)}: a quota is reached ({code}); ask AWS for more of {where}")


def _capacity(doing: str, code: str, _said: str, _error: ClientError) -> HawkinsError:
    return NoCapacityError(
        f"{_begin(doing)}: {CAPACITY[code]} ({code}); try later, or add ec2.zones or ec2.fallback_types."
    )


def _not_found(doing: str, code: str, said: str, _error: ClientError) -> HawkinsError:
    reason = "there is no such thing" if code == "404" or not said else said.rstrip(".")
    return NotFoundError(f"{_begin(doing)}: {reason} ({code}).")


def _expired(doing: str, code: str, _said: str, _error: ClientError) -> HawkinsError:
    return HawkinsError(
        f"{_begin(doing)}: the credentials have expired ({code}); log in again (aws sso login, or new keys) "
        "and run the command again."
    )


def _keys(doing: str, code: str, _said: str, _error: ClientError) -> HawkinsError:
    return HawkinsError(
        f"{_begin(doing)}: AWS does not accept the credentials ({code}); check the access key with: "
        "aws sts get-caller-identity"
    )


def _denied(doing: str, code: str, said: str, error: ClientError) -> HawkinsError:
    return HawkinsError(f"{_begin(doing)}: {denied(code, said, error.operation_name)}")


def _throttled(doing: str, code: str, _said: str, _error: ClientError) -> HawkinsError:
    return HawkinsError(f"{_begin(doing)}: AWS asks to slow down ({code}), retries did not help; try in a minute.")


def _sentence(doing: str, code: str, _said: str, _error: ClientError) -> HawkinsError:
    return HawkinsError(f"{_begin(doing)}: {SENTENCES[code]} ({code}).")


def _value(doing: str, code: str, said: str, _error: ClientError) -> HawkinsError:
    remedy = "; this region has no such type, choose another" if _WRONG_TYPE.search(said) else ""
    return InputError(f"{_begin(doing)}: {said.rstrip('.')}{remedy} ({code}).")


_KINDS: Final[tuple[tuple[Callable[[str], object], Callable[[str, str, str, ClientError], HawkinsError]], ...]] = (
    (QUOTA.__contains__, _quota),
    (CAPACITY.__contains__, _capacity),
    (SENTENCES.__contains__, _sentence),
    (EXPIRED.__contains__, _expired),
    (UNKNOWN_KEYS.__contains__, _keys),
    (DENIED.__contains__, _denied),
    (THROTTLED.__contains__, _throttled),
    (_NOT_FOUND.search, _not_found),
    (re.compile(r"^InvalidParameter|^ValidationError|^ValidationException|^InvalidInstanceType").search, _value),
)


def _unanswered(doing: str, error: BotoCoreError) -> HawkinsError:
    from botocore import exceptions as of

    begin = _begin(doing)
    if isinstance(error, of.NoCredentialsError | of.PartialCredentialsError | of.NoAuthTokenError):
        return HawkinsError(
            f"{begin}: no AWS credentials were found; run `aws configure` or `aws sso login`, "
            "or set AWS_PROFILE, and run the command again."
        )
    if isinstance(error, of.ProfileNotFound):
        return HawkinsError(f"{begin}: {_clean(str(error))}; see `aws configure list-profiles`.")
    if isinstance(error, of.SSOError | of.TokenRetrievalError | of.CredentialRetrievalError):
        # Their text may quote what a credential program printed.
        return HawkinsError(f"{begin}: the credentials could not be fetched or have expired; log in again.")
    if isinstance(error, of.HTTPClientError | of.ConnectionError | of.IncompleteReadError):
        return _lost(doing)
    if isinstance(error, of.NoRegionError | of.InvalidRegionError):
        return InputError(f"{begin}: {_clean(str(error)).rstrip('.')}; correct the region in the config.")
    return HawkinsError(f"{begin}: {_clean(str(error)).rstrip('.')}.")


def _lost(doing: str) -> HawkinsError:
    return UnreachableError(
        f"{_begin(doing)}: AWS could not be reached or did not answer; check the network (and AWS_ENDPOINT_URL), "
        "then run the same command again: it goes on with what is there."
    )


def _begin(doing: str) -> str:
    return f"{doing[:1].upper()}{doing[1:]} failed"


def _clean(said: str) -> str:
    """Return AWS's words as one line without anything that could be a key, a token or a signature."""
    return one_line(_SECRETS.sub("[left out]", " ".join(said.split())))[:400]

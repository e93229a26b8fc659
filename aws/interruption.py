"""What a machine is told about itself (IMDSv2): its id, and that it will be taken away."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aws.repeat import repeating

if TYPE_CHECKING:
    import httpx

__all__ = ["Metadata", "watch_interruption"]

_ENDPOINT: Final = "http://169.254.169.254"
_TOKEN_SECONDS: Final = 21_600
_OFTEN: Final = 5.0
"""Seconds; AWS's advice (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html)."""


def _endpoint() -> str | None:
    """Return the address; None where the environment says that there is none, as botocore reads it."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").casefold() == "true":
        return None
    return os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", _ENDPOINT).rstrip("/")


@dataclass
class Metadata:
    """The metadata service, asked with a session token.

    Attributes:
        endpoint: Its address; None for none.
    """

    endpoint: str | None = field(default_factory=_endpoint)
    _token: str = ""

    def get(self, path: str) -> str | None:
        """Return what lies at a path below ``/latest/meta-data/``; None if nothing does, or nobody answers."""
        import httpx

        if self.endpoint is None:
            return None
        try:
            # No proxy: the address is the machine's own.
            with httpx.Client(timeout=2.0, trust_env=False) as client:
                answer = self._ask(client, path)
        except httpx.HTTPError:
            return None
        return answer.text if answer.is_success else None

    def _ask(self, client: httpx.Client, path: str) -> httpx.Response:
        answer = self._with_token(client, path)
        if answer.status_code == 401:
            self._token = ""
            answer = self._with_token(client, path)
        return answer

    def _with_token(self, client: httpx.Client, path: str) -> httpx.Response:
        if not self._token:
            seconds = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
            self._token = client.put(f"{self.endpoint}/latest/api/token", headers=seconds).text
        headers = {"X-aws-ec2-metadata-token": self._token}
        return client.get(f"{self.endpoint}/latest/meta-data/{path}", headers=headers)


@contextmanager
def watch_interruption(metadata: Metadata, *, often: float = _OFTEN) -> Iterator[threading.Event]:
    """Ask again and again, while the block runs, whether the machine will be taken away.

    Args:
        metadata: Whom to ask.
        often: Seconds between two questions, at most 5.

    Yields:
        An event that is set from the notice on, two minutes before the end.
    """
    noticed = threading.Event()

    def ask() -> None:
        if not noticed.is_set() and metadata.get("spot/instance-action") is not None:
            noticed.set()

    with repeating(ask, seconds=min(often, _OFTEN), name="interruption"):
        yield noticed

"""What the bucket holds, by storage class: versions that nobody sees are paid for as well."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.errors import NotFoundError, aws_errors

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["Stored", "stored"]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A bucket's content.

    Attributes:
        gb: Of all versions, by storage class such as ``STANDARD``; a GB has 2**30 bytes, as AWS bills.
        objects: Versions, in number.
    """

    gb: dict[str, float]
    objects: int


def stored(clients: Clients, bucket: str) -> Stored:
    """Add up what a bucket holds; one that is not there holds nothing."""
    sizes: Counter[str] = Counter()
    count = 0
    try:
        with aws_errors(f"listing what {bucket} holds"):
            pages = list(clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket))
    except NotFoundError:
        return Stored(gb={}, objects=0)
    for each in (each for page in pages for each in page.get("Versions", [])):
        sizes[each.get("StorageClass", "STANDARD")] += each["Size"]
        count += 1
    return Stored(gb={kind: size / 2**30 for kind, size in sorted(sizes.items())}, objects=count)

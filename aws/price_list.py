"""Prices of today, from the Price List API.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html describes what a product looks like;
usage types of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/aws-usage-report-understand.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aws.errors import aws_errors
from aws.prices import RegionPrices
from utils.errors import HawkinsError
from utils.progress import Progress, silent

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["fetch_prices", "price_of"]

_AT_ONCE: Final = 4
_LINUX: Final = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "licenseModel": "No License required",
}
_STORAGE: Final = {
    "STANDARD": "TimedStorage-ByteHrs",
    "STANDARD_IA": "TimedStorage-SIA-ByteHrs",
    "GLACIER_IR": "TimedStorage-GIR-ByteHrs",
    "GLACIER": "TimedStorage-GlacierByteHrs",
}
# What holds data; the same usage types also count overhead and restored copies, at other rates.
_HOLDS_DATA: Final = {"", "StandardStorage", "StandardIAStorage", "GlacierInstantRetrievalStorage", "GlacierStorage"}
_ADDRESS: Final = "PublicIPv4:InUseAddress"


def fetch_prices(clients: Clients, region: str, types: Iterable[str], *, progress: Progress = silent) -> RegionPrices:
    """Fetch the prices of a region.

    Args:
        clients: Connections.
        region: Which.
        types: Instance types that are wanted; those that the region has not got are left out.
        progress: Sees the requests.

    Raises:
        HawkinsError: If the Price List cannot be asked, or knows nothing of the region.
    """
    wanted = sorted(set(types))
    # Made once, before threads share it: making clients is not safe among them.
    _ = clients.pricing
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        hours = pool.map(lambda name: _instance(clients, region, name), wanted)
        found = dict(zip(wanted, progress(hours, description="Prices", total=len(wanted)), strict=True))
    instances = {name: price for name, price in found.items() if price is not None}
    if not instances:
        raise HawkinsError(
            f"The Price List knows no price of any of {', '.join(wanted)} in {region}; check the region."
        )
    return RegionPrices(
        date=datetime.now(UTC).date(),
        source="AWS Price List",
        instances=instances,
        disk=_disk(clients, region),
        address=_address(clients, region),
        storage=_storage(clients, region),
    )


def _products(clients: Clients, service: str, region: str, **filters: str) -> list[dict[str, Any]]:
    asked: Any = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value}
        for field, value in {"regionCode": region, **filters}.items()
    ]
    with aws_errors(f"asking the Price List about {service} in {region}"):
        pages = list(clients.pricing.get_paginator("get_products").paginate(ServiceCode=service, Filters=asked))
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def _instance(clients: Clients, region: str, name: str) -> float | None:
    return price_of(_products(clients, "AmazonEC2", region, instanceType=name, **_LINUX), unit="Hrs")


def _disk(clients: Clients, region: str) -> float | None:
    products = _products(clients, "AmazonEC2", region, productFamily="Storage", volumeApiName="gp3")
    return price_of(products, unit="GB-Mo")


def _address(clients: Clients, region: str) -> float | None:
    products = _products(clients, "AmazonVPC", region, group="VPCPublicIPv4Address")
    return price_of((each for each in products if _usage(each).endswith(_ADDRESS)), unit="Hrs")


def _storage(clients: Clients, region: str) -> dict[str, float]:
    products = _products(clients, "AmazonS3", region, productFamily="Storage")
    prices = {
        name: price_of((each for each in products if _holds(each, usage)), unit="GB-Mo")
        for name, usage in _STORAGE.items()
    }
    return {name: price for name, price in prices.items() if price is not None}


def _usage(product: dict[str, Any]) -> str:
    return str(product.get("product", {}).get("attributes", {}).get("usagetype", ""))


def _holds(product: dict[str, Any], usage: str) -> bool:
    operation = str(product.get("product", {}).get("attributes", {}).get("operation", ""))
    said = _usage(product)
    # Outside us-east-1 a short name of the region stands before it.
    return (said == usage or said.endswith(f"-{usage}")) and operation in _HOLDS_DATA


def price_of(products: Iterable[dict[str, Any]], *, unit: str) -> float | None:
    """Return the price on demand that all products agree on; None if there is none, or if they differ.

    Args:
        products: As the Price List describes them.
        unit: What is counted, such as ``Hrs``.
    """
    found = {price for product in products for price in _on_demand(product, unit)}
    return found.pop() if len(found) == 1 else None


def _on_demand(product: dict[str, Any], unit: str) -> Iterator[float]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            price = float(dimension.get("pricePerUnit", {}).get("USD", "0"))
            first = float(dimension.get("beginRange", "0") or 0) == 0
            # A price of nothing belongs to reservations, not to what is bought by the hour.
            if dimension.get("unit") == unit and first and price > 0:
                yield price

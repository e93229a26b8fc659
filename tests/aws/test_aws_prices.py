"""Prices: shipped with their date, fetched from the Price List, unknown rather than nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aws.clients import Clients
from aws.price_list import fetch_prices, price_of
from aws.prices import keep_prices, read_prices, read_shipped
from utils.errors import HawkinsError, InputError


def _product(usage: str, price: str, unit: str = "Hrs", *, begin: str = "0", **attributes: str) -> dict[str, Any]:
    """As the Price List describes it, with a price for those who commit themselves beside that on demand."""
    dimension = {"unit": unit, "beginRange": begin, "endRange": "Inf", "pricePerUnit": {"USD": price}}
    return {
        "product": {"attributes": {"usagetype": usage, "regionCode": "eu-west-1", **attributes}},
        "terms": {
            "OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension}}},
            "Reserved": {"A.D": {"priceDimensions": {"A.D.C": {**dimension, "pricePerUnit": {"USD": "0.01"}}}}},
        },
    }


def _instance(name: str, price: str, **attributes: str) -> dict[str, Any]:
    linux = {
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "licenseModel": "No License required",
    }
    return _product(f"EU-BoxUsage:{name}", price, instanceType=name, **{**linux, **attributes})


PRODUCTS = {
    "AmazonEC2": [
        _instance("g4dn.xlarge", "0.5870000000"),
        _instance("g4dn.xlarge", "0.7710000000", operatingSystem="Windows"),
        _instance("g4dn.xlarge", "0.0000000000", capacitystatus="AllocatedCapacityReservation"),
        _instance("t3.medium", "0.0456000000"),
        _product("EU-EBS:VolumeUsage.gp3", "0.0880000000", "GB-Mo", productFamily="Storage", volumeApiName="gp3"),
    ],
    "AmazonVPC": [
        _product("EU-PublicIPv4:InUseAddress", "0.0050000000", group="VPCPublicIPv4Address"),
        _product("EU-PublicIPv4:IdleAddress", "0.0060000000", group="VPCPublicIPv4Address"),
    ],
    "AmazonS3": [
        _product("EU-TimedStorage-ByteHrs", "0.0230000000", "GB-Mo", productFamily="Storage", operation=""),
        _product("EU-TimedStorage-SIA-ByteHrs", "0.0125000000", "GB-Mo", productFamily="Storage", operation=""),
        _product(
            "EU-TimedStorage-GlacierByteHrs", "0.023", "GB-Mo", productFamily="Storage", operation="S3GlacierOverhead"
        ),
        _product("EU-TimedStorage-GlacierByteHrs", "0.0036", "GB-Mo", productFamily="Storage", operation=""),
    ],
}


class _PriceList(BaseHTTPRequestHandler):
    """Answers GetProducts as documented: filters must all match, two products a page."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wanted = {each["Field"]: each["Value"] for each in asked["Filters"]}
        found = [
            each
            for each in PRODUCTS[asked["ServiceCode"]]
            if wanted.items() <= each["product"]["attributes"].items()  # type: ignore[attr-defined]
        ]
        start = int(asked.get("NextToken", "0"))
        answer: dict[str, Any] = {
            "FormatVersion": "aws_v1",
            "PriceList": [json.dumps(each) for each in found[start : start + 2]],
        }
        if len(found) > start + 2:
            answer["NextToken"] = str(start + 2)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def price_list(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _PriceList)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
    yield url
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "hawkins" / "aws_prices.json"


def test_the_shipped_table_knows_the_guides_machines_and_its_date() -> None:
    prices = read_shipped()
    assert prices.hour("us-east-1", "g4dn.xlarge") == pytest.approx(0.526)
    assert prices.hour("us-east-1", "t3.medium") == pytest.approx(0.0416)
    assert prices.disk("us-east-1") == pytest.approx(0.08)
    assert "2026-07-20" in prices.note("us-east-1")
    for region in prices.regions.values():
        assert all(price > 0 for price in (*region.instances.values(), *region.storage.values()))


def test_what_is_not_known_is_none_and_never_nothing() -> None:
    prices = read_shipped()
    assert prices.hour("us-east-1", "p9.huge") is None
    assert prices.hour("mars-north-1", "t3.medium") is None
    assert prices.disk("mars-north-1") is None
    assert "unknown" in prices.note("mars-north-1")


def test_today_from_the_price_list(price_list: str) -> None:
    found = fetch_prices(Clients("eu-west-1"), "eu-west-1", ["g4dn.xlarge", "t3.medium", "p9.huge"])
    assert found.instances == {"g4dn.xlarge": 0.587, "t3.medium": 0.0456}
    assert (found.disk, found.address) == (0.088, 0.005)
    assert found.storage == {"STANDARD": 0.023, "STANDARD_IA": 0.0125, "GLACIER": 0.0036}


def test_a_region_without_prices_is_no_free_region(price_list: str) -> None:
    with pytest.raises(HawkinsError, match="mars-north-1"):
        fetch_prices(Clients("us-east-1"), "mars-north-1", ["t3.medium"])


def test_products_that_differ_have_no_price() -> None:
    assert price_of([_instance("t3.medium", "0.04"), _instance("t3.medium", "0.05")], unit="Hrs") is None
    assert price_of([_product("x", "0.02", "GB-Mo", begin="51200")], unit="GB-Mo") is None
    assert price_of([], unit="Hrs") is None


def test_newer_prices_go_before_older_ones(price_list: str, tmp_path: Path) -> None:
    kept = tmp_path / "deep" / "prices.json"
    fetched = fetch_prices(Clients("eu-west-1"), "eu-west-1", ["t3.medium"])
    keep_prices("eu-west-1", fetched, kept)
    old = fetched.model_copy(update={"date": fetched.date.replace(year=2001)})
    keep_prices("us-east-1", old, kept)
    prices = read_prices(kept)
    assert prices.hour("eu-west-1", "t3.medium") == pytest.approx(0.0456)
    assert prices.hour("us-east-1", "t3.medium") == pytest.approx(0.0416)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "prices.json"
    kept.write_text('{"regions": {"us-east-1": {"price": 1}}}', encoding="utf-8")
    with pytest.raises(InputError, match=r"prices\.json"):
        read_prices(kept)


def test_the_command_fetches_and_keeps(run_cli: Callable[..., Any], price_list: str, cache: Path) -> None:
    before = run_cli("prices", "--region", "eu-west-1", "--type", "g4dn.xlarge")
    assert (before.code, "price unknown" in before.out) == (0, True)
    order = ("prices", "--refresh", "--region", "eu-west-1", "--type", "p9.huge")
    shown = run_cli(*order, "--dry-run")
    assert (shown.code, "eu-west-1" in shown.out, "Nothing was done" in shown.out) == (0, True, True)
    assert (run_cli(*order, answer="n\n").code, run_cli(*order).code) == (1, 2)
    assert not cache.exists()
    done = run_cli(*order, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["instances"]["g4dn.xlarge"] == pytest.approx(0.587)
    assert done.json["unknown"] == ["p9.huge"]
    assert cache.is_file()
    after = run_cli("prices", "--region", "eu-west-1")
    assert "$0.5870 an hour" in after.out
    assert "today's: python deploy_aws.py prices --refresh" in after.out


def test_without_a_price_list_the_shipped_table_answers(run_cli: Callable[..., Any], cache: Path) -> None:
    done = run_cli("prices", "--type", "t3.medium", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert (done.code, done.err) == (0, "")
    assert "$0.0416 an hour" in done.out
    lost = run_cli(
        "prices", "--refresh", env={"AWS_ENDPOINT_URL_PRICING": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    )
    assert lost.code == 2
    assert lost.err.splitlines()[-1].startswith(
        "error: Asking the Price List about AmazonEC2 in us-east-1 failed: AWS could not be"
    )

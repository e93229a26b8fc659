"""What AWS asks for: a table that is shipped with its date, and the one that a person fetched since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError

from aws.plan import Action, Plan, Step
from utils.artifacts import atomic_write, prepare_folder
from utils.errors import InputError
from utils.settings import Settings, describe

__all__ = [
    "SHIPPED",
    "Prices",
    "RegionPrices",
    "keep_prices",
    "keeping_calls",
    "kept_file",
    "plan_keeping",
    "read_prices",
    "read_shipped",
]

SHIPPED: Final = Path(__file__).with_name("prices.json")


class RegionPrices(Settings):
    """US dollars, on demand, Linux, without tax, discounts and traffic; what is not known is not there, never 0.

    Attributes:
        date: Of these prices.
        source: Where they are from.
        instances: An hour, by type.
        disk: A GB of gp3 a month.
        address: A public IPv4 address, an hour.
        storage: A GB in S3 a month, by storage class as S3 calls it; the first tier, which is the dearest.
    """

    date: date
    source: str
    instances: dict[str, float] = Field(default_factory=dict)
    disk: float | None = None
    address: float | None = None
    storage: dict[str, float] = Field(default_factory=dict)


class Prices(Settings):
    """Prices by region.

    Attributes:
        regions: Such as ``us-east-1``.
    """

    regions: dict[str, RegionPrices]

    def hour(self, region: str, instance_type: str) -> float | None:
        """Return the price of an hour of an instance; None where it is unknown."""
        found = self.regions.get(region)
        return None if found is None else found.instances.get(instance_type)

    def disk(self, region: str) -> float | None:
        """Return the price of a GB of gp3 a month; None where it is unknown."""
        found = self.regions.get(region)
        return None if found is None else found.disk

    def address(self, region: str) -> float | None:
        """Return the price of an hour of a public IPv4 address; None where it is unknown."""
        found = self.regions.get(region)
        return None if found is None else found.address

    def storage(self, region: str, storage_class: str) -> float | None:
        """Return the price of a GB in S3 a month; None where it is unknown."""
        found = self.regions.get(region)
        return None if found is None else found.storage.get(storage_class)

    def note(self, region: str) -> str:
        """Say in one sentence how old the prices are and what they leave out."""
        found = self.regions.get(region)
        if found is None:
            return f"Prices of {region} are unknown; fetch them with: python deploy_aws.py prices --refresh"
        return (
            f"Prices of {found.date.isoformat()} for {region}, on demand, without tax, traffic and discounts; "
            "today's: python deploy_aws.py prices --refresh"
        )


def kept_file() -> Path:
    """Return where prices that were fetched are kept, for all projects of this user."""
    from platformdirs import user_cache_path

    return user_cache_path("hawkins", appauthor=False) / "aws_prices.json"


def read_shipped() -> Prices:
    """Return the table that came with the program."""
    return Prices.model_validate_json(SHIPPED.read_bytes())


def read_prices(kept: Path | None = None) -> Prices:
    """Return what is known: of each region the newer of what is shipped and what was fetched.

    Args:
        kept: What was fetched; None for the user's own file. It may be missing.

    Raises:
        InputError: If that file is damaged.
    """
    shipped = read_shipped()
    path = kept_file() if kept is None else kept
    try:
        fetched = Prices.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return shipped
    except (OSError, ValidationError) as error:
        reason = describe(error, Prices) if isinstance(error, ValidationError) else f"{error.strerror}."
        raise InputError(
            f"The prices in {path} cannot be read: {reason} Remove the file, and fetch them anew."
        ) from None
    return _newest(shipped, fetched)


def _newest(one: Prices, other: Prices) -> Prices:
    both = dict(one.regions)
    for region, prices in other.regions.items():
        if region not in both or prices.date >= both[region].date:
            both[region] = prices
    return Prices(regions=both)


def keep_prices(region: str, prices: RegionPrices, kept: Path | None = None) -> Path:
    """Keep what was fetched for a region, beside that of other regions.

    Args:
        region: Which.
        prices: Of it.
        kept: Where; None for the user's own file.

    Returns:
        The file.
    """
    path = kept_file() if kept is None else kept
    prepare_folder(path.parent, remedy="set XDG_CACHE_HOME to a folder that can be written")
    try:
        before = Prices.model_validate_json(path.read_bytes()).regions
    except (FileNotFoundError, ValidationError):
        # What is damaged is fetched anew.
        before = {}
    text = Prices(regions={**before, region: prices}).model_dump_json(indent=1)
    atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return path


def plan_keeping(region: str, prices: RegionPrices) -> Plan:
    """Return the plan that keeps what was fetched for a region.

    Args:
        region: Which.
        prices: Of it.
    """
    path = kept_file()
    step = Step(
        action=Action.CHANGE if path.exists() else Action.CREATE,
        kind="file",
        name=str(path),
        detail=f"prices of {region}, {prices.date.isoformat()}; all commands reckon with them",
        call="keep prices",
        arguments={"region": region, "prices": prices.model_dump(mode="json")},
    )
    return Plan(title=f"Keep the prices of {region}", steps=(step,))


def keeping_calls() -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`."""
    return {
        "keep prices": lambda given: str(keep_prices(given["region"], RegionPrices.model_validate(given["prices"])))
    }

"""What AWS commands reckon with: the prices of the configured region."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws.config import AwsConfig
    from aws.cost import Market

__all__ = ["market_of"]


def market_of(config: AwsConfig) -> Market:
    """Return the prices of the region in which machines run.

    Args:
        config: Naming it.
    """
    from aws.cost import market_in
    from aws.prices import read_prices

    return market_in(read_prices(), config.ec2.region)

"""The machine of a training: which types and prices, how long it may run, and what a person should know of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from aws.budget import Stock, hours_allowed
from aws.cost import Market, machine_hour
from aws.images import TypeFacts, find_image, type_facts
from aws.job import Job
from aws.launch import launch_step
from aws.launch_order import LaunchOrder, find_places
from aws.network import group_name
from aws.plan import Step
from aws.preparation import TOKEN
from aws.secrets import secret_named, secret_version
from aws.user_data import training_user_data
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["ROLE", "plan_machine"]

ROLE: Final = "training"
"""Of machines that train."""


def plan_machine(
    clients: Clients, config: AwsConfig, job: Job, stock: Stock, market: Market, *, spot: bool
) -> tuple[Job, Step, tuple[str, ...]]:
    """Return the job with its time limit, the step that launches its machine, and notes.

    Args:
        clients: Connections.
        config: The whole of it.
        job: What the machine is for.
        stock: What there is and what it has cost.
        market: Prices.
        spot: Whether a machine that may be taken away will do.

    Raises:
        HawkinsError: If there is no such machine, or the budget does not allow it.
    """
    ec2 = config.ec2
    types = tuple(dict.fromkeys((ec2.instance_type, *ec2.fallback_types)))
    facts = _alike(type_facts(clients, types), types)
    image = find_image(clients, facts, override=ec2.image, volume_gb=ec2.volume_gb)
    prices = {kind: market.price_of(kind) for kind in types}
    hour = machine_hour(_dearest(prices, ec2.max_spot_price if spot else None), ec2.volume_gb, market.rates)
    allowed = hours_allowed(stock, name=job.id, usd_per_hour=hour, max_hours=config.limits.max_hours)
    # Down to the minute, so that the machine's own clock ends it within the budget.
    hours = math.floor((allowed or config.limits.max_hours) * 60) / 60
    job = job.model_copy(update={"max_hours": hours})
    order = LaunchOrder(
        name=job.id,
        role=ROLE,
        tags=dict(config.tags),
        attempt=stock.next_attempt(job.id),
        places=find_places(clients, types, ec2.zones),
        image=image.id,
        root_device=image.root_device,
        volume_gb=ec2.volume_gb,
        user_data=training_user_data(job),
        group=group_name(config.project, ROLE),
        profile=config.iam.role_of(ROLE),
        key_pair=ec2.key_pair_name,
        max_spot_price=ec2.max_spot_price if spot else None,
        ends=True,
        max_hours=hours,
        prices=prices,
    )
    step = launch_step(order, detail=image.name, usd_per_hour=hour)
    notes = _notes(config, job, facts, spot=spot, hour=hour, stock=stock)
    return job, step, (*notes, *_gated(clients, config, job))


def _gated(clients: Clients, config: AwsConfig, job: Job) -> tuple[str, ...]:
    """Say what would otherwise be found out on the machine: that Meta's models are handed out on request alone."""
    repository = job.settings.base_model_llama if job.base == "llama" else ""
    if not repository.startswith("meta-llama/") or secret_version(clients, config, secret_named(TOKEN)):
        return ()
    return (
        f"{repository} is only for those whom Meta lets in, and SSM holds no {TOKEN}: the machine will fail to fetch "
        f"it. Ask on its page, then: python deploy_aws.py secret {TOKEN}; or choose training.base_model_llama.",
    )


def _alike(facts: Mapping[str, TypeFacts], types: tuple[str, ...]) -> TypeFacts:
    """Return what the types share, which is one image for all."""
    first = facts[types[0]]
    for each in facts.values():
        if (each.architecture, bool(each.gpus)) != (first.architecture, bool(first.gpus)):
            raise InputError(
                f"ec2.fallback_types: {each.name} and {first.name} differ in processor or GPU, so that one image "
                "does not start both; choose types of one kind."
            )
    return first


def _dearest(prices: Mapping[str, float | None], bound: float | None) -> float | None:
    """Return what an hour costs at most; None where that is unknown."""
    if bound is not None:
        return min(bound, max((bound if price is None else price) for price in prices.values()))
    known = [price for price in prices.values() if price is not None]
    return max(known) if len(known) == len(prices) else None


def _notes(
    config: AwsConfig, job: Job, facts: TypeFacts, *, spot: bool, hour: float | None, stock: Stock
) -> tuple[str, ...]:
    hours = job.max_hours
    notes = [
        f"It ends by itself when it is done, and after {hours:.1f} hours whatever happens: ${hours * (hour or 0):.2f} "
        f"at most, with disk and address. This month so far: ${stock.spent.usd:.2f} of ${stock.budget:.2f}."
    ]
    if hours < config.limits.max_hours - 0.02:
        notes.append(f"The budget leaves no more than {hours:.1f} of limits.max_hours ({config.limits.max_hours:g}).")
    if spot:
        notes.append(
            "AWS may take a spot machine away with two minutes' notice. It saves what it learnt; the same command goes "
            "on with it, and --follow does so by itself, within the budget."
        )
    if not facts.gpus:
        notes.append(f"{facts.name} has no GPU: training {job.base} there takes days.")
    if config.s3.region != config.ec2.region:
        notes.append(f"Bucket ({config.s3.region}) and machine ({config.ec2.region}) lie apart: traffic costs extra.")
    return tuple(notes)

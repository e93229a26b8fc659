"""One machine from an order: at most one, wherever there is capacity, and never lost sight of."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aws.errors import NoCapacityError, UnreachableError, aws_errors, error_code
from aws.ground import require_group
from aws.instances import Instance, described, end_instances, find_instances
from aws.launch_order import LaunchOrder, Place, run_request
from aws.ledger import LaunchRecord, had, write_record
from aws.plan import Action, Step
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RunInstancesRequestTypeDef

    from aws.clients import Clients

__all__ = ["LAUNCH", "StartedBeforeError", "launch", "launch_calls", "launch_step"]

LAUNCH: Final = "launch"
"""Name of the call in the table of `aws.plan.carry_out`."""
_PROFILE_SECONDS: Final = 60
"""IAM tells EC2 of a new instance profile after some seconds."""


class StartedBeforeError(HawkinsError):
    """EC2 knows the idempotency token with other settings."""


def launch_step(order: LaunchOrder, *, usd_per_hour: float | None, detail: str = "") -> Step:
    """Return the step of a plan that launches a machine.

    Args:
        order: What is wanted.
        usd_per_hour: With disk and address, at most (`aws.cost.machine_hour`); None where unknown.
        detail: What people read beside it, after what the order says itself.
    """
    first = order.places[0].type
    others = [kind for kind in dict.fromkeys(place.type for place in order.places) if kind != first]
    said = [
        first + (f" (or {', '.join(others)})" if others else ""),
        f"spot, ${order.max_spot_price:g} an hour at most" if order.max_spot_price else "on demand",
        f"{order.volume_gb} GB",
        f"image {order.image}",
        *([detail] if detail else []),
        f"ends after {order.max_hours:.1f} hours" if order.max_hours else "stays until you end it",
        *(["price unknown"] if usd_per_hour is None else []),
    ]
    return Step(
        action=Action.CREATE,
        kind="instance",
        name=order.name,
        detail=", ".join(said),
        call=LAUNCH,
        arguments=order.model_dump(mode="json"),
        usd_per_hour=usd_per_hour or 0.0,
    )


def launch_calls(
    clients: Clients, bucket: str, *, on_miss: Callable[[str], object] = lambda _: None
) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries a launch step out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
        bucket: Where launches are recorded, for the budget.
        on_miss: Hears of every place without capacity.
    """

    def call(arguments: Mapping[str, Any]) -> str:
        order = LaunchOrder.model_validate(dict(arguments))
        record = LaunchRecord(
            name=order.name,
            attempt=order.attempt,
            role=order.role,
            prices=_ceilings(order),
            volume_gb=order.volume_gb,
            max_hours=order.max_hours,
            asked=datetime.now(UTC),
        )
        write_record(clients, bucket, record)
        try:
            made = launch(clients, order, on_miss=on_miss)
        except UnreachableError:
            # Whether there is a machine is unknown; the record stays open until EC2 shows one or none.
            raise
        except HawkinsError:
            write_record(clients, bucket, record.model_copy(update={"ended": record.asked}))
            raise
        write_record(clients, bucket, had(record, made))
        return made.id

    return {LAUNCH: call}


def _ceilings(order: LaunchOrder) -> dict[str, float | None]:
    """Prices an hour, for the budget: of a spot machine at most its bound."""
    bound = order.max_spot_price
    if bound is None:
        return dict(order.prices)
    return {kind: bound if price is None else min(price, bound) for kind, price in order.prices.items()}


def launch(clients: Clients, order: LaunchOrder, *, on_miss: Callable[[str], object] = lambda _: None) -> Instance:
    """Have the machine of an order: the one that is there already, or a new one.

    Args:
        clients: Connections.
        order: What is wanted.
        on_miss: Hears of every place without capacity.

    Raises:
        NoCapacityError: If no place has any.
        HawkinsError: Where AWS refuses.
    """
    before = find_instances(clients, order.project, name=order.name, alive=False)
    if any(each.alive for each in before):
        return _one(clients, before)
    group = require_group(clients, order.project, order.group)
    for place in order.places:
        try:
            made = _run(clients, order, place, group)
        except NoCapacityError as error:
            on_miss(f"{place.type} in {place.zone}: {error}")
            continue
        except (UnreachableError, StartedBeforeError):
            # The answer to this call, or to one of an earlier run, was lost after the machine was started.
            there = _seen(clients, order)
            if not there:
                raise
            return _one(clients, there)
        if made.id in {each.id for each in before}:
            # The token is that of a machine that has ended, and whose record is gone with its bucket.
            return launch(clients, order.model_copy(update={"attempt": order.attempt + 1}), on_miss=on_miss)
        return _one(clients, (*(each for each in _alive(clients, order) if each.id != made.id), made))
    tried = ", ".join(f"{place.type} in {place.zone}" for place in order.places)
    raise NoCapacityError(
        f"AWS has no machine free for {order.name} now (tried {tried}). Nothing was started. Try later, or add to "
        "ec2.fallback_types or ec2.zones in aws_config.yaml"
        + (", or raise ec2.max_spot_price." if order.max_spot_price else ".")
    )


def _alive(clients: Clients, order: LaunchOrder) -> tuple[Instance, ...]:
    return find_instances(clients, order.project, name=order.name)


def _seen(clients: Clients, order: LaunchOrder) -> tuple[Instance, ...]:
    """Return the machines for an order; EC2 may take some seconds to show a new one."""
    for pause in (0, 3, 6):
        time.sleep(pause)
        if there := _alive(clients, order):
            return there
    return ()


def _one(clients: Clients, there: tuple[Instance, ...]) -> Instance:
    """Keep the oldest of the machines for one purpose: whoever else looks keeps the same."""
    oldest, *others = sorted((each for each in there if each.alive), key=lambda each: (each.launched, each.id))
    end_instances(clients, [each.id for each in others])
    return oldest


def _run(clients: Clients, order: LaunchOrder, place: Place, group: str) -> Instance:
    request = run_request(order, place, group)
    end = time.monotonic() + _PROFILE_SECONDS
    while True:
        try:
            return _ask(clients, request)
        except InputError as error:
            if "nstance profile" not in str(error).casefold() or time.monotonic() > end:
                raise
        time.sleep(5)


def _ask(clients: Clients, request: RunInstancesRequestTypeDef) -> Instance:
    from botocore.exceptions import ClientError

    doing = f"Starting a machine ({request.get('InstanceType', '')})"
    with aws_errors(doing):
        try:
            made = clients.ec2.run_instances(**request)
        except ClientError as error:
            if error_code(error) != "IdempotentParameterMismatch":
                raise
            raise StartedBeforeError(
                f"{doing} failed: an earlier run started one with other settings, and EC2 does not show it yet; "
                "look with `python deploy_aws.py list-instances`, and run the same command again in a minute."
            ) from None
    return described(made["Instances"][0])

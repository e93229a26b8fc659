"""One machine from an order: at most one, wherever there is capacity, and never lost sight of."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import Field, model_validator

from aws.errors import NoCapacityError, UnreachableError, aws_errors, error_code
from aws.ground import require_group
from aws.instances import ATTEMPT_TAG, LAUNCH_TAG, Instance, described, end_instances, find_instances
from aws.layout import PROJECT_TAG, ROLE_TAG
from aws.ledger import LaunchRecord, had, write_record
from aws.plan import Action, Step
from utils.errors import HawkinsError, InputError
from utils.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RunInstancesRequestTypeDef

    from aws.clients import Clients

__all__ = [
    "LAUNCH",
    "LaunchOrder",
    "Place",
    "StartedBeforeError",
    "find_places",
    "launch",
    "launch_calls",
    "launch_step",
    "run_request",
    "user_data_fits",
]

LAUNCH: Final = "launch"
"""Name of the call in the table of `aws.plan.carry_out`."""
_USER_DATA_BYTES: Final = 16_384
_PROFILE_SECONDS: Final = 60
"""IAM tells EC2 of a new instance profile after some seconds."""


class StartedBeforeError(HawkinsError):
    """EC2 knows the idempotency token with other settings."""


class Place(Settings):
    """An instance type in a zone.

    Attributes:
        type: Such as ``g4dn.xlarge``.
        zone: Such as ``us-east-1a``.
    """

    type: str
    zone: str


class LaunchOrder(Settings):
    """A machine that is wanted.

    Attributes:
        name: What it is for, such as a job's id: one machine alive at most.
        role: ``training`` or ``gradio``, a tag.
        tags: On machine, disk and network interface; ``project`` among them.
        attempt: Which machine for the same purpose, from 1; a new one is had only with a new number.
        places: Tried in this order until one has capacity.
        image: AMI.
        root_device: Where its disk is attached.
        volume_gb: Of the encrypted disk.
        user_data: What it runs first; readable to whoever may describe it, so without any secret.
        group: Name of its security group.
        profile: Name of its instance profile.
        key_pair: For SSH; None for none.
        max_spot_price: US dollars an hour; None for a machine that is not taken away.
        ends: Whether shutting down from within terminates it; else it stops and keeps its disk.
        max_hours: After which it ends by itself; None for a machine that stays. Kept for the budget alone.
        prices: US dollars an hour by type; None where unknown. Kept for the budget alone.
    """

    name: str = Field(pattern=r"^[\w.-]{1,100}$")
    role: Literal["training", "gradio"]
    tags: dict[str, str]
    attempt: int = Field(default=1, ge=1)
    places: tuple[Place, ...] = Field(min_length=1)
    image: str
    root_device: str
    volume_gb: int
    user_data: str
    group: str
    profile: str
    key_pair: str | None = None
    max_spot_price: float | None = None
    ends: bool
    max_hours: float | None = None
    prices: dict[str, float | None]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        user_data_fits(self.user_data)
        if PROJECT_TAG not in self.tags:
            raise ValueError(f"the tag {PROJECT_TAG} is missing")
        return self

    @property
    def project(self) -> str:
        """Value of the tag by which it is found again."""
        return self.tags[PROJECT_TAG]

    @property
    def all_tags(self) -> dict[str, str]:
        """What the machine carries."""
        ours = {"Name": self.name, ROLE_TAG: self.role, LAUNCH_TAG: self.name, ATTEMPT_TAG: str(self.attempt)}
        return {**self.tags, **ours}

    def token(self, place: Place) -> str:
        """Return the idempotency token: EC2 gives the same machine again for the same one."""
        text = " ".join((self.project, self.name, str(self.attempt), place.type, place.zone))
        return hashlib.sha256(text.encode()).hexdigest()


def user_data_fits(user_data: str) -> None:
    """Refuse user data that EC2 would refuse.

    Raises:
        ValueError: If it is too long.
    """
    size = len(user_data.encode())
    if size > _USER_DATA_BYTES:
        raise ValueError(f"user data has {size} bytes, and EC2 takes {_USER_DATA_BYTES}")


def find_places(clients: Clients, types: tuple[str, ...], zones: tuple[str, ...] = ()) -> tuple[Place, ...]:
    """Return where types are offered, the first type's zones first.

    Args:
        clients: Connections.
        types: Wanted first, and then in this order.
        zones: Only these, in this order; empty for all of the region.

    Raises:
        InputError: If none of the types is offered there.
    """
    with aws_errors(f"asking where {', '.join(types)} can be had"):
        pages = list(
            clients.ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": list(types)}]
            )
        )
    offers = {(each["InstanceType"], each["Location"]) for page in pages for each in page["InstanceTypeOfferings"]}
    order = zones or tuple(sorted({zone for _, zone in offers}))
    places = tuple(Place(type=kind, zone=zone) for kind in types for zone in order if (kind, zone) in offers)
    if not places:
        where = f"zones {', '.join(zones)}" if zones else f"region {clients.region}"
        raise InputError(
            f"{' and '.join(types)} cannot be had in {where}; choose another type (ec2.instance_type, "
            "ec2.fallback_types, gradio.instance_type), zone (ec2.zones) or region (ec2.region) in aws_config.yaml."
        )
    return places


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
    there = _alive(clients, order)
    if there:
        return _one(clients, there)
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
    oldest, *others = sorted(there, key=lambda each: (each.launched, each.id))
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


def run_request(order: LaunchOrder, place: Place, group: str) -> RunInstancesRequestTypeDef:
    """Return the whole request for a machine."""
    tags: Any = [{"Key": key, "Value": value} for key, value in sorted(order.all_tags.items())]
    kinds = ("instance", "volume", "network-interface", *(("spot-instances-request",) if order.max_spot_price else ()))
    request: RunInstancesRequestTypeDef = {
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": order.token(place),
        "ImageId": order.image,
        "InstanceType": place.type,  # type: ignore[typeddict-item]
        "Placement": {"AvailabilityZone": place.zone},
        "SecurityGroupIds": [group],
        "IamInstanceProfile": {"Name": order.profile},
        "InstanceInitiatedShutdownBehavior": "terminate" if order.ends else "stop",
        "UserData": order.user_data,
        # A hop limit of 1 keeps containers and proxies on the machine away from its credentials.
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
        "BlockDeviceMappings": [
            {
                "DeviceName": order.root_device,
                "Ebs": {
                    "VolumeSize": order.volume_gb,
                    "VolumeType": "gp3",
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
        ],
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in kinds],
    }
    if order.key_pair is not None:
        request["KeyName"] = order.key_pair
    if order.max_spot_price is not None:
        request["InstanceMarketOptions"] = {
            "MarketType": "spot",
            "SpotOptions": {
                "MaxPrice": f"{order.max_spot_price:.4f}",
                "SpotInstanceType": "one-time",
                "InstanceInterruptionBehavior": "terminate",
            },
        }
    return request

"""What machine is wanted, where it may be had, and the request that asks EC2 for it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from aws.errors import aws_errors
from aws.instances import ATTEMPT_TAG, LAUNCH_TAG
from aws.layout import PROJECT_TAG, ROLE_TAG, tag_list
from aws.user_data import LARGEST
from utils.errors import InputError
from utils.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RunInstancesRequestTypeDef

    from aws.clients import Clients

__all__ = ["LaunchOrder", "Place", "find_places", "run_request"]


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
        if (size := len(self.user_data.encode())) > LARGEST:
            raise ValueError(f"user data has {size} bytes, and EC2 takes {LARGEST}")
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


def run_request(order: LaunchOrder, place: Place, group: str) -> RunInstancesRequestTypeDef:
    """Return the whole request for a machine."""
    tags = tag_list(order.all_tags)
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

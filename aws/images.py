"""The disk image that a machine starts from: the newest that AWS or Canonical name in public SSM parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws.errors import aws_errors
from utils.errors import HawkinsError, InputError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["GPU_IMAGES", "PLAIN_IMAGES", "Image", "TypeFacts", "find_image", "type_facts"]

# Ubuntu 24.04 alone: 22.04 brings Python 3.10, and this program needs 3.11.
# The first carries several CUDA versions, the second one: docs.aws.amazon.com/dlami/latest/devguide, "Deep Learning
# Base ... AMI (Ubuntu 24.04)". The rest: documentation.ubuntu.com/aws, "Find Ubuntu images on AWS".
GPU_IMAGES: Final = (
    "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id",
    "/aws/service/deeplearning/ami/x86_64/base-with-single-cuda-ubuntu-24.04/latest/ami-id",
)
PLAIN_IMAGES: Final = {
    "x86_64": ("/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",),
    "arm64": ("/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",),
}
# NVIDIA's open kernel modules, which these images carry, begin with Turing.
_TOO_OLD: Final = frozenset({"K520", "K80", "M60", "V100"})


@dataclass(frozen=True, kw_only=True)
class TypeFacts:
    """What EC2 says of an instance type.

    Attributes:
        name: Such as ``g4dn.xlarge``.
        architecture: ``x86_64`` or ``arm64``.
        gpus: Names, such as ``T4``; empty for none.
        gpu_mib: Memory of all of them, in MiB.
        memory_mib: Of the machine, in MiB.
    """

    name: str
    architecture: str
    gpus: tuple[str, ...] = ()
    gpu_mib: int = 0
    memory_mib: int = 0


@dataclass(frozen=True, kw_only=True)
class Image:
    """A disk image.

    Attributes:
        id: Such as ``ami-0123456789abcdef0``.
        name: Its maker's.
        root_device: Where its disk is attached, such as ``/dev/sda1``.
        minimum_gb: Smallest disk that holds it; 0 where EC2 does not say.
        source: The parameter that named it, or ``ec2.image``.
    """

    id: str
    name: str
    root_device: str
    minimum_gb: int
    source: str


def type_facts(clients: Clients, types: tuple[str, ...]) -> Mapping[str, TypeFacts]:
    """Return what EC2 says of instance types.

    Raises:
        InputError: If one does not exist, or not in this region.
    """
    with aws_errors(f"looking up {', '.join(types)}"):
        pages = list(
            clients.ec2.get_paginator("describe_instance_types").paginate(
                Filters=[{"Name": "instance-type", "Values": list(types)}]
            )
        )
    facts: dict[str, TypeFacts] = {
        each["InstanceType"]: _facts(each) for page in pages for each in page["InstanceTypes"]
    }
    for missing in [name for name in types if name not in facts]:
        raise InputError(
            f"{clients.region} has no instance type {missing}; name another as ec2.instance_type "
            "(or ec2.fallback_types, gradio.instance_type), or another ec2.region, in aws_config.yaml."
        )
    return facts


def _facts(found: Any) -> TypeFacts:
    gpu = found.get("GpuInfo", {})
    chips = found.get("ProcessorInfo", {}).get("SupportedArchitectures", ["x86_64"])
    return TypeFacts(
        name=found["InstanceType"],
        architecture="arm64" if "arm64" in chips else "x86_64",
        gpus=tuple(each.get("Name", "GPU") for each in gpu.get("Gpus", []) if each.get("Manufacturer") == "NVIDIA"),
        gpu_mib=gpu.get("TotalGpuMemoryInMiB", 0),
        memory_mib=found.get("MemoryInfo", {}).get("SizeInMiB", 0),
    )


def find_image(clients: Clients, facts: TypeFacts, *, override: str | None = None, volume_gb: int) -> Image:
    """Return the image for an instance type.

    Args:
        clients: Connections.
        facts: Of the type.
        override: ``ec2.image``, which goes before what AWS names.
        volume_gb: Of the disk that is to hold it.

    Raises:
        InputError: If no image suits the type, or the disk is too small for it.
    """
    image = _described(clients, override, "ec2.image") if override else _newest(clients, _parameters(facts))
    if image.minimum_gb > volume_gb:
        raise InputError(
            f"{image.name or image.id} needs a disk of {image.minimum_gb} GB, and volume_gb is {volume_gb}; "
            "raise it in aws_config.yaml."
        )
    return image


def _parameters(facts: TypeFacts) -> tuple[str, ...]:
    if not facts.gpus:
        return PLAIN_IMAGES[facts.architecture]
    if facts.architecture == "arm64" or _TOO_OLD & set(facts.gpus):
        raise InputError(
            f"{facts.name} ({', '.join(facts.gpus)}, {facts.architecture}) does not run AWS's image with NVIDIA's "
            "open driver for x86_64; name an image as ec2.image, or another type (g4dn, g5, g6) in aws_config.yaml."
        )
    return GPU_IMAGES


def _newest(clients: Clients, parameters: tuple[str, ...]) -> Image:
    with aws_errors(f"reading the public SSM parameter {parameters[0]}"):
        found = clients.ssm.get_parameters(Names=list(parameters))
    values = {each["Name"]: each["Value"] for each in found["Parameters"]}
    for name in parameters:
        if name in values:
            return _described(clients, values[name], name)
    raise HawkinsError(
        f"AWS names no image in {clients.region} (asked for: {', '.join(parameters)}); "
        "name one as ec2.image in aws_config.yaml."
    )


def _described(clients: Clients, image: str, source: str) -> Image:
    with aws_errors(f"looking up image {image} ({source})"):
        found = clients.ec2.describe_images(ImageIds=[image])["Images"]
    if not found:
        raise InputError(f"{clients.region} has no image {image} ({source}); images belong to one region.")
    root = found[0].get("RootDeviceName") or "/dev/sda1"
    disks = {each.get("DeviceName"): each.get("Ebs", {}).get("VolumeSize", 0) for each in _disks(found[0])}
    return Image(
        id=image,
        name=found[0].get("Name", ""),
        root_device=root,
        minimum_gb=disks.get(root, 0),
        source=source,
    )


def _disks(image: Any) -> list[dict[str, Any]]:
    disks: list[dict[str, Any]] = image.get("BlockDeviceMappings", [])
    return disks

"""``aws_config.yaml``: the guide's keys, ours beside them, all validated before anything is asked of AWS."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from character_training.settings import TrainingSettings, settings_for
from utils.errors import InputError
from utils.settings import Settings, describe, read_mapping

__all__ = [
    "CONFIG",
    "AwsConfig",
    "Ec2Settings",
    "GradioSettings",
    "HubSettings",
    "IamSettings",
    "LimitSettings",
    "LoggingSettings",
    "S3Settings",
    "read_config",
]

CONFIG: Final = Path("aws_config.yaml")
_DOMAIN: Final = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"


def _region(name: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", name):
        raise ValueError(f"'{name}' is no region; one looks like us-east-1")
    return name


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"'{text}' is no network: {error}; one looks like 203.0.113.7/32 or 2001:db8::/48") from None


def _own_cidr(text: str) -> str:
    network = _cidr(text)
    if ipaddress.ip_network(network).prefixlen == 0:
        raise ValueError(f"SSH from everywhere ({network}) is refused; name your own network")
    return network


def _instance_type(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", name):
        raise ValueError(f"'{name}' is no instance type; one looks like g4dn.xlarge")
    return name


def _plain(text: str) -> str:
    """Refuse what AWS would not take as a tag or name, or what a shell would read otherwise."""
    if not re.fullmatch(r"[\w+=,.@:/ -]{1,128}", text, re.ASCII):
        raise ValueError(f"'{text}' may hold letters, digits, spaces and + = , . @ : / _ - alone, 128 at most")
    return text


Region = Annotated[str, AfterValidator(_region)]
Cidr = Annotated[str, AfterValidator(_cidr)]
OwnCidr = Annotated[str, AfterValidator(_own_cidr)]
InstanceType = Annotated[str, AfterValidator(_instance_type)]
Plain = Annotated[str, AfterValidator(_plain)]


class Ec2Settings(Settings):
    """The machine that trains.

    Attributes:
        instance_type: One with a GPU.
        fallback_types: Tried in this order where the first has no capacity.
        zones: Availability zones to try, in this order; empty for every zone of the region that has the type.
        key_pair_name: Key pair for SSH, made if there is none of that name; None: nobody can log in.
        ssh_cidrs: Networks that may reach port 22; empty for a closed port.
        region: Of the machines.
        image: Such as ami-0123456789abcdef0; None for the newest suitable one that AWS names.
        volume_gb: Size of the encrypted disk.
        use_spot_instances: Cheaper, and may be taken away with two minutes' notice.
        max_spot_price: US dollars an hour that a spot machine may cost, at most.
    """

    instance_type: InstanceType = "g4dn.xlarge"
    fallback_types: tuple[InstanceType, ...] = ()
    zones: tuple[str, ...] = ()
    key_pair_name: Plain | None = None
    ssh_cidrs: tuple[OwnCidr, ...] = ()
    region: Region = "us-east-1"
    image: Annotated[str, Field(pattern=r"^ami-[0-9a-f]{8,17}$")] | None = None
    volume_gb: int = Field(default=100, ge=30, le=16_384)
    use_spot_instances: bool = False
    max_spot_price: float = Field(default=0.5, gt=0)

    @model_validator(mode="after")
    def _zones_of_the_region(self) -> Self:
        for zone in self.zones:
            if not zone.startswith(self.region):
                raise ValueError(f"zone '{zone}' does not lie in region {self.region}")
        return self


class S3Settings(Settings):
    """Where data, models, results, checkpoints and logs lie.

    Attributes:
        bucket_name: No other bucket in the world is called so.
        region: Of the bucket; the machine's, else every byte crosses regions and costs.
    """

    bucket_name: str
    region: Region = "us-east-1"

    @field_validator("bucket_name")
    @classmethod
    def _as_s3_takes_it(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]", name) or name.startswith("xn--"):
            raise ValueError(
                f"'{name}' is no bucket name: 3 to 63 of a-z, 0-9 and -, no dots (TLS does not cover them)"
            )
        return name


class GradioSettings(Settings):
    """The machine that hosts the app.

    Attributes:
        port: Of the app.
        host: Address that it listens on.
        enable_auth: Whether visitors log in; the password lies in SSM.
        username: What visitors log in with.
        instance_type: The guide's, 4 GB.
        volume_gb: Size of the encrypted disk.
        allowed_cidrs: Networks that may open the app, such as 203.0.113.7/32 or 2001:db8::/48; empty for nobody.
        domain: Name whose address points to the machine: TLS by Caddy on 443; None for plain HTTP on the port.
        endpoint: URL of a vLLM server that answers instead of the embedded model.
        key_pair_name: Key pair for SSH, as above.
        ssh_cidrs: Networks that may reach port 22; empty for a closed port.
    """

    port: int = Field(default=7860, ge=1024, le=65_535)
    host: str = "0.0.0.0"  # noqa: S104 - the guide's; the security group says who reaches it
    enable_auth: bool = True
    username: Plain = "hawkins"
    instance_type: InstanceType = "t3.medium"
    volume_gb: int = Field(default=30, ge=10, le=16_384)
    allowed_cidrs: tuple[Cidr, ...] = ()
    domain: Annotated[str, Field(pattern=_DOMAIN, max_length=253)] | None = None
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s@\"'`$\\]+$")] | None = None
    key_pair_name: Plain | None = None
    ssh_cidrs: tuple[OwnCidr, ...] = ()

    @model_validator(mode="after")
    def _open_only_with_a_password(self) -> Self:
        if not self.enable_auth and any(ipaddress.ip_network(each).prefixlen == 0 for each in self.allowed_cidrs):
            raise ValueError("enable_auth: false needs allowed_cidrs that are not the whole world")
        return self


class IamSettings(Settings):
    """What the machines may do.

    Attributes:
        role_name: Of role and instance profile of machines that train; those of the app are called so with -App.
    """

    role_name: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,60}$")] = "EC2-S3-Access"

    def role_of(self, role: str) -> str:
        """Return the name of role and instance profile of machines: ``training`` or ``gradio``."""
        return self.role_name if role == "training" else f"{self.role_name}-App"


class LimitSettings(Settings):
    """What ends by itself.

    Attributes:
        max_hours: A training machine ends after so many hours, whatever happens.
        budget_usd: US dollars for all our instances of a calendar month; reached, nothing starts and what runs ends.
    """

    max_hours: float = Field(default=6, gt=0, le=72)
    budget_usd: float = Field(default=50, gt=0)


class HubSettings(Settings):
    """A copy on the Hugging Face Hub.

    Attributes:
        push_to: ``USER/REPO``, private; None for no copy.
    """

    push_to: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None


class LoggingSettings(Settings):
    """What the machines report.

    Attributes:
        seconds: Time between uploads of log and progress.
    """

    seconds: float = Field(default=30, ge=1, le=600)


class AwsConfig(Settings):
    """The whole file.

    Attributes:
        ec2: The machine that trains.
        s3: The bucket.
        training: How a voice is learnt, as in ``hawkins train --config``.
        gradio: The machine that hosts the app.
        iam: What machines may do.
        limits: What ends by itself.
        hub: A copy on the Hugging Face Hub.
        logging: What machines report.
        tags: On every resource; ``project`` is what they are found again by.
    """

    ec2: Ec2Settings = Field(default_factory=Ec2Settings)
    s3: S3Settings
    training: dict[str, Any] = Field(default_factory=dict)
    gradio: GradioSettings = Field(default_factory=GradioSettings)
    iam: IamSettings = Field(default_factory=IamSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    hub: HubSettings = Field(default_factory=HubSettings)
    logging: LoggingSettings = Field(default_factory=LoggingSettings)
    tags: dict[Plain, Plain] = Field(default_factory=lambda: {"project": "stranger-things-nlp"})

    @field_validator("tags")
    @classmethod
    def _found_again(cls, tags: dict[str, str]) -> dict[str, str]:
        if "project" not in tags:
            raise ValueError("'project' must be among the tags: resources are found again by it")
        # It becomes part of the names of SSM parameters and security groups.
        if not re.fullmatch(r"(?!(?i:aws|ssm))[A-Za-z0-9_.-]{1,64}", tags["project"]):
            raise ValueError(
                f"project '{tags['project']}' may hold letters, digits and _ . - alone, 64 at most, "
                "and not begin with aws or ssm"
            )
        return tags

    @property
    def project(self) -> str:
        """The value of the tag by which everything is found again."""
        return self.tags["project"]

    def training_settings(self, base: str) -> TrainingSettings:
        """How a voice is learnt for a base.

        Raises:
            InputError: If the section cannot be.
        """
        return settings_for(base, self.training)


def read_config(path: Path = CONFIG) -> AwsConfig:
    """Read and validate the file; nothing is asked of AWS.

    Args:
        path: The file.

    Raises:
        InputError: Naming the file, the key and the trouble.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; make one with: python deploy_aws.py init")
    try:
        config = AwsConfig.model_validate(read_mapping(path))
    except ValidationError as error:
        raise InputError(f"{path}: {describe(error, AwsConfig)}") from None
    try:
        config.training_settings("llama")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return config

"""What `init` makes, made behind its back, so that tests of machines need no more than this; and prices of tests."""

from __future__ import annotations

import json
from typing import Any

from aws.bundle import Bundle
from aws.clients import Clients
from aws.config import AwsConfig
from aws.cost import Market, Rates

__all__ = ["BUCKET", "PROJECT", "TINY", "lay_ground", "market", "our_images", "run_app"]

PROJECT = "hawkins-lab"
BUCKET = "hawkins-lab-test"
TAGS = [{"Key": "project", "Value": PROJECT}]
TINY = Bundle(data=b"a program", sha256="0" * 64, names=("hawkins.py",))
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}],
}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def our_images(clients: Clients) -> list[str]:
    """Return images that moto knows and that suit x86_64."""
    found = clients.ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2*x86_64*"]}])["Images"]
    return [each["ImageId"] for each in found]


def lay_ground(clients: Clients, **sections: Any) -> AwsConfig:
    """Make bucket, groups, roles and profiles, and return a config that names them.

    Args:
        clients: Connections.
        sections: Keys put over those of the config, by section.
    """
    clients.s3.create_bucket(Bucket=BUCKET)
    clients.s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": TAGS})
    clients.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    vpc = clients.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for role in ("training", "gradio"):
        clients.ec2.create_security_group(
            GroupName=f"{PROJECT}-{role}",
            Description=role,
            VpcId=vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
        )
    for name in ("EC2-S3-Access", "EC2-S3-Access-App"):
        clients.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST), Tags=TAGS)
        clients.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(_POLICY))
        clients.iam.create_instance_profile(InstanceProfileName=name, Tags=TAGS)
        clients.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    whole = {
        "s3": {"bucket_name": BUCKET},
        "ec2": {"image": our_images(clients)[0]},
        "training": {"max_steps": 5},
        "tags": {"project": PROJECT},
    }
    for name, keys in sections.items():
        whole[name] = {**whole.get(name, {}), **keys}
    return AwsConfig.model_validate(whole)


def run_app(clients: Clients, config: AwsConfig) -> str:
    """Start the app's machine; return its id."""
    tags: Any = [
        {"Key": "project", "Value": PROJECT},
        {"Key": "hawkins:role", "Value": "gradio"},
        {"Key": "hawkins:launch", "Value": "gradio"},
    ]
    made: str = clients.ec2.run_instances(
        ImageId=str(config.ec2.image), InstanceType="t3.medium", MinCount=1, MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )["Instances"][0]["InstanceId"]  # fmt: skip
    return made


def market(**prices: float | None) -> Market:
    """Return prices: of g4dn.xlarge half a dollar an hour, unless said otherwise (``g4dn_xlarge=...``)."""
    known = {"g4dn_xlarge": 0.5, "g5_xlarge": 1.0, "t3_medium": 0.04, **prices}
    return Market(
        price_of=lambda kind: known.get(kind.replace(".", "_")),
        rates=Rates(disk=0.073, address=0.005),
        storage_of=lambda kind: {"STANDARD": 0.023}.get(kind),
        note="Prices of the tests.",
    )

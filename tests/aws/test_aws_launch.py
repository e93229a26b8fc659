"""One machine from an order, on moto: what it is like, where it is had, and that it is one."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aws.clients import Clients
from aws.errors import NoCapacityError, UnreachableError
from aws.images import GPU_IMAGES, PLAIN_IMAGES, find_image, type_facts
from aws.instances import find_instances, require_instance
from aws.launch import StartedBeforeError, launch, launch_calls, launch_step
from aws.launch_order import LaunchOrder, find_places, run_request
from aws.ledger import read_records
from tests.aws.conftest import Moto
from tests.aws.faults import Fault, faulty
from tests.aws.grounds import BUCKET, PROJECT, lay_ground, our_images
from utils.errors import HawkinsError, InputError


@pytest.fixture
def clients(moto: Moto) -> Clients:
    return Clients("us-east-1")


@pytest.fixture
def order(clients: Clients) -> Callable[..., LaunchOrder]:
    lay_ground(clients)
    image = find_image(
        clients, type_facts(clients, ("g4dn.xlarge",))["g4dn.xlarge"], override=our_images(clients)[0], volume_gb=100
    )

    def make(**over: Any) -> LaunchOrder:
        whole: dict[str, Any] = {
            "name": "llama-mike-0123456789",
            "role": "training",
            "tags": {"project": PROJECT, "team": "lab"},
            "places": find_places(clients, ("g4dn.xlarge", "g5.xlarge"), ("us-east-1a", "us-east-1b")),
            "image": image.id,
            "root_device": image.root_device,
            "volume_gb": 100,
            "user_data": "#!/bin/bash\necho hello\n",
            "group": f"{PROJECT}-training",
            "profile": "EC2-S3-Access",
            "ends": True,
            "max_hours": 2,
            "prices": {"g4dn.xlarge": 0.5, "g5.xlarge": 1.0},
            **over,
        }
        return LaunchOrder.model_validate(whole)

    return make


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore (and us) try again at once."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_a_machine_is_closed_encrypted_tagged_and_ends_when_it_shuts_down(
    clients: Clients, order: Callable[..., LaunchOrder]
) -> None:
    made = launch(clients, order())

    found = clients.ec2.describe_instances(InstanceIds=[made.id])["Reservations"][0]["Instances"][0]
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert found["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert "KeyName" not in found
    assert [group["GroupName"] for group in found["SecurityGroups"]] == [f"{PROJECT}-training"]
    assert found["IamInstanceProfile"]["Arn"].endswith("/EC2-S3-Access")
    disk = clients.ec2.describe_volumes()["Volumes"][0]
    assert (disk["Encrypted"], disk["VolumeType"], disk["Size"]) == (True, "gp3", 100)
    tags = {"project": PROJECT, "team": "lab", "hawkins:role": "training", "hawkins:launch": made.name}
    for tagged in (found, disk):
        assert tags.items() <= {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}.items()
    said = clients.ec2.describe_instance_attribute(InstanceId=made.id, Attribute="instanceInitiatedShutdownBehavior")
    assert said["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"
    script = clients.ec2.describe_instance_attribute(InstanceId=made.id, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(script).decode() == "#!/bin/bash\necho hello\n"


def test_the_same_order_again_is_the_same_machine_and_a_spot_one_has_a_bound(
    moto: Moto, clients: Clients, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        calls = launch_calls(Clients("us-east-1"), BUCKET)
        arguments = order(max_spot_price=0.3).model_dump(mode="json")
        first, second = calls["launch"](arguments), calls["launch"](arguments)

    assert first == second
    assert proxy.calls.count("ec2:RunInstances") == 1
    asked = proxy.bodies[proxy.calls.index("ec2:RunInstances")].decode()
    assert "SpotOptions.MaxPrice=0.3000" in asked
    assert "SpotInstanceType=one-time" in asked
    (machine,) = find_instances(clients, PROJECT)
    assert machine.spot
    (record,) = read_records(clients, BUCKET)
    assert (record.instance, record.type, record.usd_per_hour) == (first, "g4dn.xlarge", 0.3)


def test_without_capacity_the_next_zone_and_then_the_next_type_is_tried(
    moto: Moto, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    missed: list[str] = []
    with faulty(moto.url, Fault("capacity", only="ec2:RunInstances", times=10)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        monkeypatch.setattr(time, "sleep", lambda _: None)
        # botocore asks five times a place: two zones of the first type are in vain.
        made = launch(Clients("us-east-1"), order(), on_miss=missed.append)

    assert (made.type, made.zone) == ("g5.xlarge", "us-east-1a")
    assert [miss.split(":")[0] for miss in missed] == ["g4dn.xlarge in us-east-1a", "g4dn.xlarge in us-east-1b"]


def test_no_capacity_anywhere_says_what_was_tried_and_starts_nothing(
    moto: Moto, clients: Clients, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    with faulty(moto.url, Fault("capacity", only="ec2:RunInstances", times=99)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(
            NoCapacityError, match=r"tried g4dn.xlarge in us-east-1a.*g5.xlarge in us-east-1b.*fallback"
        ):
            launch_calls(Clients("us-east-1"), BUCKET)["launch"](order().model_dump(mode="json"))

    assert find_instances(clients, PROJECT) == ()
    (record,) = read_records(clients, BUCKET)
    assert record.ended == record.asked, "what was never had costs nothing"


def test_a_lost_answer_neither_loses_nor_doubles_the_machine(
    moto: Moto, clients: Clients, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    # All five of botocore's attempts are carried out, and no answer arrives.
    with faulty(moto.url, Fault("drop", only="ec2:RunInstances", times=5)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        made = launch(Clients("us-east-1"), order())

    assert proxy.calls.count("ec2:RunInstances") == 5
    assert [each.id for each in find_instances(clients, PROJECT)] == [made.id]


def test_where_tokens_mean_nothing_surplus_machines_are_ended(
    clients: Clients, order: Callable[..., LaunchOrder]
) -> None:
    """Two people on two machines at once: moto honours no token, so both get one."""
    from aws.ground import require_group

    request = run_request(order(), order().places[0], require_group(clients, PROJECT, f"{PROJECT}-training"))
    for _ in range(3):
        clients.ec2.run_instances(**request)
    assert len(find_instances(clients, PROJECT)) == 3

    made = launch(clients, order())

    assert [each.id for each in find_instances(clients, PROJECT)] == [made.id]


def test_an_unreachable_network_leaves_an_open_record(
    moto: Moto, clients: Clients, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    with faulty(moto.url, Fault("lose", only="ec2:", times=99)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(UnreachableError, match="run the same command again"):
            launch_calls(Clients("us-east-1"), BUCKET)["launch"](order().model_dump(mode="json"))

    (record,) = read_records(clients, BUCKET)
    assert (record.instance, record.ended) == (None, None)


def test_a_token_with_other_settings_finds_the_machine_or_says_so(
    moto: Moto, clients: Clients, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    with faulty(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        patched = Clients("us-east-1")
        first = launch(patched, order())
        # EC2 does not show the machine yet: here, because its tag is gone.
        clients.ec2.delete_tags(Resources=[first.id], Tags=[{"Key": "hawkins:launch"}])
        with pytest.raises(StartedBeforeError, match="list-instances"):
            launch(patched, order(user_data="#!/bin/bash\necho other\n"))

    assert len(find_instances(clients, PROJECT)) == 1


def test_a_token_of_a_machine_that_has_ended_gives_a_new_one(
    moto: Moto, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket was destroyed, and with it the record by which attempts are counted."""
    with faulty(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        there = Clients("us-east-1")
        first = launch(there, order())
        there.ec2.terminate_instances(InstanceIds=[first.id])
        second = launch(there, order())

    assert second.id != first.id
    assert (second.alive, second.attempt) == (True, 2)


def test_a_quota_stops_at_once_and_is_named(
    moto: Moto, clients: Clients, order: Callable[..., LaunchOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(moto.url, Fault("quota", only="ec2:RunInstances", times=99)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(HawkinsError, match=r"VcpuLimitExceeded.*servicequotas"):
            launch(Clients("us-east-1"), order())

    assert proxy.calls.count("ec2:RunInstances") == 1
    assert find_instances(clients, PROJECT) == ()


def test_machines_of_others_are_not_ours(clients: Clients, order: Callable[..., LaunchOrder]) -> None:
    made = launch(clients, order())
    clients.ec2.create_tags(Resources=[made.id], Tags=[{"Key": "project", "Value": "somebody-elses"}])

    assert find_instances(clients, PROJECT) == ()
    with pytest.raises(InputError, match="no instance with the tag project=hawkins-lab in us-east-1"):
        require_instance(clients, PROJECT, made.id)


def test_the_step_of_a_plan_carries_all_that_its_call_needs(order: Callable[..., LaunchOrder]) -> None:
    step = launch_step(order(), usd_per_hour=0.51)

    assert LaunchOrder.model_validate(dict(step.arguments)) == order()
    assert "g4dn.xlarge (or g5.xlarge), on demand, 100 GB" in step.detail
    assert "ends after 2.0 hours" in step.detail


def test_user_data_that_ec2_would_refuse_is_refused_here(order: Callable[..., LaunchOrder]) -> None:
    with pytest.raises(ValueError, match="user data has 16385 bytes, and EC2 takes 16384"):
        order(user_data="x" * 16_385)


@pytest.mark.parametrize(
    ("types", "zones", "said"),
    [
        (("g4dn.xlarge",), ("us-east-1e",), r"g4dn.xlarge cannot be had in zones us-east-1e; .*ec2.zones"),
        (("zz9.large",), (), r"zz9.large cannot be had in region us-east-1"),
    ],
)
def test_a_place_without_the_type_is_said(
    clients: Clients, types: tuple[str, ...], zones: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        find_places(clients, types, zones)


def test_a_region_without_the_type_is_said(clients: Clients) -> None:
    with pytest.raises(InputError, match=r"us-east-1 has no instance type g4dn.xxlarge; .*fallback_types"):
        type_facts(clients, ("g4dn.xlarge", "g4dn.xxlarge"))


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        ("g4dn.xlarge", GPU_IMAGES[0]),
        ("t3.medium", PLAIN_IMAGES["x86_64"][0]),
        ("t4g.medium", PLAIN_IMAGES["arm64"][0]),
    ],
)
def test_the_newest_image_is_the_one_that_aws_names(
    moto: Moto, clients: Clients, monkeypatch: pytest.MonkeyPatch, kind: str, parameter: str
) -> None:
    image = our_images(clients)[0]
    with faulty(moto.url, parameters={parameter: image}) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        there = Clients("us-east-1")
        found = find_image(there, type_facts(there, (kind,))[kind], volume_gb=30)

    assert (found.id, found.source, found.root_device) == (image, parameter, "/dev/xvda")


def test_where_aws_names_no_image_the_remedy_is_said(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        there = Clients("us-east-1")
        with pytest.raises(HawkinsError, match=r"AWS names no image in us-east-1 .*ec2.image"):
            find_image(there, type_facts(there, ("g4dn.xlarge",))["g4dn.xlarge"], volume_gb=30)


def test_an_image_that_does_not_suit_is_refused(clients: Clients) -> None:
    facts = type_facts(clients, ("g4dn.xlarge", "p3dn.24xlarge", "g5g.xlarge"))
    image = our_images(clients)[0]
    with pytest.raises(InputError, match="needs a disk of 15 GB, and volume_gb is 10"):
        find_image(clients, facts["g4dn.xlarge"], override=image, volume_gb=10)
    for kind in ("p3dn.24xlarge", "g5g.xlarge"):
        with pytest.raises(InputError, match=f"{kind} .* does not run AWS's image.*ec2.image"):
            find_image(clients, facts[kind], volume_gb=100)
    with pytest.raises(HawkinsError, match="ami-00000000"):
        find_image(clients, facts["g4dn.xlarge"], override="ami-00000000", volume_gb=100)


def test_no_module_of_ours_knows_the_stand_in() -> None:
    for path in Path("aws").glob("*.py"):
        assert "moto" not in path.read_text(encoding="utf-8").casefold().split(), path

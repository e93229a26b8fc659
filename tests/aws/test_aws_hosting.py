"""The app ordered on moto: planned with its price, launched once, brought up to date; refused if a thing is missing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from analysis.results import TABLES
from aws.access import POLICY
from aws.app_order import SCRIPT_KEY, AppState, AppStatus, order_key, read_order, status_key
from aws.bundle import Bundle
from aws.clients import Clients
from aws.config import AwsConfig
from aws.errors import UnreachableError
from aws.hosting import Hosting, hosting_calls, plan_hosting
from aws.hosting_order import HostingRequest
from aws.hosting_wait import is_reached, wait_until_ready
from aws.instances import find_instances
from aws.plan import PartialError, carry_out
from aws.policies import role_policy
from character_training.result import RESULT
from tests.aws.conftest import Moto
from tests.aws.faults import Fault, faulty
from tests.aws.grounds import BUCKET, PROJECT, TINY, lay_ground, market, our_images
from utils.adapters import ADAPTER_FILE
from utils.errors import HawkinsError, InputError

CANARY = "canary-91d4"
APP_PROFILE = "EC2-S3-Access-App"
UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
NEWER = Bundle(data=b"a newer program", sha256="1" * 64, names=TINY.names)
UPDATE = HostingRequest(update=True)


@pytest.fixture
def clients(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Connections to moto, before which stands somebody who knows Canonical's images."""
    image = our_images(Clients("us-east-1"))[0]
    with faulty(moto.url, parameters={UBUNTU: image}) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield Clients("us-east-1")


@pytest.fixture
def config(clients: Clients) -> AwsConfig:
    clients.ssm.put_parameter(Name=f"/{PROJECT}/gradio_password", Value=CANARY, Type="SecureString")
    return lay_ground(clients, gradio={"allowed_cidrs": ["203.0.113.0/24"]})


def plan(
    clients: Clients, config: AwsConfig, request: HostingRequest | None = None, *, bundle: Bundle = TINY, **prices: Any
) -> Hosting:
    return plan_hosting(clients, config, request or HostingRequest(), market(**prices), pack=lambda: bundle)


def carry(clients: Clients, hosting: Hosting) -> str:
    done = carry_out(hosting.plan, hosting_calls(clients, hosting))
    return done[-1].result if done else ""


def put(clients: Clients, key: str, data: bytes = b"x") -> None:
    clients.s3.put_object(Bucket=BUCKET, Key=key, Body=data)


def say(clients: Clients, hosting: Hosting, state: AppState, stage: str = "") -> None:
    """Put what the machine would say into the bucket."""
    status = AppStatus(order=hosting.order.digest, state=state, stage=stage)
    put(clients, status_key(), status.model_dump_json().encode())


def actions(hosting: Hosting) -> list[tuple[str, str]]:
    return [(str(step.action), step.kind) for step in hosting.plan.steps]


def test_the_app_is_planned_with_its_price_and_launched_once(clients: Clients, config: AwsConfig) -> None:
    hosting = plan(clients, config)
    hour = 0.04 + 30 * 0.073 / 730 + 0.005
    assert hosting.plan.usd_per_hour == pytest.approx(hour)
    assert actions(hosting) == [
        ("create", "object"),
        ("create", "object"),
        ("change", "object"),
        ("create", "instance"),
    ]
    assert any(f"about ${730 * hour:.2f} a month" in note for note in hosting.plan.notes)
    assert any("not encrypted" in note for note in hosting.plan.notes)
    assert find_instances(clients, PROJECT) == (), "a plan does nothing"

    machine = carry(clients, hosting)

    (made,) = find_instances(clients, PROJECT)
    assert (made.id, made.name, made.role, made.type) == (machine, "gradio", "gradio", "t3.medium")
    user_data = clients.ec2.describe_instance_attribute(InstanceId=machine, Attribute="userData")["UserData"]["Value"]
    script = clients.s3.get_object(Bucket=BUCKET, Key=SCRIPT_KEY)["Body"].read()
    # What cloud-init runs at first is what the timer would run.
    assert base64.b64decode(user_data) == script
    key = order_key(hosting.order.digest)
    order = read_order(clients.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), name=key)
    assert (order.code, order.username, order.password_version) == (TINY.sha256, "hawkins", 1)
    whole = json.dumps(hosting.plan.steps[-1].arguments["user_data"]) + order.text + json.dumps(dict(made.tags))
    assert CANARY not in whole

    # Ordered again, nothing is done and no second machine started.
    again = plan(clients, config)
    assert again.plan.changes == ()
    assert again.machine is not None
    assert again.machine.id == machine
    assert again.plan.title.startswith(f"Host the app at http://{again.machine.address}:7860/")


def test_new_code_reaches_the_same_machine_only_on_request(clients: Clients, config: AwsConfig) -> None:
    first = plan(clients, config)
    machine = carry(clients, first)
    say(clients, first, AppState.READY)
    with pytest.raises(InputError, match=f"runs on {machine} with other code.*deploy-gradio --update"):
        plan(clients, config, bundle=NEWER)

    newer = plan(clients, config, UPDATE, bundle=NEWER)
    assert actions(newer) == [("create", "object"), ("create", "object"), ("change", "object"), ("keep", "instance")]
    carry(clients, newer)
    assert [each.id for each in find_instances(clients, PROJECT)] == [machine]
    assert f"ORDER={newer.order.digest}".encode() in (
        clients.s3.get_object(Bucket=BUCKET, Key=SCRIPT_KEY)["Body"].read()
    )
    # What was said of the old one is no answer to the new one.
    with pytest.raises(HawkinsError, match="has not brought the app up"):
        wait_until_ready(clients, newer.order, minutes=0, pause=0)
    # So is a new password, although no order holds it.
    clients.ssm.put_parameter(
        Name=f"/{PROJECT}/gradio_password", Value=f"{CANARY}-2", Type="SecureString", Overwrite=True
    )
    again = plan(clients, config, UPDATE, bundle=NEWER)
    assert (again.order.password_version, len(again.plan.changes)) == (2, 2)


def _profile(clients: Clients, machine: str) -> str:
    found = clients.ec2.describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [machine]}]
    )["IamInstanceProfileAssociations"]
    return str(found[0]["IamInstanceProfile"]["Arn"]).rpartition("/")[2]


def test_a_machine_with_the_rights_of_an_earlier_version_gets_its_own(clients: Clients, config: AwsConfig) -> None:
    machine = carry(clients, plan(clients, config))
    assert _profile(clients, machine) == APP_PROFILE
    (association,) = clients.ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    clients.ec2.replace_iam_instance_profile_association(
        AssociationId=association["AssociationId"], IamInstanceProfile={"Name": "EC2-S3-Access"}
    )
    assert plan(clients, config).plan.changes == ()

    hosting = plan(clients, config, UPDATE)

    (step,) = hosting.plan.changes
    assert step.detail == "EC2-S3-Access-App, which reads and writes less, in place of EC2-S3-Access"
    carry(clients, hosting)
    assert _profile(clients, machine) == APP_PROFILE
    assert plan(clients, config, UPDATE).plan.changes == ()


def test_it_is_waited_for_and_what_failed_is_tried_again_on_request(clients: Clients, config: AwsConfig) -> None:
    first = plan(clients, config)
    machine = carry(clients, first)
    say(clients, first, AppState.FAILED, "The disk is full.")
    with pytest.raises(HawkinsError, match=r"could not be brought up: The disk is full\. .*logs gradio.*--update"):
        wait_until_ready(clients, plan(clients, config).order, pause=0)
    again = plan(clients, config, UPDATE)
    assert again.order.attempt == 1
    carry(clients, again)
    hosting = plan(clients, config)
    assert hosting.order == again.order
    heard: list[str] = []

    def hear(stage: str) -> None:
        heard.append(stage)
        say(clients, hosting, AppState.READY if len(heard) > 1 else AppState.PREPARING, f"stage {len(heard)}")

    assert wait_until_ready(clients, hosting.order, pause=0, on_stage=hear).id == machine
    assert heard[1:] == ["stage 1"]

    clients.ec2.stop_instances(InstanceIds=[machine])
    with pytest.raises(InputError, match=f"{machine}, the machine of the app, is stop.*start-instances.*terminate"):
        plan(clients, config)
    poor = config.model_copy(update={"limits": config.limits.model_copy(update={"budget_usd": 1e-9})})
    with pytest.raises(InputError, match=r"First raise limits\.budget_usd, which is reached: it would stop again"):
        plan(clients, poor)
    clients.ec2.terminate_instances(InstanceIds=[machine])
    with pytest.raises(HawkinsError, match="is gone"):
        wait_until_ready(clients, hosting.order, pause=0)
    # A new machine is not taken for ready because the old one was.
    second = plan(clients, config)
    assert second.order == hosting.order
    assert carry(clients, second) != machine
    with pytest.raises(HawkinsError, match="has not brought the app up"):
        wait_until_ready(clients, second.order, minutes=0, pause=0)


def test_the_analysis_on_show_stays_until_another_is_named(clients: Clients, config: AwsConfig) -> None:
    with pytest.raises(InputError, match=r"data/training/mine/ holds no finished analysis.*upload-data"):
        plan(clients, config, HostingRequest(results="mine"))
    for table in TABLES:
        put(clients, f"data/training/mine/{table}.parquet")
    carry(clients, plan(clients, config, HostingRequest(results="mine")))
    assert plan(clients, config).plan.changes == ()
    newer = plan(clients, config, UPDATE, bundle=NEWER).order
    assert (newer.results_name, len(newer.results)) == ("mine", len(TABLES))
    sample = plan(clients, config, HostingRequest(update=True, results="sample")).order
    assert (sample.results_name, sample.results) == (None, ())


def test_voices_come_along_if_they_fit_what_answers(clients: Clients, config: AwsConfig) -> None:
    for base in ("smollm2", "llama"):
        for name in (ADAPTER_FILE, RESULT):
            put(clients, f"models/{base}-chatbot/eleven/{name}")
    put(clients, "models/llama-chatbot/mike/adapter.gguf")  # not whole: the file that says so is missing
    hosting = plan(clients, config)
    assert [(voice.base, voice.character) for voice in hosting.order.voices] == [("smollm2", "eleven")]
    assert any("Not used, since smollm2 answers: eleven (llama)" in note for note in hosting.plan.notes)

    put(clients, "models/llama-chatbot/llama-3.2-3b.gguf", b"x" * 100)
    larger = plan(clients, config).order
    assert larger.model is not None
    assert larger.model.name == "llama-3.2-3b.gguf"
    assert [(voice.base, voice.character) for voice in larger.voices] == [("llama", "eleven")]
    assert plan(clients, config, HostingRequest(model="embedded")).order == hosting.order

    small = config.model_copy(update={"gradio": config.gradio.model_copy(update={"instance_type": "t3.micro"})})
    assert any("t3.micro has 1 GiB of memory" in note for note in plan(clients, small, t3_micro=0.01).plan.notes)
    assert not any("GiB of memory" in note for note in plan(clients, config).plan.notes)

    put(clients, "models/qwen-chatbot/qwen.gguf")
    with pytest.raises(InputError, match=r"Several models could answer .*--model BASE"):
        plan(clients, config)
    assert plan(clients, config, HostingRequest(model="llama")).order == larger
    with pytest.raises(InputError, match=r"No GGUF file of 'lama' .* Did you mean llama\?"):
        plan(clients, config, HostingRequest(model="lama"))
    # A chat server answers in place of a model.
    order = plan(clients, config, HostingRequest(endpoint="http://10.0.0.9:8000/v1")).order
    assert (order.endpoint, order.model, order.voices) == ("http://10.0.0.9:8000/v1", None, ())
    with pytest.raises(InputError, match="with an endpoint the server answers"):
        plan(clients, config, HostingRequest(endpoint="http://10.0.0.9:8000/v1", model="llama"))


KEYED = f"/{PROJECT}/endpoint_key"


@pytest.mark.parametrize(
    ("endpoint", "open_"),
    [
        ("http://10.0.0.9:8000/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        ("http://[fd00::9]:8000/v1", False),
        ("https://chat.example.org/v1", False),
        ("http://chat.example.org/v1", True),
        ("http://8.8.8.8:8000/v1", True),
        ("http://[2606:4700::1]:8000/v1", True),
    ],
)
def test_a_key_that_would_travel_in_the_open_is_said(
    clients: Clients, config: AwsConfig, endpoint: str, open_: bool
) -> None:
    request = HostingRequest(endpoint=endpoint)
    assert not any("unencrypted" in note for note in plan(clients, config, request).plan.notes), "there is no key"
    clients.ssm.put_parameter(Name=KEYED, Value=CANARY, Type="SecureString")
    hosting = plan(clients, config, request)
    assert [note for note in hosting.plan.notes if "unencrypted" in note] == open_ * [
        f"The key would travel to {endpoint} unencrypted: whoever is on the way can read it; use https, or an address "
        "within your own network."
    ]
    assert (hosting.order.endpoint_key_version, CANARY in str(hosting)) == (1, False)


def test_a_key_is_part_of_an_order_with_an_endpoint_alone(clients: Clients, config: AwsConfig) -> None:
    without, served = plan(clients, config), HostingRequest(endpoint="http://10.0.0.9:8000/v1")
    keyless = plan(clients, config, served).order
    assert keyless.endpoint_key_version == 0
    clients.ssm.put_parameter(Name=KEYED, Value=CANARY, Type="SecureString")
    assert plan(clients, config).order == without.order
    carry(clients, plan(clients, config, served))
    assert plan(clients, config, served).plan.changes == ()
    # A new key is a new order, although no order holds it.
    clients.ssm.put_parameter(Name=KEYED, Value=f"{CANARY}-2", Type="SecureString", Overwrite=True)
    with pytest.raises(InputError, match="deploy-gradio --update"):
        plan(clients, config, served)
    newer = plan(clients, config, HostingRequest(update=True, endpoint=keyless.endpoint))
    assert (newer.order.endpoint_key_version, len(newer.plan.changes)) == (2, 2)


def test_a_role_of_an_earlier_version_is_told_of_before_a_machine_starts(clients: Clients, config: AwsConfig) -> None:
    served = HostingRequest(endpoint="http://10.0.0.9:8000/v1")
    policy = role_policy(config, "gradio", account="123456789012")

    def put_policy(document: str) -> None:
        clients.iam.put_role_policy(RoleName=APP_PROFILE, PolicyName=POLICY, PolicyDocument=document)

    put_policy(json.dumps(policy).replace("endpoint_key", "gradio_password"))
    # Whoever has no key needs no right to it.
    assert plan(clients, config, served).order.endpoint_key_version == 0
    clients.ssm.put_parameter(Name=KEYED, Value=CANARY, Type="SecureString")
    with pytest.raises(InputError, match=f"{APP_PROFILE} may not read endpoint_key yet.*deploy_aws.py init"):
        plan(clients, config, served)
    assert plan(clients, config).order.endpoint is None
    put_policy(json.dumps(policy))
    assert plan(clients, config, served).order.endpoint_key_version == 1


def test_without_a_password_or_ground_or_budget_nothing_is_planned(clients: Clients, config: AwsConfig) -> None:
    with pytest.raises(HawkinsError, match="price of the app is unknown"):
        plan(clients, config, t3_medium=None)
    poor = config.model_copy(update={"limits": config.limits.model_copy(update={"budget_usd": 0.01})})
    with pytest.raises(HawkinsError, match=r"The budget of \$0\.01 a month does not allow the app"):
        plan(clients, poor)
    with pytest.raises(InputError, match="no machine of the app to update"):
        plan(clients, config, UPDATE)
    clients.ssm.delete_parameter(Name=f"/{PROJECT}/gradio_password")
    with pytest.raises(InputError, match=r"no gradio_password yet.*deploy_aws\.py secret gradio_password"):
        plan(clients, config)
    open_ = config.model_copy(update={"gradio": config.gradio.model_copy(update={"enable_auth": False})})
    assert plan(clients, open_).order.username is None
    clients.iam.remove_role_from_instance_profile(InstanceProfileName=APP_PROFILE, RoleName=APP_PROFILE)
    with pytest.raises(HawkinsError, match=r"has no role; make it with: python deploy_aws\.py init"):
        plan(clients, open_)


@pytest.mark.parametrize("kind", ["drop", "capacity"])
def test_a_launch_that_fails_leaves_one_machine_or_none_and_goes_on(
    moto: Moto, clients: Clients, config: AwsConfig, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    image = our_images(clients)[0]
    fault = Fault(kind, times=5 if kind == "drop" else 99, only="ec2:RunInstances")
    with faulty(moto.url, fault, parameters={UBUNTU: image}) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        monkeypatch.setattr("time.sleep", lambda _: None)
        broken = Clients("us-east-1")
        hosting = plan(broken, config)
        try:
            carry(broken, hosting)
        except (PartialError, UnreachableError) as error:
            assert "Run the same command again" in str(error)
        proxy.fault = None
        carry(broken, plan(broken, config))
        assert len(find_instances(broken, PROJECT)) == 1


def test_nobody_there_is_not_reached() -> None:
    assert not is_reached("http://127.0.0.1:1/", seconds=0, pause=0)

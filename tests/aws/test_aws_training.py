"""Training ordered on moto: planned, carried out, gone on with; no call that fails leaves two machines or a leak."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from aws.budget import take_stock
from aws.clients import Clients
from aws.config import AwsConfig
from aws.errors import UnreachableError
from aws.instances import find_instances
from aws.job import Job, job_key, progress_key
from aws.launch_order import LaunchOrder
from aws.ledger import LaunchRecord, write_record
from aws.plan import Action, PartialError, carry_out
from aws.training import Request, Training, plan_training, training_calls
from tests.aws.conftest import Moto
from tests.aws.faults import Fault, Proxy, faulty
from tests.aws.grounds import BUCKET, PROJECT, TINY, lay_ground, market
from utils.errors import HawkinsError, InputError
from utils.world import World

MIKE = Request(base="llama", character="Mike")
sample = cache(World.sample)


@pytest.fixture
def clients(moto: Moto) -> Clients:
    return Clients("us-east-1")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def plan(clients: Clients, config: AwsConfig, request: Request = MIKE, **prices: float | None) -> Training:
    return plan_training(clients, config, request, market(**prices), pack=lambda: TINY, sample=sample)


def carry(clients: Clients, training: Training) -> str:
    done = carry_out(training.plan, training_calls(clients, training))
    return done[-1].result if done else ""


def say(clients: Clients, training: Training, state: str, instance: str, **more: Any) -> None:
    """Put what a machine would say of itself into the bucket."""
    said = {"job": training.job.id, "state": state, "instance": instance, **more}
    clients.s3.put_object(Bucket=BUCKET, Key=progress_key(training.job.id), Body=json.dumps(said).encode())


def test_a_training_is_planned_with_its_price_and_carried_out(clients: Clients) -> None:
    config = lay_ground(clients, limits={"max_hours": 3, "budget_usd": 50})
    training = plan(clients, config)

    assert [(step.action, step.kind) for step in training.plan.steps] == [
        (Action.CREATE, "object"),
        (Action.CREATE, "object"),
        (Action.CREATE, "instance"),
    ]
    hour = 0.5 + 100 * 0.073 / 730 + 0.005
    assert training.plan.usd_per_hour == pytest.approx(hour)
    assert f"after 3.0 hours whatever happens: ${3 * hour:.2f} at most" in training.plan.notes[0]
    assert find_instances(clients, PROJECT) == (), "a plan does nothing"

    machine = carry(clients, training)

    assert [each.id for each in find_instances(clients, PROJECT)] == [machine]
    assert clients.s3.get_object(Bucket=BUCKET, Key=TINY.key)["Body"].read() == TINY.data
    job = Job.model_validate_json(clients.s3.get_object(Bucket=BUCKET, Key=job_key(training.job.id))["Body"].read())
    assert (job.character, job.base, job.max_hours, job.settings.max_steps) == ("Mike", "llama", 3.0, 5)


def test_the_same_order_finds_the_machine_that_works_on_it(clients: Clients) -> None:
    config = lay_ground(clients)
    machine = carry(clients, plan(clients, config))

    again = plan(clients, config)

    assert again.plan.changes == ()
    assert again.machine is not None
    assert again.machine.id == machine
    # An alias is the same person, and another person is another job.
    assert plan(clients, config, Request(base="llama", character="mike wheeler")).machine == again.machine
    assert plan(clients, config, Request(base="llama", character="Dustin")).job.id != again.job.id


def test_an_interrupted_training_goes_on_as_the_same_job_on_another_machine(clients: Clients) -> None:
    config = lay_ground(clients)
    first = plan(clients, config)
    machine = carry(clients, first)
    say(clients, first, "interrupted", machine, saved=40)
    clients.ec2.terminate_instances(InstanceIds=[machine])
    take_stock(clients, config, market())

    second = plan(clients, config)
    other = carry(clients, second)

    assert second.job.id == first.job.id
    assert "going on after step 40" in second.plan.title
    assert other != machine
    (alive,) = find_instances(clients, PROJECT)
    assert (alive.id, alive.attempt) == (other, 2)


def test_a_finished_training_is_not_repeated_unless_asked(clients: Clients) -> None:
    config = lay_ground(clients)
    first = plan(clients, config)
    machine = carry(clients, first)
    with pytest.raises(HawkinsError, match=f"terminate {machine}"):
        plan(clients, config, Request(base="llama", character="Mike", restart=True))
    say(clients, first, "finished", machine)
    clients.ec2.terminate_instances(InstanceIds=[machine])

    assert plan(clients, config).plan.changes == ()
    anew = plan(clients, config, Request(base="llama", character="Mike", restart=True))
    assert anew.job.id != first.job.id
    carry(clients, anew)
    # From now on, the order means the one that was begun anew.
    assert plan(clients, config).job.id == anew.job.id


def test_the_budget_shortens_a_machine_and_then_refuses_one(clients: Clients) -> None:
    config = lay_ground(clients, limits={"max_hours": 6, "budget_usd": 2})
    training = plan(clients, config)

    hours = training.job.max_hours
    assert hours == pytest.approx(2 / 0.515, abs=0.02)
    assert any("budget leaves no more than 3.9" in note for note in training.plan.notes)
    order = LaunchOrder.model_validate(dict(training.plan.steps[-1].arguments))
    assert f"MINUTES={training.job.minutes}\n" in order.user_data, "its own watchdog keeps to the budget"
    carry(clients, training)
    # What is promised to the first cannot be promised to a second.
    with pytest.raises(
        HawkinsError, match=r"budget of \$2.00 a month does not allow .*given away to machines that run"
    ):
        plan(clients, config, Request(base="llama", character="Dustin"))


def test_what_the_month_cost_counts_and_the_last_month_does_not(clients: Clients) -> None:
    config = lay_ground(clients, limits={"budget_usd": 10})
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def ran(begin: datetime, hours: float, name: str) -> None:
        record = LaunchRecord(
            name=name, attempt=1, role="training", prices={"g4dn.xlarge": 0.5}, volume_gb=0, asked=begin,
            instance="i-0", type="g4dn.xlarge", launched=begin, ended=begin + timedelta(hours=hours),
        )  # fmt: skip
        write_record(clients, BUCKET, record)

    ran(datetime(2026, 10, 31, 14, tzinfo=UTC), 12, "across")
    ran(datetime(2026, 11, 2, tzinfo=UTC), 4, "within")
    stock = take_stock(clients, config, market(), now=now)

    assert {charge.record.name: charge.hours for charge in stock.spent.charges} == {"across": 2.0, "within": 4.0}
    assert stock.spent.usd == pytest.approx(6 * 0.505)
    assert not stock.reached


def test_an_unknown_price_is_said_and_never_nothing(clients: Clients) -> None:
    config = lay_ground(clients)
    with pytest.raises(HawkinsError, match=r"price of .* is unknown.*prices --refresh"):
        plan(clients, config, g4dn_xlarge=None)
    # A spot machine has its bound.
    spot = plan(clients, config, Request(base="llama", character="Mike", spot=True), g4dn_xlarge=None)
    assert spot.plan.usd_per_hour == pytest.approx(0.5 + 0.01 + 0.005)


@pytest.mark.parametrize(
    ("sections", "request_", "said"),
    [
        ({}, Request(base="llama", character="Mikey"), r"Mikey.*Mike"),
        ({}, Request(base="llama", results="nowhere"), r"data/training/nowhere/ is empty; upload"),
        ({"ec2": {"fallback_types": ["t3.medium"]}}, MIKE, r"ec2.fallback_types: t3.medium and g4dn.xlarge differ"),
        ({"ec2": {"key_pair_name": "mine"}}, MIKE, r"no key pair mine in us-east-1; make it with: .* init"),
        ({"iam": {"role_name": "Other"}}, MIKE, r"no instance profile Other; make it with: .* init"),
        ({"tags": {"project": "other"}}, MIKE, r"no security group other-training in us-east-1; make it with: .* init"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_started(
    clients: Clients, sections: dict[str, Any], request_: Request, said: str
) -> None:
    config = lay_ground(clients, **sections)
    with pytest.raises(HawkinsError, match=said):
        plan(clients, config, request_)
    assert not clients.s3.list_objects_v2(Bucket=BUCKET).get("Contents")


def test_without_a_name_whoever_speaks_most_is_meant(clients: Clients) -> None:
    config = lay_ground(clients)
    most = sample().dialogue["speaker"].value_counts().index[0]
    assert plan(clients, config, Request(base="qwen")).job.character == most


def test_uploaded_results_are_looked_at_before_a_machine_is_started(clients: Clients, tmp_path: Any) -> None:
    from utils.artifacts import write_table

    config = lay_ground(clients)
    table = tmp_path / "dialogue.parquet"
    facts = {"run": "r", "series": "stranger_things", "timeline": "sample", "weights": ""}
    write_table(sample().dialogue, table, key="k", provenance=facts)
    clients.s3.upload_file(str(table), BUCKET, "data/training/mine/dialogue.parquet")

    training = plan(clients, config, Request(base="llama", character="Mike", results="mine"))
    assert (training.job.results, bool(training.job.data)) == ("mine", True)
    # Other data is another job.
    clients.s3.put_object(Bucket=BUCKET, Key="data/training/mine/themes.parquet", Body=b"more")
    assert plan(clients, config, Request(base="llama", character="Mike", results="mine")).job.id != training.job.id
    with pytest.raises(InputError, match=r"there are: mine\)"):
        plan(clients, config, Request(base="llama", results="other"))


# Faults ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def through(moto: Moto, monkeypatch: pytest.MonkeyPatch, hasty: None) -> Iterator[tuple[Proxy, Clients]]:
    """A network that can be made faulty, and what speaks through it."""
    with faulty(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy, Clients("us-east-1")


def order(clients: Clients, config: AwsConfig) -> str:
    training = plan(clients, config)
    return carry(clients, training) or (training.machine.id if training.machine else "")


def learning(config: AwsConfig, steps: int) -> AwsConfig:
    """Return a config that makes another job of the same order."""
    return config.model_copy(update={"training": {"max_steps": steps}})


def clear(clients: Clients, machines: list[str]) -> None:
    """Let the next order begin with nothing."""
    clients.ec2.terminate_instances(InstanceIds=machines)
    for each in clients.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        clients.s3.delete_object(Bucket=BUCKET, Key=each["Key"])


@pytest.fixture
def calls(through: tuple[Proxy, Clients]) -> tuple[AwsConfig, list[str]]:
    """The calls of an order when all is well, and the config that it was of."""
    proxy, clients = through
    config = lay_ground(clients)
    proxy.begin()
    machine = order(clients, config)
    made = list(proxy.calls)
    assert {"ec2:RunInstances", "ec2:DescribeInstances"} <= set(made)
    clear(clients, [machine])
    return config, made


def test_one_fault_at_any_call_is_got_over_without_a_second_machine(
    through: tuple[Proxy, Clients], calls: tuple[AwsConfig, list[str]]
) -> None:
    proxy, clients = through
    for number, call in enumerate(calls[1], start=1):
        # By turns: an answer that is lost, and a call that AWS has no time for.
        proxy.begin(Fault(("drop", "throttle")[number % 2], at=number))
        machine = order(clients, learning(calls[0], 100 + number))
        proxy.begin()
        assert [each.id for each in find_instances(clients, PROJECT)] == [machine], (number, call)
        clear(clients, [machine])


@pytest.mark.parametrize("kind", ["drop", "deny"])
def test_a_network_or_permission_that_stays_away_from_any_call_on_leaks_nothing(
    through: tuple[Proxy, Clients], calls: tuple[AwsConfig, list[str]], kind: str
) -> None:
    proxy, clients = through
    for number, call in enumerate(calls[1], start=1):
        if kind == "deny" and not ("PUT" in call or "RunInstances" in call or number == 1):
            # A refused question is the same sentence everywhere; what counts is what was done before.
            continue
        config = learning(calls[0], 100 + number)
        proxy.begin(Fault(kind, at=number, times=10_000))
        with pytest.raises(HawkinsError) as said:
            order(clients, config)
        if kind == "deny":
            assert "is missing" in str(said.value), call
        elif not isinstance(said.value, PartialError):
            assert isinstance(said.value, UnreachableError), call
        # All is well again: the same command goes on.
        proxy.fault = None
        machine = order(clients, config)
        assert [each.id for each in find_instances(clients, PROJECT)] == [machine], (number, call)
        # What every command sees that looks at machines.
        records = take_stock(clients, config, market(), write=False).records
        assert [record.instance for record in records if record.ended is None] == [machine], (number, call)
        clear(clients, [machine])

"""When the budget will be reached, and that the app's machine is told so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.app_stop import STOPPED_KEY, Stopped, dated
from aws.budget import take_stock
from aws.clients import Clients
from aws.cost import month_of, spent
from aws.deadline import DEADLINE_KEY, Deadline, keep_deadline, reached_at, read_deadline
from aws.instances import Instance
from aws.ledger import LaunchRecord
from aws.sync import Store
from tests.aws.conftest import Moto
from tests.aws.grounds import BUCKET, lay_ground, market, run_app

NOW = datetime(2026, 11, 10, tzinfo=UTC)
DISK = 30 * 0.073 / 730
HOUR = 0.04 + DISK + 0.005


def _record(name: str = "gradio", *, begun: datetime = NOW, **more: Any) -> LaunchRecord:
    usual = {"name": name, "attempt": 1, "role": "gradio", "prices": {"t3.medium": 0.04}, "volume_gb": 30}
    usual |= {"asked": begun, "launched": begun, "instance": f"i-{name}", "type": "t3.medium"}
    return LaunchRecord.model_validate({**usual, **more})


def _reached(budget: float, *records: LaunchRecord, now: datetime = NOW) -> datetime | None:
    return reached_at(spent(records, market().rates, now=now), budget, now=now)


def _near(one: datetime | None, other: datetime) -> bool:
    return one is not None and abs(one - other) < timedelta(seconds=1)


def test_at_the_present_rate() -> None:
    assert _near(_reached(10 * HOUR, _record()), NOW + timedelta(hours=10))
    # Reckoned again it is the same.
    assert _near(_reached(10 * HOUR, _record(), now=NOW + timedelta(hours=4)), NOW + timedelta(hours=10))
    assert _reached(10 * HOUR, _record(), now=NOW + timedelta(hours=11)) == NOW + timedelta(hours=11)


def test_a_training_counts_until_its_clock_ends_it() -> None:
    training = _record("t", role="training", prices={"t3.medium": 0.04}, max_hours=6)
    assert _near(_reached(10 * HOUR, _record(), training), NOW + timedelta(hours=5))
    assert _near(_reached(14 * HOUR, _record(), training), NOW + timedelta(hours=8))
    ended = training.model_copy(update={"ended": NOW})
    assert _near(_reached(10 * HOUR, _record(), ended), NOW + timedelta(hours=10))


def test_a_new_month_begins_with_nothing_spent() -> None:
    december = datetime(2026, 12, 1, tzinfo=UTC)
    # It lasts November, of which 20 days are left, and not the whole of December.
    assert _near(_reached(600 * HOUR, _record()), december + timedelta(hours=600))
    # December has 31 days, and the app may run for all of them.
    assert _reached(745 * HOUR, _record()) is None
    assert _near(_reached(743 * HOUR, _record()), december + timedelta(hours=743))


def test_what_is_stopped_counts_with_its_disk_and_what_has_no_price_not_at_all() -> None:
    stopped = _record(pauses=[{"since": NOW}])
    # Its disk alone does not use up the budget of a month.
    assert _reached(32 * 24 * DISK, stopped) is None
    assert _near(_reached(20 * DISK, stopped), NOW + timedelta(hours=20))
    assert _reached(10 * HOUR, _record(prices={"t3.medium": None})) is None
    assert _reached(10 * HOUR) is None


@given(st.floats(0.1, 40), st.integers(0, 19 * 24), st.integers(1, 72))
def test_at_the_deadline_the_month_has_cost_the_budget(budget: float, since: int, hours: int) -> None:
    begun = NOW + timedelta(hours=since)
    records = [_record(), _record("t", role="training", begun=begun, max_hours=hours)]
    at = _reached(budget, *records, now=begun)
    if at is None:
        return
    ended = records[1].model_copy(update={"ended": min(at, begun + timedelta(hours=hours))})
    usd = spent([records[0], ended], market().rates, now=at).usd
    assert usd == pytest.approx(budget, rel=1e-6) or (at == begun and usd > budget)


@pytest.mark.parametrize(
    "text", [None, b"", b"{}", b"[]", b'{"at": "soon"}', b'{"at": "2026-11-01T00:00:00"}', b"\xff"]
)
def test_what_cannot_be_read_stops_nothing(text: bytes | None) -> None:
    assert read_deadline(text) == Deadline(at=None)
    assert not read_deadline(text).passed(NOW)


def test_it_holds_for_its_own_month() -> None:
    deadline = Deadline(at=NOW)
    assert not deadline.passed(NOW - timedelta(seconds=1))
    assert deadline.passed(NOW)
    assert deadline.passed(month_of(NOW)[1] - timedelta(seconds=1))
    assert not deadline.passed(month_of(NOW)[1])


@pytest.fixture
def clients(moto: Moto) -> Clients:
    return Clients("us-east-1")


def _told(clients: Clients) -> datetime | None:
    return read_deadline(Store(clients.s3, BUCKET).read(DEADLINE_KEY)).at


def test_whoever_takes_stock_tells_the_apps_machine(clients: Clients) -> None:
    config = lay_ground(clients, limits={"budget_usd": 1})
    take_stock(clients, config, market())
    assert not Store(clients.s3, BUCKET).has(DEADLINE_KEY), "there is no machine to tell"
    machine = run_app(clients, config)
    take_stock(clients, config, market(), write=False)
    assert not Store(clients.s3, BUCKET).has(DEADLINE_KEY), "a dry run tells nobody"

    stock = take_stock(clients, config, market())

    assert stock.deadline is not None
    assert _told(clients) == stock.deadline.replace(second=0, microsecond=0)
    rich = config.model_copy(update={"limits": config.limits.model_copy(update={"budget_usd": 1000})})
    take_stock(clients, rich, market())
    assert (_told(clients), Store(clients.s3, BUCKET).has(DEADLINE_KEY)) == (None, True)
    # The next machine must not find what an earlier one was told.
    take_stock(clients, config, market())
    clients.ec2.terminate_instances(InstanceIds=[machine])
    take_stock(clients, rich, market())
    assert _told(clients) is None


def test_the_same_moment_is_not_written_again(clients: Clients) -> None:
    lay_ground(clients)
    store = Store(clients.s3, BUCKET)
    for second in (1, 31, 59):
        keep_deadline(store, NOW + timedelta(seconds=second), hosted=True)
    versions = clients.s3.list_object_versions(Bucket=BUCKET, Prefix=DEADLINE_KEY)["Versions"]
    assert len(versions) == 1
    keep_deadline(Store(clients.s3, "no-such-bucket"), NOW, hosted=True)


def test_when_a_machine_stopped_itself_is_known_from_what_it_left(clients: Clients) -> None:
    lay_ground(clients)
    store = Store(clients.s3, BUCKET)
    itself = Instance(
        id="i-1", name="gradio", role="gradio", type="t3.medium", zone="us-east-1a", state="stopped", launched=NOW,
        reason="Client.InstanceInitiatedShutdown: Instance initiated shutdown", tags={},
    )  # fmt: skip
    now = NOW + timedelta(days=9)
    assert dated(store, itself, now=now) == itself
    for at, known in ((NOW + timedelta(days=2), True), (NOW - timedelta(days=2), False), (now + timedelta(1), False)):
        store.write(STOPPED_KEY, Stopped(at=at).model_dump_json().encode())
        assert dated(store, itself, now=now).changed == (at if known else None)
    store.write(STOPPED_KEY, b"no time")
    assert dated(store, itself, now=now) == itself

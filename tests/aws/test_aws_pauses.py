"""A machine that is stopped costs its disk alone, whoever stopped it and whatever month it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aws.budget import enforce, hours_allowed, take_stock
from aws.clients import Clients
from aws.config import AwsConfig
from aws.cost import Charge, month_of, spent
from aws.instances import Instance
from aws.ledger import LaunchRecord, read_records, settle, write_record
from aws.pauses import Pause
from tests.aws.conftest import Finished, Moto
from tests.aws.grounds import BUCKET, lay_ground, market, run_app
from utils.errors import HawkinsError

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
STOPPED = datetime(2026, 11, 20, 12, tzinfo=UTC)
DISK = 30 * 0.073 / 730
"""US dollars an hour, as the market of the tests has it."""
HOUR = 0.04 + DISK + 0.005


def _record(**more: Any) -> LaunchRecord:
    usual = {"name": "gradio", "attempt": 1, "role": "gradio", "prices": {"t3.medium": 0.04}, "volume_gb": 30}
    usual |= {"asked": BEGUN, "launched": BEGUN, "instance": "i-1", "type": "t3.medium"}
    return LaunchRecord.model_validate({**usual, **more})


def _instance(state: str, **more: Any) -> Instance:
    usual: dict[str, Any] = {"id": "i-1", "name": "gradio", "role": "gradio", "type": "t3.medium", "zone": "us-east-1a"}
    return Instance(**{**usual, "launched": BEGUN, "tags": {}, **more}, state=state)


def _seen(record: LaunchRecord, instance: Instance | None, now: datetime) -> LaunchRecord:
    """What becomes of a record when stock is taken."""
    (new,), changed = settle([record], [instance] if instance else [], now=now)
    assert changed == ((new,) if new != record else ())
    return new


def _charge(record: LaunchRecord, now: datetime) -> Charge:
    (charge,) = spent([record], market().rates, now=now).charges
    return charge


def test_a_stopped_machine_costs_its_disk_alone_over_the_months_border() -> None:
    record = _seen(_record(), _instance("stopped", changed=STOPPED), datetime(2026, 11, 25, tzinfo=UTC))
    assert record.pauses == (Pause(since=STOPPED),)

    charge = _charge(record, datetime(2026, 11, 25, tzinfo=UTC))
    assert (charge.hours, charge.stopped) == (19.5 * 24, 4.5 * 24)
    assert charge.usd == pytest.approx(19.5 * 24 * HOUR + 4.5 * 24 * DISK)

    later = datetime(2026, 12, 11, tzinfo=UTC)
    december = spent([_seen(record, _instance("stopped", changed=STOPPED), later)], market().rates, now=later)
    (charge,) = december.charges
    assert (charge.hours, charge.stopped, charge.ahead) == (0, 240, 21 * 24)
    assert december.usd == pytest.approx(240 * DISK)
    assert december.forecast == pytest.approx(31 * 24 * DISK)
    assert december.committed == 0


def test_a_later_start_ends_it() -> None:
    record = _record(pauses=[{"since": STOPPED}])
    again, now = STOPPED + timedelta(days=2), STOPPED + timedelta(days=3)
    started = _seen(record, _instance("running", launched=again), now)
    assert (started.pauses, started.launched, started.stopped) == ((Pause(since=STOPPED, until=again),), BEGUN, False)
    assert (_charge(started, now).hours, _charge(started, now).stopped) == (20.5 * 24, 48)
    # Started and stopped once more, and nobody looked in between.
    second = again + timedelta(hours=5)
    twice = _seen(record, _instance("stopped", launched=again, changed=second), now)
    assert twice.pauses == (Pause(since=STOPPED, until=again), Pause(since=second))
    assert _seen(twice, _instance("stopped", launched=again, changed=second), now) == twice


def test_what_is_not_known_counts_as_running() -> None:
    now = STOPPED + timedelta(days=3)
    # A machine that stops itself tells no time.
    assert _seen(_record(), _instance("stopped"), now).pauses == (Pause(since=now),)
    # It was to be stopped, and runs all the same.
    assert _seen(_record(pauses=[{"since": STOPPED}]), _instance("running"), now).pauses == ()
    # A time that lies before its start, or ahead of us, is none.
    early = _instance("stopped", changed=BEGUN - timedelta(days=1))
    assert _seen(_record(), early, now).pauses == (Pause(since=BEGUN),)
    assert _seen(_record(), _instance("stopped", changed=now + timedelta(days=1)), now).pauses == (Pause(since=now),)


def test_one_that_ended_while_it_was_stopped_did_not_run_until_then() -> None:
    now = STOPPED + timedelta(days=5)
    gone = STOPPED + timedelta(days=4)
    for instance, ended in ((_instance("terminated", changed=gone), gone), (None, now)):
        record = _seen(_record(pauses=[{"since": STOPPED}]), instance, now)
        assert (record.ended, record.stopped) == (ended, False)
        charge = _charge(record, now)
        assert (charge.hours, charge.stopped, charge.rate) == (19.5 * 24, (ended - STOPPED).total_seconds() / 3600, 0)


def test_an_address_that_is_kept_is_paid_for() -> None:
    now = STOPPED + timedelta(hours=10)
    # While it stops, EC2 may still show the address that it is about to give back.
    stopping = _seen(_record(), _instance("stopping", changed=STOPPED, address="198.51.100.7"), now)
    assert stopping.pauses == (Pause(since=STOPPED),)
    kept = _seen(stopping, _instance("stopped", changed=STOPPED, address="198.51.100.7"), now)
    usd = [_charge(record, now).usd for record in (stopping, kept)]
    assert usd == [pytest.approx(19.5 * 24 * HOUR + 10 * each) for each in (DISK, DISK + 0.005)]


def test_without_a_price_of_its_type_only_the_time_that_it_ran_is_unknown() -> None:
    record = _record(prices={"t3.medium": None}, pauses=[{"since": STOPPED}])
    assert spent([record], market().rates, now=STOPPED + timedelta(hours=1)).unknown == ("t3.medium",)
    assert spent([record], market().rates, now=STOPPED + timedelta(days=20)).unknown == ()


def test_a_training_whose_clock_stands_still_has_nothing_given_away_to_it() -> None:
    record = _record(role="training", max_hours=30 * 24)
    now = STOPPED + timedelta(hours=1)
    assert spent([record], market().rates, now=now).committed > 0
    assert (
        spent([record.model_copy(update={"pauses": (Pause(since=STOPPED),)})], market().rates, now=now).committed == 0
    )


def test_a_record_of_an_earlier_version_is_read() -> None:
    old = json.loads(_record().model_dump_json(exclude={"pauses"}))
    assert "pauses" not in old
    assert LaunchRecord.model_validate(old) == _record()


@given(st.lists(st.integers(0, 90 * 24), min_size=1, max_size=7, unique=True), st.integers(0, 120 * 24))
def test_every_hour_of_a_month_is_one_in_which_it_ran_or_was_stopped(cuts: list[int], age: int) -> None:
    times = [BEGUN + timedelta(hours=cut) for cut in sorted(cuts)]
    pauses = [Pause(since=one, until=other) for one, other in zip(times[::2], [*times[1::2], None], strict=False)]
    now = max(times[-1], BEGUN + timedelta(hours=age))
    since, _ = month_of(now)
    charges = spent([_record(pauses=pauses)], market().rates, now=now).charges
    assert sum(each.hours + each.stopped for each in charges) == pytest.approx((now - since).total_seconds() / 3600)
    assert all(each.hours >= 0 and each.stopped >= 0 for each in charges)


@pytest.fixture
def clients(moto: Moto) -> Clients:
    return Clients("us-east-1")


def _run_app(clients: Clients, config: AwsConfig, *, begun: datetime) -> str:
    """Start the app's machine, with a record of an earlier beginning."""
    made = run_app(clients, config)
    write_record(clients, BUCKET, _record(asked=begun, launched=begun, instance=made))
    return made


def test_what_the_budget_stopped_does_not_use_up_the_next_months(clients: Clients) -> None:
    config = lay_ground(clients, limits={"budget_usd": 5})
    now = datetime.now(UTC)
    machine = _run_app(clients, config, begun=now - timedelta(days=70))
    # The last second of a month, so that there is enough of it.
    end = month_of(now)[1] - timedelta(seconds=1)
    stock = take_stock(clients, config, market(), now=end)
    assert stock.reached
    assert [each.id for each in enforce(clients, stock, now=end)] == [machine]
    (record,) = read_records(clients, BUCKET)
    assert record.pauses == (Pause(since=end),)

    later = end + timedelta(days=20)
    stock = take_stock(clients, config, market(), now=later)
    (charge,) = stock.spent.charges
    assert (charge.hours, stock.reached) == (0, False)
    assert stock.spent.usd == pytest.approx(20 * 24 * DISK, rel=0.01)
    assert stock.spent.forecast < 31 * 24 * DISK * 1.01
    assert hours_allowed(stock, name="the app", usd_per_hour=HOUR, max_hours=None) is None
    # Had it gone on running, it would.
    clients.ec2.start_instances(InstanceIds=[machine])
    write_record(clients, BUCKET, record.model_copy(update={"pauses": ()}))
    stock = take_stock(clients, config, market(), now=later)
    with pytest.raises(HawkinsError, match="does not allow"):
        hours_allowed(stock, name="the app", usd_per_hour=HOUR, max_hours=None)


def test_one_that_was_stopped_in_the_console_is_found_so_by_whoever_takes_stock(
    clients: Clients, home: Path, run_cli: Callable[..., Finished]
) -> None:
    config = lay_ground(clients)
    whole = json.loads(config.model_dump_json(exclude_defaults=True))
    (home / "aws_config.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    now = datetime.now(UTC)
    since = month_of(now)[0]
    machine = _run_app(clients, config, begun=now - timedelta(days=40))
    clients.ec2.stop_instances(InstanceIds=[machine])

    found = run_cli("cost", "--json").json

    (charge,) = found["machines"]
    assert (charge["running"], charge["stopped"]) == (False, True)
    assert charge["usd_per_hour_stopped"] < charge["usd_per_hour"] / 5
    ran = (now - since).total_seconds() / 3600
    assert charge["hours"] == pytest.approx(ran, abs=0.1)
    rest = (month_of(now)[1] - now).total_seconds() / 3600
    assert found["forecast_usd"] - found["usd"] == pytest.approx(rest * charge["usd_per_hour_stopped"], abs=0.01)
    (record,) = read_records(clients, BUCKET)
    # EC2 says when, to the second.
    assert abs((record.pauses[0].since - now).total_seconds()) < 60
    shown = run_cli("cost").out
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith(machine)] == ["stopped"]
    assert run_cli("status", "--json").json["instances"][0]["state"] == "stopped"

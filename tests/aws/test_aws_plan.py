"""A plan is shown with its price, asked for, carried out, and told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from aws.plan import Action, PartialError, Plan, Step
from commands.aws import app as aws_app
from commands.aws_plan import AsJson, DryRun, Yes, confirm_and_carry_out
from utils.errors import HawkinsError, InputError

PLAN = Plan(
    title="Two machines",
    steps=(
        Step(action=Action.KEEP, kind="bucket", name="lines"),
        Step(action=Action.CREATE, kind="instance", name="one", call="launch", usd_per_hour=0.5, detail="g4dn.xlarge"),
        Step(action=Action.CREATE, kind="disk", name="two", call="launch", usd_per_month=8.0, arguments={"fail": True}),
    ),
    notes=("Ends by itself after 6 hours.",),
)


class _Launches:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, arguments: Mapping[str, Any]) -> str:
        if arguments.get("fail"):
            raise HawkinsError("No room.")
        self.count += 1
        return f"i-{self.count}"


def _run(*words: str, answer: str | None = None, plan: Plan = PLAN) -> tuple[Any, _Launches]:
    launches = _Launches()
    app = typer.Typer()

    @app.command()
    def command(dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False) -> None:
        confirm_and_carry_out(plan, {"launch": launches}, dry_run=dry_run, yes=yes, as_json=as_json)

    return CliRunner().invoke(app, words, input=answer), launches


GOOD = Plan(title="One machine", steps=PLAN.steps[:2])


def test_a_dry_run_shows_price_and_does_nothing() -> None:
    result, launches = _run("--dry-run")
    assert launches.count == 0
    assert result.exit_code == 0
    for part in (
        "= keep bucket lines",
        "+ create instance one: g4dn.xlarge",
        "$0.5000 an hour",
        "$8.00 a month",
        "Ends",
    ):
        assert part in result.stdout
    assert "Nothing was done" in result.stdout


def test_no_is_no() -> None:
    result, launches = _run(answer="n\n", plan=GOOD)
    assert (result.exit_code, launches.count) == (1, 0)
    assert "Nothing was done" in result.stderr


def test_yes_is_yes() -> None:
    result, launches = _run(answer="y\n", plan=GOOD)
    assert (result.exit_code, launches.count) == (0, 1)
    assert "done: create instance i-1" in result.stderr


def test_where_nobody_answers_nothing_is_done() -> None:
    result, launches = _run(answer="", plan=GOOD)
    assert isinstance(result.exception, InputError)
    assert launches.count == 0


def test_json_never_asks() -> None:
    result, launches = _run("--json", plan=GOOD)
    assert isinstance(result.exception, InputError)
    assert launches.count == 0
    result, launches = _run("--json", "--yes", plan=GOOD)
    facts = json.loads(result.stdout)
    assert facts["applied"] is True
    assert facts["done"][0]["result"] == "i-1"
    assert facts["steps"][0]["action"] == "keep"
    result, launches = _run("--json", "--dry-run", plan=GOOD)
    assert json.loads(result.stdout)["applied"] is False
    assert launches.count == 0


def test_a_plan_without_changes_asks_nothing() -> None:
    result, _ = _run(plan=Plan(title="All there", steps=PLAN.steps[:1]))
    assert result.exit_code == 0
    assert "Nothing to do" in result.stdout


@pytest.mark.parametrize("words", [("--yes",), ("--yes", "--json")])
def test_what_was_done_before_a_failure_is_told(words: tuple[str, ...]) -> None:
    result, launches = _run(*words)
    assert launches.count == 1
    assert isinstance(result.exception, PartialError)
    assert "done before: create instance i-1" in str(result.exception)
    if "--json" in words:
        facts = json.loads(result.stdout)
        assert (facts["applied"], facts["done"][0]["result"]) == (False, "i-1")


def test_every_command_takes_the_three_options() -> None:
    whole: Any = typer.main.get_command(aws_app)
    taken = {name: {option for param in each.params for option in param.opts} for name, each in whole.commands.items()}
    wanted = {"--dry-run", "--yes", "--json"}
    assert {name: wanted - options for name, options in taken.items() if wanted - options} == {}
    assert {"init", "list-instances", "logs", "prices", "train"} <= taken.keys()

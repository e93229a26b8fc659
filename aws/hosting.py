"""The app on a machine of its own: what would be done, frozen, and what does it; new code on the same machine.

The machine fetches what it is to do from the bucket, once when it is made and again whenever that changes: nobody logs
in to it. The script that cloud-init runs at first is the one that a timer runs for a new order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aws.app_order import SCRIPT_KEY, AppOrder, order_key, status_key
from aws.app_secrets import key_in_the_open
from aws.budget import Stock, hours_allowed, take_stock
from aws.bundle import Bundle, bundle_calls, bundle_step, make_bundle
from aws.cost import HOURS_A_MONTH, Market, machine_hour
from aws.ground import require_ground
from aws.hosting_data import Answering
from aws.hosting_order import (
    HostingRequest,
    app_user_data,
    describe_order,
    find_answer,
    given_order,
    new_order,
    numbered,
)
from aws.images import TypeFacts, find_image, type_facts
from aws.instances import Instance
from aws.launch import launch_calls, launch_step
from aws.launch_order import LaunchOrder, find_places
from aws.layout import APP
from aws.machine_profile import profile_calls, profile_steps
from aws.network import group_name
from aws.plan import Action, Plan, Step
from aws.sync import Store
from utils.errors import InputError

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["Hosting", "hosting_calls", "plan_hosting"]

_ROLE: Final = "gradio"
# Of the program with the embedded model, measured (docs/aws.md), and what the keys and values of a larger one take.
_PROGRAM_MIB: Final = 1_600
_CONTEXT_MIB: Final = 1_200


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """An app that would be brought up.

    Attributes:
        order: What the machine is to do.
        bundle: The program.
        plan: What would be done.
        machine: The one that is there already.
    """

    order: AppOrder
    bundle: Bundle = field(repr=False)
    plan: Plan
    machine: Instance | None


def plan_hosting(
    clients: Clients,
    config: AwsConfig,
    request: HostingRequest,
    market: Market,
    *,
    pack: Callable[[], Bundle] = make_bundle,
) -> Hosting:
    """Look at everything that the app needs, and say what would be done.

    Args:
        clients: Connections.
        config: The whole of it.
        request: What is asked for.
        market: Prices.
        pack: Makes the bundle of the program.

    Raises:
        HawkinsError: If something is missing, the budget does not allow it, or a machine is there and no update is
            asked for.
    """
    require_ground(clients, config, role=_ROLE, key_pair=config.gradio.key_pair_name)
    stock = take_stock(clients, config, market, write=False)
    machine = next((each for each in stock.alive if each.name == APP), None)
    _require_machine(machine, stock, update=request.update)
    bundle, answering = pack(), find_answer(clients, config, request)
    store = Store(clients.s3, config.s3.bucket_name)
    given = given_order(store)
    before = given if machine else None
    order = new_order(clients, config, request, bundle=bundle, answering=answering, before=before)
    order = numbered(store, order, given, update=request.update)
    in_force = before is not None and before.digest == order.digest
    if machine is not None and not in_force and not request.update:
        raise InputError(
            f"The app runs on {machine.id} with other code, data or settings; bring it up to date with: "
            "python deploy_aws.py deploy-gradio --update"
        )
    last, notes = _machine(clients, config, order, stock, market, machine)
    # Machines of earlier versions have the rights of those that train, which no longer suffice.
    rights = profile_steps(clients, machine.id, config.iam.role_of(_ROLE)) if machine and request.update else ()
    steps = (*rights, *_objects(store, order, bundle, known=in_force), last)
    where = order.url(machine.address if machine else "the machine's address")
    plan = Plan(title=f"Host the app at {where}", steps=steps, notes=(*_notes(config, order, answering), *notes))
    return Hosting(order=order, bundle=bundle, plan=plan, machine=machine)


def _require_machine(machine: Instance | None, stock: Stock, *, update: bool) -> None:
    if machine is None and update:
        raise InputError("There is no machine of the app to update; leave --update out to have one.")
    if machine is not None and machine.state not in {"pending", "running"}:
        raise InputError(
            f"{machine.id}, the machine of the app, is {machine.state}. Start it (aws ec2 start-instances "
            f"--instance-ids {machine.id}), or end it with: python deploy_aws.py terminate {machine.id}"
            + (" First raise limits.budget_usd, which is reached: it would stop again." if stock.reached else "")
        )


def _objects(store: Store, order: AppOrder, bundle: Bundle, *, known: bool) -> tuple[Step, ...]:
    return (
        bundle_step(store, bundle),
        Step(
            action=Action.KEEP if known else Action.CREATE,
            kind="object",
            name=store.where(order_key(order.digest)),
            detail="what the machine is to do: " + describe_order(order),
            call="order",
            arguments=order.model_dump(mode="json"),
        ),
        Step(
            action=Action.KEEP if known else Action.CHANGE,
            kind="object",
            name=store.where(SCRIPT_KEY),
            detail="tells the machine to do it",
            call="script",
            arguments={"order": order.model_dump(mode="json")},
        ),
    )


def _machine(
    clients: Clients, config: AwsConfig, order: AppOrder, stock: Stock, market: Market, machine: Instance | None
) -> tuple[Step, tuple[str, ...]]:
    """Return the step for the machine, and notes on it."""
    gradio = config.gradio
    facts = type_facts(clients, (gradio.instance_type,))[gradio.instance_type]
    notes = _memory(order, facts)
    if machine is not None:
        detail = f"{machine.type} in {machine.zone}, {machine.address or 'no address'}; conversations stay on its disk"
        return Step(action=Action.KEEP, kind="instance", name=machine.id, detail=detail), notes
    image = find_image(clients, facts, volume_gb=gradio.volume_gb)
    prices = {gradio.instance_type: market.price_of(gradio.instance_type)}
    hour = machine_hour(prices[gradio.instance_type], gradio.volume_gb, market.rates)
    hours_allowed(stock, name="the app", usd_per_hour=hour, max_hours=None)
    launch = LaunchOrder(
        name=APP,
        role=_ROLE,
        tags=dict(config.tags),
        attempt=stock.next_attempt(APP),
        places=find_places(clients, (gradio.instance_type,), config.ec2.zones),
        image=image.id,
        root_device=image.root_device,
        volume_gb=gradio.volume_gb,
        user_data=app_user_data(order),
        group=group_name(config.project, _ROLE),
        profile=config.iam.role_of(_ROLE),
        key_pair=gradio.key_pair_name,
        ends=False,
        prices=prices,
    )
    stays = (
        f"It runs until you end it: about ${HOURS_A_MONTH * (hour or 0):.2f} a month with disk and address. This month "
        f"so far: ${stock.spent.usd:.2f} of ${stock.budget:.2f}; reaching that stops it."
    )
    return launch_step(launch, detail=image.name, usd_per_hour=hour), (*notes, stays, market.note)


def _memory(order: AppOrder, facts: TypeFacts) -> tuple[str, ...]:
    if order.model is None:
        return ()
    needed = _PROGRAM_MIB + _CONTEXT_MIB + order.model.size // 2**20
    if needed <= facts.memory_mib:
        return ()
    return (
        f"{facts.name} has {facts.memory_mib / 1024:.0f} GiB of memory, and the app with {order.model.name} needs "
        f"about {needed / 1024:.1f}; choose a larger gradio.instance_type.",
    )


def _notes(config: AwsConfig, order: AppOrder, answering: Answering | None) -> tuple[str, ...]:
    notes = []
    if order.domain:
        notes.append(
            f"{order.domain} must point to the machine's address; Caddy fetches the certificate once it does, for "
            "which port 80 must be open to everybody."
        )
    elif order.username:
        notes.append("Without gradio.domain the way is not encrypted: whoever is on it can read password and words.")
    if key_in_the_open(order):
        notes.append(
            f"The key would travel to {order.endpoint} unencrypted: whoever is on the way can read it; use https, or "
            "an address within your own network."
        )
    if not config.gradio.allowed_cidrs:
        notes.append("gradio.allowed_cidrs is empty, so that nobody reaches the app; name networks and run init.")
    if answering and answering.passed_over:
        notes.append(
            f"Not used, since {answering.base} answers: {', '.join(answering.passed_over)}. For a model of their base "
            "put its GGUF file into models/BASE-chatbot/ of the bucket."
        )
    return tuple(notes)


def hosting_calls(
    clients: Clients, hosting: Hosting, *, on_miss: Callable[[str], object] = lambda _: None
) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan out, for `aws.plan.carry_out`.

    Args:
        clients: Connections.
        hosting: What was planned.
        on_miss: Hears of every place without capacity.
    """
    store = Store(clients.s3, hosting.order.bucket)

    def order(arguments: Mapping[str, Any]) -> str:
        wanted = AppOrder.model_validate(dict(arguments))
        store.write(order_key(wanted.digest), wanted.text.encode())
        return order_key(wanted.digest)

    def script(arguments: Mapping[str, Any]) -> str:
        wanted = AppOrder.model_validate(arguments["order"])
        # What was said of an earlier one must not be taken for an answer to this one.
        store.remove([status_key()])
        store.write(SCRIPT_KEY, app_user_data(wanted).encode())
        return SCRIPT_KEY

    launching = launch_calls(clients, hosting.order.bucket, on_miss=on_miss)
    objects = {**bundle_calls(store, hosting.bundle), "order": order, "script": script}
    return {**objects, **profile_calls(clients), **launching}

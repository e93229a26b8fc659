"""Training on a machine of its own: what would be done, frozen, and what does it.

The same order is the same job: it is started, found running, gone on with after an interruption, or found finished.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aws.budget import Stock, hours_allowed, take_stock
from aws.bundle import Bundle, make_bundle
from aws.cost import Market, machine_hour
from aws.errors import NotFoundError, aws_errors
from aws.follow import read_state
from aws.ground import require_ground, require_secret
from aws.images import TypeFacts, find_image, type_facts
from aws.instances import Instance
from aws.job import Job, Progress, State, job_key, new_job
from aws.launch import launch_calls, launch_step
from aws.launch_order import LaunchOrder, find_places
from aws.network import group_name
from aws.plan import Action, Plan, Step
from aws.preparation import TOKEN
from aws.secrets import secret_named, secret_version
from aws.training_data import TrainingData, look_at_data
from aws.user_data import training_user_data
from utils.errors import HawkinsError, InputError
from utils.world import World

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["Request", "Training", "plan_training", "training_calls"]

_ROLE: Final = "training"
_MOST_RESTARTS: Final = 999


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks for.

    Attributes:
        base: ``llama`` or ``qwen``.
        character: Name or alias; None for whoever speaks most.
        results: Folder below ``data/training/``; None for the sample season.
        voices: Whether exchanges written for the character are learnt too.
        spot: Whether a machine that may be taken away will do.
        restart: Whether to begin anew where a training of the same is there.
    """

    base: str
    character: str | None = None
    results: str | None = None
    voices: bool = False
    spot: bool = False
    restart: bool = False


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training that would be carried out.

    Attributes:
        job: What is learnt.
        bundle: The program.
        plan: What would be done.
        machine: The one that works on it already.
        progress: What it said last.
    """

    job: Job
    bundle: Bundle = field(repr=False)
    plan: Plan
    machine: Instance | None
    progress: Progress | None


def plan_training(
    clients: Clients,
    config: AwsConfig,
    request: Request,
    market: Market,
    *,
    pack: Callable[[], Bundle] = make_bundle,
    sample: Callable[[], World] = World.sample,
) -> Training:
    """Look at everything that a training needs, and say what would be done.

    Args:
        clients: Connections.
        config: The whole of it.
        request: What is asked for.
        market: Prices.
        pack: Makes the bundle of the program.
        sample: Reads the sample season.

    Raises:
        HawkinsError: If something is missing, or the budget does not allow it.
    """
    require_ground(clients, config, role=_ROLE, key_pair=config.ec2.key_pair_name)
    if config.hub.push_to is not None:
        require_secret(clients, config, TOKEN, reason="hub.push_to")
    data = look_at_data(clients, config.s3.bucket_name, request.results, sample=sample)
    bundle = pack()
    stock = take_stock(clients, config, market, write=False)
    job, progress = _job(clients, config, request, data, bundle, stock)
    machine = next((each for each in stock.alive if each.name == job.id), None)
    if machine is not None or (progress is not None and progress.state is State.FINISHED):
        return Training(job=job, bundle=bundle, plan=_nothing(job, machine), machine=machine, progress=progress)
    job, launching, notes = _machine(clients, config, request, job, stock, market)
    steps = (*_objects(clients, job, bundle), launching)
    going_on = progress is not None and progress.saved > 0
    title = f"Train {job.character} for {job.base} (job {job.id})" + (
        f", going on after step {progress.saved}" if going_on and progress is not None else ""
    )
    return Training(
        job=job,
        bundle=bundle,
        plan=Plan(title=title, steps=steps, notes=(*notes, market.note)),
        machine=None,
        progress=progress,
    )


def _job(
    clients: Clients, config: AwsConfig, request: Request, data: TrainingData, bundle: Bundle, stock: Stock
) -> tuple[Job, Progress | None]:
    """Return the newest job of an order, or the one after it if it is to begin anew."""
    tokens = config.training_settings(request.base).context_tokens
    character = data.character(request.character, voices=request.voices, context_tokens=tokens)

    def numbered(attempt: int) -> Job:
        return new_job(
            config,
            request.base,
            character,
            code=bundle.sha256,
            results=request.results,
            data=data.digest,
            voices=request.voices,
            attempt=attempt,
        )

    attempt = 0
    while attempt < _MOST_RESTARTS and _exists(clients, config.s3.bucket_name, job_key(numbered(attempt + 1).id)):
        attempt += 1
    job = numbered(attempt)
    if not request.restart or not _exists(clients, config.s3.bucket_name, job_key(job.id)):
        return job, read_state(clients, config.s3.bucket_name, job.id)
    running = next((each for each in stock.alive if each.name == job.id), None)
    if running is not None:
        raise HawkinsError(
            f"{running.id} works on {job.id}; to begin anew, end it first: python deploy_aws.py terminate {running.id}"
        )
    return numbered(attempt + 1), None


def _exists(clients: Clients, bucket: str, key: str) -> bool:
    try:
        with aws_errors(f"looking for {key} in {bucket}"):
            clients.s3.head_object(Bucket=bucket, Key=key)
    except NotFoundError:
        return False
    return True


def _nothing(job: Job, machine: Instance | None) -> Plan:
    if machine is None:
        detail = "finished; --restart trains again"
        step = Step(action=Action.KEEP, kind="training", name=job.id, detail=detail)
    else:
        detail = (
            f"{machine.type} in {machine.zone}, {machine.state}, works on it; see: python deploy_aws.py logs {job.id}"
        )
        step = Step(action=Action.KEEP, kind="instance", name=machine.id, detail=detail)
    return Plan(title=f"Train {job.character} for {job.base} (job {job.id})", steps=(step,))


def _objects(clients: Clients, job: Job, bundle: Bundle) -> tuple[Step, Step]:
    there = _exists(clients, job.bucket, bundle.key)
    return (
        Step(
            action=Action.KEEP if there else Action.CREATE,
            kind="object",
            name=f"s3://{job.bucket}/{bundle.key}",
            detail=f"the program, {len(bundle.names)} files, {len(bundle.data) / 1e6:.1f} MB",
            call="bundle",
            arguments={"key": bundle.key, "sha256": bundle.sha256},
        ),
        Step(
            action=Action.CREATE,
            kind="object",
            name=f"s3://{job.bucket}/{job_key(job.id)}",
            detail="what the machine is to do",
            call="job",
            arguments=job.model_dump(mode="json"),
        ),
    )


def _machine(
    clients: Clients, config: AwsConfig, request: Request, job: Job, stock: Stock, market: Market
) -> tuple[Job, Step, tuple[str, ...]]:
    """Return the job with its time limit, the step that launches its machine, and notes."""
    ec2 = config.ec2
    types = tuple(dict.fromkeys((ec2.instance_type, *ec2.fallback_types)))
    facts = _alike(type_facts(clients, types), types)
    image = find_image(clients, facts, override=ec2.image, volume_gb=ec2.volume_gb)
    prices = {kind: market.price_of(kind) for kind in types}
    hour = machine_hour(_dearest(prices, ec2.max_spot_price if request.spot else None), ec2.volume_gb, market.rates)
    allowed = hours_allowed(stock, name=job.id, usd_per_hour=hour, max_hours=config.limits.max_hours)
    # Down to the minute, so that the machine's own clock ends it within the budget.
    hours = math.floor((allowed or config.limits.max_hours) * 60) / 60
    job = job.model_copy(update={"max_hours": hours})
    order = LaunchOrder(
        name=job.id,
        role=_ROLE,
        tags=dict(config.tags),
        attempt=stock.next_attempt(job.id),
        places=find_places(clients, types, ec2.zones),
        image=image.id,
        root_device=image.root_device,
        volume_gb=ec2.volume_gb,
        user_data=training_user_data(job),
        group=group_name(config.project, _ROLE),
        profile=config.iam.role_name,
        key_pair=ec2.key_pair_name,
        max_spot_price=ec2.max_spot_price if request.spot else None,
        ends=True,
        max_hours=hours,
        prices=prices,
    )
    step = launch_step(order, detail=image.name, usd_per_hour=hour)
    notes = _notes(config, request, facts, hours=hours, hour=hour, stock=stock)
    return job, step, (*notes, *_gated(clients, config, job))


def _gated(clients: Clients, config: AwsConfig, job: Job) -> tuple[str, ...]:
    """Say what would otherwise be found out on the machine: that Meta's models are handed out on request alone."""
    repository = job.settings.base_model_llama if job.base == "llama" else ""
    if not repository.startswith("meta-llama/") or secret_version(clients, config, secret_named(TOKEN)):
        return ()
    return (
        f"{repository} is only for those whom Meta lets in, and SSM holds no {TOKEN}: the machine will fail to fetch "
        f"it. Ask on its page, then: python deploy_aws.py secret {TOKEN}; or choose training.base_model_llama.",
    )


def _alike(facts: Mapping[str, TypeFacts], types: tuple[str, ...]) -> TypeFacts:
    """Return what the types share, which is one image for all."""
    first = facts[types[0]]
    for each in facts.values():
        if (each.architecture, bool(each.gpus)) != (first.architecture, bool(first.gpus)):
            raise InputError(
                f"ec2.fallback_types: {each.name} and {first.name} differ in processor or GPU, so that one image "
                "does not start both; choose types of one kind."
            )
    return first


def _dearest(prices: Mapping[str, float | None], bound: float | None) -> float | None:
    """Return what an hour costs at most; None where that is unknown."""
    if bound is not None:
        return min(bound, max((bound if price is None else price) for price in prices.values()))
    known = [price for price in prices.values() if price is not None]
    return max(known) if len(known) == len(prices) else None


def _notes(
    config: AwsConfig, request: Request, facts: TypeFacts, *, hours: float, hour: float | None, stock: Stock
) -> tuple[str, ...]:
    notes = [
        f"It ends by itself when it is done, and after {hours:.1f} hours whatever happens: ${hours * (hour or 0):.2f} "
        f"at most, with disk and address. This month so far: ${stock.spent.usd:.2f} of ${stock.budget:.2f}."
    ]
    if hours < config.limits.max_hours - 0.02:
        notes.append(f"The budget leaves no more than {hours:.1f} of limits.max_hours ({config.limits.max_hours:g}).")
    if request.spot:
        notes.append(
            "AWS may take a spot machine away with two minutes' notice. It saves what it learnt; the same command goes "
            "on with it, and --follow does so by itself, within the budget."
        )
    if not facts.gpus:
        notes.append(f"{facts.name} has no GPU: training {request.base} there takes days.")
    if config.s3.region != config.ec2.region:
        notes.append(f"Bucket ({config.s3.region}) and machine ({config.ec2.region}) lie apart: traffic costs extra.")
    return tuple(notes)


def training_calls(
    clients: Clients, training: Training, *, on_miss: Callable[[str], object] = lambda _: None
) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan of a training out, for `aws.plan.carry_out`."""
    bucket = training.job.bucket

    def put(key: str, data: bytes, kind: str) -> str:
        with aws_errors(f"writing {key} into {bucket}"):
            clients.s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=kind)
        return key

    return {
        "bundle": lambda arguments: put(arguments["key"], training.bundle.data, "application/gzip"),
        "job": lambda arguments: put(
            job_key(arguments["id"]),
            Job.model_validate(dict(arguments)).model_dump_json(indent=1).encode(),
            "application/json",
        ),
        **launch_calls(clients, bucket, on_miss=on_miss),
    }

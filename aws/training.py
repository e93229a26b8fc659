"""Training on a machine of its own: what would be done, frozen, and what does it.

The same order is the same job: it is started, found running, gone on with after an interruption, or found finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aws.budget import Stock, take_stock
from aws.bundle import Bundle, bundle_calls, bundle_step, make_bundle
from aws.cost import Market
from aws.follow import read_state
from aws.ground import require_ground, require_secret
from aws.instances import Instance
from aws.job import Job, Progress, State, job_key, new_job
from aws.launch import launch_calls
from aws.plan import Action, Plan, Step
from aws.preparation import TOKEN
from aws.sync import Store
from aws.training_data import TrainingData, look_at_data
from aws.training_machine import ROLE, plan_machine
from utils.errors import HawkinsError
from utils.world import World

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig

__all__ = ["Request", "Training", "plan_training", "training_calls"]

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
    require_ground(clients, config, role=ROLE, key_pair=config.ec2.key_pair_name)
    if config.hub.push_to is not None:
        require_secret(clients, config, TOKEN, reason="hub.push_to")
    data = look_at_data(clients, config.s3.bucket_name, request.results, sample=sample)
    store, bundle = Store(clients.s3, config.s3.bucket_name), pack()
    stock = take_stock(clients, config, market, write=False)
    job, progress = _job(store, config, request, data, bundle, stock)
    machine = next((each for each in stock.alive if each.name == job.id), None)
    if machine is not None or (progress is not None and progress.state is State.FINISHED):
        return Training(job=job, bundle=bundle, plan=_nothing(job, machine), machine=machine, progress=progress)
    job, launching, notes = plan_machine(clients, config, job, stock, market, spot=request.spot)
    steps = (bundle_step(store, bundle), _job_step(store, job), launching)
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
    store: Store, config: AwsConfig, request: Request, data: TrainingData, bundle: Bundle, stock: Stock
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
    while attempt < _MOST_RESTARTS and store.has(job_key(numbered(attempt + 1).id)):
        attempt += 1
    job = numbered(attempt)
    if not request.restart or not store.has(job_key(job.id)):
        return job, read_state(store, job.id)
    running = next((each for each in stock.alive if each.name == job.id), None)
    if running is not None:
        raise HawkinsError(
            f"{running.id} works on {job.id}; to begin anew, end it first: python deploy_aws.py terminate {running.id}"
        )
    return numbered(attempt + 1), None


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


def _job_step(store: Store, job: Job) -> Step:
    return Step(
        action=Action.CREATE,
        kind="object",
        name=store.where(job_key(job.id)),
        detail="what the machine is to do",
        call="job",
        arguments=job.model_dump(mode="json"),
    )


def training_calls(
    clients: Clients, training: Training, *, on_miss: Callable[[str], object] = lambda _: None
) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return what carries the plan of a training out, for `aws.plan.carry_out`."""
    store = Store(clients.s3, training.job.bucket)

    def put_job(arguments: Mapping[str, Any]) -> str:
        job = Job.model_validate(dict(arguments))
        store.write(job_key(job.id), job.model_dump_json(indent=1).encode())
        return job_key(job.id)

    launching = launch_calls(clients, store.bucket, on_miss=on_miss)
    return {**bundle_calls(store, training.bundle), "job": put_job, **launching}

"""The order of an app: from what a person asks for, the config, and what lies in the bucket."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from aws.app_order import (
    ENDPOINT_KEY,
    PASSWORD,
    SCRIPT_KEY,
    AppOrder,
    AppState,
    order_key,
    read_order,
    read_status,
    status_key,
)
from aws.app_secrets import require_key_right
from aws.bundle import PROJECT, Bundle
from aws.hosting_data import Answering, find_answering, find_results
from aws.secrets import secret_version
from aws.user_data import boto3_as_here, machine_script
from utils.errors import InputError
from utils.settings import describe

if TYPE_CHECKING:
    from aws.clients import Clients
    from aws.config import AwsConfig
    from aws.sync import Store

__all__ = [
    "SAMPLE",
    "HostingRequest",
    "app_user_data",
    "describe_order",
    "find_answer",
    "given_order",
    "new_order",
    "numbered",
]

SAMPLE: Final = "sample"
"""What people write for the sample season that comes with the program."""
_BODIES: Final = ("app_begin.sh", "machine.sh", "app.sh")


@dataclass(frozen=True, kw_only=True)
class HostingRequest:
    """What a person asks for.

    Attributes:
        update: Whether the machine that is there gets new code, data and settings.
        results: Folder below ``data/training/``; ``sample`` for the sample season; None for what is shown, if a machine
            is there, and the sample season else.
        model: ``embedded``, or the base whose GGUF file answers; None for the only one there is.
        endpoint: URL of a chat server; None for ``gradio.endpoint``.
    """

    update: bool = False
    results: str | None = None
    model: str | None = None
    endpoint: str | None = None


def app_user_data(order: AppOrder) -> str:
    """Return the script that brings an order to a machine, as user data and whenever it changes.

    Raises:
        HawkinsError: If it is larger than EC2 takes.
    """
    values = {
        "ORDER": order.digest,
        "BUCKET": order.bucket,
        "REGION": order.region,
        "CODE_SHA256": order.code,
        "LOCK_SHA256": order.lock,
        "BOTO3": boto3_as_here(),
        "EMBEDDED": "yes",
        "DOMAIN": order.domain or "",
    }
    return machine_script(_BODIES, values)


def find_answer(clients: Clients, config: AwsConfig, request: HostingRequest) -> Answering | None:
    """Return what answers in the app's process; None where a chat server does.

    Raises:
        InputError: If a model is wanted that is not there, or beside an endpoint.
    """
    if (request.endpoint or config.gradio.endpoint) is None:
        return find_answering(clients, config.s3.bucket_name, request.model)
    if request.model is not None:
        raise InputError("--model chooses what answers in the app itself; with an endpoint the server answers.")
    return None


def new_order(
    clients: Clients,
    config: AwsConfig,
    request: HostingRequest,
    *,
    bundle: Bundle,
    answering: Answering | None,
    before: AppOrder | None,
) -> AppOrder:
    """Return the order of what a person asks for.

    Args:
        clients: Connections.
        config: The whole of it.
        request: What is asked for.
        bundle: The program.
        answering: From `find_answer`.
        before: The order of the machine that is there; its analysis goes on being shown if no other is named.

    Raises:
        InputError: If something is missing or cannot be.
    """
    gradio, bucket = config.gradio, config.s3.bucket_name
    shown = request.results or (before.results_name if before else None)
    results = None if shown == SAMPLE else shown
    password = _password_version(clients, config) if gradio.enable_auth else 0
    endpoint = request.endpoint or gradio.endpoint
    try:
        return AppOrder(
            project=config.project,
            bucket=bucket,
            region=config.ec2.region,
            code=bundle.sha256,
            lock=_lock(bundle),
            host=gradio.host,
            port=gradio.port,
            domain=gradio.domain,
            endpoint=endpoint,
            endpoint_key_version=_key_version(clients, config) if endpoint else 0,
            username=gradio.username if gradio.enable_auth else None,
            password_version=password,
            results=find_results(clients, bucket, results) if results else (),
            results_name=results,
            model=answering.model if answering else None,
            voices=answering.voices if answering else (),
        )
    except ValidationError as error:
        raise InputError(f"The app cannot be hosted so: {describe(error, AppOrder)}") from None


def _password_version(clients: Clients, config: AwsConfig) -> int:
    version_ = secret_version(clients, config, PASSWORD)
    if not version_:
        raise InputError(
            f"Visitors are to log in (gradio.enable_auth), and there is no {PASSWORD.name} yet; set one with: "
            f"python deploy_aws.py secret {PASSWORD.name}"
        )
    return version_


def _key_version(clients: Clients, config: AwsConfig) -> int:
    version_ = secret_version(clients, config, ENDPOINT_KEY)
    if version_:
        require_key_right(clients, config)
    return version_


def _lock(bundle: Bundle) -> str:
    """Digest of what is installed: the same one needs no new environment on the machine."""
    names = sorted(name for name in bundle.names if name.startswith("requirements") and "/" not in name)
    return hashlib.sha256(b"\n".join((PROJECT / name).read_bytes() for name in names)).hexdigest()


def given_order(store: Store) -> AppOrder | None:
    """Return the order that lies in the bucket; None for none that this program understands."""
    script = store.read(SCRIPT_KEY) or b""
    digest = next((line[6:].strip(b"'") for line in script.splitlines() if line.startswith(b"ORDER=")), b"").decode()
    text = store.read(order_key(digest)) if digest else None
    try:
        return read_order(text, name=order_key(digest)) if text else None
    except InputError:
        return None


def numbered(store: Store, order: AppOrder, given: AppOrder | None, *, update: bool) -> AppOrder:
    """Return an order with its number: that of the same one given before, or the next if that failed.

    Args:
        store: The bucket.
        order: What is wanted.
        given: What lies in the bucket.
        update: Whether what failed is to be tried again.
    """
    if given is None or given.model_copy(update={"attempt": order.attempt}) != order:
        return order
    said = store.read(status_key())
    status = read_status(said) if said else None
    failed = status is not None and status.order == given.digest and status.state is AppState.FAILED
    return given.model_copy(update={"attempt": given.attempt + 1}) if failed and update else given


def describe_order(order: AppOrder) -> str:
    """Return what an order amounts to, in words."""
    answers = order.endpoint or (order.model.key if order.model else "the embedded model")
    asked = f", asked with {ENDPOINT_KEY.name}" if order.endpoint_key_version else ""
    voices = ", ".join(voice.character for voice in order.voices)
    return "; ".join(
        [
            f"shows {order.results_name or 'the sample season'}",
            f"{answers} answers{asked}" + (f" with the trained voices of {voices}" if voices else ""),
            f"visitors log in as {order.username}" if order.username else "no login",
        ]
    )

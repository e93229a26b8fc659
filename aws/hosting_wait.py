"""Waiting until the app answers: what its machine says of itself, and whether it is reached from here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aws.app_order import AppOrder, AppState, read_status, status_key
from aws.instances import Instance, find_instances
from aws.layout import APP
from aws.sync import Store
from utils.errors import HawkinsError

if TYPE_CHECKING:
    from aws.clients import Clients

__all__ = ["is_reached", "wait_until_ready"]

_MINUTES: Final = 40
"""Until a new machine must be ready: most of it passes with installing."""
_LOGS: Final = "see: python deploy_aws.py logs gradio"


def wait_until_ready(
    clients: Clients,
    order: AppOrder,
    *,
    minutes: float = _MINUTES,
    pause: float = 5,
    on_stage: Callable[[str], object] = lambda _: None,
) -> Instance:
    """Wait until the machine says that an order is in force.

    Args:
        clients: Connections.
        order: Which.
        minutes: At most.
        pause: Seconds between looks.
        on_stage: Hears what the machine does, whenever that changes.

    Returns:
        The machine.

    Raises:
        HawkinsError: If the order failed, the machine is gone, or time is over.
    """
    store, end, last = Store(clients.s3, order.bucket), time.monotonic() + minutes * 60, ""
    while True:
        machine = next((each for each in find_instances(clients, order.project, name=APP)), None)
        if machine is None or machine.state not in {"pending", "running"}:
            raise HawkinsError(f"The machine of the app is {machine.state if machine else 'gone'}; {_LOGS}")
        said = store.read(status_key())
        status = read_status(said) if said else None
        if status is not None and status.order == order.digest:
            if status.state is AppState.FAILED:
                raise HawkinsError(
                    f"The app could not be brought up: {status.stage.rstrip('.')}. {machine.id} runs and costs on; "
                    f"{_LOGS}, and try again with: python deploy_aws.py deploy-gradio --update"
                )
            if status.state is AppState.READY:
                return machine
        stage = status.stage if status else f"{machine.id} is {machine.state}, and sets itself up"
        if stage != last:
            on_stage(stage)
            last = stage
        if time.monotonic() > end:
            raise HawkinsError(
                f"{machine.id} has not brought the app up after {minutes:.0f} minutes ({last}); it goes on, and costs "
                f"on. Run the same command again to wait on, or {_LOGS}"
            )
        time.sleep(pause)


def is_reached(url: str, *, seconds: float = 60, pause: float = 3) -> bool:
    """Return whether the app answers here too, without a login.

    Args:
        url: Of the app, with a slash at its end.
        seconds: For which it is tried.
        pause: Seconds between tries.
    """
    import httpx

    end = time.monotonic() + seconds
    while True:
        try:
            if httpx.get(f"{url}health", timeout=10).status_code == httpx.codes.OK:
                return True
        except httpx.HTTPError:
            pass
        if time.monotonic() > end:
            return False
        time.sleep(pause)

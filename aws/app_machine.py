"""What runs on the app's machine as root (``python -m aws.app_machine``): puts an order in force, looks for a new one.

An order that does not come into force leaves the one before it running. It also looks whether the month's budget is
reached, and stops the machine then.
"""

from __future__ import annotations

import argparse
import fcntl
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aws.app_force import Force
from aws.app_order import (
    SCRIPT_KEY,
    AppState,
    AppStatus,
    order_key,
    read_order,
    status_key,
)
from aws.app_stop import is_due, stop
from aws.app_units import Places
from aws.clients import Clients
from aws.layout import APP, log_key
from aws.sync import Store
from utils.artifacts import atomic_write
from utils.door import run_door
from utils.errors import HawkinsError, InputError
from utils.settings import Settings

__all__ = ["Kept", "main"]

_MOST_TRIES: Final = 3
"""Of an order whose program could not be fetched or installed."""
_ORDER_LINE: Final = re.compile(rb"^ORDER='?([0-9a-f]{64})'?$", re.MULTILINE)
_LOG_BYTES: Final = 1_000_000


class Kept(Settings):
    """What the machine remembers.

    Attributes:
        order: Digest of the order in force; empty for none.
        tried: Digest of the last one that was begun.
        tries: How often.
        logged: Size and time of the log that was uploaded last.
    """

    order: str = ""
    tried: str = ""
    tries: int = 0
    logged: str = ""


def _kept(places: Places) -> Kept:
    try:
        text = places.state.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Kept()
    return Kept.model_validate_json(text)


def _keep(places: Places, kept: Kept) -> None:
    atomic_write(places.state, lambda path: path.write_text(kept.model_dump_json(), encoding="utf-8"))


def _teller(store: Store, digest: str) -> Callable[[AppState, str], None]:
    """Return what says in the bucket how an order stands."""

    def tell(state: AppState, stage: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        store.write(
            status_key(), AppStatus(order=digest, state=state, stage=stage, at=now).model_dump_json(indent=1).encode()
        )
        sys.stderr.write(f"{now} {state}: {stage}\n")

    return tell


def _apply(options: argparse.Namespace) -> None:
    """Put an order in force."""
    clients, places = Clients(options.region), Places(options.root)
    store = Store(clients.s3, options.bucket)
    tell = _teller(store, options.order)
    try:
        _put_in_force(clients, store, places, options, tell)
    except HawkinsError as error:
        # Not again by itself, since every try may interrupt the app that runs.
        _keep(places, _kept(places).model_copy(update={"tried": options.order, "tries": _MOST_TRIES}))
        tell(AppState.FAILED, str(error))
        raise
    kept = _kept(places)
    _keep(places, kept.model_copy(update={"order": options.order, "tries": 0}))
    tell(AppState.READY, "the app answers")


def _put_in_force(
    clients: Clients,
    store: Store,
    places: Places,
    options: argparse.Namespace,
    tell: Callable[[AppState, str], None],
) -> None:
    key = order_key(options.order)
    text = store.read(key)
    order = read_order(text or b"", name=store.where(key))
    if order.digest != options.order:
        raise InputError(f"{store.where(key)} is not the order that it is called after. Deploy again.")
    force = Force(clients=clients, store=store, places=places, order=order, user=options.user)
    # First, so that whatever fails after it can be mended by a new order.
    force.look_for_orders()
    force.put(on_stage=lambda stage: tell(AppState.PREPARING, stage))


def _poll(options: argparse.Namespace) -> None:
    """Stop the machine if it is time; else run the script of a new order, if there is one; upload the app's log."""
    places, now = Places(options.root), datetime.now(UTC)
    store = Store(Clients(options.region).s3, options.bucket)
    if is_due(store, now=now):
        stop(store, _log(places), lambda: _upload_log(store, places), now=now)
        return
    if _is_busy(places):
        return
    script = store.read(SCRIPT_KEY)
    found = _ORDER_LINE.search(script or b"")
    kept = _kept(places)
    if script and found and _is_due(kept, digest := found[1].decode()):
        tries = kept.tries + 1 if kept.tried == digest else 1
        _keep(places, kept.model_copy(update={"tried": digest, "tries": tries}))
        _run(places, script)
    _upload_log(store, places)


def _is_due(kept: Kept, digest: str) -> bool:
    return kept.order != digest and not (kept.tried == digest and kept.tries >= _MOST_TRIES)


def _is_busy(places: Places) -> bool:
    """Whether a run is at work; the first one is begun by cloud-init."""
    with (places.base / "lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _run(places: Places, script: bytes) -> None:
    path = places.base / "machine.sh"
    atomic_write(path, lambda temporary: temporary.write_bytes(script))
    # What it has to say lies in the bucket, whatever it ends with.
    subprocess.run(["bash", str(path)], check=False)  # noqa: S603, S607 - our own script, from our own bucket


def _log(places: Places) -> Path:
    return places.logs / "gradio.log"


def _upload_log(store: Store, places: Places) -> None:
    log = _log(places)
    if not log.is_file():
        return
    facts, kept = log.stat(), _kept(places)
    mark = f"{facts.st_size} {facts.st_mtime_ns}"
    if mark != kept.logged:
        store.write(log_key(APP, log.name), _end(log))
        _keep(places, kept.model_copy(update={"logged": mark}))


def _end(log: Path) -> bytes:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _LOG_BYTES))
        return stream.read()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m aws.app_machine", description=__doc__)
    parser.add_argument("action", choices=("apply", "poll"))
    parser.add_argument("--root", default="", help="before all paths; empty on a real machine")
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--order", default="", help="digest, for apply")
    parser.add_argument("--user", default="hawkins", help="as whom the app runs")
    return parser.parse_args()


def main() -> None:
    """Run the command line."""
    options = _options()
    run_door(lambda: (_apply if options.action == "apply" else _poll)(options))


if __name__ == "__main__":
    main()

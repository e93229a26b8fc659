"""Putting an order in force on the app's machine: files, secrets, unit, restart; back again if nothing answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aws.app_order import AppOrder, File
from aws.app_secrets import app_environment
from aws.app_units import APP_UNIT, POLL_UNITS, Places, app_unit, caddyfile, environment_file, poll_units
from aws.clients import Clients
from aws.layout import analysis_prefix
from aws.sync import Store
from utils.adapters import ADAPTER_FILE, adapter_folder
from utils.errors import HawkinsError, InputError

__all__ = ["Force"]

# Seconds until the app must answer: pandas and gradio take their time on two small cores.
_PATIENCE: Final = 300.0
_OFTEN: Final = 1.0
_MOST_RESTARTS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Force:
    """An order on its way to being in force.

    Attributes:
        clients: Connections, with the machine's own rights.
        store: The bucket.
        places: Where things lie.
        order: What is wanted.
        user: As whom the app runs.
    """

    clients: Clients
    store: Store
    places: Places
    order: AppOrder
    user: str

    def look_for_orders(self) -> None:
        """Have a timer look for a new order every minute."""
        where = ["--root", self.places.root, "--bucket", self.order.bucket, "--region", self.order.region]
        command = [sys.executable, "-m", "aws.app_machine", "poll", *where]
        for name, text in poll_units(command, world=self._code).items():
            _write(self.places.units / name, text, mode=0o644)
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", POLL_UNITS[-1])

    @property
    def _code(self) -> Path:
        return self.places.release(self.order.code) / "code"

    def put(self, *, on_stage: Callable[[str], object]) -> None:
        """Fetch what the order names, restart the app with it, and wait until it answers.

        Args:
            on_stage: Hears what is done.

        Raises:
            HawkinsError: If something is missing, or the app does not answer; what ran before runs again then.
        """
        on_stage("fetching analysis and voices")
        command = self._command(on_stage)
        values = app_environment(self.clients, self.order, on_stage=on_stage)
        unit = app_unit(command, places=self.places, world=self._world, user=self.user)
        with self._or_as_before():
            _write(self.places.secrets, environment_file(values), mode=0o600)
            _write(self.places.units / APP_UNIT, unit, mode=0o644)
            on_stage("starting the app")
            self._restart()
            self._wait()
        self._forget_old()

    @property
    def _world(self) -> Path:
        return self.places.world(self.order.digest)

    def _command(self, on_stage: Callable[[str], object]) -> list[str]:
        """Fetch everything, and return the app's command line."""
        order = self.order
        command = [sys.executable, str(self._code / "gradio_app.py"), "--host", order.listens_on, "--port"]
        command += [str(order.port), "--results", str(self._results(on_stage))]
        if order.endpoint is not None:
            command += ["--endpoint", order.endpoint]
        if order.model is not None:
            command += ["--model", str(self._model(order.model))]
        return command

    def _results(self, on_stage: Callable[[str], object]) -> Path:
        """Return the analysis on show, with the voices of its series beside it."""
        from analysis.pipeline import analyze_sample
        from analysis.results import load_results

        if self.order.results_name is None:
            on_stage("analysing the sample season")
            found = analyze_sample(out=self.places.sample)
        else:
            folder = self._world / "results" / self.order.results_name
            for file in self.order.results:
                self._link(file, folder / file.key.removeprefix(analysis_prefix(self.order.results_name)))
            found = load_results(folder)
        for voice in self.order.voices:
            place = adapter_folder(voice.character, found.series, voice.base, root=self._world / "out")
            self._link(voice.file, place / ADAPTER_FILE)
        return found.folder

    def _model(self, file: File) -> Path:
        from character_chatbot.weights import read_header

        # Under its own name, which the page shows.
        place = self._link(file, self._world / "model" / file.name)
        read_header(place)
        return place

    def _link(self, file: File, place: Path) -> Path:
        """Put a file of the bucket in its place; what was fetched once is not fetched again."""
        kept = self.places.files / file.kept_as
        if not kept.exists():
            temporary = kept.with_suffix(".part")
            self.store.download(file.key, temporary)
            if temporary.stat().st_size != file.size:
                raise InputError(f"{self.store.where(file.key)} changed after it was ordered; deploy again.")
            temporary.replace(kept)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        os.link(kept, place)
        return place

    @contextmanager
    def _or_as_before(self) -> Iterator[None]:
        """Put back what was in force, if the block fails."""
        files = (self.places.secrets, self.places.units / APP_UNIT)
        before = {path: (path.read_bytes(), path.stat().st_mode & 0o777) for path in files if path.exists()}
        try:
            yield
        except HawkinsError as error:
            if len(before) < len(files):
                raise
            for path, (content, mode) in before.items():
                _write(path, content.decode(), mode=mode)
            self._restart_app()
            raise HawkinsError(f"{error} The app before it runs again.") from None

    def _restart(self) -> None:
        self._restart_app()
        if self.order.domain is not None:
            _write(self.places.caddyfile, caddyfile(self.order.domain, self.order.port), mode=0o644)
            _systemctl("enable", "caddy.service")
            _systemctl("reload-or-restart", "caddy.service")

    def _restart_app(self) -> None:
        _systemctl("daemon-reload")
        _systemctl("enable", APP_UNIT)
        _systemctl("reset-failed", APP_UNIT, needed=False)
        _systemctl("restart", APP_UNIT)

    def _wait(self) -> None:
        """Wait until the app answers, and make sure that it asks for a password if it shall."""
        end = time.monotonic() + _PATIENCE
        while self._status("/health") != 200:
            if time.monotonic() > end:
                raise HawkinsError(f"The app does not answer after {_PATIENCE:.0f} s; see gradio.log.")
            if _restarts() >= _MOST_RESTARTS:
                raise HawkinsError("The app ends as soon as it is started; see gradio.log.")
            time.sleep(_OFTEN)
        if self.order.username is not None and self._status("/config") != 401:
            _systemctl("stop", APP_UNIT)
            raise HawkinsError("The app does not ask for its password, and was stopped.")

    def _status(self, path: str) -> int:
        import httpx

        try:
            return httpx.get(f"{self.order.asked_at}{path}", timeout=10, trust_env=False).status_code
        except httpx.HTTPError:
            return 0

    def _forget_old(self) -> None:
        """Remove what neither this order nor, as far as it is known, the one before it needs."""
        for folder, kept in (
            (self.places.base / "worlds", self._world),
            (self.places.base / "releases", self._code.parent),
            (self.places.base / "venvs", self.places.venv(self.order.lock)),
        ):
            others = [path for path in folder.glob("*") if path != kept]
            for path in sorted(others, key=lambda one: one.stat().st_mtime)[:-1]:
                shutil.rmtree(path)
        for path in self.places.files.glob("*"):
            if path.stat().st_nlink == 1:
                path.unlink()


def _write(path: Path, text: str, *, mode: int) -> None:
    """Write a file whose rights are narrow from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(descriptor, mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _systemctl(*words: str, needed: bool = True) -> str:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if needed and done.returncode:
        reason = done.stderr.strip().partition("\n")[0]
        raise HawkinsError(f"systemctl {' '.join(words)} failed: {reason or done.returncode}.")
    return done.stdout.strip()


def _restarts() -> int:
    """How often systemd has started the app again, since we did."""
    number = _systemctl("show", "--property=NRestarts", "--value", APP_UNIT)
    return int(number) if number.isdecimal() else 0

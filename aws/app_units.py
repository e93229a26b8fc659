"""Texts of files that the app's machine runs by: units of systemd, the environment with the secrets, Caddy's file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from utils.errors import HawkinsError

__all__ = ["APP_UNIT", "POLL_UNITS", "Places", "app_unit", "caddyfile", "environment_file", "poll_units"]

APP_UNIT: Final = "hawkins-app.service"
POLL_UNITS: Final = ("hawkins-poll.service", "hawkins-poll.timer")
_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True)
class Places:
    """Where things lie on the machine.

    Attributes:
        root: Before all paths; empty on a real machine.
    """

    root: str = ""

    def _at(self, path: str) -> Path:
        return Path(f"{self.root}{path}")

    @property
    def base(self) -> Path:
        """Programs, environments, fetched files: root's alone to write."""
        return self._at("/opt/hawkins")

    @property
    def files(self) -> Path:
        """Everything that was fetched, by `File.kept_as`."""
        return self.base / "files"

    @property
    def state(self) -> Path:
        """Which order is in force."""
        return self.base / "state.json"

    @property
    def sample(self) -> Path:
        """Analysis of the sample season."""
        return self.base / "sample"

    @property
    def units(self) -> Path:
        """Units of systemd."""
        return self._at("/etc/systemd/system")

    @property
    def secrets(self) -> Path:
        """Environment of the app with password and key: root's alone to read."""
        return self._at("/etc/hawkins/app.env")

    @property
    def caddyfile(self) -> Path:
        """Of the proxy."""
        return self._at("/etc/caddy/Caddyfile")

    @property
    def data(self) -> Path:
        """What the app itself writes: conversations, which an update keeps."""
        return self._at("/var/lib/hawkins")

    @property
    def logs(self) -> Path:
        """Of app and set-up."""
        return self._at("/var/log/hawkins")

    def release(self, code: str) -> Path:
        """Return where a bundle is unpacked."""
        return self.base / "releases" / code[:16]

    def venv(self, lock: str) -> Path:
        """Return the environment for a lock."""
        return self.base / "venvs" / lock[:16]

    def world(self, digest: str) -> Path:
        """Return the folder that the app runs in, with the voices that its order names."""
        return self.base / "worlds" / digest[:16]


def environment_file(values: Mapping[str, str]) -> str:
    """Return an ``EnvironmentFile`` of systemd.

    Args:
        values: By name.

    Raises:
        HawkinsError: If a value has a line break or another character that such a file cannot hold; its name alone is
            told.
    """
    lines = []
    for name, value in values.items():
        if any(letter in value for letter in "\n\r\0"):
            raise HawkinsError(f"{name} holds a line break and cannot be used; set it again without.")
        # Within double quotes these four are escaped (systemd.exec, "EnvironmentFile=").
        escaped = re.sub(r'([\\"`$])', r"\\\1", value)
        lines.append(f'{name}="{escaped}"\n')
    return "".join(lines)


def _word(text: str) -> str:
    """One word of a command in a unit (systemd.service, "Command lines", and systemd.unit, "Specifiers")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def app_unit(command: Sequence[str], *, places: Places, world: Path, user: str) -> str:
    """Return the unit of the app.

    Args:
        command: What is run, word by word.
        places: Where things lie.
        world: Folder that it runs in.
        user: As whom.
    """
    return _filled(
        "app.service",
        COMMAND=" ".join(map(_word, command)),
        WORLD=world,
        USER=user,
        DATA=places.data,
        LOGS=places.logs,
        SECRETS=places.secrets,
    )


def poll_units(command: Sequence[str], *, world: Path) -> dict[str, str]:
    """Return the units that look for a new order, by name.

    Args:
        command: What is run, word by word.
        world: Folder of the program.
    """
    service, timer = POLL_UNITS
    words = " ".join(map(_word, command))
    return {service: _filled("poll.service", COMMAND=words, WORLD=world), timer: _filled("poll.timer")}


def caddyfile(domain: str, port: int) -> str:
    """Return the proxy's file: TLS for a name, everything else to the app."""
    return _filled("Caddyfile", DOMAIN=domain, PORT=port)


def _filled(name: str, **values: object) -> str:
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    return Template(text).substitute({key: str(value) for key, value in values.items()})

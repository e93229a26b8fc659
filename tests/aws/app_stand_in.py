"""The app's machine that is none: a scratch root, and a systemctl that really starts what the unit says."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# Reads units as systemd does, as far as ours go. It starts the app in a bare environment: what is not in the unit is
# not there. A process that ended by itself counts as restarted often.
SYSTEMCTL = r"""#!{python}
import os, re, shlex, signal, subprocess, sys, time
from pathlib import Path

root = Path(os.environ["HAWKINS_ROOT"])
units, pids = root / "etc/systemd/system", root / "pids"
words = [word for word in sys.argv[1:] if not word.startswith("--")]
with (root / "systemctl.log").open("a") as log:
    log.write(" ".join(sys.argv[1:]) + "\n")


def alive(pid):
    try:
        return Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stop(unit):
    pid = pids / unit
    if pid.exists():
        number = int(pid.read_text())
        if alive(number):
            os.kill(number, signal.SIGTERM)
            while alive(number):
                time.sleep(0.05)
        pid.unlink()


def start(unit):
    said = {{}}
    for line in (units / unit).read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            said.setdefault(key, []).append(value)
    command = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(said["ExecStart"][0])]
    there = {{"PATH": os.environ["PATH"]}}
    for line in said.get("Environment", []):
        there.update(word.split("=", 1) for word in shlex.split(line))
    secret = said["EnvironmentFile"][0]
    assert os.stat(secret).st_mode & 0o777 == 0o600, "others can read the password"
    words = ["bash", "-c", 'set -a; . "$1"; env -0', "-", secret]
    read = subprocess.run(words, env={{}}, capture_output=True, check=True)
    there.update(
        pair.split("=", 1) for pair in read.stdout.decode().split("\0") if pair.startswith("HAWKINS_")
    )
    log = said["StandardOutput"][0].removeprefix("append:")
    with open(log, "ab") as out:
        process = subprocess.Popen(
            command, cwd=said["WorkingDirectory"][0], env=there, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )
    pids.mkdir(exist_ok=True)
    (pids / unit).write_text(str(process.pid))


match words:
    case ["restart", unit]:
        stop(unit)
        start(unit)
    case ["stop", unit]:
        stop(unit)
    case ["show", unit]:
        print(0 if alive(int((pids / unit).read_text())) else 99)
    case ["daemon-reload" | "enable" | "reset-failed" | "reload-or-restart", *_]:
        pass
    case _:
        sys.exit(f"unknown: {{words}}")
"""


SHUTDOWN = """#!/bin/sh
echo "$*" >>"$HAWKINS_ROOT/shutdown.log"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@dataclass
class AppMachine:
    """A machine on which user data runs.

    Attributes:
        root: Its file system.
    """

    root: Path

    def __post_init__(self) -> None:
        tools = self.root / "tools"
        tools.mkdir(parents=True)
        for name, text in (("systemctl", SYSTEMCTL.format(python=sys.executable)), ("shutdown", SHUTDOWN)):
            (tools / name).write_text(text, encoding="utf-8")
            (tools / name).chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Of root on this machine."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("HAWKINS_")},
            "HAWKINS_ROOT": str(self.root),
            "HAWKINS_VENV": sys.prefix,
            "HAWKINS_USER": getpass.getuser(),
            "HAWKINS_PAUSE": "1",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{self.root / 'tools'}:{os.environ['PATH']}",
        }

    def boot(self, user_data: str) -> subprocess.CompletedProcess[str]:
        """Do what cloud-init does with user data."""
        script = self.root / "user-data"
        script.write_text(user_data, encoding="utf-8")
        return subprocess.run(
            ["bash", str(script)], env=self.environment, capture_output=True, text=True, timeout=900, cwd="/"
        )

    def tick(self) -> subprocess.CompletedProcess[str]:
        """Do what the timer does: the command of the unit, in its folder."""
        import shlex

        unit = (self.root / "etc/systemd/system/hawkins-poll.service").read_text(encoding="utf-8")
        said = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
        return subprocess.run(
            shlex.split(said["ExecStart"]),
            env=self.environment,
            cwd=said["WorkingDirectory"],
            capture_output=True,
            text=True,
            timeout=900,
        )

    @property
    def shutdowns(self) -> list[str]:
        """What the machine asked for to be turned off, call by call."""
        log = self.root / "shutdown.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    @property
    def pid(self) -> int:
        """Of the app."""
        return int((self.root / "pids" / "hawkins-app.service").read_text(encoding="utf-8"))

    def switch_off(self) -> None:
        """End the app."""
        folder = self.root / "pids"
        for path in folder.glob("*") if folder.is_dir() else ():
            number = int(path.read_text(encoding="utf-8"))
            if Path(f"/proc/{number}").exists():
                os.kill(number, signal.SIGTERM)
            for _ in range(100):
                stat = Path(f"/proc/{number}/stat")
                if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
                    break
                time.sleep(0.1)

    def texts(self) -> str:
        """Everything in its file system but programs, and the one file that may hold the password."""
        kept = []
        for path in self.root.rglob("*"):
            inside = path.relative_to(self.root).parts
            if path.is_file() and inside[:3] != ("opt", "hawkins", "releases") and inside[:2] != ("etc", "hawkins"):
                kept.append(path.read_bytes().decode("utf-8", "replace"))
        return "\n".join(kept)

"""A machine that is none: a scratch root in which user data runs for real, its metadata service, and a tiny base."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TINY = "ours/tiny"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Imds(ThreadingHTTPServer):
    """The metadata service of one machine.

    Attributes:
        notice: Whether the machine will be taken away.
        token: The session token that it accepts.
        unasked: Requests that came without it.
        asked: How often somebody asked for the notice.
    """

    def __init__(self, *, instance: str = "i-0123456789abcdef0", notice: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.instance = instance
        self.notice = notice
        self.token = "token-1"  # noqa: S105
        self.unasked = 0
        self.asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: Imds

    def _say(self, status: int, text: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self) -> None:
        known = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self._say(200, self.server.token) if known else self._say(400)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != self.server.token:
            self.server.unasked += 1
            self._say(401)
        elif self.path == "/latest/meta-data/instance-id":
            self._say(200, self.server.instance)
        elif self.path == "/latest/meta-data/spot/instance-action":
            self.server.asked += 1
            notice = '{"action": "terminate", "time": "2026-11-27T17:02:00Z"}'
            self._say(200, notice) if self.server.notice else self._say(404)
        else:
            self._say(404)

    def log_message(self, *_: object) -> None:
        pass


def cache_base(cache: Path, base: Path) -> None:
    """Put a base where a download of `TINY` from the Hub would lie (``HF_HOME``)."""
    import shutil

    repository = cache / "hub" / f"models--{TINY.replace('/', '--')}"
    shutil.copytree(base, repository / "snapshots" / _COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(_COMMIT)


@dataclass
class Machine:
    """A scratch root, and what stands in for the commands that would reach beyond it.

    Attributes:
        root: Its file system.
        environment: What its programs find, beside our own.
        user_data: The script.
    """

    root: Path
    environment: Mapping[str, str]
    user_data: str
    process: subprocess.Popen[str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        bin_ = self.root / "bin"
        bin_.mkdir(parents=True)
        for name in ("shutdown", "systemctl", "poweroff"):
            path = bin_ / name
            path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.root}/called"\n')
            path.chmod(0o755)

    @property
    def called(self) -> list[str]:
        """The commands that were called, with their arguments."""
        file = self.root / "called"
        return file.read_text().splitlines() if file.exists() else []

    def place(self, project: str = "stranger-things-nlp") -> Path:
        """The folder of the program on this machine."""
        return self.root / "home" / "ubuntu" / project

    def start(self, *, without: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Let bash run the user data, as cloud-init does."""
        script = self.root / "user-data"
        script.write_text(self.user_data)
        kept = {
            name: value for name, value in os.environ.items() if name not in {"AWS_EC2_METADATA_DISABLED", *without}
        }
        mine = {
            "HAWKINS_ROOT": str(self.root),
            "HAWKINS_VENV": sys.prefix,
            "HAWKINS_PAUSE": "0.1",
            "HOME": str(self.root),
            "OMP_NUM_THREADS": "1",
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
        }
        self.process = subprocess.Popen(
            ["bash", str(script)],
            cwd=self.root,
            env={**kept, **self.environment, **mine},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self.process

    def kill(self) -> None:
        """End whatever still runs on it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def run(self, **options: Any) -> str:
        """Run it to its end; returns what it said."""
        said, _ = self.start(**options).communicate()
        return said

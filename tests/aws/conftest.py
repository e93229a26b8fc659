"""AWS on loopback: moto's server for the session, emptied before each test, and our real command line against it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
REGION = "us-east-1"
# Real AWS refuses unknown types, keys and images; so shall moto.
_STRICT = {
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "1",
    "MOTO_ENABLE_AMI_VALIDATION": "1",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "1",
}


@dataclass(frozen=True)
class Moto:
    """The stand-in for AWS.

    Attributes:
        url: Its endpoint.
        environment: What a program must find in its environment to speak with it and with nobody else.
    """

    url: str
    environment: Mapping[str, str]

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that looks behind the scenes; never one of ours."""
        import boto3

        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "looks-behind-the-scenes"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **{**keys, **options})

    def take_tls_for_granted(self, bucket: str) -> None:
        """Remove a bucket's policy, after `init` made it.

        Moto takes every condition of a policy for met, so that it would refuse all objects for want of TLS.
        """
        self.client("s3").delete_bucket_policy(Bucket=bucket)

    def post(self, path: str, body: bytes = b"") -> Any:
        """Call moto's own interface, such as ``/moto-api/reset``."""
        plain = {"Content-Type": "text/plain"}
        request = urllib.request.Request(self.url + path, data=body, headers=plain, method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")


@dataclass(frozen=True)
class Finished:
    """A command that ran.

    Attributes:
        code: What it exited with.
        out: Standard output.
        err: The error stream.
    """

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that it said."""
        return self.out + self.err

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.out)


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text(encoding="utf-8")):
            return found[1]
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError("moto does not listen: " + log.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Moto's server, on a port that the system chooses."""
    pytest.importorskip("moto", reason="pip install -r requirements-dev.txt")
    log = tmp_path_factory.mktemp("moto") / "server.log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ, **_STRICT})
        try:
            yield _listening(process, log)
        finally:
            # It holds nothing that is worth an orderly end, which takes it seconds.
            process.kill()
            process.wait(timeout=30)


@pytest.fixture
def moto(moto_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """AWS with nothing in it; this process and what it starts speak with it and with nobody else."""
    empty = tmp_path / "no-aws-configuration"
    empty.touch()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-tests",
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(empty),
        "AWS_SHARED_CREDENTIALS_FILE": str(empty),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = Moto(url=moto_url, environment=environment)
    made.post("/moto-api/reset")
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder in which commands run."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def write_config(home: Path) -> Callable[..., Path]:
    """Write an ``aws_config.yaml``: a bucket, networks, and the sections given over it."""
    import yaml

    def write(**sections: Any) -> Path:
        whole = {
            "s3": {"bucket_name": "hawkins-lab-test", "region": REGION},
            "ec2": {"instance_type": "g4dn.xlarge", "region": REGION},
            "gradio": {"allowed_cidrs": ["203.0.113.0/24", "2001:db8::/48"]},
        }
        for name, keys in sections.items():
            whole[name] = {**whole.get(name, {}), **keys}
        path = home / "aws_config.yaml"
        path.write_text(yaml.safe_dump(whole), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run_cli(moto: Moto, home: Path) -> Callable[..., Finished]:
    """Run ``python deploy_aws.py`` for real.

    Keyword arguments: ``answer`` goes to its standard input, ``env`` is put over the environment (None removes a
    variable), ``cwd`` replaces the folder.
    """

    def run(
        *words: str, answer: str = "", env: Mapping[str, str | None] | None = None, cwd: Path | None = None
    ) -> Finished:
        wanted = {**os.environ, **moto.environment, "COLUMNS": "200", **(env or {})}
        done = subprocess.run(
            [sys.executable, str(ROOT / "deploy_aws.py"), *words],
            cwd=cwd or home,
            env={name: value for name, value in wanted.items() if value is not None},
            input=answer,
            capture_output=True,
            text=True,
            timeout=900,
        )
        # Whatever happens, no person sees a traceback.
        assert "Traceback" not in done.stderr, done.stderr
        assert moto.environment["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
        return Finished(code=done.returncode, out=done.stdout, err=done.stderr)

    return run

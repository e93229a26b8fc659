"""``python gradio_app.py`` as people start it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.results import TABLES, Results, table_path
from utils.artifacts import write_table

ROOT = Path(__file__).resolve().parents[2]


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "gradio_app.py", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_taken_port_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = _run("--port", str(port))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"Port {port} is in use" in done.stderr


def test_a_folder_without_an_analysis_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = _run("--port", str(_free()), "--results", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "hawkins analyze" in done.stderr


def test_it_prints_its_address_and_ends_quietly(tmp_path: Path, results: Results) -> None:
    facts = {"run": "x", "series": "stranger_things", "timeline": "sample", "weights": ""}
    for name in TABLES:
        write_table(getattr(results, name), table_path(tmp_path, name), key="x", provenance=facts)
    port = _free()
    command = [sys.executable, "-u", "gradio_app.py", "--port", str(port), "--results", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        said = app.stdout.readline()
        app.send_signal(signal.SIGINT)
        out, errors = app.communicate(timeout=60)
    assert f"http://127.0.0.1:{port}" in said
    assert (app.returncode, out) == (0, "")
    assert "Traceback" not in errors


@pytest.mark.parametrize("port", ["0", "99999", "many"])
def test_ports_that_are_none_are_refused(port: str) -> None:
    assert _run("--port", port).returncode == 2


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port

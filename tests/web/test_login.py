"""Visitors log in where the environment says so; a path tells that the app runs without letting anybody in."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from analysis.results import TABLES, Results, table_path
from utils.artifacts import write_table
from utils.errors import InputError, WeightsError
from utils.ports import is_loopback_host
from web.app import build_app, launch
from web.login import PASSWORD_VARIABLE, USER_VARIABLE, Login, find_login
from web.session import Session

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = "0.0.0.0"  # noqa: S104
CANARY = "canary-7d1f-päss word"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(USER_VARIABLE, raising=False)
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def guarded(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an app with a login."""
    make = request.getfixturevalue("make_results")
    app = build_app(make())
    yield launch(app, host="127.0.0.1", port=_free(), login=Login(user="hawkins", password=CANARY))
    app.close(verbose=False)


def test_without_the_password_nothing_is_shown_or_done(guarded: str) -> None:
    assert httpx.get(f"{guarded}config").status_code == 401
    assert httpx.get(f"{guarded}gradio_api/info").status_code == 401
    asked = httpx.post(f"{guarded}gradio_api/queue/join", json={"fn_index": 0, "data": [], "session_hash": "x"})
    assert asked.status_code == 401
    sent = httpx.post(f"{guarded}gradio_api/upload", files={"files": ("a.srt", b"x")})
    assert sent.status_code == 401
    page = httpx.get(guarded)
    assert '"auth_required":true' in page.text
    assert "Stranger Things NLP" not in page.text.partition("gradio_config")[2]


@pytest.mark.parametrize(
    ("user", "password"),
    [("hawkins", "wrong"), ("hawkins", ""), ("", CANARY), ("Hawkins", CANARY), ("hawkins", CANARY + " "), ("x", "y")],
)
def test_a_wrong_name_or_password_is_refused(guarded: str, user: str, password: str) -> None:
    with httpx.Client(base_url=guarded) as visitor:
        assert visitor.post("login", data={"username": user, "password": password}).status_code in {400, 422}
        assert visitor.get("config").status_code == 401


def test_the_right_one_opens_the_app(guarded: str) -> None:
    with httpx.Client(base_url=guarded) as visitor:
        assert visitor.post("login", data={"username": "hawkins", "password": CANARY}).status_code == 200
        assert visitor.get("config").json()["title"] == "Stranger Things NLP"
        # Browsers that left are strangers again.
        visitor.cookies.clear()
        assert visitor.get("config").status_code == 401


def test_that_it_runs_is_told_without_a_login(guarded: str) -> None:
    answer = httpx.get(f"{guarded}health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert httpx.head(f"{guarded}health").status_code == 200
    assert httpx.post(f"{guarded}health").status_code == 405


def test_the_login_is_found_in_environment_and_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find_login() is None
    (tmp_path / ".env").write_text(f'{PASSWORD_VARIABLE}="from the file"\n', encoding="utf-8")
    assert find_login() == Login(user="hawkins", password="from the file")  # noqa: S106
    monkeypatch.setenv(PASSWORD_VARIABLE, CANARY)
    monkeypatch.setenv(USER_VARIABLE, " joyce ")
    found = find_login()
    assert found == Login(user="joyce", password=CANARY)
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("joyce", None, f"{USER_VARIABLE} is set without {PASSWORD_VARIABLE}"),
        (None, "", f"{PASSWORD_VARIABLE} has fewer than 8"),
        ("joyce", "seven77", f"{PASSWORD_VARIABLE} has fewer than 8"),
    ],
)
def test_half_a_login_is_refused(
    monkeypatch: pytest.MonkeyPatch, user: str | None, password: str | None, said: str
) -> None:
    for name, value in ((USER_VARIABLE, user), (PASSWORD_VARIABLE, password)):
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=said) as refused:
        find_login()
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("::1", True), ("[::1]", True), ("LOCALHOST", True), (EVERYWHERE, False), ("::", False)],
)
def test_who_reaches_a_host(host: str, alone: bool) -> None:
    assert is_loopback_host(host) is alone


@pytest.mark.parametrize("password", [None, CANARY])
def test_an_app_that_others_reach_without_a_password_warns(
    tmp_path: Path, results: Results, password: str | None
) -> None:
    facts = {"run": "x", "series": "stranger_things", "timeline": "sample", "weights": ""}
    for name in TABLES:
        write_table(getattr(results, name), table_path(tmp_path, name), key="x", provenance=facts)
    port = _free()
    given = {PASSWORD_VARIABLE: password} if password else {}
    command = [sys.executable, "-u", str(ROOT / "gradio_app.py"), "--host", EVERYWHERE, "--port", str(port)]
    with subprocess.Popen(
        [*command, "--results", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as app:
        assert app.stdout is not None
        app.stdout.readline()
        status = httpx.get(f"http://127.0.0.1:{port}/config").status_code
        app.send_signal(signal.SIGINT)
        out, errors = app.communicate(timeout=60)
    warned = [line for line in errors.splitlines() if line.startswith("warning: Everybody who reaches 0.0.0.0")]
    assert (status, len(warned)) == ((401, 0) if password else (200, 1))
    assert CANARY not in out + errors


def test_a_model_file_that_is_not_there_is_refused_at_once(results: Results) -> None:
    with pytest.raises(InputError, match=r"absent\.gguf for chat does not exist"):
        Session(results, model="absent.gguf")


def test_a_model_file_is_what_answers(results: Results, tmp_path: Path) -> None:
    file = tmp_path / "no-model.gguf"
    file.write_bytes(b"this is no GGUF")
    session = Session(results, model=str(file))
    with pytest.raises(WeightsError, match=r"no-model\.gguf"):
        _ = session.company.engine.label

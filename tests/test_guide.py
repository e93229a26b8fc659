"""The guide's commands, literally, in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "series" / "stranger_things" / "sample"
ENVIRONMENT = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize(
    "line",
    [
        "from theme_classifier import ThemeClassifier; tc = ThemeClassifier(['Hope', 'Despair', 'Trust'])",
        "from character_network import NamedEntityRecognizer; ner = NamedEntityRecognizer()",
        "from text_classification import LocationClassifier; lc = LocationClassifier('model_path', 'data_path')",
        "from character_chatbot import CharacterChatbot; bot = CharacterChatbot('Eleven')",
    ],
)
def test_the_one_liners_construct_and_load_nothing(line: str) -> None:
    done = run("-c", f"{line}; import sys; print(*[m for m in ('torch', 'spacy', 'pandas') if m in sys.modules])")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "command",
    [
        ["character_chatbot/evaluate.py"],
        ["character_chatbot/bleuScore.py"],
    ],
    ids=" ".join,
)
def test_what_is_not_built_says_so_in_one_line(command: list[str]) -> None:
    done = run(*command)
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "not built yet" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["upload-data"],
        ["train", "llama"],
        ["train", "qwen"],
        ["list-instances"],
        ["deploy-gradio"],
        ["status"],
        ["terminate", "i-1234567890abcdef0"],
    ],
    ids=" ".join,
)
def test_aws_begins_with_init(words: list[str], tmp_path: Path) -> None:
    done = run("deploy_aws.py", *words, "--config", str(tmp_path / "aws_config.yaml"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("aws_config.yaml does not exist; make one with: python deploy_aws.py init\n")


def test_requirements_are_pinned() -> None:
    rows = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    packages = [row for row in rows if row and not row.startswith(("#", "-e"))]
    assert packages
    assert all("==" in row for row in packages)
    models = (ROOT / "requirements-models.txt").read_text(encoding="utf-8")
    assert models.count("==") == models.count("--hash=sha256:")


def test_subtitles_become_one_script_an_episode() -> None:
    from utils.data_loader import load_subtitles_dataset

    table = load_subtitles_dataset(SAMPLE / "subtitles")
    assert list(table.columns) == ["season", "episode", "script"]
    assert len(table) == len(list((SAMPLE / "subtitles").glob("*.srt")))
    assert table["script"].str.len().min() > 5_000


@pytest.mark.slow
def test_themes_are_kept_and_read_again(tmp_path: Path) -> None:
    from theme_classifier import ThemeClassifier

    classifier = ThemeClassifier(["Hope", "Despair", "Trust"])
    themes = classifier.get_themes(SAMPLE / "subtitles" / "S01E01.srt", tmp_path / "themes.csv")
    assert {"Hope", "Despair", "Trust"} <= set(themes.columns)
    assert themes[["Hope", "Despair", "Trust"]].to_numpy().min() >= 0
    before = (tmp_path / "themes.csv").stat().st_mtime_ns
    again = classifier.get_themes(SAMPLE / "subtitles" / "S01E01.srt", tmp_path / "themes.csv")
    assert (tmp_path / "themes.csv").stat().st_mtime_ns == before
    pd.testing.assert_series_equal(themes["Hope"], again["Hope"], check_dtype=False)


@pytest.mark.slow
def test_names_become_a_network(tmp_path: Path) -> None:
    from character_network import CharacterNetworkGenerator, NamedEntityRecognizer

    named = NamedEntityRecognizer().get_ners(SAMPLE / "subtitles", tmp_path / "ners.csv")
    generator = CharacterNetworkGenerator()
    network = generator.generate_character_network(named)
    assert list(network.columns) == ["source", "target", "value"]
    assert {"Eleven", "Mike", "Dustin"} <= set(network["source"]) | set(network["target"])
    assert "<html" in generator.draw_network_graph(network)


@pytest.mark.slow
def test_the_app_answers_on_loopback_and_ends_quietly(tmp_path: Path) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "gradio_app.py", "--port", str(port)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 240
        page = ""
        while time.monotonic() < deadline and not page and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    page = answer.read().decode()
            except OSError:
                time.sleep(0.5)
        assert "Stranger Things" in page
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output

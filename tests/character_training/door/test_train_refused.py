"""What cannot be trained is one sentence and exit code 2, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from character_training.settings import read_training_settings
from character_training.voices import all_voices, find_voice, require_one, take_order
from commands import voices as door
from utils.errors import HawkinsError, InputError, WeightsError
from utils.world import World


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training:\n  lora_rank: 8\n", ("unknown key 'lora_rank'", "lora_r")),
        ("training:\n  batch_size: many\n", ("batch_size", "integer")),
        ("training:\n  lora_dropout: 1.5\n", ("lora_dropout", "less than 1")),
        ("ec2:\n  region: us-east-1\n", ("no section 'training'",)),
        ("training: 5\n", ("no section 'training'",)),
        ("trainning:\n  lora_r: 8\n", ("unknown section 'trainning'", "Did you mean training")),
        ("- a list\n", ("keys and values",)),
        ("training: [\n", ("not valid YAML",)),
    ],
)
def test_settings_that_cannot_be(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "aws_config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_training_settings(file, "smollm2")
    assert all(word in str(caught.value) for word in ("aws_config.yaml", *words))


def test_the_guides_sections_are_other_peoples(tmp_path: Path) -> None:
    file = tmp_path / "aws_config.yaml"
    file.write_text("ec2: {}\ns3: {}\ngradio: {}\nlogging: {}\ntraining:\n  learning_rate: 2e-4\n  epochs: 2\n")
    settings = read_training_settings(file, "llama", over={"max_steps": 7})
    assert (settings.learning_rate, settings.max_steps, settings.epochs) == (2e-4, 7, None)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("smolm2", ("No base 'smolm2'", "Did you mean smollm2")),
        ("./nothing", ("./nothing", "does not exist")),
        ("../models/x", ("../models/x",)),
        ("a/b/c", ("a/b/c",)),
        ("-x/y", ("-x/y",)),
        ("owner/name.git", ("owner/name.git",)),
    ],
)
def test_bases_that_are_not_there(base: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        _ = take_order(base).base
    assert all(word in str(caught.value) for word in words)


def test_a_base_with_pickles_alone(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(WeightsError, match="safetensors"):
        _ = take_order(str(tmp_path)).base


def test_the_character_is_looked_up_before_a_base_is_fetched() -> None:
    with pytest.raises(InputError, match="Nobody"):
        find_voice(World.sample(), "Nobody", take_order("owner/that-would-be-downloaded"))


def test_one_scene_alone() -> None:
    world = World.sample()
    dialogue = world.dialogue.assign(season=1, episode=1, scene=0, line=range(len(world.dialogue)))
    dialogue["speaker"] = ["Eleven", "Mike"] * (len(dialogue) // 2) + ["Mike"] * (len(dialogue) % 2)
    dialogue["speaker_confidence"] = 1.0
    with pytest.raises(InputError, match="one scene alone"):
        find_voice(replace(world, dialogue=dialogue.astype({"speaker": "string"})), "Eleven", take_order("smollm2"))


def test_two_lengths() -> None:
    with pytest.raises(InputError, match="not both"):
        take_order("smollm2", max_steps=1, epochs=2)


def test_whose() -> None:
    with pytest.raises(HawkinsError, match="Whose voice"):
        require_one(None, every=False)
    with pytest.raises(HawkinsError, match="not both"):
        require_one("Eleven", every=True)


def test_everybody_with_enough_lines_most_first(tiny: Path, tmp_path: Path) -> None:
    order = take_order(str(tiny), out=tmp_path)
    found = list(all_voices(World.sample(), order))
    counts = [len(voice.dataset.train) for voice in found]
    assert counts == sorted(counts, reverse=True)
    assert found[0].folder == tmp_path / "eleven-tiny"
    assert "Ada" not in {voice.dataset.character for voice in found if len(voice.dataset.train) < 20}


def test_a_finished_one_is_known_by_data_base_and_settings(tiny: Path, tmp_path: Path) -> None:
    world = World.sample()
    keys = {
        find_voice(world, "Eleven", take_order(str(tiny), out=tmp_path, **given)).key
        for given in ({}, {"max_steps": 3}, {"epochs": 3}, {"voices": True})
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("Nobody",), ("Nobody",)),
        (("Eleven", "--resume", "--restart"), ("not both",)),
        (("--all", "Eleven"), ("not both",)),
        (("Eleven", "--track", "wandb"), ("wandb", "trackio")),
    ],
)
def test_commands_that_cannot_be(
    hawkins: Any, refused: Any, tiny: Path, options: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    refused(hawkins("train", *options, "--base", tiny), *words)
    assert not (tmp_path / "out").exists()


class _Gate(BaseHTTPRequestHandler):
    """A Hub that knows one gated model."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        gated = "gated" in self.path
        self.send_response(403 if gated else 401)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("X-Error-Message", "said by the Hub")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gate() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("them/gated-model", ("gated", "https://huggingface.co/them/gated-model", "huggingface_token")),
        ("them/absent", ("them/absent", "does not exist or needs a token")),
    ],
)
def test_bases_that_the_hub_keeps(
    hawkins: Any, refused: Any, gate: str, tmp_path: Path, base: str, words: tuple[str, ...]
) -> None:
    done = hawkins("train", "Eleven", "--base", base, HF_ENDPOINT=gate, HF_HOME=str(tmp_path / "cache"))
    refused(done, *words)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(words, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_no_disk_space(hawkins: Any, refused: Any, tiny: Path, config: Path, full_disk: Path) -> None:
    done = hawkins("train", "Eleven", "--base", tiny, "--config", config, "--out", full_disk / "result")
    refused(done, str(full_disk / "result"), "free some space")


def test_no_network(hawkins: Any, refused: Any, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    done = hawkins("train", "Eleven", "--base", "qwen", HF_ENDPOINT=nowhere, HF_HOME=str(tmp_path / "cache"))
    refused(done, "Qwen/Qwen2.5-3B-Instruct", "network")


def test_the_children_of_a_queue_get_the_same_options(
    monkeypatch: pytest.MonkeyPatch, tiny: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["hawkins", "train", "--all", "--out", "x", "--base", str(tiny), "--out=y"])
    voice = find_voice(World.sample(), "Eleven", take_order(str(tiny), out=tmp_path))
    command = door._child(voice, True, restart=False)
    assert Path(command[1]).name == "hawkins.py"
    assert Path(command[1]).is_file()
    words = command[2:]
    assert words == ["train", "--base", str(tiny), "Eleven", "--out", str(tmp_path), "--resume"]

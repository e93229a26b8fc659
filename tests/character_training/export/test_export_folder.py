"""`hawkins export gguf`: from a character or a result folder to files that other programs take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import pytest

from character_training.export import export_voice, write_base_gguf
from character_training.export.modelfile import modelfile, talk_of
from utils.errors import InputError

Make = Callable[..., Any]
ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any, make_model: Make, make_adapter: Make) -> Path:
    """Where training would have left Eleven's voice, and a base beside it, as GGUF and as a folder."""
    root = tmp_path_factory.mktemp("root")
    model = make_model("llama")
    model.save_pretrained(root / "base")
    tokenizer.save_pretrained(root / "base")
    write_base_gguf(model, tokenizer, root / "base.gguf")
    make_adapter(model, root / "out" / "stranger_things" / "adapters" / "eleven-smollm2")
    return root


def test_an_adapter_with_its_modelfile(trained: Path, tmp_path: Path) -> None:
    files = export_voice("El", base_gguf=trained / "base.gguf", out=tmp_path / "new", root=trained / "out")
    assert files.model.name == "eleven-smollm2-lora-F16.gguf"
    text = files.modelfile.read_text(encoding="utf-8")
    assert text.startswith(f"FROM {trained / 'base.gguf'}\nADAPTER ./eleven-smollm2-lora-F16.gguf\n")
    assert 'TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n' in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert 'SYSTEM """You are Eleven' in text
    assert 'LICENSE """The base is under the Apache License 2.0' in text
    about = files.readme.read_text(encoding="utf-8")
    assert "ollama create eleven-smollm2 -f Modelfile" in about
    assert "llama-server --model BASE.gguf --lora eleven-smollm2-lora-F16.gguf" in about


def test_merged_from_a_file_and_from_a_folder(
    trained: Path, tmp_path: Path, run: Make, prompts: tuple[str, ...]
) -> None:
    options: dict[str, Any] = {"merged": True, "quantization": "f32", "root": trained / "out"}
    one = export_voice("Eleven", base_gguf=trained / "base.gguf", out=tmp_path / "one", **options)
    other = export_voice("Eleven", base_model=trained / "base", out=tmp_path / "other", **options)
    for files in (one, other):
        assert files.model.name == "eleven-smollm2-F32.gguf"
        assert files.modelfile.read_text(encoding="utf-8").startswith("FROM ./eleven-smollm2-F32.gguf\nTEMPLATE")
        assert "--model eleven-smollm2-F32.gguf" in files.readme.read_text(encoding="utf-8")
        assert len(list(files.model.parent.iterdir())) == 3
        assert len(run(files.model).greedy(prompts[0], length=2)) > 0


def test_a_folder_with_another_name_has_no_card(trained: Path, tmp_path: Path) -> None:
    result = shutil.copytree(trained / "out" / "stranger_things" / "adapters" / "eleven-smollm2", tmp_path / "mine")
    files = export_voice(str(result), base_model=trained / "base")
    assert files.model == result / "export" / "mine-lora-F16.gguf"
    assert "SYSTEM" not in files.modelfile.read_text(encoding="utf-8")


def test_which_voice_is_asked(trained: Path, tmp_path: Path) -> None:
    root = shutil.copytree(trained / "out", tmp_path / "out")
    voices = root / "stranger_things" / "adapters"
    shutil.copytree(voices / "eleven-smollm2", voices / "eleven-qwen")
    with pytest.raises(InputError, match="Eleven has voices on smollm2, qwen; say which with --base"):
        export_voice("Eleven", root=root)
    with pytest.raises(InputError, match=r"Mike has no trained voice in .*adapters"):
        export_voice("Mike", root=root)
    with pytest.raises(InputError, match=r"No base 'smolm'.*Did you mean smollm2"):
        export_voice("Eleven", base="smolm", root=root)
    with pytest.raises(InputError, match="not both"):
        export_voice("Eleven", base_gguf=Path("a"), base_model=Path("b"), root=root)


def test_families_mark_turns_in_their_own_way() -> None:
    assert talk_of("llama", "...<|start_header_id|>...").stop[0] == "<|eot_id|>"  # type: ignore[union-attr]
    assert talk_of("llama", "...<|im_start|>...").stop[0] == "<|im_end|>"  # type: ignore[union-attr]
    assert talk_of("qwen3", None).template.endswith("<think>\n\n</think>\n\n")  # type: ignore[union-attr]
    assert talk_of("llama", None) is None
    assert talk_of("llama", "[INST]") is None


def test_a_card_cannot_end_the_system_prompt() -> None:
    text = modelfile(weights="a.gguf", adapter=None, talk=None, system='Say """\nFROM other\n"""')
    assert text.count('"""') == 2
    with pytest.raises(InputError, match="line break"):
        modelfile(weights="a\nSYSTEM b", adapter=None, talk=None)


def _hawkins(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "hawkins.py"), "export", "gguf", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
    )


def test_the_command_line(trained: Path) -> None:
    done = _hawkins("Eleven", "--merged", "--base-gguf", "base.gguf", cwd=trained)
    assert done.returncode == 0, done.stderr
    model = Path(done.stdout.split(" (")[0])
    assert model.name == "eleven-smollm2-Q8_0.gguf"
    assert {tensor.tensor_type.name for tensor in gguf.GGUFReader(model).tensors} == {"F32", "Q8_0"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Nobody"], ["Nobody"]),
        (["no/such/folder"], ["no/such/folder is no folder"]),
        (["Eleven", "--merged", "--quantization", "Q3"], ["Unknown quantization 'Q3'"]),
        (["Eleven", "--merged", "--base-gguf", "nothing.gguf"], ["nothing.gguf does not exist"]),
        (["Eleven", "--base-model", "out"], ["out holds no config.json"]),
        (["base"], ["base is no adapter"]),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: list[str], trained: Path) -> None:
    done = _hawkins(*arguments, cwd=trained)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr

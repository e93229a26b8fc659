"""What stands in the files, and what is said of input that cannot be used."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from character_training.export import merge_gguf, write_adapter_gguf, write_base_gguf
from character_training.export.gguf_file import Planned, require_space, shape_of_gguf, write_gguf
from character_training.export.lora import read_peft
from character_training.export.shapes import shape_of_config
from utils.errors import InputError

Make = Callable[..., Any]


def _value(path: Path, key: str) -> Any:
    field = gguf.GGUFReader(path).get_field(key)
    return None if field is None else field.contents()


@pytest.fixture
def voice(tmp_path: Path, make_model: Make, make_adapter: Make) -> Path:
    make_adapter(make_model("llama"), tmp_path / "voice")
    return tmp_path / "voice"


@pytest.fixture
def base(tmp_path: Path, tokenizer: Any, make_model: Make) -> Path:
    return write_base_gguf(make_model("llama"), tokenizer, tmp_path / "base.gguf", dtype="Q8_0", name="Tiny")


def _set(folder: Path, **keys: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def test_an_adapter_says_what_it_is(voice: Path, base: Path, tmp_path: Path) -> None:
    _set(voice, base_model_name_or_path="HuggingFaceTB/SmolLM2-135M-Instruct")
    out = write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=base)
    assert _value(out, "general.type") == "adapter"
    assert _value(out, "adapter.type") == "lora"
    assert _value(out, "adapter.lora.alpha") == 8
    assert _value(out, "general.architecture") == "llama"
    assert _value(out, "general.base_model.0.name") == "SmolLM2-135M-Instruct"
    assert _value(out, "general.license") == "apache-2.0"
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(out).tensors}
    assert len(tensors) == 3 * 7 * 2
    assert tensors["blk.2.ffn_down.weight.lora_a"].data.shape == (4, 96)
    assert tensors["blk.2.ffn_down.weight.lora_b"].data.shape == (64, 4)
    assert {tensor.tensor_type.name for tensor in tensors.values()} == {"F16"}


def test_a_path_of_this_machine_does_not_get_into_an_adapter(voice: Path, base: Path, tmp_path: Path) -> None:
    _set(voice, base_model_name_or_path=str(base))
    out = write_adapter_gguf(voice, tmp_path / "voice.gguf")
    assert str(tmp_path).encode() not in out.read_bytes()


def test_a_base_keeps_tokenizer_and_sizes(base: Path, tokenizer: Any) -> None:
    assert _value(base, "tokenizer.ggml.pre") == "gpt-2"
    tokens = _value(base, "tokenizer.ggml.tokens")
    assert tokens[: len(tokenizer)] == tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert len(tokens) == 352
    assert _value(base, "tokenizer.ggml.token_type")[:4] == [3, 3, 3, 1]
    assert _value(base, "tokenizer.ggml.eos_token_id") == tokenizer.eos_token_id
    assert _value(base, "tokenizer.ggml.add_bos_token") is False
    assert _value(base, "tokenizer.chat_template") == tokenizer.chat_template
    assert _value(base, "llama.attention.head_count_kv") == 2
    assert _value(base, "general.file_type") == 7


def test_a_folder_gives_the_same_base_as_a_model(tmp_path: Path, tokenizer: Any, make_model: Make) -> None:
    model = make_model("qwen3")
    model.save_pretrained(tmp_path / "folder", max_shard_size="100KB")
    tokenizer.save_pretrained(tmp_path / "folder")
    one = write_base_gguf(model, tokenizer, tmp_path / "one.gguf", name="Tiny")
    other = write_base_gguf(tmp_path / "folder", None, tmp_path / "other.gguf", name="Tiny")
    tensors = [{t.name: t.data.tobytes() for t in gguf.GGUFReader(path).tensors} for path in (one, other)]
    assert tensors[0] == tensors[1]
    assert shape_of_gguf(gguf.GGUFReader(one), one) == replace(shape_of_config(model.config), label=str(one))


def test_merging_keeps_what_is_not_touched(tmp_path: Path, base: Path, make_model: Make, make_adapter: Make) -> None:
    make_adapter(make_model("llama"), tmp_path / "small", target_modules=["q_proj"])
    out = merge_gguf(base, tmp_path / "small", tmp_path / "merged.gguf", name="Eleven")
    before, after = ({t.name: t for t in gguf.GGUFReader(path).tensors} for path in (base, out))
    changed = {name for name in before if before[name].data.tobytes() != after[name].data.tobytes()}
    assert changed == {f"blk.{block}.attn_q.weight" for block in range(3)}
    assert _value(out, "general.name") == "Eleven"
    # So that chat does not add the adapter a second time.
    assert _value(out, "hawkins.character") == "Eleven"
    kept = set(gguf.GGUFReader(base).fields) - {"general.name", "GGUF.kv_count"}
    assert all(_value(base, key) == _value(out, key) for key in kept)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("use_dora", True),
        ("bias", "all"),
        ("modules_to_save", ["lm_head"]),
        ("init_lora_weights", "pissa"),
        ("peft_type", "IA3"),
        ("lora_alpha", 0),
        ("alpha_pattern", {"q_proj(": 2}),
    ],
)
def test_adapters_that_gguf_cannot_hold_are_refused_by_key(key: str, value: Any, voice: Path, base: Path) -> None:
    _set(voice, **{key: value})
    with pytest.raises(InputError, match=key):
        write_adapter_gguf(voice, voice / "voice.gguf", base_config=base)
    assert not (voice / "voice.gguf").exists()


def test_what_is_no_adapter_is_said(voice: Path, base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no adapter: it holds no adapter_config\.json"):
        write_adapter_gguf(tmp_path, tmp_path / "voice.gguf", base_config=base)
    weights = voice / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match="is damaged"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=base)
    weights.unlink()
    with pytest.raises(InputError, match=r"it holds no adapter_model\.safetensors"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=base)
    (voice / "adapter_config.json").write_text("{")
    with pytest.raises(InputError, match="no readable JSON"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=base)


def test_weights_that_are_no_numbers_are_refused_by_name(voice: Path, base: Path, tmp_path: Path) -> None:
    weights = voice / "adapter_model.safetensors"
    tensors = load_file(weights)
    name = next(name for name in tensors if "v_proj.lora_B" in name)
    tensors[name][0, 0] = np.nan
    save_file(tensors, weights)
    with pytest.raises(InputError, match=r"v_proj\.lora_B.* not finite"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=base)
    tensors[name][0, 0] = 1e9
    save_file(tensors, weights)
    with pytest.raises(InputError, match=r"attn_v\.weight is beyond the range of f16"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=base)


def test_a_base_that_does_not_fit_is_named_with_both_sizes(
    voice: Path, tmp_path: Path, tokenizer: Any, make_model: Make
) -> None:
    wide = make_model("llama", intermediate_size=128)
    with pytest.raises(InputError, match=r"blk\.0\.ffn_\w+\.weight is .*96.* in the adapter and .*128.* in the base"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf", base_config=wide.config)
    short = write_base_gguf(make_model("llama", num_hidden_layers=1), tokenizer, tmp_path / "short.gguf")
    with pytest.raises(InputError, match=r"does not fit .*short\.gguf: the base has no weight"):
        merge_gguf(short, voice, tmp_path / "merged.gguf")
    qwen = write_base_gguf(make_model("qwen2"), tokenizer, tmp_path / "qwen.gguf")
    own = write_adapter_gguf(voice, tmp_path / "own.gguf", base_config=make_model("llama").config)
    with pytest.raises(InputError, match=r"is for 'llama' and .* is 'qwen2'"):
        merge_gguf(qwen, own, tmp_path / "merged.gguf")
    assert not (tmp_path / "merged.gguf").exists()


def test_an_unknown_base_is_named(voice: Path, tmp_path: Path) -> None:
    _set(voice, base_model_name_or_path="nobody/nothing")
    with pytest.raises(InputError, match=r"'nobody/nothing', which is not on this machine; .*--base-gguf"):
        write_adapter_gguf(voice, tmp_path / "voice.gguf")


def test_other_families_are_refused_by_name(tmp_path: Path, tokenizer: Any) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=352))
    with pytest.raises(InputError, match="it is a 'gpt2' model; export knows llama, qwen2, qwen3"):
        write_base_gguf(model, tokenizer, tmp_path / "base.gguf")


def test_other_tokenizers_are_refused(tmp_path: Path, make_model: Make) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0})))
    with pytest.raises(InputError, match="is not byte-level BPE"):
        write_base_gguf(make_model("llama"), words, tmp_path / "base.gguf")
    bytes_ = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE({"a": 0}, [])))
    with pytest.raises(InputError, match="cuts text in a way"):
        write_base_gguf(make_model("llama"), bytes_, tmp_path / "base.gguf")


@pytest.mark.parametrize("kept", [3, 20, 500, 6000, -64])
def test_a_cut_base_is_damaged(kept: int, base: Path, voice: Path, tmp_path: Path) -> None:
    base.write_bytes(base.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"base\.gguf is (damaged|no GGUF file)"):
        merge_gguf(base, voice, tmp_path / "merged.gguf")
    assert not (tmp_path / "merged.gguf").exists()


def test_a_base_that_lies_about_its_length_is_refused_at_once(base: Path, voice: Path, tmp_path: Path) -> None:
    header = bytearray(base.read_bytes())
    at = header.index(b"tokenizer.ggml.tokens") + len(b"tokenizer.ggml.tokens") + 8
    header[at : at + 8] = (1 << 60).to_bytes(8, "little")
    base.write_bytes(header)
    with pytest.raises(InputError, match="is damaged"):
        merge_gguf(base, voice, tmp_path / "merged.gguf")


def test_wrong_ways_to_merge(base: Path, voice: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Unknown quantization 'Q8_1'; there are: F32, F16, BF16, Q8_0"):
        merge_gguf(base, voice, tmp_path / "merged.gguf", quantization="Q8_1")
    with pytest.raises(InputError, match="is the base itself"):
        merge_gguf(base, voice, base)
    own = write_adapter_gguf(voice, tmp_path / "own.gguf", base_config=base)
    with pytest.raises(InputError, match="is an adapter, not a base model"):
        merge_gguf(own, voice, tmp_path / "merged.gguf")
    with pytest.raises(InputError, match="is no LoRA adapter"):
        merge_gguf(base, base, tmp_path / "merged.gguf")


def test_types_that_cannot_be_read_are_named(tmp_path: Path, voice: Path, make_model: Make) -> None:
    path = tmp_path / "odd.gguf"
    shape = shape_of_config(make_model("llama").config)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_embedding_length(64)
    writer.add_block_count(3)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_feed_forward_length(96)
    writer.add_tensor("token_embd.weight", np.zeros((352, 64), np.float32))
    for name in read_peft(voice, shape).updates:
        rows, width = shape.projection(name) or (0, 0)
        writer.add_tensor(name, np.zeros((rows, width // 32 * 40), np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q8_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(InputError, match=r"ffn_down\.weight is of type Q8_1"):
        merge_gguf(path, voice, tmp_path / "merged.gguf")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"MB free and .* MB are needed"):
        require_space(tmp_path, 1 << 60)


def test_an_interrupted_export_leaves_what_was_there(tmp_path: Path) -> None:
    def broken() -> Any:
        yield np.zeros(4, np.float32)
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "voice.gguf"
    out.write_bytes(b"before")
    tensor = Planned(name="a", shape=(2, 4), kind="F32", blocks=broken)
    with pytest.raises(OSError, match="No space left"):
        write_gguf(out, "llama", lambda writer: None, [tensor], kind="F32")
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]

"""Trained characters beside one base: which files fit, and that each answers by its own, also at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from character_chatbot import ChatEngine, embedded_engine, open_engine
from character_chatbot.weights import Header, base_key, read_header, unfit
from utils.adapters import ADAPTER_FILE, adapter_folder
from utils.characters import Sampling
from utils.errors import WeightsError
from utils.models import find_weights
from utils.series import SeriesProfile, load_series

WriteAdapter = Callable[..., Path]
GREEDY = Sampling(temperature=0, max_tokens=16)
PROMPT = [
    {"role": "system", "content": "You are a boy of 12. You like radios and maps. " * 6},
    {"role": "user", "content": "What did you do in the cellar?"},
]


def write_gguf(path: Path, *, tensors: dict[str, np.ndarray], architecture: str = "llama", **values: str) -> Path:
    from gguf import GGUFWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, architecture)
    for key, value in values.items():
        writer.add_string(key.replace("__", "."), value)
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc"])
    writer.add_array("tokenizer.ggml.token_type", [1, 1])
    for name, values_of in tensors.items():
        writer.add_tensor(name, values_of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_adapter(path: Path, *, seed: int, width: int = 8, blocks: int = 2, values: int = 0, **kind: str) -> Path:
    """An adapter of random numbers on the queries, and on the values of so many dimensions."""
    draw = np.random.default_rng(seed)
    tensors = {}
    for block in range(blocks):
        for part, out in (("attn_q", width), ("attn_v", values)):
            if out:
                name = f"blk.{block}.{part}.weight"
                tensors[f"{name}.lora_a"] = (draw.standard_normal((4, width)) / width**0.5).astype(np.float32)
                tensors[f"{name}.lora_b"] = (draw.standard_normal((out, 4)) * 0.2).astype(np.float32)
    return write_gguf(path, tensors=tensors, **{"general__type": "adapter", "adapter__type": "lora", **kind})


@pytest.fixture
def base(tmp_path: Path) -> Header:
    tensors = {f"blk.{block}.attn_q.weight": np.zeros((8, 8), np.float32) for block in range(2)}
    names = {"general__basename": "smollm2", "general__size_label": "135M"}
    return read_header(write_gguf(tmp_path / "base.gguf", tensors=tensors, **names))


def test_a_header_has_names_and_shapes(base: Header) -> None:
    assert base.values["general.basename"] == "smollm2"
    assert base.tensors["blk.1.attn_q.weight"].shape == (8, 8)
    assert base_key(base) == "smollm2"


@pytest.mark.parametrize(
    ("architecture", "name", "key"),
    [
        ("llama", "Llama 3.2 3B Instruct", "llama"),
        ("llama", "Llama 3.1 8B Instruct", None),
        ("qwen2", "qwen2.5-3b-instruct", "qwen"),
        ("qwen2", "qwen2.5-32b-instruct", None),
        ("qwen3", "Qwen3 4B", "qwen3"),
        ("llama", "Qwen3 4B", None),
        ("llama", "SmolLM2 1.7B", None),
    ],
)
def test_a_base_is_known_by_its_name_and_architecture(architecture: str, name: str, key: str | None) -> None:
    values = {"general.architecture": architecture, "general.name": name}
    assert base_key(Header(Path("model.gguf"), values, {}, 0)) == key


def test_a_base_with_a_character_merged_in_takes_no_adapter(base: Header) -> None:
    merged = {**base.values, "hawkins.character": "Eleven"}
    assert base_key(Header(base.path, merged, base.tensors, base.data_size)) is None


def test_an_adapter_fits_its_base_alone(base: Header, tmp_path: Path) -> None:
    def trouble(**how: object) -> str | None:
        return unfit(read_header(write_adapter(tmp_path / "a.gguf", seed=1, **how)), base)  # type: ignore[arg-type]

    assert trouble() is None
    assert "another shape" in str(trouble(width=16))
    assert "belongs to nothing" in str(trouble(blocks=3))
    assert "another model than llama" in str(trouble(architecture="qwen2"))
    assert "no LoRA" in str(trouble(general__type="model"))


def test_every_cut_file_is_refused_before_native_code_sees_it(base: Header, tmp_path: Path) -> None:
    whole = write_adapter(tmp_path / "a.gguf", seed=1).read_bytes()
    cut = tmp_path / "cut.gguf"
    for length in range(4, len(whole), 37):
        cut.write_bytes(whole[:length])
        try:
            assert unfit(read_header(cut), base), length
        except WeightsError as error:
            assert "cut.gguf is damaged" in str(error)


def test_opening_loads_nothing(tmp_path: Path) -> None:
    open_engine(series=load_series(), on_load=lambda label: pytest.fail(f"loaded {label}"))


def _root(tmp_path: Path, series: SeriesProfile, seeds: dict[str, int]) -> Path:
    for name, seed in seeds.items():
        write_adapter(
            adapter_folder(name, series, "smollm2", root=tmp_path) / ADAPTER_FILE,
            seed=seed,
            width=576,
            blocks=30,
            values=192,
        )
    return tmp_path


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> ChatEngine:
    series = load_series()
    # Of a name of our own, so that adapters that ship with the series do not matter.
    root = _root(tmp_path_factory.mktemp("out"), series, {"Eleven": 1, "Mike": 2})
    broken = adapter_folder("Dustin", series, "smollm2", root=root) / ADAPTER_FILE
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"GGUF\x03\x00")
    warnings: list[str] = []
    found = embedded_engine(find_weights("chat").path, series=series, root=root, on_warning=warnings.append)
    assert len(warnings) == 1
    assert "dustin-smollm2" in warnings[0]
    assert "damaged" in warnings[0]
    assert "\n" not in warnings[0]
    return found


def _say(engine: ChatEngine, adapter: str | None, messages: list[dict[str, str]] = PROMPT) -> str:
    return "".join(engine.stream(messages, sampling=GREEDY, adapter=adapter))  # type: ignore[arg-type]


def _own(engine: ChatEngine, *adapters: str | None) -> dict[str | None, set[str]]:
    """What each says to a prompt that it reads, and to one that it has read, which rounds a little otherwise."""
    own = {adapter: {_say(engine, adapter) for _ in range(2)} for adapter in adapters}
    together = [text for said in own.values() for text in said]
    assert len(set(together)) == len(together)
    return own


@pytest.mark.slow
def test_each_character_answers_by_its_own_adapter_in_any_order(engine: ChatEngine) -> None:
    series = load_series()
    eleven, mike = engine.adapter_for("Eleven", series), engine.adapter_for("Mike", series)
    assert (eleven, mike, engine.adapter_for("Dustin", series)) == ("eleven-smollm2", "mike-smollm2", None)
    plain = _say(embedded_engine(find_weights("chat").path), None)
    own = _own(engine, None, eleven, mike)
    assert plain in own[None]
    # What was computed under one adapter must not serve another: the same prompt, in every order.
    for adapter in (eleven, None, mike, None, eleven, mike, eleven, None):
        assert _say(engine, adapter) in own[adapter]


@pytest.mark.slow
def test_a_prompt_that_left_its_slot_does_not_come_back_under_another_adapter(engine: ChatEngine) -> None:
    prompt = [{"role": "user", "content": "Whom did you meet at the lake, and what did they say to you? " * 12}]
    _say(engine, "eleven-smollm2", prompt)
    for number in range(6):
        words = f"Person number {number} likes apples and trains number {number}. " * 25
        _say(engine, None, [{"role": "user", "content": f"{number} {number * 7} {words}"}])
    assert _say(engine, None, prompt) == _say(embedded_engine(find_weights("chat").path), None, prompt)


@pytest.mark.slow
def test_characters_answer_at_the_same_time_each_by_its_own(tmp_path: Path) -> None:
    series = load_series()
    voices = embedded_engine(series=series, root=tmp_path)
    wanted = [None, *(voices.adapter_for(name, series) for name in ("Eleven", "Mike", "Dustin"))] * 3
    asked = [
        {
            "role": "system",
            "content": "You live in a small town in Indiana. It is January of 1985. You have a radio. " * 4,
        },
        {"role": "user", "content": "What is your name?"},
    ]

    def begin(adapter: str | None) -> str:
        """The first words alone: those who are answered together round otherwise than who is alone."""
        return " ".join(_say(voices, adapter, asked).split()[:4])

    own = {adapter: {begin(adapter) for _ in range(2)} for adapter in set(wanted)}
    assert len(set.union(*own.values())) == sum(map(len, own.values()))
    with ThreadPoolExecutor(len(wanted)) as pool:
        said = list(pool.map(begin, wanted))
    assert [(adapter, text) for adapter, text in zip(wanted, said, strict=True) if text not in own[adapter]] == []


@pytest.mark.slow
def test_the_model_is_loaded_once_whoever_asks(engine: ChatEngine) -> None:
    path, loads = find_weights("chat").path, []
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: embedded_engine(path, on_load=loads.append), range(4)))
    assert len({engine.base_url for engine in found}) == 1
    assert len(loads) <= 1
    begin = time.perf_counter()
    embedded_engine(path)
    assert time.perf_counter() - begin < 60


@pytest.mark.slow
def test_nobody_without_the_key_talks_to_the_embedded_server(engine: ChatEngine) -> None:
    import httpx

    answer = httpx.post(f"{engine.base_url}/chat/completions", json={"messages": PROMPT}, timeout=30)
    assert answer.status_code == 401


@pytest.mark.slow
def test_a_model_cut_short_is_one_sentence(tmp_path: Path) -> None:
    cut = tmp_path / "model.gguf"
    with find_weights("chat").path.open("rb") as stream:
        cut.write_bytes(stream.read(3_000_000))
    with pytest.raises(WeightsError, match=r"cannot load .*model\.gguf"):
        embedded_engine(cut)

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theme_classifier import ThemeClassifier
from theme_classifier.entailment import EntailmentTier
from theme_classifier.labels import ThemeQuery
from theme_classifier.quick import QuickTier
from theme_classifier.tiers import open_tier
from utils.errors import InputError, WeightsError
from utils.packing import cpu_has_bf16

HYPOTHESES = ("This text expresses hope.", "This text is about trust and love.", "I am all alone.")
QUERIES = [ThemeQuery(label=h, hypothesis=h, phrases=((h,),)) for h in HYPOTHESES]
TEXTS = [
    "I am sorry, it is all my fault.",
    "Run!",
    "Where is the coffee? It is there, on the table, and she was never here.",
    "Run!",
    "you " * 40,
    "I trust you.",
]
LONG = "the coffee is on the table and the door is there " * 15


def from_pipeline(folder: Path, texts: list[str] = TEXTS) -> np.ndarray:
    from transformers import pipeline

    classify = pipeline("zero-shot-classification", model=str(folder), device="cpu")
    results = classify(texts, list(HYPOTHESES), hypothesis_template="{}", multi_label=True)
    return np.array([[dict(zip(r["labels"], r["scores"], strict=True))[h] for h in HYPOTHESES] for r in results])


@pytest.mark.parametrize(
    "names",
    [
        {0: "entailment", 1: "neutral", 2: "contradiction"},
        {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"},
        {0: "entailment", 1: "not_entailment"},
    ],
)
def test_raw_scores_are_the_pipelines(tiny_model: Callable[..., Path], names: dict[int, str]) -> None:
    folder = tiny_model("BertForSequenceClassification", id2label=names, label2id={n: i for i, n in names.items()})
    ours = EntailmentTier(folder, QUERIES, half=False).measure(TEXTS).raw
    assert ours.std() > 0.01  # the random model does tell texts apart
    np.testing.assert_allclose(ours, from_pipeline(folder), atol=1e-4)


def test_raw_scores_of_an_encoder_decoder_are_the_pipelines(tiny_bart: Path) -> None:
    ours = EntailmentTier(tiny_bart, QUERIES, half=False).measure(TEXTS).raw
    assert ours.std() > 0.01
    np.testing.assert_allclose(ours, from_pipeline(tiny_bart), atol=1e-4)


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("Roberta", {"pad_token_id": 0, "max_position_embeddings": 66, "type_vocab_size": 2}),
        ("DebertaV2", {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16}),
    ],
)
def test_other_architectures_too(tiny_model: Callable[..., Path], family: str, config: dict[str, Any]) -> None:
    names = {0: "entailment", 1: "neutral", 2: "contradiction"}
    kind = f"{family}ForSequenceClassification"
    folder = tiny_model(kind, family=family, id2label=names, label2id={n: i for i, n in names.items()}, **config)
    usual = from_pipeline(folder)
    np.testing.assert_allclose(EntailmentTier(folder, QUERIES, half=False).measure(TEXTS).raw, usual, atol=1e-4)
    np.testing.assert_allclose(EntailmentTier(folder, QUERIES).measure(TEXTS).raw, usual, atol=0.05)


def test_weights_as_the_hubs_converter_names_them(tiny_bart: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(tiny_bart, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    # Of tied weights it keeps one, under whichever name.
    weights["model.decoder.embed_tokens.weight"] = weights.pop("model.shared.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    found, expected = (EntailmentTier(path, QUERIES, half=False).measure(TEXTS).raw for path in (folder, tiny_bart))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.skipif(not cpu_has_bf16(), reason="this processor would emulate bfloat16")
@pytest.mark.parametrize("model", ["tiny_nli", "tiny_bart"])
def test_sixteen_bits_are_near(model: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(model)
    exact, usual = (EntailmentTier(folder, QUERIES, half=half).measure(TEXTS).raw for half in (False, None))
    assert 0 < np.abs(exact - usual).max() < 0.05


def test_a_long_text_counts_as_its_strongest_window(danger_nli: Path) -> None:
    tier = EntailmentTier(danger_nli, QUERIES, half=False)
    nothing, at_the_end, inside = tier.measure([LONG, LONG + " danger", LONG + " danger " + LONG]).raw[:, 0]
    assert at_the_end > nothing + 0.2
    assert inside == pytest.approx(at_the_end)
    # The pipeline reads the beginning alone.
    beginning, cut = from_pipeline(danger_nli, [LONG, LONG + " danger"])[:, 0]
    assert beginning == pytest.approx(cut)
    assert beginning == pytest.approx(nothing, abs=1e-4)


def test_a_sentence_that_fills_the_window_is_refused(tiny_nli: Path) -> None:
    query = ThemeQuery(label="Long", hypothesis="you " * 64, phrases=())
    with pytest.raises(InputError, match="64 tokens, which fill the model's window of 64; shorten it"):
        EntailmentTier(tiny_nli, [query]).measure(["Run!"])


def test_contradiction_is_found_by_name_where_the_pipeline_guesses(tiny_model: Callable[..., Path]) -> None:
    def classifier(order: tuple[str, ...]) -> Path:
        names = dict(enumerate(order))
        return tiny_model("BertForSequenceClassification", id2label=names, label2id={n: i for i, n in names.items()})

    usual = EntailmentTier(classifier(("entailment", "neutral", "contradiction")), QUERIES, half=False)
    other = EntailmentTier(classifier(("entailment", "contradiction", "neutral")), QUERIES, half=False)
    assert not np.allclose(usual.measure(TEXTS).raw, other.measure(TEXTS).raw)


def test_scores_do_not_depend_on_the_company(tiny_nli: Path) -> None:
    tier = EntailmentTier(tiny_nli, QUERIES, half=False)
    together = tier.measure(TEXTS).evidence
    for text, row in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(tier.measure([text]).evidence[0], row, atol=1e-4)


def test_no_texts_give_an_empty_table(tiny_nli: Path) -> None:
    scores = ThemeClassifier(["Hope", "Dread"], model=tiny_nli).score([])
    assert scores.shape == (0, 2)


def test_the_config_decides_the_tier(
    tiny_nli: Path, tiny_encoder: Path, tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    assert isinstance(open_tier(tiny_nli, QUERIES), EntailmentTier)
    assert isinstance(open_tier(tiny_encoder, QUERIES), QuickTier)
    with pytest.raises(WeightsError, match="joy, anger"):
        open_tier(tiny_model("BertForSequenceClassification", id2label={0: "joy", 1: "anger"}), QUERIES)
    with pytest.raises(WeightsError, match="BertForTokenClassification"):
        open_tier(tiny_model("BertForTokenClassification"), QUERIES)
    with pytest.raises(WeightsError, match=r"config\.json is missing"):
        open_tier(tmp_path, QUERIES)
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(WeightsError, match="describes no model"):
        open_tier(tmp_path, QUERIES)


def test_a_constructor_loads_nothing(tmp_path: Path) -> None:
    EntailmentTier(tmp_path / "absent", QUERIES, kept=tmp_path / "kept.sqlite")
    assert not list(tmp_path.iterdir())


def test_missing_or_damaged_weights_are_named(tmp_path: Path, tiny_nli: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        ThemeClassifier(["Hope"], model=tmp_path / "absent").score(["Run!"])
    folder = shutil.copytree(tiny_nli, tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50])
    with pytest.raises(WeightsError, match="holds no NLI model"):
        ThemeClassifier(["Hope"], model=folder).score(["Run!"])
    weights.unlink()
    with pytest.raises(WeightsError, match=r"holds no safetensors; give a folder that has them"):
        ThemeClassifier(["Hope"], model=folder).score(["Run!"])


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path, tiny_nli: Path) -> None:
    folder = shutil.copytree(tiny_nli, tmp_path / "model", ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(WeightsError, match="holds no NLI model: it has no tokenizer"):
        ThemeClassifier(["Hope"], model=folder).score(["Run!"])


def test_an_encoder_that_calls_itself_a_classifier_is_refused(tmp_path: Path, tiny_nli: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(tiny_nli, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    kept = {name: values for name, values in weights.items() if not name.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"its weights lack classifier\.bias and 1 more"):
        ThemeClassifier(["Hope"], model=folder).score(["Run!"])

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from text_classification import LocationClassifier, TrainingSettings
from text_classification.examples import read_examples
from text_classification.network import Network
from text_classification.training import Trainer, split
from text_classification.validation import FoldStore, folds_of
from utils.errors import InputError, WeightsError
from utils.series import load_series

COLUMNS = {"text_column": "location_description", "label_column": "location_type"}
SETTINGS = TrainingSettings(epochs=12, patience=12, rate=3e-3, head_rate=1e-2, rows=4, folds=3, repeats=1, words=0.0)
WARM = ("warm stove", "soft quilt", "warm quilt", "soft stove", "warm soft quilt", "quilt stove")
COLD = ("dark ice", "black pit", "dark pit", "black ice", "dark black pit", "pit ice")
PLAIN = "the shop has a"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer encoder with random weights and the vocabulary of the tests."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("base")
    words = sorted({word for text in (*WARM, *COLD, PLAIN) for word in text.split()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    BertTokenizer(vocab={word: index for index, word in enumerate(vocabulary)}).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    return folder


def write_rows(path: Path, rows: Iterable[tuple[str, str]]) -> Path:
    lines = (json.dumps({"location_type": label, "location_description": text}) for text, label in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [(f"{PLAIN} {text}", label) for label, texts in (("Warm", WARM), ("Cold", COLD)) for text in texts]
    return write_rows(tmp_path_factory.mktemp("data") / "rows.jsonl", rows)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, base: Path, data: Path) -> LocationClassifier:
    settings = SETTINGS.model_copy(update={"longest": 32})
    classifier = LocationClassifier(tmp_path_factory.mktemp("model") / "places", data, base=base, settings=settings)
    classifier.train()
    return classifier


def test_constructing_needs_no_file_and_loads_nothing() -> None:
    code = (
        "import sys; from text_classification import LocationClassifier; LocationClassifier('model_path', 'data_path');"
        "heavy = {'pandas', 'numpy', 'torch', 'transformers', 'sklearn'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_learns_what_tells_the_classes_apart(trained: LocationClassifier) -> None:
    record = json.loads((trained.model_path / "training.json").read_text())
    assert record["metrics"]["macro_f1"] == 1.0
    assert (record["metrics"]["rows"], record["metrics"]["folds"], record["metrics"]["repeats"]) == (12, 3, 1)
    prediction = trained.classify_location(f"{PLAIN} warm soft quilt")
    assert str(prediction) == prediction.label == "Warm"
    assert prediction.probability == prediction.probabilities["Warm"]
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-4)


def test_the_words_are_those_that_it_misses_most(trained: LocationClassifier) -> None:
    text = f"{PLAIN} warm soft quilt"
    prediction = trained.classify_location(text)
    without = [trained.classify_many([text.replace(word, "")])[0].probabilities["Warm"] for word in prediction.words]
    assert prediction.words
    assert set(prediction.words) <= {"shop", "warm", "soft", "quilt"}
    assert without == sorted(without)
    assert without[-1] < prediction.probability


def test_the_folder_answers_the_same_when_read_again(trained: LocationClassifier) -> None:
    names = {path.name for path in trained.model_path.iterdir()}
    assert {
        "model.safetensors",
        "head.safetensors",
        "config.json",
        "tokenizer.json",
        "README.md",
        "training.json",
    } <= names
    assert json.loads((trained.model_path / "config.json").read_text())["id2label"] == {"0": "Cold", "1": "Warm"}
    assert not [path for path in trained.model_path.parent.iterdir() if path != trained.model_path]
    again = LocationClassifier(trained.model_path)
    texts = [f"{PLAIN} black ice", f"{PLAIN} soft stove", "black ice and some more words"]
    assert again.classify_many(texts) == trained.classify_many(texts)
    assert [each.label for each in again.classify_many(texts[:2])] == ["Cold", "Warm"]


def test_the_card_says_what_the_scores_are_worth(trained: LocationClassifier) -> None:
    card = (trained.model_path / "README.md").read_text(encoding="utf-8")
    record = json.loads((trained.model_path / "training.json").read_text())
    assert record["data"]["sha256"] in card
    assert "3-fold cross-validation, 1 times" in card
    assert "95 % interval" in card
    assert "temperature" in card


def test_it_trains_again_only_when_something_changed(trained: LocationClassifier, data: Path, base: Path) -> None:
    def same(**changes: object) -> LocationClassifier:
        assert trained.settings is not None
        settings = trained.settings.model_copy(update=changes)
        return LocationClassifier(trained.model_path, data, base=base, settings=settings)

    before = (trained.model_path / "model.safetensors").stat().st_mtime_ns
    assert same().train_if_needed() is False
    assert (trained.model_path / "model.safetensors").stat().st_mtime_ns == before
    assert same(epochs=1).train_if_needed() is True
    assert same(epochs=1).train_if_needed() is False
    assert same().train_if_needed() is True


def test_the_seed_decides_everything(tmp_path: Path, data: Path, base: Path) -> None:
    import torch

    answers = []
    for name in ("one", "two"):
        torch.rand(len(answers) + 1)
        classifier = LocationClassifier(tmp_path / name, data, base=base, settings=SETTINGS)
        classifier.train()
        answers.append(classifier.classify_location("dark stove").probabilities)
    assert answers[0] == answers[1]


def test_training_leaves_the_callers_randomness_alone(tmp_path: Path, data: Path, base: Path) -> None:
    import torch

    state = torch.get_rng_state()
    LocationClassifier(tmp_path / "m", data, base=base, settings=TrainingSettings(epochs=1, repeats=1)).train()
    assert torch.equal(state, torch.get_rng_state())


def test_an_early_stop_keeps_the_best_epoch(data: Path, base: Path) -> None:
    settings = TrainingSettings(epochs=40, patience=2, rate=3e-3, head_rate=1e-2, rows=4)
    lesson = trainer(data, base, settings).learn(range(12), seed=1)
    assert lesson.epoch <= lesson.epochs < 40
    assert lesson.epochs - lesson.epoch == 2


def trainer(data: Path, base: Path, settings: TrainingSettings) -> Trainer:
    examples = read_examples(data, **COLUMNS)
    return Trainer(Network.start(base, examples.labels, longest=settings.longest), examples, settings)


class Counting:
    """A `Progress` that counts what it was asked to show, and stops the work at one of them."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[str] = []
        self._stop_at = stop_at

    def __call__(self, items, *, description, total=None):
        for number, item in enumerate(items):
            if description == "Cross-validation" and number == self._stop_at:
                raise KeyboardInterrupt
            self.seen.append(description)
            yield item


def test_an_interrupted_training_goes_on_where_it_stopped(tmp_path: Path, data: Path, base: Path) -> None:
    settings = TrainingSettings(epochs=1, folds=3, repeats=2, rows=4)

    def classifier(name: str, **changes: object) -> LocationClassifier:
        return LocationClassifier(tmp_path / name, data, base=base, settings=settings.model_copy(update=changes))

    with pytest.raises(KeyboardInterrupt):
        classifier("one").train(progress=Counting(stop_at=4))
    assert not (tmp_path / "one").exists()
    kept = sorted(path.name for path in (tmp_path / ".one-unfinished").iterdir())
    assert kept == ["fold-1-1.json", "fold-1-2.json", "fold-1-3.json", "fold-2-1.json"]
    marks = {name: (tmp_path / ".one-unfinished" / name).stat().st_mtime_ns for name in kept}
    with pytest.raises(KeyboardInterrupt):
        classifier("one").train(progress=Counting(stop_at=5))
    again = {name: (tmp_path / ".one-unfinished" / name).stat().st_mtime_ns for name in kept}
    assert again == marks
    resumed = classifier("one").train()
    assert resumed == classifier("two").train()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_folds_of_another_training_and_damaged_ones_are_not_used(tmp_path: Path) -> None:
    store = FoldStore(tmp_path / "folds", "this")
    store.write("fold-1-1", [[0.5, 0.5]], 2)
    assert store.read("fold-1-1") == ([[0.5, 0.5]], 2)
    assert FoldStore(tmp_path / "folds", "other").read("fold-1-1") is None
    (tmp_path / "folds" / "fold-1-1.json").write_text("{", encoding="utf-8")
    assert store.read("fold-1-1") is None
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_no_row_is_answered_by_a_model_that_saw_it() -> None:
    classes = [0] * 4 + [1] * 9 + [2] * 7
    settings = TrainingSettings(folds=5, repeats=3)
    folds = list(folds_of(classes, settings))
    assert len(folds) == 12  # as many as the smallest class has rows, three times
    for repeat in range(3):
        tests = [set(test.tolist()) for number, _, _, test in folds if number == repeat]
        assert sorted(row for test in tests for row in test) == list(range(20))
    assert all(not set(train.tolist()) & set(test.tolist()) for _, _, train, test in folds)
    assert all({classes[row] for row in train} == {0, 1, 2} for _, _, train, _ in folds)
    assert folds[0][3].tolist() != folds[4][3].tolist()


def test_words_alone_can_tell(tmp_path: Path, data: Path, base: Path) -> None:
    settings = TrainingSettings(epochs=0, folds=3, repeats=1, words=1.0)
    classifier = LocationClassifier(tmp_path / "m", data, base=base, settings=settings)
    assert classifier.train().macro_f1 > 0.8
    again = LocationClassifier(tmp_path / "m")
    assert again.classify_location("warm quilt") == classifier.classify_location("warm quilt")
    (tmp_path / "m" / "words.safetensors").write_bytes(b"oops")
    with pytest.raises(WeightsError, match=r"words\.safetensors is damaged"):
        LocationClassifier(tmp_path / "m").classify_location("warm")


def test_without_settings_any_training_on_the_same_data_will_do(tmp_path: Path, data: Path, base: Path) -> None:
    classifier = LocationClassifier(tmp_path / "m", data, base=base)
    quick = classifier.identity()
    assert classifier.train_if_needed() is True
    assert classifier.identity() == quick
    chosen = LocationClassifier(tmp_path / "m", data, base=base, settings=TrainingSettings(epochs=1, repeats=1))
    chosen.train()
    assert classifier.train_if_needed() is False
    assert classifier.identity() == chosen.identity() != quick
    other = write_rows(tmp_path / "other.jsonl", [("ice", "A"), ("pit", "A"), ("stove", "B"), ("quilt", "B")])
    assert LocationClassifier(tmp_path / "m", other, base=base).train_if_needed() is True


def test_a_csv_with_other_columns_works_and_rows_without_a_label_are_counted(tmp_path: Path, base: Path) -> None:
    rows = "\n".join(f"{text},{label}" for text, label in [("warm", "A"), ("soft", "A"), ("ice", "B"), ("pit", "B")])
    (tmp_path / "rows.csv").write_text(f"what,sort\n{rows}\ndark,\n", encoding="utf-8")
    classifier = LocationClassifier(
        tmp_path / "m", tmp_path / "rows.csv", base=base, settings=SETTINGS, text_column="what", label_column="sort"
    )
    metrics = classifier.train()
    assert (metrics.rows, metrics.folds) == (4, 2)
    assert "1 without text or label" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")


def test_a_damaged_head_is_named(trained: LocationClassifier, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(trained.model_path, folder)
    (folder / "head.safetensors").write_bytes(b"oops")
    with pytest.raises(WeightsError, match=r"head\.safetensors is damaged"):
        LocationClassifier(folder).classify_location("warm")
    (folder / "model.safetensors").write_bytes(b"oops")
    with pytest.raises(WeightsError, match="holds no text encoder"):
        LocationClassifier(folder).classify_location("warm")


def test_three_classes(tmp_path: Path, base: Path) -> None:
    rows = [(text, label) for label, texts in (("W", WARM), ("C", COLD), ("P", [PLAIN] * 6)) for text in texts]
    data = write_rows(tmp_path / "rows.jsonl", rows)
    classifier = LocationClassifier(tmp_path / "m", data, base=base, settings=SETTINGS)
    classifier.train()
    answers = classifier.classify_many(["warm quilt", "dark pit", PLAIN])
    assert [answer.label for answer in answers] == ["W", "C", "P"]
    assert list(answers[0].probabilities) == ["C", "P", "W"]


def test_many_texts_and_no_text(trained: LocationClassifier) -> None:
    assert trained.classify_many([]) == []
    assert all(prediction.words == () for prediction in trained.classify_many(["warm", "ice"]))
    with pytest.raises(InputError, match="description is empty"):
        trained.classify_location("  \n")
    with pytest.raises(InputError, match="number 2 of 2"):
        trained.classify_many(["warm", ""])


def test_a_text_of_signs_alone_has_no_words(trained: LocationClassifier) -> None:
    assert trained.classify_location("???").words == ()


@pytest.mark.parametrize("make", [False, True])
def test_an_untrained_folder_names_the_command(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "model"
    if make:
        folder.mkdir()
    with pytest.raises(InputError, match=r"^The model folder .* hawkins places train\.$"):
        LocationClassifier(folder).classify_location("a house")


def test_training_without_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Training needs labelled rows"):
        LocationClassifier(tmp_path).train()
    with pytest.raises(InputError, match=r"nowhere\.jsonl does not exist"):
        LocationClassifier(tmp_path, tmp_path / "nowhere.jsonl").train_if_needed()


def test_a_folder_with_somebody_elses_files_is_left_alone(tmp_path: Path, data: Path, base: Path) -> None:
    (tmp_path / "novel.txt").write_text("once")
    with pytest.raises(InputError, match="no location classifier"):  # before slow work begins
        LocationClassifier(tmp_path, data, base=base, settings=SETTINGS).train()
    assert [path.name for path in tmp_path.iterdir()] == ["novel.txt"]


BAD = {
    "one class": ('{"location_description": "a", "location_type": "X"}\n' * 3, "two classes at least.* only 'X'"),
    "no class": ('{"location_description": "a", "location_type": ""}\n', "two classes at least.* none"),
    "one row": (
        '{"location_description": "a", "location_type": "X"}\n' * 2
        + '{"location_description": "b", "location_type": "Y"}',
        "class 'Y' has only one row",
    ),
    "column": (
        '{"location_description": "a", "kind": "X"}\n',
        "lacks .* location_type; it has: location_description, kind",
    ),
    "line": ('{"location_description": "a"}\n\n{oops\n', "line 3 is not valid JSON"),
    "list": ("[1]\n", "line 1 must be a JSON object"),
    "empty": ("", "lacks the column"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_data_is_one_sentence_and_leaves_nothing(tmp_path: Path, base: Path, content: str, message: str) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        LocationClassifier(tmp_path / "m", data, base=base).train()
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [data]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.txt", b"x", r"must end in \.jsonl or \.csv"),
        ("rows.csv", b"", "not a readable csv"),
        ("rows.csv", b"a,b\n1,2,3,4\n5,6,7,8,9,10\n", "not a readable csv"),
        ("rows.jsonl", b"\xff\xfe\x00", "not UTF-8"),
        ("rows.csv", b"a\n\xff\n", "not UTF-8"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_examples(tmp_path / name, **COLUMNS)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.99])
def test_every_class_stands_in_both_parts(share: float) -> None:
    classes = [0] * 2 + [1] * 30 + [2] * 7
    train, held_out = split(classes, share=share, seed=3)
    assert sorted(train + held_out) == list(range(len(classes)))
    assert {classes[row] for row in train} == {classes[row] for row in held_out} == {0, 1, 2}
    assert split(classes, share=share, seed=3) == (train, held_out)


@pytest.mark.slow
def test_the_sample_is_learned_with_the_embedded_weights(tmp_path: Path) -> None:
    data = load_series().sample / "locations.jsonl"
    classifier = LocationClassifier(tmp_path / "m", data, settings=TrainingSettings.quick())
    metrics = classifier.train()
    assert metrics.interval[0] > 0.5 > metrics.majority_f1
    prediction = classifier.classify_location(
        "A pit full of growling things, where people were dragged away and never seen."
    )
    assert prediction.label == "Danger Zone"

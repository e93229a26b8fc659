"""Classifying descriptions of places, against simple peers: macro F1 of repeated cross-validation, same folds for all.

    python benchmarks/places.py                                     # the sample's 72 descriptions, and its scenes
    python benchmarks/places.py --wiki CRAWLED.jsonl                # and crawled rows, labelled by the series' rules

Rows of a wiki are labelled by `label_locations`; they are measured twice, the second time with every word masked that
any rule looks for, because a classifier that finds those words has only learned the rules. Ours is the whole of
`LocationClassifier.train`, choice of the epoch included, once with the encoder fine-tuned and once as on first use. A
gain is the difference to a peer, with its 95 % interval from a bootstrap that draws the same rows for both.

The scenes of the sample are compared with the headings of its screenplays, which nothing else in the sample has; the
peer says of each scene what most scenes are.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.pipeline import location_classifier
from text_classification import TrainingSettings, label_locations, mask_evidence, read_rules, scene_places
from text_classification.examples import Examples, read_examples, read_rows
from text_classification.metrics import macro_f1, paired_gain, resamples
from text_classification.network import Network
from text_classification.training import Trainer
from text_classification.validation import FoldStore, cross_validate, folds_of
from utils.artifacts import content_key
from utils.data_loader import load_dialogue
from utils.models import find_weights
from utils.reading.settings import Reading
from utils.scene_headings import scene_headings
from utils.series import load_series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Answer = Callable[[list[int], list[int]], Any]


def wiki_rows(path: Path, series: str) -> dict[str, Examples]:
    """The labelled rows of a crawled file, as they are and masked."""
    rules = read_rules(load_series(series).place_kinds)
    rows = label_locations(read_rows(path), rules)
    rows = rows[rows["kind"] != ""]
    labels = tuple(sorted(set(rows["kind"])))
    texts = rows["location_description"].tolist()
    classes = tuple(labels.index(kind) for kind in rows["kind"])
    return {
        name: Examples(texts=tuple(each), classes=classes, labels=labels, skipped=0)
        for name, each in (("wiki", texts), ("wiki, the rules' words masked", mask_evidence(texts, rules)))
    }


def peers(examples: Examples, settings: TrainingSettings) -> Iterator[tuple[str, Answer]]:
    """What a person would try first, with scikit-learn's own settings, and with class weights."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, classes = np.array(examples.texts, dtype=object), np.array(examples.classes)
    vectors = Network.start(find_weights("places").path, examples.labels, longest=settings.longest).features(
        examples.texts
    )

    def regression(weights: str | None) -> Any:
        return LogisticRegression(class_weight=weights, max_iter=2000)

    yield "majority", lambda train, test: [np.bincount(classes[train]).argmax()] * len(test)
    for name, weights in (("", None), (", class weights", "balanced")):
        yield (
            f"TF-IDF + logistic regression{name}",
            lambda train, test, weights=weights: (
                make_pipeline(TfidfVectorizer(), regression(weights))
                .fit(texts[train], classes[train])
                .predict(texts[test])
            ),
        )
        yield (
            f"frozen MiniLM + logistic regression{name}",
            lambda train, test, weights=weights: (
                regression(weights).fit(vectors[train], classes[train]).predict(vectors[test])
            ),
        )


def peer_answers(answer: Answer, examples: Examples, settings: TrainingSettings) -> NDArray[np.int64]:
    """What a peer says of every row, of shape (repeats, rows)."""
    import numpy as np

    said = np.empty((settings.repeats, len(examples.texts)), dtype=np.int64)
    for repeat, _, train, test in folds_of(examples.classes, settings):
        said[repeat, test] = answer(train.tolist(), test.tolist())
    return said


def our_answers(examples: Examples, settings: TrainingSettings, keep: Path | None) -> NDArray[np.int64]:
    """What our training says of every row."""
    network = Network.start(find_weights("places").path, examples.labels, longest=settings.longest)
    key = content_key(texts=examples.texts, classes=examples.classes, settings=settings.model_dump())
    store = FoldStore(keep / key[:16] if keep else None, key)
    answers = cross_validate(Trainer(network, examples, settings), store=store)
    print(f"  (epochs kept: {', '.join(map(str, answers.epochs))})", file=sys.stderr)
    said: NDArray[np.int64] = answers.probabilities.argmax(axis=2)
    return said


def told(name: str, examples: Examples, said: NDArray[np.int64]) -> str:
    """One row of the table: the score with its interval."""
    import numpy as np

    once = np.ones((1, len(examples.classes)), dtype=np.int64)
    score = macro_f1(examples.classes, said, once)[0]
    low, high = np.percentile(macro_f1(examples.classes, said, resamples(examples.classes)), [2.5, 97.5])
    return f"| {name} | {score:.2f} | {low:.2f} to {high:.2f} |"


def measure(title: str, examples: Examples, settings: Sequence[TrainingSettings], keep: Path | None) -> None:
    """Print the table of one set of rows, and the gains."""
    counts = ", ".join(f"{label} {examples.classes.count(at)}" for at, label in enumerate(examples.labels))
    print(f"\n{title}: {len(examples.texts)} rows ({counts})\n\n| | macro F1 | 95 % interval |\n|---|---|---|")
    said = {name: peer_answers(answer, examples, settings[0]) for name, answer in peers(examples, settings[0])}
    for name, answers in said.items():
        print(told(name, examples, answers))
    ours = {}
    for each in settings:
        begun = time.perf_counter()
        name = "ours, fine-tuned" if each.epochs else "ours, first use"
        ours[name] = our_answers(examples, each, keep)
        print(told(name, examples, ours[name]) + f" {time.perf_counter() - begun:.0f} s", flush=True)
    print("\n| gain | over | macro F1 | 95 % interval |\n|---|---|---|---|")
    for name, answers in ours.items():
        for peer, theirs in said.items():
            gain, low, high = paired_gain(examples.classes, answers, theirs)
            print(f"| {name} | {peer} | {gain:+.2f} | {low:+.2f} to {high:+.2f} |", flush=True)


# What kind of place the headings of the sample's screenplays name, by hand, as its descriptions have it.
HEADINGS = {
    "CABIN": "Safe Haven",
    "ICE HOUSE": "Danger Zone",
    "KETTLE POND": "Danger Zone",
    "QUARRY ROAD": "Action Hub",
    "DRIVEWAY": "Minor Location",
    "WHEELER": "Safe Haven",
    "WOODS": "Danger Zone",
    "BYERS": "Safe Haven",
    "LIBRARY": "Safe Haven",
    "SCIENCE ROOM": "Action Hub",
    "HENSHAW": "Minor Location",
    "TRUCK": "Action Hub",
    "STATIC": "Danger Zone",
    "TRAILER": "Danger Zone",
    "POLICE": "Action Hub",
    "TOWER": "Action Hub",
    "CAR": "Action Hub",
}


def scenes(name: str, *, use: str, headings: bool) -> str:
    """One row of the table of scenes.

    Args:
        name: Of the series.
        use: Folder of the sample's transcripts that ours may use.
        headings: Whether it may use their headings.
    """
    series = load_series(name)
    subtitles = series.sample / "subtitles"
    dialogue = load_dialogue(subtitles, transcripts=series.sample / use)
    known = scene_headings(subtitles, Reading(transcripts=series.sample / "screenplay"), dialogue)
    truth = {
        scene: next(kind for word, kind in HEADINGS.items() if re.search(rf"\b{word}", heading))
        for scene, heading in known.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        classifier = location_classifier(series, models=Path(folder))
        classifier.train_if_needed()
        found = scene_places(dialogue, series, classifier, headings=known if headings else None)
    said = [
        (truth[key], row.likeliest, row.kind)
        for row in found.itertuples()
        if (key := (row.season, row.episode, row.scene)) in truth
    ]
    usual = max(list(truth.values()), key=list(truth.values()).count)
    kept = [right == kind for right, _, kind in said if isinstance(kind, str)]
    guessed = [right == likeliest for right, likeliest, _ in said if isinstance(likeliest, str)]
    most = sum(right == usual for right, _, _ in said) / len(said)
    title = f"{use}, with headings" if headings else use
    return (
        f"| {title} | {len(said)} | {most:.2f} | {sum(guessed) / len(guessed):.2f} of {len(guessed)} "
        f"| {sum(kept) / len(kept):.2f} of {len(kept)} |"
    )


def main() -> None:
    """Measure what the options name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wiki", type=Path, help="crawled rows (.jsonl or .csv)")
    parser.add_argument("--series", default="stranger_things")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--first-use", action="store_true", help="leave out the fine-tuned one, which takes minutes")
    parser.add_argument("--no-sample", action="store_true", help="leave out the sample")
    parser.add_argument("--keep", type=Path, help="folder for finished folds, so that an interrupted run goes on")
    asked = parser.parse_args()
    sets = wiki_rows(asked.wiki, asked.series) if asked.wiki else {}
    if not asked.no_sample:
        sample = load_series(asked.series).sample / "locations.jsonl"
        sets["sample"] = read_examples(sample, text_column="location_description", label_column="location_type")
    settings = [TrainingSettings(epochs=0, repeats=asked.repeats)]
    if not asked.first_use:
        settings.append(TrainingSettings(repeats=asked.repeats))
    for title, examples in sets.items():
        measure(title, examples, settings, asked.keep)
    if not asked.no_sample:
        print("\n| scenes of the sample | scenes | the commonest kind | ours, all guesses | ours, the sure ones |")
        print("|---|---|---|---|---|")
        print(scenes(asked.series, use="transcripts", headings=False), flush=True)
        print(scenes(asked.series, use="screenplay", headings=True), flush=True)


if __name__ == "__main__":
    main()
